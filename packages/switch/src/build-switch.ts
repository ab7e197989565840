import { type Encapsulation, IpAddress, type Locator, parseMac } from '@overlane/wire';
import type { PortConfig, SwitchConfig } from './config.js';
import { type SwitchTransport, encapsulationEntry } from './encapsulations.js';
import type { Allocate } from './offload.js';
import * as presets from './presets.js';
import type { LocalPortOptions } from './switch-options.js';
import { Switch } from './switch.js';

/** What a configuration asks for, except the ports themselves. */
export interface SwitchPlan {
  /** The switch, without ports. */
  readonly switch: Switch;
  /** The encapsulation that the switch uses, so that a reader of its packets can be told the same. */
  readonly encapsulation: Encapsulation;
  /** Address of our endpoint. */
  readonly address: IpAddress;
  /** What tunnel packets travel in. */
  readonly transport: SwitchTransport;
  /** MTU for tenants' devices whose configuration leaves it out. */
  readonly innerMtu: number;
}

/** What a plan takes from outside. */
export interface PlanOptions {
  /** Gives numbers in 0..1. Default `Math.random`. */
  readonly random?: () => number;
  /** As `SwitchOptions.allocate`. */
  readonly allocate?: Allocate;
}

/** What a port of the configuration is held to. */
export function localPortOptions({ macs }: PortConfig): LocalPortOptions {
  return macs === undefined ? {} : { macs: macs.map(parseMac) };
}

/** Makes the switch that `config` describes; the caller opens ports and adds them. */
export function planSwitch(config: SwitchConfig, options: PlanOptions = {}): SwitchPlan {
  const { random = Math.random, allocate } = options;
  const { networks, underlay, learning } = config;
  const entry = encapsulationEntry(config.encapsulation);
  const address = IpAddress.parse(underlay.address);
  const locator = (text: string): Locator => ({ address: IpAddress.parse(text) });
  const peers = new Map(networks.map((entry) => [entry.network, entry.peers.map(locator)]));
  const random32 = (): number => Math.floor(random() * 2 ** 32);
  const settings = {
    networks: new Set(networks.map(({ network }) => network)),
    keepInnerVlan: new Set(networks.filter(({ keepInnerVlan }) => keepInnerVlan).map(({ network }) => network)),
    pathMtu: underlay.mtu,
    random: random32(),
    beforeReuse: () => made.flush(),
    allocate,
  };
  const system = entry.createSystem?.(config.encapsulation, { ...settings, address, peers, random32 });
  const roles = system ?? presets.floodAndLearn(entry.create(config.encapsulation, settings), { peers, learning });
  const { encapsulation } = roles;
  const made = new Switch(roles, {
    // Systems that find stations by themselves know their own, silent ones too.
    learning: system === undefined ? learning : { ...learning, ageingMs: Infinity },
    allocate,
    flows: { ...config.flows, seed: random32() },
  });
  return {
    switch: made,
    encapsulation,
    address,
    transport: entry.transport(config.encapsulation),
    innerMtu: entry.innerMtu(underlay.mtu, encapsulation.overhead(address.family)),
  };
}
