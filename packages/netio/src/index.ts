/**
 * Real Linux interfaces for packets. A {@link TapPort} is a tenant's end: a network device whose Ethernet frames the
 * program reads and writes. An {@link UnderlaySocket} is the tunnel's end: complete outer IP packets over the host's own
 * routing; a {@link PacketUnderlay} is the same on a packet socket, which leaves most to the kernel and the network card; a
 * {@link TunUnderlay} is a device that the host routes an address to, and leaves most of all; an {@link EthernetUnderlay} carries whole Ethernet frames, for tunnels that choose next hop and VLAN themselves.
 * All are `Port`s of `@overlane/wire`, work in batches on one {@link Arena} per thread, and allocate nothing per packet. A
 * {@link Poller} sleeps on them.
 *
 * Importing this package does nothing on any system; what needs Linux throws a {@link NetioError} when it is called.
 */
export { Arena, ARENA_BYTES } from './arena.js';
export { NetioError, type NetioErrorCode } from './errors.js';
export { EthernetUnderlay, type EthernetUnderlayOptions } from './ethernet-underlay.js';
export { EthernetUnderlayStatistics } from './ethernet-underlay-statistics.js';
export { bringInterfaceUp, setInterfaceMtu } from './interface-control.js';
export { MonotonicClock, type MonotonicClockOptions } from './monotonic-clock.js';
export { enterNetworkNamespace, inNetworkNamespace } from './network-namespace.js';
export type { FrameTypes } from './packet-filter.js';
export { PacketUnderlay, type PacketUnderlayOptions } from './packet-underlay.js';
export { PacketUnderlayStatistics } from './packet-underlay-statistics.js';
export type { PollablePort } from './pollable-port.js';
export { Poller, type PollerOptions, wakePoller } from './poller.js';
export { requestShortSlices, type SchedulingOptions } from './scheduling.js';
export { HEADROOM, MTU_MAX, slotSize } from './slots.js';
export { loadSystemCalls, type SystemCalls } from './sys.js';
export type { TapQueue } from './tap-device.js';
export { type TapOptions, TapPort } from './tap-port.js';
export { TapStatistics } from './tap-statistics.js';
export { type UnderlayOptions, UnderlaySocket } from './underlay-socket.js';
export { UnderlayStatistics } from './underlay-statistics.js';
export { TunUnderlay, type TunUnderlayOptions } from './tun-underlay.js';
export { TunUnderlayStatistics } from './tun-underlay-statistics.js';
export type { TunnelVnetFault } from './tunnel-vnet-header.js';
export type { UnderlayTransport } from './underlay-transport.js';
export { type OffloadLevel, VNET_HEADER_LENGTH, type VnetFault } from './vnet-header.js';
