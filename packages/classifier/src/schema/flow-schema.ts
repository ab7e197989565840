/**
 * The layout of the keys that {@link FLOW_SCHEMA} describes: 56 words in four stages. Where a packet came from and which
 * network it belongs to comes first, then Ethernet, IP, transport.
 */
import type { Field, FieldFormat } from './field.js';
import type { FlowFieldName } from './flow-field-names.js';
import { Schema } from './schema.js';

/** First word of each field or group of fields; what the parser writes by. */
export const FLOW_WORD = {
  IN_PORT: 0,
  RECIRC_ID: 1,
  METADATA: 2,
  REG0: 4,
  TUN_ID: 12,
  TUN_SRC: 14,
  TUN_DST: 18,
  TUN: 22,
  CT_KIND: 23,
  CT_MARK: 24,
  CT_LABEL: 25,
  ETH_DST: 29,
  ETH_MIDDLE: 30,
  ETH_SRC: 31,
  ETH_TYPE_VLAN: 32,
  VLAN2_TPID: 33,
  MPLS: 34,
  IP_SRC: 35,
  IP_DST: 39,
  IP: 43,
  IP_MORE: 44,
  PORTS: 45,
  L4: 46,
  ND_TARGET: 47,
  ND_LINK: 51,
  CONJ_ID: 54,
} as const;

/** Ethertypes and protocols that prerequisites name. */
const [IPV4, IPV6, ARP, MPLS, MPLS_MULTICAST] = [0x0800, 0x86dd, 0x0806, 0x8847, 0x8848];
const [ICMP, IGMP, TCP, UDP, ICMPV6, SCTP] = [1, 2, 6, 17, 58, 132];

const W = FLOW_WORD;
const IS_IP = { requires: [{ eth_type: [IPV4, IPV6] }] };
const IS_ARP = { requires: [{ eth_type: [ARP] }] };
const IS_MPLS = { requires: [{ eth_type: [MPLS, MPLS_MULTICAST] }] };
const HAS_PORTS = { requires: [{ ip_proto: [TCP, UDP, SCTP] }] };
const IS_ICMP = {
  requires: [
    { eth_type: [IPV4], ip_proto: [ICMP] },
    { eth_type: [IPV6], ip_proto: [ICMPV6] },
  ],
};
const isNeighbor = (...types: number[]) => ({
  requires: [{ eth_type: [IPV6], ip_proto: [ICMPV6], icmp_type: types, icmp_code: [0] }],
});
const IP_FAMILY = { family: { field: 'eth_type', ipv4: IPV4, ipv6: IPV6 } };
const TUNNEL = { requires: [{ tun_family: [4, 6] }], family: { field: 'tun_family', ipv4: 4, ipv6: 6 } };
const EXACT = { maskable: false };
const CT_FLAGS = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];
const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns'];
const FRAGMENTS = {
  no: { value: 0 },
  yes: { value: 1, mask: 1 },
  first: { value: 1 },
  later: { value: 3 },
  not_later: { value: 0, mask: 2 },
};

type Row = readonly [
  name: FlowFieldName,
  word: number,
  firstBit: number,
  width: number,
  format: FieldFormat,
  meaning: string,
  more?: Partial<Field>,
];

