import { type Change, OPERATION, change as changeCodec } from '@overlane/directory';
import { storeKeyOf as keyOfBlock } from '../../src/follow/store-layout.js';
import { readChangeKey, valueOf } from '../../src/update/authority.js';
import type { SimulatedStore } from './store.js';

/** Makes a change in the store behind the servers' backs, as another writer does. */
export function change(store: SimulatedStore, wanted: Change): void {
  const bytes = changeCodec.encode(wanted);
  const block = new Uint8Array(24);
  readChangeKey(bytes, 0, block);
  const key = keyOfBlock(block, 0);
  const op =
    wanted.op === OPERATION.DELETE
      ? ({ type: 'delete', key } as const)
      : ({ type: 'put', key, value: valueOf(bytes, 0) } as const);
  store.apply({ compares: [], ops: [op] });
}

/** A key of `length` octets behind a prefix. */
export function storeKeyOf(prefix: string, length: number): Uint8Array {
  return Uint8Array.from([...prefix].map((letter) => letter.charCodeAt(0)).concat(Array(length).fill(1) as number[]));
}
