/**
 * Octets of network virtualization: headers, checksums, addresses, the packet buffer, and the shapes (faults, roles,
 * ports) that all Overlane packages share. No dependencies; runs wherever `Uint8Array` does.
 *
 * Headers are namespaces, each a {@link Codec}: `ipv4.check(bytes)`, `ipv4.readSource(bytes, offset)`,
 * `ipv4.decode(bytes)`. The data path uses `check` and `read*`, which neither throw nor allocate.
 */
export * as arp from './arp.js';
export * as checksum from './checksum.js';
export * as ethernet from './ethernet.js';
export * as icmpv4 from './icmpv4.js';
export * as icmpv6 from './icmpv6.js';
export * as ipv4 from './ipv4.js';
export * as ipv6 from './ipv6.js';
export * as neighbor from './neighbor.js';
export * as tcp from './tcp.js';
export * as udp from './udp.js';
export * from './codec.js';
export * from './ecn.js';
export * from './fault.js';
export * from './flow-hash.js';
export * from './frame-ecn.js';
export * from './header-view.js';
export * from './ip-address.js';
export * from './ip-text.js';
export * from './ipv6-extensions.js';
export * from './mac-address.js';
export * from './mtu.js';
export * from './octets.js';
export * from './offload/index.js';
export * from './outer-ip.js';
export * from './packet-buffer.js';
export * from './port.js';
export { recentView } from './recent-view.js';
export * from './roles.js';
export * from './udp-carrier.js';
