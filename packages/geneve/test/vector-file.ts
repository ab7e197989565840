/** The vectors, and what tests need to read them. */
import { CodecError, PacketBuffer, ethernet } from '@overlane/wire';
import type { GeneveHeader, GeneveOption } from '../src/index.js';
import vectorFile from './vectors/geneve.json';

interface VectorOption {
  readonly optClass: string;
  readonly type: string;
  readonly data: string;
}

/** One vector; `fields` of errors are empty. */
export interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string;
  readonly options?: {
    readonly allowZeroChecksumIpv6?: boolean;
    readonly maxOptionBytes?: number;
    readonly knownOptions?: readonly Omit<VectorOption, 'data'>[];
  };
  readonly fields: {
    readonly srcPort: number;
    readonly optLen: number;
    readonly O: boolean;
    readonly C: boolean;
    readonly protocolType: string;
    readonly vni: number;
    readonly udpChecksum: string;
    readonly options: readonly VectorOption[];
    readonly inner: string;
    readonly input?: { readonly vni?: number; readonly options?: readonly VectorOption[] } & Partial<VectorOption>;
    readonly header?: string;
  };
  readonly error?: string;
}

export const vectors = vectorFile.vectors as unknown as readonly Vector[];
export const packetVectors = vectors.filter(({ kind }) => kind === undefined);
export const encodeVectors = vectors.filter(({ kind }) => kind === 'encode');
export const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The vector of this name. */
export function vector(name: string): Vector {
  const found = vectors.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

/** An option of a vector as ours. */
export const optionOf = ({ optClass, type, data }: VectorOption): GeneveOption => ({
  optionClass: Number(optClass),
  type: Number(type),
  data: octets(data),
});

/** The packet of a vector without its outer Ethernet header. */
export function outerPacket(hex: string): PacketBuffer {
  const frame = octets(hex);
  return new PacketBuffer(frame, ethernet.readHeaderLength(frame, 0));
}

/** What `run` throws, which must be a CodecError. */
export function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A header with defaults: Ethernet, no options. */
export const headerOf = (fields: Partial<GeneveHeader> = {}): GeneveHeader => ({
  control: false,
  protocolType: 0x6558,
  vni: 0x123456,
  options: [],
  ...fields,
});

/** An option with `words` words of data. */
export const option = (type: number, words = 0, optionClass = 0x0102): GeneveOption => ({
  optionClass,
  type,
  data: Uint8Array.from({ length: words * 4 }, (_, i) => i + 1),
});