const ROWS: readonly Row[] = [
  // Stage 0: where from.
  [
    'in_port',
    W.IN_PORT,
    0,
    32,
    'decimal',
    'port that the packet came in by',
    { ...EXACT, names: { LOCAL: { value: 0xffff_fffe } } },
  ],
  ['recirc_id', W.RECIRC_ID, 0, 32, 'decimal', 'which pass over the packet this is, 0 for the first', EXACT],
  ['metadata', W.METADATA, 0, 64, 'hexadecimal', 'written by rules: logical datapath and stage'],
  ['reg0', W.REG0, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg1', W.REG0 + 1, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg2', W.REG0 + 2, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg3', W.REG0 + 3, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg4', W.REG0 + 4, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg5', W.REG0 + 5, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg6', W.REG0 + 6, 0, 32, 'hexadecimal', 'written by rules'],
  ['reg7', W.REG0 + 7, 0, 32, 'hexadecimal', 'written by rules'],
  ['tun_id', W.TUN_ID, 0, 64, 'decimal', 'virtual network of the tunnel: VNI, VSID, context id'],
  ['tun_src', W.TUN_SRC, 0, 128, 'ip', 'outer source address', TUNNEL],
  ['tun_dst', W.TUN_DST, 0, 128, 'ip', 'outer destination address', TUNNEL],
  ['tun_family', W.TUN, 0, 8, 'decimal', 'outer IP version, 4 or 6; 0 if no tunnel brought the packet', EXACT],
  ['tun_flags', W.TUN, 8, 8, 'flags', 'about the tunnel header', { flags: ['control'] }],
  ['tun_tos', W.TUN, 16, 8, 'hexadecimal', 'outer DSCP and ECN'],
  ['tun_ttl', W.TUN, 24, 8, 'decimal', 'outer TTL or hop limit'],
  ['ct_state', W.CT_KIND, 0, 8, 'flags', 'state of the connection', { flags: CT_FLAGS }],
  ['ct_zone', W.CT_KIND, 8, 16, 'decimal', 'zone of the connection table', EXACT],
  [
    'packet_kind',
    W.CT_KIND,
    24,
    8,
    'decimal',
    'what the packet begins with',
    { ...EXACT, names: { none: { value: 0 }, eth: { value: 1 }, ip: { value: 2 } } },
  ],
  ['ct_mark', W.CT_MARK, 0, 32, 'hexadecimal', 'mark of the connection'],
  ['ct_label', W.CT_LABEL, 0, 128, 'hexadecimal', 'label of the connection'],
  // Stage 1: Ethernet.
  ['eth_dst', W.ETH_DST, 0, 48, 'mac', 'destination MAC'],
  ['eth_src', W.ETH_MIDDLE, 16, 48, 'mac', 'source MAC'],
  ['eth_type', W.ETH_TYPE_VLAN, 0, 16, 'hexadecimal', 'EtherType behind the tags; 0x5ff for an 802.3 length', EXACT],
  ['vlan_tci', W.ETH_TYPE_VLAN, 16, 16, 'hexadecimal', 'outer VLAN tag: priority, presence, id; 0 without a tag'],
  ['vlan_pcp', W.ETH_TYPE_VLAN, 16, 3, 'decimal', 'priority', { within: 'vlan_tci', implies: { vlan_present: 1 } }],
  ['vlan_present', W.ETH_TYPE_VLAN, 19, 1, 'decimal', 'whether there is a tag', { within: 'vlan_tci' }],
  ['vlan_vid', W.ETH_TYPE_VLAN, 20, 12, 'decimal', 'VLAN id', { within: 'vlan_tci', implies: { vlan_present: 1 } }],
  ['vlan2_tci', W.VLAN2_TPID, 0, 16, 'hexadecimal', 'inner VLAN tag, likewise'],
  ['vlan2_pcp', W.VLAN2_TPID, 0, 3, 'decimal', 'priority', { within: 'vlan2_tci', implies: { vlan2_present: 1 } }],
  ['vlan2_present', W.VLAN2_TPID, 3, 1, 'decimal', 'whether there is a second tag', { within: 'vlan2_tci' }],
  ['vlan2_vid', W.VLAN2_TPID, 4, 12, 'decimal', 'VLAN id', { within: 'vlan2_tci', implies: { vlan2_present: 1 } }],
  ['vlan_tpid', W.VLAN2_TPID, 16, 16, 'hexadecimal', 'EtherType of the outer tag, 0x8100 or 0x88a8'],
  ['mpls_label', W.MPLS, 0, 20, 'decimal', 'label on top of the stack', IS_MPLS],
  ['mpls_tc', W.MPLS, 20, 3, 'decimal', 'traffic class', IS_MPLS],
  ['mpls_bos', W.MPLS, 23, 1, 'decimal', 'bottom of stack', IS_MPLS],
  ['mpls_present', W.MPLS, 31, 1, 'decimal', 'whether there is a whole label', IS_MPLS],
  // Stage 2: IP and ARP.
  ['ip_src', W.IP_SRC, 0, 128, 'ip', 'source address', { ...IS_IP, ...IP_FAMILY }],
  ['arp_spa', W.IP_SRC + 3, 0, 32, 'ip', 'sender address of ARP', { ...IS_ARP, within: 'ip_src' }],
  ['ip_dst', W.IP_DST, 0, 128, 'ip', 'destination address', { ...IS_IP, ...IP_FAMILY }],
  ['arp_tpa', W.IP_DST + 3, 0, 32, 'ip', 'target address of ARP', { ...IS_ARP, within: 'ip_dst' }],
  ['ip_proto', W.IP, 0, 8, 'decimal', 'protocol, behind the extension headers', { ...IS_IP, ...EXACT }],
  ['ip_tos', W.IP, 8, 8, 'hexadecimal', 'DSCP and ECN', IS_IP],
  ['ip_dscp', W.IP, 8, 6, 'decimal', 'DSCP', { ...IS_IP, within: 'ip_tos' }],
  ['ip_ecn', W.IP, 14, 2, 'decimal', 'ECN', { ...IS_IP, within: 'ip_tos' }],
  ['ip_ttl', W.IP, 16, 8, 'decimal', 'TTL or hop limit', IS_IP],
  ['ip_frag', W.IP, 30, 2, 'decimal', '1 for a fragment, 3 for one but the first', { ...IS_IP, names: FRAGMENTS }],
  ['ip6_label', W.IP_MORE, 0, 20, 'hexadecimal', 'flow label', { requires: [{ eth_type: [IPV6] }] }],
  ['arp_op', W.IP_MORE, 20, 8, 'decimal', '1 request, 2 reply', { ...IS_ARP, ...EXACT }],
  ['l3_present', W.IP_MORE, 31, 1, 'decimal', 'whether there is a whole IP header or ARP message'],
  // Stage 3: transport.
  ['l4_src', W.PORTS, 0, 16, 'decimal', 'source port', HAS_PORTS],
  ['icmp_type', W.PORTS, 8, 8, 'decimal', 'ICMP or ICMPv6 type', { ...IS_ICMP, within: 'l4_src' }],
  ['l4_dst', W.PORTS, 16, 16, 'decimal', 'destination port', HAS_PORTS],
  ['icmp_code', W.PORTS, 24, 8, 'decimal', 'ICMP or ICMPv6 code', { ...IS_ICMP, within: 'l4_dst' }],
  ['tcp_flags', W.L4, 0, 12, 'flags', 'control bits', { requires: [{ ip_proto: [TCP] }], flags: TCP_FLAGS }],
  ['igmp_type', W.L4, 12, 8, 'hexadecimal', 'IGMP type', { requires: [{ eth_type: [IPV4], ip_proto: [IGMP] }] }],
  [
    'l4_present',
    W.L4,
    31,
    1,
    'decimal',
    'whether there is a whole transport header',
    { requires: [{ ip_proto: [TCP, UDP, SCTP, ICMP, ICMPV6, IGMP] }] },
  ],
  ['nd_present', W.L4, 30, 1, 'decimal', 'whether it is a good neighbour message', isNeighbor(135, 136)],
  ['nd_link_present', W.L4, 29, 1, 'decimal', 'whether it has a link-layer address', isNeighbor(135, 136)],
  ['nd_target', W.ND_TARGET, 0, 128, 'ip', 'target of the neighbour message', isNeighbor(135, 136)],
  ['nd_sll', W.ND_LINK, 0, 48, 'mac', 'source link-layer address option', isNeighbor(135)],
  ['arp_sha', W.ND_LINK, 0, 48, 'mac', 'sender MAC of ARP', { ...IS_ARP, within: 'nd_sll' }],
  ['nd_tll', W.ND_LINK + 1, 16, 48, 'mac', 'target link-layer address option', isNeighbor(136)],
  ['arp_tha', W.ND_LINK + 1, 16, 48, 'mac', 'target MAC of ARP', { ...IS_ARP, within: 'nd_tll' }],
  ['conj_id', W.CONJ_ID, 0, 32, 'decimal', 'conjunction that the packet completed', EXACT],
];

