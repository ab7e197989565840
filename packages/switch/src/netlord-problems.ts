import { isPort, portOf, routerLeg } from '@overlane/netlord';
import { CodecError, IpAddress } from '@overlane/wire';
import type { NetlordConfig, NetlordSpaceConfig, SwitchConfig } from './config.js';
import type { ConfigProblem } from './encapsulations.js';

/** What is wrong with the configuration of a NetLord agent whose fields are right one by one. */
export function netlordProblems(config: NetlordConfig, all: SwitchConfig): readonly ConfigProblem[] {
  return [...addressProblems(all), ...spaceProblems(config, all), ...reachProblems(config)];
}

function addressProblems({ underlay, networks, ports }: SwitchConfig): ConfigProblem[] {
  const { address } = underlay;
  const isServers = !address.includes(':') && isPort(portOf(IpAddress.parse(address).word0));
  const message = `must be p.x.y.z for port p of the edge switch, 1..126, got '${address}'`;
  const problems: ConfigProblem[] = isServers ? [] : [{ path: ['underlay', 'address'], message }];
  ports.forEach(({ macs }, at) => {
    if (macs !== undefined) return;
    // Else a tenant could forge another's source, and its agent would tell everybody that the NIC is here.
    problems.push({ path: ['ports', at, 'macs'], message: 'must name the NICs of the port for netlord' });
  });
  networks.forEach(({ peers }, at) => {
    if (peers.length === 0) return;
    problems.push({ path: ['networks', at, 'peers'], message: 'must be empty for netlord: NL-ARP finds the servers' });
  });
  return problems;
}

function spaceProblems({ spaces }: NetlordConfig, { networks }: SwitchConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const known = new Set(networks.map(({ network }) => network));
  const [numbers, names] = [new Set<number>(), new Set<string>()];
  spaces.forEach(({ network, tenant, macAsId }, at) => {
    const issue = (field: string, message: string): unknown =>
      problems.push({ path: ['encapsulation', 'spaces', at, field], message });
    if (!known.has(network)) issue('network', `must be one of the networks (${[...known].join(', ')}), got ${network}`);
    else if (numbers.has(network)) issue('network', `${network} is there already`);
    const name = `${tenant}/${macAsId}`;
    if (names.has(name)) issue('macAsId', `space ${macAsId} of tenant ${tenant} is there already`);
    numbers.add(network);
    names.add(name);
    const wrong = routerProblem(spaces[at]!);
    if (wrong !== undefined) issue('router', wrong);
  });
  const missing = [...known].filter((network) => !numbers.has(network));
  if (missing.length > 0) {
    const message = `must say which tenant and address space network ${missing[0]} is`;
    problems.push({ path: ['encapsulation', 'spaces'], message });
  }
  return problems;
}

/** What is wrong with a space's router and stations, if anything. */
function routerProblem(space: NetlordSpaceConfig): string | undefined {
  try {
    routerLeg(space);
    return undefined;
  } catch (error) {
    if (CodecError.is(error) || error instanceof TypeError) return error.message;
    throw error;
  }
}

function reachProblems({ edge: own, reach }: NetlordConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const edges = new Set([own.toLowerCase()]);
  reach.forEach(({ edge, vlans }, at) => {
    if (edges.has(edge.toLowerCase())) {
      problems.push({ path: ['encapsulation', 'reach', at, 'edge'], message: `${edge} is there already, or our own` });
    }
    edges.add(edge.toLowerCase());
    if (new Set(vlans).size < vlans.length) {
      problems.push({ path: ['encapsulation', 'reach', at, 'vlans'], message: 'must name each VLAN once' });
    }
  });
  return problems;
}
