import type { PacketBuffer, Replicator } from '@overlane/wire';
import type { Ledger } from './ledger.js';
import type { LocalPort, Segment } from './segment.js';
import type { Uplink } from './uplink.js';

/** What flooding goes through. */
export interface FloodingWays {
  readonly uplink: Uplink;
  readonly replicator: Replicator;
  readonly ledger: Ledger;
}

/** Copies of a frame for everybody in its network. */
export class Flooding {
  readonly #ways: FloodingWays;
  readonly #flush: () => void;

  /** `flush` hands over all packets that were sent. */
  constructor(ways: FloodingWays, flush: () => void) {
    this.#ways = ways;
    this.#flush = flush;
  }

  /** Sends `frame` to all other local ports of its network and to all of the replicator's targets. */
  fromLocal(frame: PacketBuffer, from: LocalPort): void {
    const { uplink, replicator, ledger } = this.#ways;
    const { segment } = from;
    let copies = segment.ports.length - 1;
    for (const local of segment.ports) {
      if (local === from) continue;
      local.egress.send(frame);
      this.#settle(frame);
    }
    // From here on the octets in front of the frame are rewritten for each target, and stripping a VLAN tag moves the
    // frame's own: so each copy is handed over before the next is made. Flooding is rare; copying would cost more.
    this.#flush();
    for (const target of replicator.targets(segment.network)) {
      copies++;
      uplink.sendNow(frame, segment.network, target, 'frame', from);
    }
    if (copies === 0) ledger.absorbed++;
    else ledger.copied += copies - 1;
  }

  /** Sends `frame`, which came out of a tunnel, to all local ports of its network: never back to the underlay. */
  fromTunnel(frame: PacketBuffer, segment: Segment): void {
    const { ledger } = this.#ways;
    for (const { egress } of segment.ports) {
      egress.send(frame);
      this.#settle(frame);
    }
    ledger.copied += segment.ports.length - 1;
  }

  /** Between copies of a frame: the next port may need its checksum finished in place, which this one must not notice. */
  #settle(frame: PacketBuffer): void {
    if (frame.isUnfinished) this.#flush();
  }
}