const VLAN2 = ['vlan2_tci'];
const L3 = ['ip_src', 'ip_dst', 'ip_proto', 'ip_tos', 'ip_ttl', 'ip_frag', 'ip6_label', 'arp_op', 'l3_present'];
const ND = ['nd_target', 'nd_present', 'nd_link_present'];
const L4 = ['l4_src', 'l4_dst', 'tcp_flags', 'igmp_type', 'l4_present', ...ND];

/**
 * The flow key of packets: tunnel metadata, connection state, Ethernet with two VLAN tags, MPLS, ARP, IPv4, IPv6, TCP, UDP,
 * SCTP, ICMP, IGMP and neighbour discovery. The order of the words is that of the stages.
 */
export const FLOW_SCHEMA: Schema = new Schema({
  words: 56,
  stageEnds: [29, 35, 45, 56],
  fields: ROWS.map(([name, word, firstBit, width, format, meaning, more]) => ({
    name,
    offset: word * 32 + firstBit,
    width,
    maskable: true,
    format,
    meaning,
    ...more,
  })),
  closure: [
    { when: [], then: ['packet_kind', 'recirc_id'] },
    { when: ['tun_id', 'tun_src', 'tun_dst', 'tun_flags', 'tun_tos', 'tun_ttl'], then: ['tun_family'] },
    { when: ND, then: ['icmp_type', 'icmp_code'] },
    { when: L4, then: ['ip_proto', 'ip_frag'] },
    // Link-layer addresses are those of ARP too, which has no protocol.
    { when: ['nd_sll', 'nd_tll', 'mpls_label', 'mpls_tc', 'mpls_bos', 'mpls_present', ...L3], then: ['eth_type'] },
    { when: [...VLAN2, 'vlan_tpid', 'vlan_tci', 'eth_type'], then: ['vlan_present'] },
    { when: VLAN2, then: ['vlan2_present'] },
  ],
  aliases: {
    tunnel_id: 'tun_id',
    dl_src: 'eth_src',
    dl_dst: 'eth_dst',
    dl_type: 'eth_type',
    dl_vlan_pcp: 'vlan_pcp',
    nw_src: 'ip_src',
    nw_dst: 'ip_dst',
    ipv6_src: 'ip_src',
    ipv6_dst: 'ip_dst',
    nw_proto: 'ip_proto',
    nw_ttl: 'ip_ttl',
    nw_frag: 'ip_frag',
    nw_ecn: 'ip_ecn',
    ipv6_label: 'ip6_label',
    tp_src: 'l4_src',
    tp_dst: 'l4_dst',
    tcp_src: 'l4_src',
    tcp_dst: 'l4_dst',
    udp_src: 'l4_src',
    udp_dst: 'l4_dst',
    sctp_src: 'l4_src',
    sctp_dst: 'l4_dst',
    icmpv6_type: 'icmp_type',
    icmpv6_code: 'icmp_code',
  },
  shorthands: {
    tcp: { eth_type: IPV4, ip_proto: TCP },
    udp: { eth_type: IPV4, ip_proto: UDP },
    sctp: { eth_type: IPV4, ip_proto: SCTP },
    icmp: { eth_type: IPV4, ip_proto: ICMP },
    igmp: { eth_type: IPV4, ip_proto: IGMP },
    tcp6: { eth_type: IPV6, ip_proto: TCP },
    udp6: { eth_type: IPV6, ip_proto: UDP },
    sctp6: { eth_type: IPV6, ip_proto: SCTP },
    icmp6: { eth_type: IPV6, ip_proto: ICMPV6 },
    ip: { eth_type: IPV4 },
    ipv6: { eth_type: IPV6 },
    ip6: { eth_type: IPV6 },
    arp: { eth_type: ARP },
    mpls: { eth_type: MPLS },
    mplsm: { eth_type: MPLS_MULTICAST },
  },
  // Ports, the low ends of addresses, the subnets of IPv6, stations in an overlay, its network and port: what differs between
  // flows. Colliding keys cost time, not correctness.
  hashWords: [
    W.PORTS,
    W.IP_DST + 3,
    W.IP_SRC + 3,
    W.IP_DST + 1,
    W.IP_SRC + 1,
    W.ETH_MIDDLE,
    W.TUN_ID + 1,
    W.IN_PORT,
    W.ETH_SRC,
    W.IP,
  ],
});
