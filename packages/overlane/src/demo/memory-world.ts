import { MemoryUnderlay, type Switch, createMemoryLink, planSwitch } from '@overlane/switch';
import { CaptureFile, CapturingPort } from '@overlane/switch/runtime';
import { parseIpv4, parseMac } from '@overlane/wire';
import { MemoryFabric } from './memory-fabric.js';
import { MemoryStation } from './memory-station.js';
import { CHIRP_PERIOD_MS, HOST_PLACES, SWITCH_CONFIGS, linkBetween } from './netlord-plan.js';
import { seriesOf } from './timed-ping.js';
import {
  type EncapsulationName,
  HOSTS,
  type Host,
  type Probe,
  STATIONS,
  type Station,
  switchConfigOf,
} from './topology.js';
import type { BuildStep, CutFindings, FabricControl, SwitchCounters, World } from './world.js';

/** Turns without a packet end a settling; far more than any exchange here takes end a loop of packets. */
const TURNS_MAX = 1000;
/** Pings while a link is cut, their interval, and how many go before. */
const PINGS = 100;
const PING_INTERVAL_MS = 50;
const PINGS_TO_WATCH = 10;

/** The topology as objects: the switch of `overlane switch` on an in-memory fabric, at a time of its own. */
export class MemoryWorld implements World {
  readonly mode = 'memory';
  readonly steps: readonly BuildStep[];
  readonly fabric: FabricControl | undefined;
  readonly #switches = new Map<string, Switch>();
  readonly #stations = new Map<Station, MemoryStation>();
  readonly #encapsulation: EncapsulationName;
  readonly #switchFabric: MemoryFabric | undefined;
  #capture: CaptureFile | undefined;
  #nowMs = 0;
  #nextIdentifier = 1;

