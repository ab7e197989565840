/** 10,000 generated packets of each protocol, held against tshark and scapy in both directions. */
import { describe, expect } from '@jest/globals';
import { PacketBuffer, TunnelMetadata } from '@overlane/wire';
import fc from 'fast-check';
import { type TunnelPacket, grePacket, nvgrePacket } from '../../src/arbitraries.js';
import { type NvgreHeader, NvgreEncapsulation, decode, gre } from '../../src/index.js';
import { octets, toHex } from '../outcome.js';
import { requires } from '../../../../tools/testing/requirements.js';
import { askScapy, askTshark } from './outside-tool.js';

const COUNT = 10_000;
const SEED = 20_151_001;
const TIMEOUT_MS = 120_000;

/** What the judges are asked about, with `null` for what is not there. */
interface Judged {
  readonly packet: Uint8Array;
  readonly payload: Uint8Array;
  readonly fields: Readonly<Record<'protocolType' | 'checksum' | 'key' | 'sequenceNumber', number | null>>;
}

const ipLength = (packet: Uint8Array): number => (packet[0]! >>> 4 === 4 ? 20 : 40);
const sample = <T>(packets: fc.Arbitrary<T>): T[] => fc.sample(packets, { numRuns: COUNT, seed: SEED });

/** GRE in all its forms: frames and IP packets, with and without each optional field, any sequence number. */
function grePackets(): Judged[] {
  const forms = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((bits) =>
    grePacket({
      payload: (bits & 1) === 0 ? 'ethernet' : 'ip',
      checksum: (bits & 2) === 0 ? 'none' : 'computed',
      sequence: (bits & 4) === 0 ? 'none' : 'sent',
      ...((bits & 8) === 0 ? {} : { keylessNetwork: 0 }),
    }),
  );
  return sample(fc.tuple(fc.oneof(...forms), fc.nat({ max: 0xffffffff }))).map(([made, number]) => {
    const { packet, frame } = made;
    const offset = ipLength(packet);
    if (gre.readSequenceNumber(packet, offset) !== undefined) gre.writeSequenceNumber(packet, offset, number);
    const checksum = gre.readChecksum(packet, offset);
    if (checksum !== undefined) gre.writeChecksum(packet, offset, packet.length);
    return { packet, payload: frame, fields: greFields(packet, offset, made) };
  });
}

/** The fields by what went in, where it is known, and otherwise by our codec. */
function greFields(packet: Uint8Array, offset: number, { frame, tunnel }: TunnelPacket): Judged['fields'] {
  const { checksum = null, sequenceNumber = null, key, protocolType } = gre.decode(packet, offset);
  const isFrame = protocolType === gre.PROTOCOL_TYPE.ETHERNET;
  const ipType = frame[0]! >>> 4 === 4 ? 0x0800 : 0x86dd;
  return {
    protocolType: isFrame ? 0x6558 : ipType,
    checksum,
    key: key === undefined ? null : tunnel.network,
    sequenceNumber,
  };
}

function nvgrePackets(): Judged[] {
  return sample(nvgrePacket()).map(({ packet, frame, tunnel }) => ({
    packet,
    payload: frame,
    fields: {
      protocolType: 0x6558,
      checksum: null,
      key: tunnel.network * 256 + (tunnel.entropy >>> 24),
      sequenceNumber: null,
    },
  }));
}

const PROTOCOLS: readonly (readonly [string, () => Judged[]])[] = [
  ['gre', grePackets],
  ['nvgre', nvgrePackets],
];

describe.each(PROTOCOLS)('%s packets of ours', (_protocol, generate) => {
  const packets = generate();

  requires('tshark').it(
    'are the same to tshark, with good checksums and nothing malformed',
    () => {
      const names = ['gre.flags_and_version', 'gre.proto', 'gre.checksum', 'gre.checksum.status', 'gre.key'];
      const fields = [...names, 'gre.sequence_number', 'eth.dst', 'frame.protocols', 'ip.checksum.status'];
      // The payload is random: what is in it behind Ethernet and IP is not to be judged.
      const options = ['udp', 'tcp', 'arp'].flatMap((name) => ['--disable-protocol', name]);
      options.push('-o', 'ip.check_checksum:TRUE');
      const seen = askTshark(packets.map(onEthernet), [...fields, '_ws.malformed', 'gre.checksum.incorrect'], options);
      const told = packets.map(asTshark);
      expect(seen.map((line) => differencesOf(line, told.shift()!)).filter((text) => text !== '')).toEqual([]);
      expect(seen).toHaveLength(COUNT);
    },
    TIMEOUT_MS,
  );

  requires('scapy').it(
    'are the same to scapy, octet for octet when it builds them itself',
    () => {
      const seen = askScapy('read', [], packets.map(({ packet }) => toHex(packet)).join('\n'));
      const told = packets.map(({ packet, payload, fields }) => ({
        fields,
        reserved: 0,
        payload: toHex(payload),
        rebuilt: toHex(packet),
      }));
      expect(firstDifference(seen, told)).toBeUndefined();
      expect(seen).toHaveLength(COUNT);
    },
    TIMEOUT_MS,
  );
});

interface Written {
  readonly packet: string;
  readonly payload: string;
  readonly fields: Judged['fields'];
}

