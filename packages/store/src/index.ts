/**
 * One transactional, watchable key-value interface, {@link StoreBackend}, for state that must not be lost.
 */
export type {
  Compare,
  DeleteEvent,
  DeleteOp,
  GetOp,
  GetOptions,
  Lease,
  ListOptions,
  Op,
  OpResult,
  PutEvent,
  PutOp,
  StoreBackend,
  StoreCapabilities,
  StoreEntry,
  StoreEvent,
  StorePage,
  StoreStamp,
  StoreTxn,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from './backend.js';
export { CompactedError, StoreError, type StoreErrorCode, StoreUnavailableError } from './errors.js';
export { type EtcdStoreOptions, openEtcdStore } from './etcd-store.js';
export type { EtcdTls } from './etcd-endpoints.js';
export { type LmdbStoreOptions, openLmdbStore } from './lmdb-store.js';
export { KEY_LENGTH_MAX, PAGE_SIZE_MAX, TXN_LENGTH_MAX } from './requests.js';
