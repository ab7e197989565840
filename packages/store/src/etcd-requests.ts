import type { Compare, Op, OpResult, StoreEntry } from './backend.js';
import type { CompareMessage, KeyValue, RequestOp, ResponseOp } from './etcd-messages.js';
import { prefixEnd } from './octets.js';

/* etcd's numbers: Compare.CompareResult and Compare.CompareTarget. */
const RESULTS = { '=': 0, '>': 1, '<': 2, '!=': 3 } as const;
const TARGETS = { createRevision: 1, modRevision: 2, lease: 4 } as const;
/** As `rangeEnd`: all keys from `key` on. */
const NO_END = Buffer.of(0);

/** `rangeEnd` for all keys with a prefix. */
export function rangeEndOf(prefix: Uint8Array): Buffer {
  return prefixEnd(prefix) ?? NO_END;
}

/** An entry as etcd has it. */
export function entryOf(kv: KeyValue): StoreEntry {
  return {
    key: kv.key,
    value: kv.value,
    createRevision: BigInt(kv.createRevision),
    modRevision: BigInt(kv.modRevision),
    lease: BigInt(kv.lease),
  };
}

/** A compare for etcd. */
export function compareMessage({ key, target, op, value }: Compare): CompareMessage {
  return { result: RESULTS[op], target: TARGETS[target], key, [target]: String(value) };
}

/** An operation for etcd. */
export function requestOp(op: Op): RequestOp {
  switch (op.type) {
    case 'get':
      return { requestRange: { key: op.key } };
    case 'delete':
      return { requestDeleteRange: { key: op.key } };
    case 'put':
      return { requestPut: { key: op.key, value: op.value, lease: String(op.lease ?? 0n) } };
  }
}

/** What etcd did for an operation. */
export function opResult(op: Op, response: ResponseOp): OpResult {
  switch (op.type) {
    case 'put':
      return { type: 'put' };
    case 'delete':
      return { type: 'delete', deleted: response.responseDeleteRange?.deleted === '1' };
    case 'get': {
      const kv = response.responseRange?.kvs[0];
      return { type: 'get', entry: kv && entryOf(kv) };
    }
  }
}
