import { MemoryUnderlay, type Switch, createMemoryLink, planSwitch } from '@overlane/switch';
import { CaptureFile, CapturingPort } from '@overlane/switch/runtime';
import { parseIpv4, parseMac } from '@overlane/wire';
import { MemoryStation } from './memory-station.js';
import {
  type EncapsulationName,
  HOSTS,
  type Host,
  type Probe,
  STATIONS,
  type Station,
  switchConfigOf,
} from './topology.js';
import type { BuildStep, SwitchCounters, World } from './world.js';

/** Turns without a packet end a settling; far more than any exchange here takes end a loop of packets. */
const TURNS_MAX = 1000;

/** The topology as objects: the switch of `overlane switch` on an in-memory fabric, at a time of its own. */
export class MemoryWorld implements World {
  readonly mode = 'memory';
  readonly steps: readonly BuildStep[];
  readonly #switches = new Map<string, Switch>();
  readonly #stations = new Map<Station, MemoryStation>();
  #capture: CaptureFile | undefined;
  #nowMs = 0;
  #nextIdentifier = 1;

  /** Nothing is built before the steps run. */
  constructor(encapsulation: EncapsulationName, captureFile: string) {
    const underlay = new MemoryUnderlay();
    this.steps = [
      {
        title: 'two switches on an underlay in memory',
        run: () => {
          this.#capture = new CaptureFile(captureFile);
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
    const port = underlay.attach(`underlay ${host.address}`, plan.address);
    plan.switch.addUnderlay(host === HOSTS[0] ? new CapturingPort(port, this.#capture!) : port, plan.address);
    this.#switches.set(host.name, plan.switch);
  }

  #addStation(station: Station): void {
    const [switchEnd, stationEnd] = createMemoryLink([station.name, station.name]);
    this.#switches.get(station.host.name)!.addPort(switchEnd, station.network);
    this.#stations.set(station, new MemoryStation(station, stationEnd));
  }

  /** Lets packets travel until none is under way. */
  #settle(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      this.#nowMs++;
      let packets = 0;
      for (const one of this.#switches.values()) packets += one.turn(this.#nowMs);
      for (const station of this.#stations.values()) packets += station.turn();
      if (packets === 0) return;
    }
    throw new Error(`packets were still under way after ${TURNS_MAX} turns: they circle`);
  }
}
