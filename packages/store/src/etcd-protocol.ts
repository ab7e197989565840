import type { fromJSON } from '@grpc/proto-loader';

/*
 * The part of etcd's v3 API (rpc.proto, kv.proto) that a store needs, as protobufjs reads it. Field numbers are the protocol;
 * enumerations are int32, which is the same on the wire.
 */

type Namespace = Parameters<typeof fromJSON>[0];
type Fields = Record<string, string>;

/** A message: `name: 'number type'`, with `*` after the type of a repeated field. */
function message(fields: Fields, oneofs: Record<string, string[]> = {}): object {
  const entries = Object.entries(fields).map(([name, text]) => {
    const [id, type = ''] = text.split(' ');
    const repeated = type.endsWith('*');
    return [name, { id: Number(id), type: type.replace('*', ''), ...(repeated && { rule: 'repeated' }) }];
  });
  const unions = Object.entries(oneofs).map(([name, members]) => [name, { oneof: members }]);
  return { fields: Object.fromEntries(entries) as object, oneofs: Object.fromEntries(unions) as object };
}

function method(request: string, response: string, stream?: 'both ways'): object {
  return { requestType: request, responseType: response, ...(stream && { requestStream: true, responseStream: true }) };
}

/** Services KV, Watch and Lease. */
export const ETCD_PROTOCOL = {
  nested: {
    etcdserverpb: {
      nested: {
        KV: {
          methods: { Range: method('RangeRequest', 'RangeResponse'), Txn: method('TxnRequest', 'TxnResponse') },
        },
        Watch: { methods: { Watch: method('WatchRequest', 'WatchResponse', 'both ways') } },
        Lease: {
          methods: {
            LeaseGrant: method('LeaseGrantRequest', 'LeaseGrantResponse'),
            LeaseRevoke: method('LeaseRevokeRequest', 'LeaseRevokeResponse'),
            LeaseKeepAlive: method('LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', 'both ways'),
          },
        },
        ResponseHeader: message({ revision: '3 int64' }),
        KeyValue: message({
          key: '1 bytes',
          createRevision: '2 int64',
          modRevision: '3 int64',
          value: '5 bytes',
          lease: '6 int64',
        }),
        RangeRequest: message({
          key: '1 bytes',
          rangeEnd: '2 bytes',
          limit: '3 int64',
          revision: '4 int64',
          serializable: '7 bool',
          countOnly: '9 bool',
        }),
        RangeResponse: message({ header: '1 ResponseHeader', kvs: '2 KeyValue*', more: '3 bool', count: '4 int64' }),
        PutRequest: message({ key: '1 bytes', value: '2 bytes', lease: '3 int64' }),
        PutResponse: message({}),
        DeleteRangeRequest: message({ key: '1 bytes' }),
        DeleteRangeResponse: message({ deleted: '2 int64' }),
        RequestOp: message(
          { requestRange: '1 RangeRequest', requestPut: '2 PutRequest', requestDeleteRange: '3 DeleteRangeRequest' },
          { request: ['requestRange', 'requestPut', 'requestDeleteRange'] },
        ),
        ResponseOp: message(
          {
            responseRange: '1 RangeResponse',
            responsePut: '2 PutResponse',
            responseDeleteRange: '3 DeleteRangeResponse',
          },
          { response: ['responseRange', 'responsePut', 'responseDeleteRange'] },
        ),
        Compare: message(
          {
            result: '1 int32',
            target: '2 int32',
            key: '3 bytes',
            createRevision: '5 int64',
            modRevision: '6 int64',
            lease: '8 int64',
          },
          { targetUnion: ['createRevision', 'modRevision', 'lease'] },
        ),
        TxnRequest: message({ compare: '1 Compare*', success: '2 RequestOp*', failure: '3 RequestOp*' }),
        TxnResponse: message({ header: '1 ResponseHeader', succeeded: '2 bool', responses: '3 ResponseOp*' }),
        WatchRequest: message({ createRequest: '1 WatchCreateRequest' }, { requestUnion: ['createRequest'] }),
        WatchCreateRequest: message({
          key: '1 bytes',
          rangeEnd: '2 bytes',
          startRevision: '3 int64',
          progressNotify: '4 bool',
          fragment: '8 bool',
        }),
        WatchResponse: message({
          header: '1 ResponseHeader',
          created: '3 bool',
          canceled: '4 bool',
          compactRevision: '5 int64',
          cancelReason: '6 string',
          fragment: '7 bool',
          events: '11 Event*',
        }),
        Event: message({ type: '1 int32', kv: '2 KeyValue' }),
        LeaseGrantRequest: message({ ttl: '1 int64' }),
        LeaseGrantResponse: message({ id: '2 int64', ttl: '3 int64' }),
        LeaseRevokeRequest: message({ id: '1 int64' }),
        LeaseRevokeResponse: message({}),
        LeaseKeepAliveRequest: message({ id: '1 int64' }),
        LeaseKeepAliveResponse: message({ id: '2 int64', ttl: '3 int64' }),
      },
    },
  },
} as Namespace;
