import { describe, expect, it } from '@jest/globals';
import type { Fault } from '../src/index.js';
import {
  ExtensionWalk,
  arp,
  checksum,
  decapsulateEcn,
  ecnAnomaly,
  encapsulateEcn,
  ethernet,
  flowHash,
  flowId,
  flowLabel,
  formatIpv4,
  formatMac,
  innerFrameMax,
  innerIpMtu,
  ipHeaderLength,
  ipv4,
  ipv6,
  pathMtuFor,
  sourcePort,
  tcp,
  udp,
} from '../src/index.js';
import type { EcnMode } from '../src/index.js';
import vectorFile from './vectors/outer-headers.json';

interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string;
  readonly fields: Record<string, unknown>;
  readonly error?: string;
}

const vectors = vectorFile.vectors as unknown as Vector[];
const ofKind = (kind?: string): [string, Vector][] =>
  vectors.filter((vector) => vector.kind === kind).map((vector) => [vector.name, vector]);
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const word = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

interface Outcome {
  fault?: Fault;
  fields: Record<string, unknown>;
}

/** A receiver that wants IP with UDP or TCP inside, or ARP: the rules of the specification, in its order. */
function receive(bytes: Uint8Array): Outcome {
  const fault = ethernet.check(bytes);
  if (fault) return { fault, fields: {} };
  const link = ethernet.decode(bytes);
  const network = ethernet.readHeaderLength(bytes, 0);
  const tags = link.tags.map((tag) => ({ ...tag, tpid: word(tag.tpid) }));
  const fields = { tags, etherType: word(link.etherType) };
  switch (link.etherType) {
    case ethernet.ETHER_TYPE.ARP:
      return receiveArp(bytes, network);
    case ethernet.ETHER_TYPE.IPV4:
      return receiveIpv4(bytes, network, fields);
    case ethernet.ETHER_TYPE.IPV6:
      return receiveIpv6(bytes, network, fields);
    default:
      return { fault: 'E_ETH_UNKNOWN_TYPE', fields };
  }
}

function receiveArp(bytes: Uint8Array, offset: number): Outcome {
  const fault = arp.check(bytes, offset);
  if (fault) return { fault, fields: {} };
  const message = arp.decode(bytes, offset);
  const fields = {
    op: message.operation,
    sha: formatMac(message.senderMac),
    spa: formatIpv4(message.senderIp),
    tha: formatMac(message.targetMac),
    tpa: formatIpv4(message.targetIp),
    trailer: bytes.length - offset - arp.HEADER_LENGTH,
  };
  return { fields };
}

function receiveIpv4(bytes: Uint8Array, offset: number, link: Record<string, unknown>): Outcome {
  const fault = ipv4.check(bytes, offset);
  if (fault) return { fault, fields: link };
  const { dscp, ecn, ttl, protocol, totalLength } = ipv4.decode(bytes, offset);
  const isFragment = ipv4.readIsFragment(bytes, offset);
  const start = offset + ipv4.readHeaderLength(bytes, offset);
  const end = offset + totalLength;
  const fields = { ...link, version: 4, dscp, ecn, ttl, protocol, isFragment, payloadLength: end - start };
  if (isFragment) return { fields };
  const pseudo = (length: number): number => checksum.pseudoHeaderV4(bytes, offset, protocol, length);
  return receiveTransport(bytes, protocol, start, end, pseudo, 'accepted', fields);
}

function receiveIpv6(bytes: Uint8Array, offset: number, link: Record<string, unknown>): Outcome {
  const walk = new ExtensionWalk();
  const fault = ipv6.check(bytes, offset) ?? walk.walk(bytes, offset);
  if (fault) return { fault, fields: link };
  const { dscp, ecn, hopLimit: ttl, payloadLength } = ipv6.decode(bytes, offset);
  const { protocol, isFragment } = walk;
  const end = offset + ipv6.HEADER_LENGTH + payloadLength;
  const fields = { ...link, version: 6, dscp, ecn, ttl, protocol, isFragment, payloadLength: end - walk.offset };
  if (isFragment) return { fields };
  const pseudo = (length: number): number => checksum.pseudoHeaderV6(bytes, offset, protocol, length);
  return receiveTransport(bytes, protocol, walk.offset, end, pseudo, 'refused', fields);
}

