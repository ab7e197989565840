import type { Locator, Path, TunnelMetadata } from '@overlane/wire';

/** The Path of plain VXLAN: the underlay spreads flows by the outer header, into which the flow hash goes as entropy. */
export class EcmpPath implements Path {
  /** Sets `tunnel.entropy` to the flow hash. */
  select(flowHash: number, _locator: Locator, tunnel: TunnelMetadata): void {
    tunnel.entropy = flowHash;
  }
}
