import { edge, scale, spain } from '@overlane/netlord';
import { CodecError } from '@overlane/wire';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { UsageError } from '../exit.js';
import { integerOption } from './option-values.js';

const TOPOLOGY_HELP = `
TOPOLOGY is fat-tree:EDGESxCORES (every edge switch linked to every core switch), clique:EDGES (a full mesh), or a file:

  {"switches": [{"name": "e1", "kind": "edge", "mac": "02:e0:00:00:00:01",
                 "hosts": [{"port": 3, "mac": "02:50:00:00:00:03"}]},
                {"name": "c1", "kind": "core"}],
   "links": [{"a": "e1", "b": "c1"}]}

A link's id is its position in the list. Only edge-config needs MACs and hosts.`;

const SCALE_HELP = `
A core switch meets each of E edge switches' MACs on E / 2 VLANs, so its F entries serve E = sqrt(2 F) edge switches. Half of
an edge switch's R ports are for servers, each with V VMs: V * R * sqrt(F / 2) VMs in all. VM and server MACs need no entry.

  $ overlane netlord scale --vms 20`;

const PATHS_HELP = `${TOPOLOGY_HELP}

Every pair of edge switches gets up to K paths, as short and as disjoint as the fabric allows; then paths share VLANs as long as no
VLAN has a loop. Fewer VLANs than the most paths of one pair can't do. The outcome is checked by rules of its own: no loop,
every pair joined, VLANs right at every port, and paths as disjoint as they can be (which some odd fabrics miss; told, not an error).

  $ overlane netlord paths fat-tree:8x4
  $ overlane netlord paths clique:8 -k 4 --seed 7 --json`;

const EDGE_CONFIG_HELP = `${TOPOLOGY_HELP}

A fabric by name gets MACs of its own, and --hosts servers at each edge switch. The commands make a Linux machine play a
switch: 'vlan-devices' needs a kernel with VLAN devices, 'nftables' does without. Ports must be there as l0, l1, ... (links, by id)
and p1, p2, ... (host ports).

  $ overlane netlord edge-config fat-tree:2x2 --hosts 1
  $ overlane netlord edge-config fabric.json --switch e1 --commands vlan-devices > e1.sh`;

/** Adds `overlane netlord`. */
export function addNetlordCommand(program: Command): void {
  const netlord = program
    .command('netlord')
    .description('how far NetLord scales; the paths and the switch configuration of a fabric');
  netlord
    .command('scale')
    .description('print how many VMs switches of a size can serve (NetLord, Table 1), with the formula')
    .option('--vms <count>', 'VMs per server', integerOption(1, 1_000_000), scale.VMS_PER_SERVER)
    .option('--json', 'print one object of JSON')
    .addHelpText('after', SCALE_HELP)
    .action(printScale);
  netlord
    .command('paths')
    .description('plan the paths and VLANs of a fabric (SPAIN)')
    .argument('<topology>', 'fat-tree:8x4, clique:8, or a JSON file')
    .option('-k, --paths <count>', 'paths per pair (default: one per core switch, 16 at most)', integerOption(1, 4093))
    .option('--seed <number>', 'of the random order in which paths are packed', integerOption(0, 0xffff_ffff), 1)
    .option('--rounds <count>', 'orders to try', integerOption(1, 10_000), spain.PACKING_ROUNDS)
    .option('--json', 'print one object of JSON')
    .addHelpText('after', PATHS_HELP)
    .action((topology: string, options: PlanOptions) => printPaths(planOf(readFabric(topology), options), options));
  netlord
    .command('edge-config')
    .description('print what the switches of a fabric must be told: routes, VLANs, ageing, bindings')
    .argument('<topology>', 'fat-tree:8x4, clique:8, or a JSON file')
    .option('--hosts <count>', 'servers at each edge switch of a fabric by name', integerOption(0, 126), 0)
    .option('--switch <name>', 'this switch alone')
    .addOption(new Option('--commands <dialect>', 'print commands for Linux instead').choices([...edge.LINUX_DIALECTS]))
    .option('-k, --paths <count>', 'paths per pair (default: one per core switch, 16 at most)', integerOption(1, 4093))
    .option('--seed <number>', 'of the random order in which paths are packed', integerOption(0, 0xffff_ffff), 1)
    .option('--json', 'print one object of JSON, with the reach table of every edge switch')
    .addHelpText('after', EDGE_CONFIG_HELP)
    .action(printEdgeConfig);
  for (const command of netlord.commands) {
    command.exitOverride().showHelpAfterError(`(overlane netlord ${command.name()} --help)`);
  }
}

interface PlanOptions {
  readonly paths?: number;
  readonly seed: number;
  readonly rounds?: number;
  readonly json?: true;
}

interface EdgeConfigOptions extends PlanOptions {
  readonly hosts: number;
  readonly switch?: string;
  readonly commands?: edge.LinuxDialect;
}

const PLAIN = { head: [], border: [], compact: true };
const format = (value: number): string => value.toLocaleString('en-US');

function printScale({ vms, json }: { readonly vms: number; readonly json?: true }): void {
  const table = scale.scaleTable(vms);
  const heres = Math.round(scale.heresPerSecond(10e9, 0.01));
  const octets = scale.nlArpTableOctets(1_000_000);
  if (json === true) {
    const arithmetic = { heresPerSecond: heres, nlArpTableOctetsPerMillion: octets };
    process.stdout.write(`${JSON.stringify({ ...table, ...arithmetic })}\n`);
    return;
  }
  const k = table.fibEntries.map((entries) => `${entries / 1024}K`);
  const text = new Table({
    head: ['R \\ F', ...k],
    style: PLAIN,
    colAligns: ['left', ...k.map(() => 'right' as const)],
  });
  for (const row of table.rows) text.push([row.ports, ...row.vms.map(format)]);
  print(
    `${table.formula}, with V = ${vms} VMs per server, R switch ports, F FIB entries`,
    text.toString(),
    '',
    `NL-ARP on 1 % of a 10 Gb/s link: 100e6 / (512 + 96) bit times = ${format(heres)} HEREs per second`,
    `NL-ARP table for a million VMs, half full: 2^21 slots of 32 octets = ${octets / 2 ** 20} MiB`,
  );
}

