import { isIPv6 } from 'node:net';
import type { ChannelCredentials, credentials as Credentials } from '@grpc/grpc-js';
import { StoreError } from './errors.js';

/** Certificates, as PEM text or octets. */
export interface EtcdTls {
  /** Authorities that may have signed the servers' certificates. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array;
  /** The client's certificate, with `key`, if the servers ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
}

/** A server and how to reach it. */
export interface Endpoint {
  /** As it was given. */
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i;
const PORT = 2379;

/**
 * Reads `https://host:port`, `http://host:port` or `host:port`, which means https; port 2379 by default.
 * @throws StoreError E_STORE_BAD_REQUEST, E_STORE_INSECURE for http to another machine unless `plaintext` is allowed
 */
export function parseEndpoint(text: string, plaintext: 'loopback' | 'anywhere'): Endpoint {
  const url = parse(text.includes('://') ? text : `https://${isIPv6(text) ? `[${text}]` : text}`);
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '' || !/^\/?$/.test(url.pathname)) {
    throw new StoreError(
      'E_STORE_BAD_REQUEST',
      text,
      'an endpoint is https://host:port, or http:// for this machine only',
    );
  }
  const secure = url.protocol === 'https:';
  if (!secure && plaintext === 'loopback' && !LOOPBACK.test(url.hostname)) {
    throw new StoreError(
      'E_STORE_INSECURE',
      text,
      "plaintext to another machine; give etcd a certificate and use https, or allow it with plaintext: 'anywhere'",
    );
  }
  const defaultPort = secure ? 443 : 80;
  // URL hides a port that is the scheme's own.
  const port = url.port === '' ? (new RegExp(`:${defaultPort}/?$`).test(text) ? defaultPort : PORT) : Number(url.port);
  return { name: text, address: `${url.hostname}:${port}`, secure };
}

/** Credentials for an endpoint. @throws StoreError E_STORE_BAD_REQUEST if the certificates can't be read */
export function credentialsFor(
  { name, secure }: Endpoint,
  { ca, cert, key }: EtcdTls,
  credentials: typeof Credentials,
): ChannelCredentials {
  if (!secure) return credentials.createInsecure();
  const pem = (part: string | Uint8Array | undefined): Buffer | null => (part === undefined ? null : Buffer.from(part));
  try {
    return credentials.createSsl(pem(ca), pem(key), pem(cert));
  } catch (cause) {
    throw new StoreError('E_STORE_BAD_REQUEST', name, `the certificates cannot be used (${String(cause)})`, { cause });
  }
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
