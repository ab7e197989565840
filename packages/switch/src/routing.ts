import type { Fault, GatewayOutcome, PacketBuffer } from '@overlane/wire';
import type { Ledger } from './ledger.js';
import type { LocalPort, Segment } from './segment.js';
import type { SwitchRoles } from './switch-options.js';
import type { Uplink } from './uplink.js';

/** What routed frames go through. */
export interface RoutingWays {
  /** The local part of a network, if there is one. */
  segmentOf(network: number): Segment | undefined;
  readonly uplink: Uplink;
  readonly ledger: Ledger;
}

/** What becomes of frames that the gateway took. They are few, so each is decided anew. */
export class Routing {
  readonly #roles: SwitchRoles;
  readonly #ways: RoutingWays;

  /** Asks the resolver of `roles` for routed frames' destinations. */
  constructor(roles: SwitchRoles, ways: RoutingWays) {
    this.#roles = roles;
    this.#ways = ways;
  }

  /** Sends the gateway's answer back, or the frame on in another network. A fault: it ends here. */
  settle(
    taken: Exclude<GatewayOutcome, 'passed'>,
    frame: PacketBuffer,
    from: LocalPort,
    nowMs: number,
  ): Fault | undefined {
    const { gateway, resolver } = this.#roles;
    const { segmentOf, uplink, ledger } = this.#ways;
    if (gateway === undefined || (taken !== 'answered' && taken !== 'routed')) return taken as Fault;
    if (taken === 'answered') {
      ledger.absorbed++;
      ledger.originated++;
      from.egress.send(gateway.answer);
      // Its memory is the gateway's again when this returns.
      from.egress.flush();
      return undefined;
    }
    const { network } = gateway;
    const port = segmentOf(network)?.find(frame.bytes, frame.start);
    if (port !== undefined) {
      port.egress.send(frame);
      return undefined;
    }
    const locator = resolver.resolve(network, frame, nowMs);
    // A router sends to one station, or to none.
    if (typeof locator === 'string') return 'E_SWITCH_PENDING';
    uplink.send(frame, network, locator, 'frame', from);
    return undefined;
  }
}