function printPaths(plan: spain.SpainPlan, { json }: PlanOptions): void {
  const findings = spain.verifyPlan(plan);
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ ...plan, findings })}\n`);
    return;
  }
  const { topology, paths, vlans, reach, lowerBound, k } = plan;
  const vlanTable = new Table({ head: ['VLAN', 'paths', 'links'], style: PLAIN });
  for (const { vlan, links } of vlans) {
    const carried = paths.filter((path) => path.vlan === vlan).length;
    const names = links.map((link) => `${topology.links[link]!.a}-${topology.links[link]!.b}`);
    vlanTable.push([vlan, vlan === spain.TREE_VLAN ? 'tree' : carried, wrapped(names)]);
  }
  const reachTable = new Table({ head: ['from', 'to', 'VLANs'], style: PLAIN });
  for (const { from, to, vlans: usable } of reach) reachTable.push([from, to, wrapped(usable.map(String))]);
  const told = findings.map(({ rule, fact }) => `  ${rule}: ${fact}`);
  print(
    `${paths.length} paths, up to ${k} per pair, in ${vlans.length - 1} VLANs (lower bound ${lowerBound}), and VLAN 1 as a tree`,
    vlanTable.toString(),
    '',
    'Reach: VLANs by which an edge switch can send to another',
    reachTable.toString(),
    '',
    ...(told.length === 0
      ? ['Verified: no loop, every pair joined, paths as disjoint as the fabric allows']
      : ['Verified, but:', ...told]),
  );
}

function printEdgeConfig(topology: string, options: EdgeConfigOptions): void {
  const fabric = readFabric(topology, options.hosts);
  const plan = planOf(fabric, options);
  const all = named(() => edge.configureSwitches(fabric, plan));
  const configs = all.filter(({ name }) => options.switch === undefined || name === options.switch);
  if (configs.length === 0) {
    throw new UsageError(
      `--switch: there is no switch '${options.switch!}'; there are ${all.map(({ name }) => name).join(', ')}`,
    );
  }
  if (options.commands !== undefined) return printCommands(configs, options.commands, options.json);
  if (options.json === true) {
    const switches = configs.map((config) => ({
      ...config,
      reach: plan.reach
        .filter(({ from }) => from === config.name)
        .map(({ to, vlans }) => ({ edge: all.find(({ name }) => name === to)!.mac, vlans })),
    }));
    process.stdout.write(`${JSON.stringify({ switches })}\n`);
    return;
  }
  for (const config of configs) {
    const ports = new Table({ head: ['port', 'to', 'tagged VLANs', 'route', 'next hop', 'bound to'], style: PLAIN });
    for (const { device, peer, vlans } of config.ports) {
      const route = config.routes.find((one) => one.device === device);
      const routed = route === undefined ? ['', '', ''] : [route.prefix, route.nextHop, route.mac];
      ports.push([device, peer ?? 'server', wrapped(vlans.map(String)), ...routed]);
    }
    const mac = config.mac === undefined ? '' : `, MAC ${config.mac}`;
    const lldp = config.lldp ? ', LLDP on' : '';
    print(`${config.name}: ${config.kind} switch${mac}, ageing ${config.ageingS} s${lldp}`, ports.toString(), '');
  }
}

function printCommands(
  configs: readonly edge.SwitchConfig[],
  dialect: edge.LinuxDialect,
  json: true | undefined,
): void {
  const commands = configs.map((config) => ({ name: config.name, ...edge.linuxCommands(config, dialect) }));
  if (json === true) process.stdout.write(`${JSON.stringify({ dialect, switches: commands })}\n`);
  else for (const one of commands) print(`# ${one.name}`, edge.shellScript(one));
}

/** A fabric by name or from a file. */
function readFabric(text: string, hosts = 0): edge.Fabric {
  return named(() => {
    const topology = edge.namedTopology(text);
    if (topology !== undefined) return edge.numberedFabric(topology, (n) => hostsOf(n, hosts));
    return edge.parseFabric(readJson(text));
  });
}

/** Servers `02:50:00:00:01:01`, ... of edge switch 1, at ports 1, ... */
function hostsOf(n: number, count: number): edge.FabricHost[] {
  const octet = (value: number): string => value.toString(16).padStart(2, '0');
  return Array.from({ length: count }, (_, i) => ({
    port: i + 1,
    mac: `02:50:00:${octet(n >> 8)}:${octet(n & 0xff)}:${octet(i + 1)}`,
  }));
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`topology: neither fat-tree:EDGESxCORES nor clique:EDGES, and ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`topology: ${path} is not JSON: ${(error as Error).message}`);
  }
}

function planOf(fabric: edge.Fabric, { paths, seed, rounds }: PlanOptions): spain.SpainPlan {
  return named(() =>
    spain.planPaths(fabric, {
      random32: spain.seededRandom32(seed),
      ...(paths !== undefined && { k: paths }),
      ...(rounds !== undefined && { rounds }),
    }),
  );
}

/** Runs what may find a fault in the user's input; the fault names the field, and is wrong use. */
function named<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (CodecError.is(error)) throw new UsageError(`${error.message} [${error.code}]`);
    throw error;
  }
}

function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Words in lines of at most 72 characters. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 72) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
