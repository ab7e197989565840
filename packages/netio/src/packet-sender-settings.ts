import type { OffloadLevel } from './vnet-header.js';

/** What a `PacketSender` is made for. */
export interface PacketSenderSettings {
  /** Address family of all packets. */
  readonly family: 4 | 6;
  /** Packets in the table. */
  readonly packets: number;
  /** Packets from foreign memory in it. */
  readonly copies: number;
  /** Longest packet copied from foreign memory. */
  readonly mtu: number;
  /** What is left to the kernel. */
  readonly offload: OffloadLevel;
}