describe('packets of scapy', () => {
  requires('scapy').it(
    'are the same GRE to us, with good checksums',
    () => {
      const written = askScapy('write', ['gre', String(COUNT), String(SEED)], '') as Written[];
      const told = written.map(({ packet, payload, fields: { key, ...rest } }) => ({
        fields: { ...rest, key },
        network: key ?? 7,
        payload,
        packet,
      }));
      expect(firstDifference(written.map(receiveGre), told)).toBeUndefined();
      expect(written).toHaveLength(COUNT);
    },
    TIMEOUT_MS,
  );

  requires('scapy').it(
    'are the same NVGRE to us',
    () => {
      const written = askScapy('write', ['nvgre', String(COUNT), String(SEED)], '') as Written[];
      const endpoint = new NvgreEncapsulation();
      const tunnel = new TunnelMetadata();
      const seen = written.map(({ packet }) => {
        const buffer = new PacketBuffer(octets(packet));
        const { vsid, flowId }: NvgreHeader = decode(buffer.bytes, ipLength(buffer.bytes));
        const fault = endpoint.decapsulate(buffer, tunnel);
        return {
          fault,
          key: vsid * 256 + flowId,
          again: tunnel.network * 256 + tunnel.entropy,
          payload: toHex(buffer.copy()),
        };
      });
      const told = written.map(({ fields: { key }, payload }) => ({ fault: undefined, key, again: key, payload }));
      expect(firstDifference(seen, told)).toBeUndefined();
      expect(written).toHaveLength(COUNT);
    },
    TIMEOUT_MS,
  );
});

/** What our codec, endpoint and encoder make of a GRE packet. */
function receiveGre({ packet: hex, fields }: Written): unknown {
  const packet = octets(hex);
  const offset = ipLength(packet);
  const { checksum = null, key = null, sequenceNumber = null, protocolType } = gre.decode(packet, offset);
  const endpoint = new gre.GreEncapsulation({
    payload: fields.protocolType === 0x6558 ? 'ethernet' : 'ip',
    ...(fields.key === null ? { keylessNetwork: 7 } : {}),
  });
  const buffer = new PacketBuffer(packet.slice());
  const tunnel = new TunnelMetadata();
  const fault = endpoint.decapsulate(buffer, tunnel);
  if (fault !== undefined) return { fault, hex };
  gre.encodeInto(gre.decode(packet, offset), packet, offset);
  return {
    fields: { protocolType, checksum, sequenceNumber, key },
    network: tunnel.network,
    payload: toHex(buffer.copy()),
    packet: toHex(packet),
  };
}

/** The packet behind an Ethernet header of its own. */
function onEthernet({ packet }: Judged): Uint8Array {
  const etherType = packet[0]! >>> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  return Uint8Array.from([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...etherType, ...packet]);
}

/** What tshark should print; of lists the end or the beginning, whichever is about the tunnel. */
function asTshark({ packet, payload, fields }: Judged): Record<string, string> {
  const { protocolType, checksum, key, sequenceNumber } = fields;
  const flags = (checksum === null ? 0 : 0x8000) | (key === null ? 0 : 0x2000) | (sequenceNumber === null ? 0 : 0x1000);
  const hex = (value: number | null, digits: number): string =>
    value === null ? '' : `0x${value.toString(16).padStart(digits, '0')}`;
  const ip = ipLength(packet) === 20 ? 'ip' : 'ipv6';
  const inner = { 0x6558: 'eth', 0x0800: 'ip', 0x86dd: 'ipv6' }[protocolType!]!;
  const mac = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 6)).replace(/..(?=.)/g, '$&:');
  return {
    'gre.flags_and_version': hex(flags, 4),
    'gre.proto': hex(protocolType, 4),
    'gre.checksum': hex(checksum, 4),
    'gre.checksum.status': checksum === null ? '' : '1',
    'gre.key': hex(key, 8),
    'gre.sequence_number': sequenceNumber === null ? '' : String(sequenceNumber),
    'eth.dst': inner === 'eth' ? `02:00:00:00:00:02,${mac(payload)}` : '02:00:00:00:00:02',
    'frame.protocols': `eth:ethertype:${ip}:gre:${inner}`,
    'ip.checksum.status': ip === 'ip' ? '1' : '',
    '_ws.malformed': '',
    'gre.checksum.incorrect': '',
  };
}

/** In which fields tshark does not say what it should; empty if in none. */
function differencesOf(seen: Readonly<Record<string, string>>, told: Readonly<Record<string, string>>): string {
  const isSame = (name: string, value: string): boolean => {
    if (name === 'frame.protocols') return seen[name]!.startsWith(value);
    // The inner header's status follows, and is the only one over IPv6.
    if (name === 'ip.checksum.status') return value === '' || seen[name]!.startsWith(value);
    return seen[name] === value;
  };
  const wrong = Object.entries(told).filter(([name, value]) => !isSame(name, value));
  return wrong.map(([name, value]) => `${name}: ${seen[name]} instead of ${value}`).join('; ');
}

/** The first pair that differs, for a message that can be read. */
function firstDifference(seen: readonly unknown[], told: readonly unknown[]): unknown {
  const text = (value: unknown): string => JSON.stringify(sorted(value));
  const at = told.findIndex((value, i) => text(value) !== text(seen[i]));
  return at === -1 ? undefined : { at, seen: seen[at], told: told[at] };
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
