import { type Fault, IpAddress, PacketBuffer, type Port, ethernet } from '@overlane/wire';
import {
  type FlowOptions,
  type MacTableOptions,
  type MemoryPort,
  MemoryUnderlay,
  Switch,
  type SwitchRoles,
  createMemoryLink,
  imbalance,
  presets,
} from '../src/index.js';

/** A station on a port of a switch: what it sends and what has arrived. */
export class Station {
  readonly #port: MemoryPort;

  constructor(port: MemoryPort) {
    this.#port = port;
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) {
      if (!this.#port.send(PacketBuffer.from(frame))) throw new Error('the link is full');
    }
  }

  /** Frames that have arrived, as text: `destination source payload`. */
  received(): string[] {
    const frames: string[] = [];
    for (let count = this.#port.receive(); count > 0; count = this.#port.receive()) {
      for (let i = 0; i < count; i++) frames.push(describeFrame(this.#port.packet(i).copy()));
    }
    return frames;
  }
}

/** A frame from one letter to another; `*` is broadcast. */
export function frame(from: string, to: string, payload = 'x'): Uint8Array {
  const header = { destination: macOf(to), source: macOf(from), tags: [], etherType: 0x88b5 };
  return Uint8Array.of(...ethernet.encode(header), ...new TextEncoder().encode(payload));
}

export function macOf(name: string): Uint8Array {
  return name === '*' ? new Uint8Array(6).fill(255) : Uint8Array.of(2, 0, 0, 0, 0, name.charCodeAt(0));
}

function describeFrame(octets: Uint8Array): string {
  const { destination, source } = ethernet.decode(octets);
  const name = (mac: Uint8Array): string => (mac[0] === 255 ? '*' : String.fromCharCode(mac[5]!));
  return `${name(source)}>${name(destination)} ${new TextDecoder().decode(octets.subarray(14))}`;
}

/** Throws unless every packet that `one` has received or made is accounted for. */
export function requireBalance(one: Switch): void {
  const { ledger } = one.snapshot();
  if (imbalance(ledger) !== 0)
    throw new Error(`${imbalance(ledger)} packets unaccounted for: ${JSON.stringify(ledger)}`);
}

export interface World {
  readonly switches: Switch[];
  readonly underlay: MemoryUnderlay;
  /** Underlay ports, to look at or to inject into. */
  readonly wires: MemoryPort[];
  /** Runs turns until nobody has anything to do. */
  settle(nowMs?: number): void;
  /** A station on a new port of a switch. */
  station(at: number, network: number, options?: { capacity?: number }): Station;
  faults(at: number): Partial<Record<Fault, number>>;
}

export interface WorldOptions {
  readonly switches?: number;
  readonly networks?: readonly number[];
  readonly learning?: MacTableOptions;
  readonly family?: 4 | 6;
  /** Changes the roles of each switch. */
  readonly roles?: (roles: SwitchRoles) => SwitchRoles;
  readonly wrapUnderlay?: (port: MemoryPort) => Port;
  /** The flow cache of each switch; a small one by default. */
  readonly flows?: FlowOptions;
}

/** Switches on one in-memory underlay, each a peer of all others in all networks. */
export function createWorld(options: WorldOptions = {}): World {
  const { switches: count = 2, networks = [1, 2], learning = {}, family = 4, flows = { maxFlows: 256 } } = options;
  const underlay = new MemoryUnderlay();
  const addresses = Array.from({ length: count }, (_, i) =>
    IpAddress.parse(family === 4 ? `192.0.2.${i + 1}` : `2001:db8::${i + 1}`),
  );
  const wires = addresses.map((address, i) => underlay.attach(`wire${i}`, address));
  const switches = addresses.map((address, i) => {
    const others = addresses.filter((_, j) => j !== i).map((other) => ({ address: other }));
    const peers = new Map(networks.map((network) => [network, others]));
    const roles = presets.vxlan({ networks: new Set(networks), peers, learning });
    const made = new Switch(options.roles?.(roles) ?? roles, { learning, flows });
    made.addUnderlay(options.wrapUnderlay?.(wires[i]!) ?? wires[i]!, address);
    return made;
  });
  let ports = 0;
  return {
    switches,
    underlay,
    wires,
    settle: (nowMs = 0) => {
      for (let turns = 0; switches.reduce((sum, each) => sum + each.turn(nowMs), 0) > 0; turns++) {
        if (turns > 1000) throw new Error('packets circle');
      }
      switches.forEach(requireBalance);
    },
    station: (at, network, link = {}) => {
      const [near, far] = createMemoryLink([`port${ports}`, `station${ports++}`], link);
      switches[at]!.addPort(near, network);
      return new Station(far);
    },
    faults: (at) => {
      const total: Partial<Record<Fault, number>> = {};
      for (const { faults } of Object.values(switches[at]!.snapshot().ports)) {
        for (const [fault, times] of Object.entries(faults))
          total[fault as Fault] = (total[fault as Fault] ?? 0) + times;
      }
      return total;
    },
  };
}
