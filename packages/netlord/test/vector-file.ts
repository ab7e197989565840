/** The vectors: octets from an independent encoder, with what an independent decoder says about them. */
import vectorFile from './vectors/netlord.json';

/** One vector. */
export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly expectError?: string;
}

/** All of them. */
export const VECTORS = vectorFile.vectors as unknown as readonly Vector[];

/** The octets of a vector. */
export function octetsOf(name: string): Uint8Array {
  const vector = VECTORS.find((candidate) => candidate.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return octets(vector.hex);
}

/** Octets from hexadecimal text. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** Hexadecimal text of octets. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
