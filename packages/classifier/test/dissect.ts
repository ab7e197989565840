/**
 * What a frame says, field by field, read from wire's decoded headers: the judge of the parser. Slow and plain, and it
 * shares no code with the parser.
 */
import * as wire from '@overlane/wire';

type Fields = Record<string, bigint>;

/** The fields of a frame that are not zero, and some that are. */
export function dissect(bytes: Uint8Array): Fields {
  if (bytes.length < 14) return {};
  const at = [0, 1, 2].find((tags) => !isTag(bytes, 12 + 4 * tags) || bytes.length < 18 + 4 * tags) ?? 2;
  const header = {
    eth_dst: big(bytes.subarray(0, 6)),
    eth_src: big(bytes.subarray(6, 12)),
    packet_kind: 1n,
    ...(at > 0 && { vlan_tpid: big(bytes.subarray(12, 14)), vlan_tci: big(bytes.subarray(14, 16)) | 0x1000n }),
    ...(at > 1 && { vlan2_tci: big(bytes.subarray(18, 20)) | 0x1000n }),
  };
  const etherType = Number(big(bytes.subarray(12 + 4 * at, 14 + 4 * at)));
  const payload = bytes.slice(14 + 4 * at);
  return { ...header, eth_type: BigInt(etherType < 0x600 ? 0x5ff : etherType), ...network(etherType, payload) };
}

function network(etherType: number, payload: Uint8Array): Fields {
  if (etherType === 0x0800) return ipv4(payload);
  if (etherType === 0x86dd) return ipv6(payload);
  if (etherType === 0x0806) return arp(payload);
  if ((etherType !== 0x8847 && etherType !== 0x8848) || payload.length < 4) return {};
  const entry = big(payload.subarray(0, 4));
  return { mpls_label: entry >> 12n, mpls_tc: (entry >> 9n) & 7n, mpls_bos: (entry >> 8n) & 1n, mpls_present: 1n };
}

function arp(payload: Uint8Array): Fields {
  const message = attempt(() => wire.arp.decode(payload));
  if (message === undefined || message.operation > 255) return {};
  return {
    l3_present: 1n,
    arp_op: BigInt(message.operation),
    ip_src: BigInt(message.senderIp),
    ip_dst: BigInt(message.targetIp),
    nd_sll: big(message.senderMac),
    nd_tll: big(message.targetMac),
  };
}

function ipv4(payload: Uint8Array): Fields {
  // The parser leaves checksums alone; decode does not.
  const length = (payload[0]! & 15) * 4;
  if (length >= 20 && payload.length >= length) wire.ipv4.writeChecksum(payload, 0);
  const header = attempt(() => wire.ipv4.decode(payload));
  if (header === undefined) return {};
  const fragment = header.fragmentOffset > 0 ? 3 : header.moreFragments ? 1 : 0;
  return {
    l3_present: 1n,
    ip_src: BigInt(header.source),
    ip_dst: BigInt(header.destination),
    ip_proto: BigInt(header.protocol),
    ip_tos: BigInt(header.dscp * 4 + header.ecn),
    ip_ttl: BigInt(header.ttl),
    ip_frag: BigInt(fragment),
    ...(fragment !== 3 && transport(4, header.protocol, payload.subarray(length, header.totalLength), fragment)),
  };
}

function ipv6(payload: Uint8Array): Fields {
  const header = attempt(() => wire.ipv6.decode(payload));
  if (header === undefined) return {};
  let rest = payload.subarray(40, 40 + header.payloadLength);
  let protocol = header.nextHeader;
  let fragment = 0;
  for (let count = 0; [0, 43, 44, 51, 60, 135, 139, 140].includes(protocol) && fragment === 0; count++) {
    if (count === 8 || (protocol === 0 && count > 0) || rest.length < 8) return {};
    const length = protocol === 44 ? 8 : protocol === 51 ? (rest[1]! + 2) * 4 : (rest[1]! + 1) * 8;
    if (rest.length < length) return {};
    if (protocol === 44) fragment = rest[2]! * 32 + (rest[3]! >> 3) > 0 ? 3 : rest[3]! & 1;
    protocol = rest[0]!;
    rest = rest.subarray(length);
  }
  return {
    l3_present: 1n,
    ip_src: big(header.source),
    ip_dst: big(header.destination),
    ip_proto: BigInt(protocol),
    ip_tos: BigInt(header.dscp * 4 + header.ecn),
    ip_ttl: BigInt(header.hopLimit),
    ip_frag: BigInt(fragment),
    ip6_label: BigInt(header.flowLabel),
    ...(fragment !== 3 && transport(6, protocol, rest, fragment)),
  };
}

function transport(version: 4 | 6, protocol: number, segment: Uint8Array, fragment: number): Fields {
  const present = { l4_present: 1n };
  const ports = { ...present, l4_src: big(segment.subarray(0, 2)), l4_dst: big(segment.subarray(2, 4)) };
  const tcp = protocol === 6 ? attempt(() => wire.tcp.decode(segment)) : undefined;
  if (tcp !== undefined) return { ...ports, tcp_flags: BigInt(tcp.flags | ((segment[12]! & 15) << 8)) };
  if (protocol === 17 && segment.length >= 8) return ports;
  if (protocol === 132 && segment.length >= 12) return ports;
  if (segment.length < 8) return {};
  const icmp = { ...present, l4_src: BigInt(segment[0]!), l4_dst: BigInt(segment[1]!) };
  if (version === 4)
    return protocol === 1 ? icmp : protocol === 2 ? { ...present, igmp_type: BigInt(segment[0]!) } : {};
  if (protocol !== 58) return {};
  const message = fragment > 0 ? undefined : attempt(() => wire.neighbor.decode(segment));
  if (message === undefined) return icmp;
  const target = { ...icmp, nd_present: 1n, nd_target: big(message.target) };
  if (message.linkLayerAddress === undefined) return target;
  return {
    ...target,
    nd_link_present: 1n,
    [message.type === 135 ? 'nd_sll' : 'nd_tll']: big(message.linkLayerAddress),
  };
}

function isTag(bytes: Uint8Array, at: number): boolean {
  return bytes.length >= at + 2 && ['8100', '88a8'].includes(big(bytes.subarray(at, at + 2)).toString(16));
}

function big(octets: Uint8Array): bigint {
  return octets.reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