function receiveTransport(
  bytes: Uint8Array,
  protocol: number,
  start: number,
  end: number,
  pseudo: (length: number) => number,
  zero: udp.ZeroChecksum,
  fields: Record<string, unknown>,
): Outcome {
  if (protocol === udp.IP_PROTOCOL) {
    const bad = udp.check(bytes, start, end);
    const fault = bad ?? udp.checkChecksum(bytes, start, pseudo(udp.readLength(bytes, start)), zero);
    if (fault) return { fault, fields };
    const header = udp.decode(bytes, start, end);
    const payload = toHex(bytes.subarray(start + udp.HEADER_LENGTH, start + header.length));
    const { sourcePort: srcPort, destinationPort: dstPort, length } = header;
    return { fields: { ...fields, srcPort, dstPort, length, checksum: word(header.checksum), payload } };
  }
  if (protocol === tcp.IP_PROTOCOL) {
    const fault = tcp.check(bytes, start, end) ?? tcp.checkChecksum(bytes, start, end, pseudo(end - start));
    if (fault) return { fault, fields };
    const header = tcp.decode(bytes, start, end);
    const dataOffset = tcp.readHeaderLength(bytes, start);
    const flags = `0x${header.flags.toString(16).padStart(2, '0')}`;
    const payload = toHex(bytes.subarray(start + dataOffset, end));
    const { sourcePort: srcPort, destinationPort: dstPort, sequenceNumber: seq, acknowledgmentNumber: ack } = header;
    const options = toHex(header.options);
    return { fields: { ...fields, srcPort, dstPort, seq, ack, dataOffset, flags, options, payload } };
  }
  return { fault: 'E_IP_UNEXPECTED_PROTOCOL', fields };
}

describe('packet vectors', () => {
  it.each(ofKind())('%s', (_name, vector) => {
    const outcome = receive(octets(vector.hex));
    expect(outcome.fault).toBe(vector.error);
    if (vector.error === undefined) expect(outcome.fields).toMatchObject(vector.fields);
  });
});

describe('ECN vectors', () => {
  it.each(ofKind('ecn-decap'))('%s', (_name, { fields }) => {
    const { inner, outer, result, log } = fields as {
      inner: number;
      outer: number;
      result: number;
      log: string | null;
    };
    expect(decapsulateEcn(inner, outer)).toBe(result);
    expect(ecnAnomaly(inner, outer)).toBe(log ?? 'none');
  });

  it('a Not-ECT packet marked on the way is dropped, with an alarm', () => {
    expect(decapsulateEcn(0, 3)).toBe('E_ECN_DROP');
    expect(ecnAnomaly(0, 3)).toBe('alarm');
  });

  it.each(ofKind('ecn-encap'))('%s', (_name, { fields }) => {
    const { mode, inner, outer } = fields as { mode: EcnMode; inner: number; outer: number };
    expect(encapsulateEcn(inner, mode)).toBe(outer);
  });
});

describe('entropy vectors', () => {
  it.each(ofKind('entropy'))('%s', (_name, vector) => {
    const frame = octets(vector.hex);
    const hash = flowHash(frame, 0, frame.length) >>> 0;
    expect({
      flowHash: `0x${hash.toString(16).padStart(8, '0')}`,
      port49152_65535: sourcePort(hash, { low: 49152, high: 65535 }),
      port32768_65535: sourcePort(hash, { low: 32768, high: 65535 }),
      port1_65535: sourcePort(hash, { low: 1, high: 65535 }),
      nvgreFlowId: flowId(hash),
      ipv6FlowLabel: flowLabel(hash),
    }).toMatchObject(Object.fromEntries(Object.entries(vector.fields).filter(([key]) => !/flowKey|fnv/.test(key))));
  });
});

describe('MTU vectors', () => {
  // Carrier octets and whether an inner Ethernet header is counted: specification §9.
  const carriers: Record<string, { carrier: number; ethernet: number }> = {
    vxlan: { carrier: 16, ethernet: 14 },
    'vxlan-gpe-ethernet': { carrier: 16, ethernet: 14 },
    'vxlan-gpe-ip': { carrier: 16, ethernet: 0 },
    'geneve-ethernet': { carrier: 16, ethernet: 14 },
    'geneve-ip': { carrier: 16, ethernet: 0 },
    nvgre: { carrier: 8, ethernet: 14 },
    'gre-key-teb': { carrier: 8, ethernet: 14 },
    'gre-teb': { carrier: 4, ethernet: 14 },
    'gre-ip': { carrier: 4, ethernet: 0 },
    'stt-unsegmented': { carrier: 38, ethernet: 14 },
  };

  it.each(ofKind('mtu'))('%s', (_name, { fields }) => {
    const { encapsulation, outer, pathMtu } = fields as { encapsulation: string; outer: string; pathMtu: number };
    const { carrier, ethernet: inner } = carriers[encapsulation]!;
    const overhead = ipHeaderLength(outer === 'ipv4' ? 4 : 6) + carrier;
    expect({
      overhead: overhead + inner,
      innerIpMtu: inner === 0 ? innerFrameMax(pathMtu, overhead) : innerIpMtu(pathMtu, overhead),
      innerFrameMax: innerFrameMax(pathMtu, overhead),
    }).toMatchObject({
      overhead: fields['overhead'],
      innerIpMtu: fields['innerIpMtu'],
      innerFrameMax: fields['innerFrameMax'],
    });
  });

  it('asks for the path MTUs of the table', () => {
    expect([pathMtuFor(1500, 36), pathMtuFor(1500, 56), pathMtuFor(1500, 36, 1)]).toEqual([1550, 1570, 1554]);
  });
});
