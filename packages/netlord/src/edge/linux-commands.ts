/**
 * Linux as a switch of the fabric: one bridge per VLAN, to which every port contributes a sub-interface `DEVICE.VLAN`; and on
 * edge switches plain IP forwarding from those bridges to the host ports, whose untagged side is not bridged.
 *
 *      l0 ── l0.2 ─┐       ┌─ p12.2 ── p12
 *                  br2 (MAC of the switch)                  bridged, tagged on both sides
 *                   └── IP: 12.0.0.0/8 via 12.0.0.1 ── p12  routed, untagged
 *
 * Choice: a bridge per VLAN, not one that filters VLANs: each VLAN has its own table of MACs in both, but routed packets then
 * leave a host port by the port itself. A kernel without VLAN devices (no CONFIG_VLAN_8021Q, so no VLAN filtering either) is
 * served too: there a sub-interface is a veth pair that nftables joins to the port by the tag, `l0.2` outside and
 * `l0.2b` in the bridge. Frames keep their tags in the bridge then, but for those to the switch itself: their VLAN
 * becomes 0, which IP takes for untagged.
 */
import type { PortRoute, SwitchConfig, SwitchPort } from './switch-config.js';

/** How a sub-interface is made: by the kernel's VLAN devices, or by veth pairs and nftables where it has none. */
export type LinuxDialect = 'vlan-devices' | 'nftables';

/** The two dialects. */
export const LINUX_DIALECTS: readonly LinuxDialect[] = ['vlan-devices', 'nftables'];

/** Commands for one switch, to be run in this order, in the network namespace that has its ports. */
export interface LinuxCommands {
  /** Settings for `sysctl -w`. */
  readonly sysctl: readonly string[];
  /** Lines for `ip -batch`. */
  readonly ip: readonly string[];
  /** Lines for `bridge -batch`. */
  readonly bridge: readonly string[];
  /** A ruleset for `nft -f`; empty if there is none. */
  readonly nft: string;
}

/**
 * The commands that make a Linux machine, or namespace, play the switch `config`. Its ports must be there under their
 * names; they may have any MAC. Every device of a fabric needs an MTU of 34 octets more than the tenants'.
 */
export function linuxCommands(config: SwitchConfig, dialect: LinuxDialect): LinuxCommands {
  const isRouter = config.mac !== undefined && config.kind === 'edge';
  return {
    sysctl: isRouter ? ROUTER_SETTINGS : [],
    ip: [
      // Without a local table the kernel takes every next hop for invalid, and the loopback device is what makes it.
      'link set lo up',
      ...config.vlans.flatMap((vlan) => bridgeOf(config, vlan)),
      ...config.ports.flatMap((port) => portLines(config, port, dialect)),
      ...config.routes.flatMap(routeLines),
    ],
    // A server sends with its edge switch's MAC as source: nothing to learn from, and it must not seem to be there.
    bridge: config.ports
      .filter(({ peer }) => peer === undefined)
      .flatMap(({ device, vlans }) =>
        vlans.map((vlan) => `link set dev ${memberName(device, vlan, dialect)} learning off`),
      ),
    nft: dialect === 'nftables' ? ruleset(config) : '',
  };
}

/** The same as text for a shell. */
export function shellScript({ sysctl, ip, bridge, nft }: LinuxCommands): string {
  return [
    ...sysctl.map((line) => `sysctl -w ${line}`),
    ...ip.map((line) => `ip ${line}`),
    ...bridge.map((line) => `bridge ${line}`),
    ...(nft === '' ? [] : [`nft -f - <<'END'\n${nft}END`]),
    '',
  ].join('\n');
}

/** Name of the bridge of a VLAN. */
export function bridgeName(vlan: number): string {
  return `br${vlan}`;
}

/** Forwarding by destination alone: the outer source is no address of a host, so its reverse path says nothing. */
const ROUTER_SETTINGS: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
];

function bridgeOf({ mac, ageingS }: SwitchConfig, vlan: number): string[] {
  const address = mac === undefined ? '' : ` address ${mac}`;
  // Ageing in hundredths of a second.
  const options = `stp_state 0 mcast_snooping 0 ageing_time ${ageingS * 100}`;
  return [`link add ${bridgeName(vlan)}${address} type bridge ${options}`, `link set ${bridgeName(vlan)} up`];
}

function portLines({ mac }: SwitchConfig, { device, peer, vlans }: SwitchPort, dialect: LinuxDialect): string[] {
  // What is routed to a server comes from the edge switch's MAC.
  const address = peer === undefined && mac !== undefined ? ` address ${mac}` : '';
  const lines = [`link set ${device}${address} up`];
  for (const vlan of vlans) {
    const outer = `${device}.${vlan}`;
    const member = memberName(device, vlan, dialect);
    lines.push(
      dialect === 'nftables'
        ? `link add ${outer} type veth peer name ${member}`
        : `link add link ${device} name ${outer} type vlan id ${vlan}`,
      `link set ${member} master ${bridgeName(vlan)} up`,
    );
    if (member !== outer) lines.push(`link set ${outer} up`);
  }
  return lines;
}

function routeLines({ prefix, nextHop, mac, device }: PortRoute): string[] {
  return [
    `neigh replace ${nextHop} lladdr ${mac} dev ${device} nud permanent`,
    `route replace ${prefix} via ${nextHop} dev ${device} onlink`,
  ];
}

/** The device of a port that is in the bridge of `vlan`. */
function memberName(device: string, vlan: number, dialect: LinuxDialect): string {
  return dialect === 'nftables' ? `${device}.${vlan}b` : `${device}.${vlan}`;
}

function ruleset({ kind, mac, ports }: SwitchConfig): string {
  const chains = ports.flatMap(({ device, vlans }) => [
    chain(
      device,
      vlans.flatMap((vlan) => [
        ...(kind === 'edge' ? [`ether daddr ${mac!} vlan id ${vlan} vlan id set 0 fwd to "${device}.${vlan}"`] : []),
        `vlan id ${vlan} fwd to "${device}.${vlan}"`,
      ]),
    ),
    ...vlans.map((vlan) => chain(`${device}.${vlan}`, [`fwd to "${device}"`])),
  ]);
  return `table netdev netlord {\n${chains.join('')}}\n`;
}

/** A chain for all that comes in at a device; what no rule takes is dropped: SPAIN's fabric carries tagged frames alone. */
function chain(device: string, rules: readonly string[]): string {
  const name = `from_${device.replaceAll('.', '_')}`;
  const hook = `type filter hook ingress device "${device}" priority 0; policy drop;`;
  return `  chain ${name} {\n    ${hook}\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`;
}
