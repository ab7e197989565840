/** What stands in front of the IP header in a capture: the link types that `dissect` and `decap` know. */
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
} from '@overlane/capture';
import { type Binding, type DissectContext, type NextHeader, DATA, header, hex, octets, uint } from '@overlane/layout';
import { ethernet, read16 } from '@overlane/wire';

const { ETHER_TYPE } = ethernet;

/** One link type. */
export interface LinkLayer {
  /** Its name in the registry of link types. */
  readonly name: string;
  /** Where a dissection starts: a bound protocol, or `ip`. */
  readonly start: string;
  /** Offset of the IP header; `undefined` if the packet holds none. */
  findIp(bytes: Uint8Array): number | undefined;
}

const SLL_LENGTH = 16;
const SLL2_LENGTH = 20;
const NULL_LENGTH = 4;
/** AF_INET everywhere, and AF_INET6 of Linux, NetBSD, FreeBSD and macOS. */
const IP_FAMILIES: readonly number[] = [2, 10, 24, 28, 30];

/** The link types, by number. */
export const LINK_LAYERS: ReadonlyMap<number, LinkLayer> = new Map([
  [LINKTYPE_NULL, { name: 'NULL', start: 'null', findIp: findIpBehindNull }],
  [LINKTYPE_ETHERNET, { name: 'ETHERNET', start: 'ethernet', findIp: findIpBehindEthernet }],
  [LINKTYPE_RAW, { name: 'RAW', start: 'ip', findIp: atStart }],
  [LINKTYPE_LINUX_SLL, { name: 'LINUX_SLL', start: 'linux-sll', findIp: findIpBehind(SLL_LENGTH, 14) }],
  [LINKTYPE_IPV4, { name: 'IPV4', start: 'ipv4', findIp: atStart }],
  [LINKTYPE_IPV6, { name: 'IPV6', start: 'ipv6', findIp: atStart }],
  [LINKTYPE_LINUX_SLL2, { name: 'LINUX_SLL2', start: 'linux-sll2', findIp: findIpBehind(SLL2_LENGTH, 0) }],
]);

/** The link types in words, for messages. */
export function nameLinkType(linkType: number): string {
  const name = LINK_LAYERS.get(linkType)?.name;
  return name === undefined ? `${linkType}` : `${linkType} (${name})`;
}

/** BSD loopback. The family is in the byte order of the capturing host, which the packet doesn't tell. */
const nullBinding: Binding = {
  layout: header('null', [octets('family', NULL_LENGTH)], { reference: 'LINKTYPE_NULL of the link type registry' }),
  next: (_, context) => behind(context, isIpFamily(context.bytes, context.offset) ? 'ip' : DATA),
};

/** Linux cooked capture, as on the device `any`. */
const sllBinding: Binding<{ protocolType: number }> = {
  layout: header(
    'linux-sll',
    [
      uint('packetType', 16),
      uint('arphrdType', 16, 'ARPHRD_ type'),
      uint('addressLength', 16),
      octets('address', 8),
      hex('protocolType', 16),
    ],
    { reference: 'LINKTYPE_LINUX_SLL of the link type registry' },
  ),
  next: ({ protocolType }, context) => behind(context, BY_PROTOCOL_TYPE.get(protocolType) ?? DATA),
};

/** Its second version, which tcpdump writes today. */
const sll2Binding: Binding<{ protocolType: number }> = {
  layout: header(
    'linux-sll2',
    [
      hex('protocolType', 16),
      uint('reserved', 16),
      uint('interfaceIndex', 32),
      uint('arphrdType', 16, 'ARPHRD_ type'),
      uint('packetType', 8),
      uint('addressLength', 8),
      octets('address', 8),
    ],
    { reference: 'LINKTYPE_LINUX_SLL2 of the link type registry' },
  ),
  next: ({ protocolType }, context) => behind(context, BY_PROTOCOL_TYPE.get(protocolType) ?? DATA),
};

const BY_PROTOCOL_TYPE: ReadonlyMap<number, string> = new Map([
  [ETHER_TYPE.IPV4, 'ipv4'],
  [ETHER_TYPE.ARP, 'arp'],
  [ETHER_TYPE.IPV6, 'ipv6'],
  [ETHER_TYPE.C_TAG, 'vlan'],
  [ETHER_TYPE.S_TAG, 'vlan'],
]);

/** How a dissector walks through the link headers that no other package describes. */
export const linkBindings: readonly Binding[] = [nullBinding, sllBinding, sll2Binding];

function behind({ offset, length, end }: DissectContext, protocol: string): NextHeader {
  return { protocol, offset: offset + length, end };
}

function isIpEtherType(etherType: number): boolean {
  return etherType === ETHER_TYPE.IPV4 || etherType === ETHER_TYPE.IPV6;
}

/** True in either byte order: one octet at one end holds the family, the others are zero. */
function isIpFamily(bytes: Uint8Array, offset: number): boolean {
  const [a, b, c, d] = bytes.subarray(offset, offset + NULL_LENGTH) as unknown as [number, number, number, number];
  return b === 0 && c === 0 && (a === 0 || d === 0) && IP_FAMILIES.includes(a + d);
}

function atStart(): number {
  return 0;
}

function findIpBehindNull(bytes: Uint8Array): number | undefined {
  return bytes.length >= NULL_LENGTH && isIpFamily(bytes, 0) ? NULL_LENGTH : undefined;
}

function findIpBehindEthernet(bytes: Uint8Array): number | undefined {
  if (ethernet.check(bytes) !== undefined) return undefined;
  return isIpEtherType(ethernet.readEtherType(bytes, 0)) ? ethernet.readHeaderLength(bytes, 0) : undefined;
}

function findIpBehind(length: number, protocolAt: number): (bytes: Uint8Array) => number | undefined {
  return (bytes) => (bytes.length >= length && isIpEtherType(read16(bytes, protocolAt)) ? length : undefined);
}
