import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';

/* The messages of `etcd-protocol.ts` as decoding gives them: int64 as decimal text, all fields present. */

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly lease: string;
}

export interface Header {
  readonly revision: string;
}

export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  readonly revision?: string;
  readonly serializable?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResponse {
  readonly header: Header | null;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: string;
}

export interface RequestOp {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: { readonly key: Uint8Array; readonly value: Uint8Array; readonly lease: string };
  readonly requestDeleteRange?: { readonly key: Uint8Array };
}

export interface CompareMessage {
  readonly result: number;
  readonly target: number;
  readonly key: Uint8Array;
  readonly createRevision?: string;
  readonly modRevision?: string;
  readonly lease?: string;
}

export interface TxnRequest {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface ResponseOp {
  readonly responseRange?: RangeResponse | null;
  readonly responseDeleteRange?: { readonly deleted: string } | null;
}

export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchRequest {
  readonly createRequest: {
    readonly key: Uint8Array;
    readonly rangeEnd: Uint8Array;
    readonly startRevision: string;
    readonly progressNotify: boolean;
    readonly fragment: boolean;
  };
}

/** `type` 1 is a delete. */
export interface EventMessage {
  readonly type: number;
  readonly kv: KeyValue;
}

export interface WatchResponse {
  readonly header: Header;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: string;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly EventMessage[];
}

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