  /** Nothing is built before the steps run. */
  constructor(encapsulation: EncapsulationName, captureFile: string) {
    const underlay = new MemoryUnderlay();
    this.#encapsulation = encapsulation;
    this.#switchFabric = encapsulation === 'netlord' ? new MemoryFabric() : undefined;
    this.fabric = this.#switchFabric && this.#control(this.#switchFabric);
    this.steps = [
      {
        title:
          this.fabric === undefined ? 'two switches on an underlay in memory' : 'two switches on a fabric in memory',
        run: () => {
          this.#capture = new CaptureFile(captureFile, encapsulation === 'netlord' ? 'ethernet' : 'ip');
          for (const host of HOSTS) this.#addHost(host, encapsulation, underlay);
        },
      },
      {
        title: `four stations: ${STATIONS.map(({ name }) => name).join(', ')}`,
        run: () => STATIONS.forEach((station) => this.#addStation(station)),
      },
    ];
  }

  ping({ from, address, count, dataLength }: Probe): Promise<number> {
    const station = this.#stations.get(from)!;
    const target = parseIpv4(address);
    const identifier = this.#nextIdentifier++;
    station.ask(target);
    this.#settle();
    for (let sequenceNumber = 1; sequenceNumber <= count; sequenceNumber++) {
      station.sendEcho(target, identifier, sequenceNumber, dataLength);
      this.#settle();
    }
    return Promise.resolve(station.answers(identifier));
  }

  pinNeighbor(from: Station, address: string, mac: string | undefined): Promise<void> {
    this.#stations.get(from)!.setNeighbor(parseIpv4(address), mac === undefined ? undefined : parseMac(mac));
    return Promise.resolve();
  }

  echoRequests(): Promise<ReadonlyMap<Station, number>> {
    return Promise.resolve(new Map([...this.#stations].map(([key, { echoRequests }]) => [key, echoRequests])));
  }

  stopSwitches(): Promise<SwitchCounters> {
    this.close();
    return Promise.resolve(new Map([...this.#switches].map(([name, one]) => [name, one.snapshot()])));
  }

  close(): void {
    this.#capture?.close();
    this.#capture = undefined;
  }

  #addHost(host: Host, encapsulation: EncapsulationName, underlay: MemoryUnderlay): void {
    const plan = planSwitch(switchConfigOf(host, encapsulation));
    const port = this.#switchFabric?.attach(host.name) ?? underlay.attach(`underlay ${host.address}`, plan.address);
    plan.switch.addUnderlay(host === HOSTS[0] ? new CapturingPort(port, this.#capture!) : port, plan.address);
    this.#switches.set(host.name, plan.switch);
  }

  #addStation(station: Station): void {
    const [switchEnd, stationEnd] = createMemoryLink([station.name, station.name]);
    this.#switches.get(station.host.name)!.addPort(switchEnd, station.network);
    const machine = new MemoryStation(station, stationEnd);
    this.#stations.set(station, machine);
    if (this.#encapsulation !== 'netlord') return;
    // A station that comes up tells its neighbours by ARP: that is how its agent knows to announce it.
    machine.ask(parseIpv4(station.addresses[0]!));
    this.#settle();
  }

  #control(fabric: MemoryFabric): FabricControl {
    return {
      note: 'All of it is in memory: models of the switches, and a clock that runs as fast as it can.',
      coreTables: () => Promise.resolve(fabric.coreTables(this.#nowMs)),
      pingWhileCut: (from, to) => Promise.resolve(this.#pingWhileCut(fabric, from, to)),
    };
  }

  #pingWhileCut(fabric: MemoryFabric, from: Station, to: Station): CutFindings {
    const far = HOST_PLACES[to.host.name]!.edge;
    const cores = SWITCH_CONFIGS.filter(({ kind }) => kind === 'core').map(({ name }) => name);
    const counts = (): number[] => cores.map((core) => fabric.packetsTo(core, linkBetween(core, far)));
    const station = this.#stations.get(from)!;
    const target = parseIpv4(to.addresses[0]!);
    const identifier = this.#nextIdentifier++;
    const answers: { ms: number; sequence: number }[] = [];
    const send = (sequence: number): void => {
      const before = station.answers(identifier);
      const untilMs = this.#nowMs + PING_INTERVAL_MS;
      station.sendEcho(target, identifier, sequence);
      // Time passes turn by turn, so that chirps come when they are due.
      while (this.#nowMs < untilMs) this.#turn();
      if (station.answers(identifier) > before) answers.push({ ms: untilMs, sequence });
    };
    const start = counts();
    for (let sequence = 1; sequence <= PINGS_TO_WATCH; sequence++) send(sequence);
    const seen = counts();
    const carried = seen.map((count, i) => count - start[i]!);
    const core = cores[carried.indexOf(Math.max(...carried))]!;
    fabric.cut.add(linkBetween(core, far));
    for (let sequence = PINGS_TO_WATCH + 1; sequence <= PINGS; sequence++) send(sequence);
    fabric.cut.clear();
    const moved = cores.some((name, i) => name !== core && counts()[i]! - seen[i]! > PINGS_TO_WATCH);
    return { cut: `${far}-${core}`, chirpPeriodMs: CHIRP_PERIOD_MS, ...seriesOf(PINGS, answers), moved };
  }

  /** Lets packets travel until none is under way. */
  #settle(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (this.#turn() === 0) return;
    }
    throw new Error(`packets were still under way after ${TURNS_MAX} turns: they circle`);
  }

  /** Lets a millisecond pass. Returns how many packets moved. */
  #turn(): number {
    this.#nowMs++;
    let packets = 0;
    for (const one of this.#switches.values()) {
      if (this.#nowMs % one.tickMs === 0) one.tick(this.#nowMs);
      packets += one.turn(this.#nowMs);
    }
    packets += this.#switchFabric?.turn(this.#nowMs) ?? 0;
    for (const station of this.#stations.values()) packets += station.turn();
    return packets;
  }
}
