/** Two configured switches whose ports take over more or less work, and stations that send super-frames. */
import { PacketBuffer, SoftwareOffload } from '@overlane/wire';
import { type OffloadFrameFields, offloadFrame } from '@overlane/wire/arbitraries';
import {
  type EncapsulationConfig,
  type LedgerSnapshot,
  type MemoryOffload,
  type MemoryPort,
  MemoryUnderlay,
  type Switch,
  createMemoryLink,
  parseSwitchConfig,
  planSwitch,
} from '../src/index.js';
import { requireBalance } from './harness.js';

/** All encapsulations. */
export const TYPES = ['vxlan', 'geneve', 'nvgre', 'gre', 'stt'] as const;
/** What a port may take over. */
export const LEVELS = ['none', 'checksum', 'segmentation'] as const;
const ADDRESSES = { 4: ['192.0.2.1', '192.0.2.2'], 6: ['2001:db8::1', '2001:db8::2'] } as const;
const NETWORK = 5001;

/** Octets that repeat only after long. */
export const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13) ^ (i >>> 8));

/** What each end and the fabric between take over. */
export interface OffloadSettings {
  readonly type: EncapsulationConfig['type'];
  readonly family?: 4 | 6;
  /** Of the tenants' ports, one list per switch. */
  readonly tenants?: readonly (readonly MemoryOffload[])[];
  /** Of the underlay ports. */
  readonly underlay?: readonly [MemoryOffload, MemoryOffload];
  /** Whether those finish what is inside of tunnels. Default false. */
  readonly finishesInside?: boolean;
  readonly mtu?: number;
}

/** Stations and switches. */
export interface OffloadWorld {
  readonly switches: readonly Switch[];
  /** Far ends of the tenants' links, per switch. */
  readonly stations: readonly (readonly MemoryPort[])[];
  /** Ports of the switches on the underlay. */
  readonly wires: readonly MemoryPort[];
  /** Runs turns until nobody has anything to do, and checks the books. */
  settle(): void;
  /** Faults of a switch by name. */
  faults(at: number): Record<string, number>;
  ledger(at: number): LedgerSnapshot;
}

/** Makes the world. Every station is in the same network. */
export function createOffloadWorld(settings: OffloadSettings): OffloadWorld {
  const {
    type,
    family = 4,
    tenants = [['none'], ['none']],
    underlay = ['none', 'none'],
    mtu = 1500,
    finishesInside = false,
  } = settings;
  const fabric = new MemoryUnderlay();
  const wires: MemoryPort[] = [];
  const stations: MemoryPort[][] = [];
  const switches = ADDRESSES[family].map((address, i) => {
    const plan = planSwitch(
      parseSwitchConfig({
        encapsulation: { type },
        underlay: { address, mtu },
        networks: [{ network: NETWORK, peers: [ADDRESSES[family][1 - i]!] }],
        ports: [{ name: 'tap', network: NETWORK }],
      }),
      { random: () => 0.5 },
    );
    const wire = fabric.attach(`wire${i}`, plan.address, { offload: underlay[i]!, finishesInside, headroom: 192 });
    wires.push(wire);
    plan.switch.addUnderlay(wire, plan.address);
    stations.push(
      tenants[i]!.map((offload, at) => {
        const [near, far] = createMemoryLink([`port${at}`, `station${at}`], { headroom: 192, offload });
        plan.switch.addPort(near, NETWORK);
        return far;
      }),
    );
    return plan.switch;
  });
  return {
    switches,
    stations,
    wires,
    settle: () => {
      for (let turns = 0; switches.reduce((sum, each) => sum + each.turn(0), 0) > 0; turns++) {
        if (turns > 1000) throw new Error('packets circle');
      }
      switches.forEach(requireBalance);
    },
    faults: (at) => {
      const ports = Object.values(switches[at]!.snapshot().ports);
      return Object.assign({}, ...ports.map(({ faults }) => faults)) as Record<string, number>;
    },
    ledger: (at) => switches[at]!.snapshot().ledger,
  };
}

/** Everything that has arrived at a station, in copies that keep their offload fields. */
export function receiveAll(station: MemoryPort): PacketBuffer[] {
  const packets: PacketBuffer[] = [];
  for (let count = station.receive(); count > 0; count = station.receive()) {
    for (let i = 0; i < count; i++) packets.push(station.packet(i));
  }
  return packets;
}

const finisher = new SoftwareOffload();

/** What a network card would make of frames: ordinary ones, as hexadecimal text. */
export function finished(packets: readonly PacketBuffer[]): string[] {
  const out: string[] = [];
  for (const packet of packets) {
    const fault = finisher.run(packet, (piece) => out.push(Buffer.from(piece.view()).toString('hex')));
    if (fault !== undefined) throw new Error(fault);
  }
  return out;
}

/** Makes both stations known to both switches: an empty datagram each way, forgotten on arrival. */
export function introduce(world: OffloadWorld): void {
  const [[near], [far]] = world.stations as [MemoryPort[], MemoryPort[]];
  near!.send(frameOf({ transport: 'udp', payload: octets(1) }));
  world.settle();
  far!.send(frameOf({ transport: 'udp', payload: octets(1), stations: { source: 2, destination: 1 } }));
  world.settle();
  for (const station of world.stations.flat()) receiveAll(station);
}

/** A frame from station 1 to station 2, finished if there is nothing to cut: some guests do that themselves. */
export function frameOf(fields: OffloadFrameFields): PacketBuffer {
  return offloadFrame(fields);
}
