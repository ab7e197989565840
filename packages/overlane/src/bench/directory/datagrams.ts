/** Prepared datagrams for the generator, all of one length. The lower half of a transaction id is the datagram's number. */
import { writeFileSync } from 'node:fs';
import {
  type Change,
  type MappingKey,
  OPERATION,
  TYPE,
  deriveHostKey,
  makeKeyId,
  message,
  paddingFor,
  parseAddress,
  seal,
  source,
} from '@overlane/directory';
import { hmacSha256 } from '@overlane/directory/node';

/** Tenant of the mappings that are measured. */
export const TENANT = 7;
/** Master key of the servers that are measured. */
export const MASTER = new Uint8Array(32).fill(0x5a);
/** Its key epoch. */
export const KEY_EPOCH = 1;
const CONTROLLER = 0;
const ZIPF_EXPONENT = 1;

/** A file for the generator. */
export interface RequestFile {
  readonly path: string;
  /** Octets of each datagram. */
  readonly length: number;
  readonly count: number;
}

/** The key of mapping number `i`. */
export function keyOf(i: number): MappingKey {
  return { tenant: TENANT, ...parseAddress(`10.${(i >>> 16) & 255}.${(i >>> 8) & 255}.${i & 255}`) };
}

/** A PUT of mapping number `i` at one of 250 places. */
export function putOf(i: number, place: number): Change {
  return {
    op: OPERATION.PUT,
    key: keyOf(i),
    expectVersion: 0,
    owner: 1,
    ttl: 300,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    flags: 0,
    locators: [{ ...parseAddress(`192.0.2.${1 + (place % 250)}`), encap: 2, port: 0, label: 0 }],
  };
}

/** Writes lookups of one question each; how often a mapping is asked for follows Zipf's law. */
export function writeLookups(path: string, count: number, mappings: number, auth: 'none' | 'mutual'): RequestFile {
  const pick = createZipf(mappings);
  return writeAll(path, count, auth, (txid) => ({
    type: TYPE.LOOKUP,
    ...txid,
    source: source.INFRASTRUCTURE,
    questions: [{ key: keyOf(pick()), flags: 0, knownVersion: 0 }],
    cookie: undefined,
    padding: auth === 'none' ? paddingFor(1, 0) : 0,
  }));
}

/** Writes updates of `changes` mappings each, which differ within an update and between neighbours. */
export function writeUpdates(path: string, count: number, changes: number, mappings: number): RequestFile {
  let next = 0;
  return writeAll(path, count, 'none', (txid) => ({
    type: TYPE.UPDATE,
    ...txid,
    changes: Array.from({ length: changes }, () => putOf(next++ % mappings, next)),
  }));
}

type Content = message.Lookup | message.Update;
type Prepared = DistributiveOmit<Content, 'keyId' | 'time' | 'tag'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function writeAll(
  path: string,
  count: number,
  auth: 'none' | 'mutual',
  contentOf: (txid: { txidHi: number; txidLo: number }) => Prepared,
): RequestFile {
  const key = deriveHostKey(hmacSha256, MASTER, CONTROLLER);
  const txidHi = Math.floor(Math.random() * 2 ** 32);
  const time = Math.floor(Date.now() / 1000);
  const envelope =
    auth === 'none'
      ? { keyId: 0, time, tag: undefined }
      : { keyId: makeKeyId(KEY_EPOCH, CONTROLLER), time, tag: message.UNSEALED };
  const all = Array.from({ length: count }, (_, txidLo) => {
    const bytes = message.encode({ ...contentOf({ txidHi, txidLo }), ...envelope } as Content);
    if (auth === 'mutual') seal(hmacSha256, key, 'toServer', bytes);
    return bytes;
  });
  writeFileSync(path, Buffer.concat(all));
  return { path, length: all[0]!.length, count };
}

/** Ranks from 0: rank r comes with a chance in proportion to 1 / (r + 1). */
function createZipf(ranks: number): () => number {
  const sums = new Float64Array(ranks);
  let sum = 0;
  for (let i = 0; i < ranks; i++) sums[i] = sum += 1 / (i + 1) ** ZIPF_EXPONENT;
  return () => {
    const wanted = Math.random() * sum;
    let [low, high] = [0, ranks - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
