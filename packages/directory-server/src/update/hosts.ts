/**
 * Hosts, as the directory knows them: mappings of tenant 0. The key is an underlay address, the owner the host it belongs
 * to, the first locator where that host takes corrections. Only the controller writes them.
 */
import { CONTROLLER_HOST_ID, CONTROL_PORT, LOCATORS_MAX, MAPPING_FLAG, answer, locator } from '@overlane/directory';
import { KEY_BLOCK_LENGTH, NO_RECORD } from '../table/key-index.js';
import type { MappingTable } from '../table/mapping-table.js';
import { ANSWER_LENGTH } from '../table/record.js';

/** Identity of the controller, which may write anything. Hosts have 1..2^24-1. */
export const CONTROLLER = CONTROLLER_HOST_ID;

/** Where a host takes corrections. */
export interface ControlPoint {
  /** The host. */
  readonly hostId: number;
  /** Kind of its address, see `KIND`. */
  readonly kind: number;
  /** Its address, at the end of 16 octets. */
  readonly addr: Uint8Array;
  /** UDP port. */
  readonly port: number;
}

/** The hosts in a table. */
export class Hosts {
  readonly #table: MappingTable;
  readonly #block = new Uint8Array(KEY_BLOCK_LENGTH);

  /** A view of `table`, which stays the caller's. */
  constructor(table: MappingTable) {
    this.#table = table;
  }

  /**
   * True if all `n` locators at `bytes[offset..]` belong to `hostId`, or to a place that hosts share (STATIC), such as the
   * edge switch of a rack.
   */
  ownsLocators(hostId: number, bytes: Uint8Array, offset: number, n: number): boolean {
    for (let i = 0; i < n && i < LOCATORS_MAX; i++) {
      const record = this.#find(bytes, offset + i * locator.LENGTH);
      if (record === NO_RECORD) return false;
      const isShared =
        (answer.readFlags(this.#table.chunkOf(record), this.#table.offsetOf(record)) & MAPPING_FLAG.STATIC) !== 0;
      if (!isShared && this.#table.ownerOf(record) !== hostId) return false;
    }
    return true;
  }

  /** Where the host of the locator at `bytes[offset..]` takes corrections, or `undefined` if nobody knows. */
  controlPointOf(bytes: Uint8Array, offset: number): ControlPoint | undefined {
    const record = this.#find(bytes, offset);
    if (record === NO_RECORD) return undefined;
    const { kind, addr, port } = locator.decode(
      this.#table.chunkOf(record),
      this.#table.offsetOf(record) + ANSWER_LENGTH,
    );
    return { hostId: this.#table.ownerOf(record), kind, addr, port: port === 0 ? CONTROL_PORT : port };
  }

  #find(bytes: Uint8Array, offset: number): number {
    this.#block[4] = bytes[offset]!;
    for (let i = 8; i < KEY_BLOCK_LENGTH; i++) this.#block[i] = bytes[offset + i]!;
    const record = this.#table.find(this.#block, 0);
    return record !== NO_RECORD && this.#table.isLive(record) ? record : NO_RECORD;
  }
}
