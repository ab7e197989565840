import { IpAddress, type Locator, innerIpMtu } from '@overlane/wire';
import type { SwitchConfig } from './config.js';
import * as presets from './presets.js';
import { Switch, type SwitchRoles } from './switch.js';

/** What a configuration asks for, except the ports themselves. */
export interface SwitchPlan {
  /** The switch, without ports. */
  readonly switch: Switch;
  /** Address of our endpoint. */
  readonly address: IpAddress;
  /** MTU for tenants' devices whose configuration leaves it out. */
  readonly innerMtu: number;
}

/** Makes the switch that `config` describes; the caller opens ports and adds them. */
export function planSwitch(config: SwitchConfig): SwitchPlan {
  const address = IpAddress.parse(config.underlay.address);
  const roles = rolesOf(config);
  const overhead = roles.encapsulation.overhead(address.family);
  return {
    switch: new Switch(roles, { learning: config.learning }),
    address,
    innerMtu: innerIpMtu(config.underlay.mtu, overhead),
  };
}

function rolesOf(config: SwitchConfig): SwitchRoles {
  const locator = (text: string): Locator => ({ address: IpAddress.parse(text) });
  const { type: _type, ...options } = config.encapsulation;
  return presets.vxlan({
    ...options,
    networks: new Set(config.networks.map(({ network }) => network)),
    keepInnerVlan: new Set(config.networks.filter(({ keepInnerVlan }) => keepInnerVlan).map(({ network }) => network)),
    peers: new Map(config.networks.map(({ network, peers }) => [network, peers.map(locator)])),
    pathMtu: config.underlay.mtu,
    learning: config.learning,
  });
}
