import { edgeMacOffset, readGeneration, readPort } from './message.js';
import { readHigh, readLow } from './octets.js';
import type { Placement } from './options.js';

/** The placement that a message names. One object takes them all, so that a message costs no memory. */
export class Claim implements Placement {
  port = 0;
  edgeHigh = 0;
  edgeLow = 0;
  generation = 0;

  /** Takes that of the message at `bytes[offset..]`, which has passed `check`, and returns itself. */
  read(bytes: Uint8Array, offset: number): this {
    const edge = edgeMacOffset(offset);
    this.port = readPort(bytes, offset);
    this.edgeHigh = readHigh(bytes, edge);
    this.edgeLow = readLow(bytes, edge);
    this.generation = readGeneration(bytes, offset);
    return this;
  }
}
