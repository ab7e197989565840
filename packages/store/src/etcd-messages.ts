import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';

/* The messages of `etcd-protocol.ts` as decoding gives them: int64 as decimal text, all fields present. */

/** A key, its value, and the revisions that created and last wrote it; `lease` 0 is none. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly lease: string;
}

/** What every answer starts with: the revision of the store when it was made. */
export interface Header {
  readonly revision: string;
}

/** Asks for a key, or for all from `key` up to `rangeEnd`, which is left out; `revision` absent is the present. */
export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  readonly revision?: string;
  readonly serializable?: boolean;
  readonly countOnly?: boolean;
}

/** Keys in order; `more` if `limit` cut them; `count` is that of the whole range. */
export interface RangeResponse {
  readonly header: Header | null;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: string;
}

/** One operation of a transaction: exactly one of the three is there. */
export interface RequestOp {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: { readonly key: Uint8Array; readonly value: Uint8Array; readonly lease: string };
  readonly requestDeleteRange?: { readonly key: Uint8Array };
}

/** A condition of a transaction: `result` and `target` are numbers of the protocol, and one of the last three is the value. */
export interface CompareMessage {
  readonly result: number;
  readonly target: number;
  readonly key: Uint8Array;
  readonly createRevision?: string;
  readonly modRevision?: string;
  readonly lease?: string;
}

/** A transaction: `success` runs if all of `compare` hold, else `failure`. */
export interface TxnRequest {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

/** What one operation of a transaction did; a put says nothing. */
export interface ResponseOp {
  readonly responseRange?: RangeResponse | null;
  readonly responseDeleteRange?: { readonly deleted: string } | null;
}

/** Outcome of a transaction, with an answer for each operation that ran. */
export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

/** Starts a watch at `startRevision`. `fragment` lets large answers come in parts. */
export interface WatchRequest {
  readonly createRequest: {
    readonly key: Uint8Array;
    readonly rangeEnd: Uint8Array;
    readonly startRevision: string;
    readonly progressNotify: boolean;
    readonly fragment: boolean;
  };
}

/** One change. `type` 1 is a delete. */
export interface EventMessage {
  readonly type: number;
  readonly kv: KeyValue;
}

/** Events of a watch, or word of its start, progress or end; `compactRevision` is not 0 if its events are gone. */
export interface WatchResponse {
  readonly header: Header;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: string;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly EventMessage[];
}

/** A lease and the seconds that it was granted, 0 if it has ended. */
export interface LeaseMessage {
  readonly id: string;
  readonly ttl: string;
}

/** The methods in use, with their encoders. */
export interface EtcdMethods {
  readonly range: MethodDefinition<RangeRequest, RangeResponse>;
  readonly txn: MethodDefinition<TxnRequest, TxnResponse>;
  readonly watch: MethodDefinition<WatchRequest, WatchResponse>;
  readonly leaseGrant: MethodDefinition<{ readonly ttl: number }, LeaseMessage>;
  readonly leaseRevoke: MethodDefinition<{ readonly id: string }, object>;
  readonly leaseKeepAlive: MethodDefinition<{ readonly id: string }, LeaseMessage>;
}

/** Picks the methods out of a loaded `ETCD_PROTOCOL`. */
export function methodsOf(definition: PackageDefinition): EtcdMethods {
  const service = (name: string): ServiceDefinition => definition[`etcdserverpb.${name}`] as ServiceDefinition;
  const { Range, Txn } = service('KV');
  const { LeaseGrant, LeaseRevoke, LeaseKeepAlive } = service('Lease');
  return {
    range: Range,
    txn: Txn,
    watch: service('Watch')['Watch'],
    leaseGrant: LeaseGrant,
    leaseRevoke: LeaseRevoke,
    leaseKeepAlive: LeaseKeepAlive,
  } as EtcdMethods;
}
