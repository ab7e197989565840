import { describe, expect, it } from '@jest/globals';
import { wireBindings } from '../src/headers.js';
import { type DissectedLayer, createDissector } from '../src/index.js';
import file from './vectors/outer-headers.json';

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly expect: { readonly result: string };
  readonly error?: string;
}

/** Rules about what a receiver must know, which a dissector need not: it shows the rest as data. */
const NOT_A_FAULT_HERE: readonly string[] = ['E_ETH_UNKNOWN_TYPE', 'E_IP_UNEXPECTED_PROTOCOL'];

const dissector = createDissector(wireBindings);
const vectors = (file.vectors as readonly (Partial<Vector> & { readonly kind?: string })[]).filter(
  (vector): vector is Vector => vector.kind === undefined,
);
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** The fields of the vectors in the layouts' words. */
function fieldsOf(frame: Uint8Array, layers: readonly DissectedLayer[]): Record<string, unknown> {
  const of = (protocol: string): DissectedLayer['fields'] | undefined =>
    layers.find((layer) => layer.protocol === protocol)?.fields;
  const last = layers.at(-1)!;
  const data = last.protocol === 'data' ? last : undefined;
  const payload =
    data === undefined ? '' : Buffer.from(frame.slice(data.offset, data.offset + data.length)).toString('hex');
  const [arp, ip, udp, tcp] = [of('arp'), of('ipv4') ?? of('ipv6'), of('udp'), of('tcp')];
  const network = layers.findIndex(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6');
  const behind = layers.slice(network + 1).filter(({ protocol }) => !protocol.startsWith('ipv6-'));
  const tagged = layers.filter(({ protocol }) => protocol === 'ethernet' || protocol === 'vlan');
  const headers = layers.filter(({ protocol }) => protocol.startsWith('ip'));
  const numbers = headers.map(({ fields }) => fields['nextHeader'] ?? fields['protocol']);
  const fragment = of('ipv6-fragment');
  return {
    ...(arp && {
      op: arp['operation'],
      sha: arp['senderMac'],
      spa: arp['senderIp'],
      tha: arp['targetMac'],
      tpa: arp['targetIp'],
      trailer: frame.length - last.offset - last.length,
    }),
    ...(ip && {
      tags: tagged.slice(1).map(({ fields }, i) => ({
        tpid: tagged[i]!.fields['etherType'],
        pcp: fields['priorityCodePoint'],
        dei: Number(fields['dropEligible']),
        vid: fields['vlanId'],
      })),
      etherType: tagged.at(-1)!.fields['etherType'],
      version: ip['version'],
      dscp: ip['dscp'],
      ecn: ip['ecn'],
      ttl: ip['ttl'] ?? ip['hopLimit'],
      protocol: numbers.at(-1),
      isFragment:
        ip['moreFragments'] === true ||
        (ip['fragmentOffset'] ?? 0) !== 0 ||
        (fragment !== undefined && (fragment['moreFragments'] === true || fragment['fragmentOffset'] !== 0)),
      payloadLength: behind.reduce((sum, { length }) => sum + length, 0),
    }),
    ...(udp && {
      srcPort: udp['sourcePort'],
      dstPort: udp['destinationPort'],
      length: udp['length'],
      checksum: udp['checksum'],
      payload,
    }),
    ...(tcp && {
      srcPort: tcp['sourcePort'],
      dstPort: tcp['destinationPort'],
      seq: tcp['sequenceNumber'],
      ack: tcp['acknowledgmentNumber'],
      dataOffset: (tcp['dataOffset'] as number) * 4,
      flags: flagsOf(tcp),
      options: tcp['options'],
      payload,
    }),
  };
}

function flagsOf(tcp: DissectedLayer['fields']): string {
  const names = ['cwr', 'ece', 'urg', 'ack', 'psh', 'rst', 'syn', 'fin'];
  const value = names.reduce((sum, name) => sum * 2 + Number(tcp[name]), 0);
  return `0x${value.toString(16).padStart(2, '0')}`;
}

describe('vectors of the outer headers', () => {
  it('are the ones we think', () => {
    expect(vectors.length).toBe(39);
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const frame = octets(vector.hex);
    const { layers, fault } = dissector.dissect(frame);
    if (vector.error !== undefined && !NOT_A_FAULT_HERE.includes(vector.error)) {
      expect(fault).toBe(vector.error);
      return;
    }
    expect(fault).toBeUndefined();
    expect(fieldsOf(frame, layers)).toMatchObject(vector.fields);
  });
});
