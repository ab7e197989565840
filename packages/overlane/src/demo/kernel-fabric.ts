/** The fabric of `netlord-plan.ts` in the kernel: a namespace per switch, played by bridges, IP forwarding and nftables. */
import { edge } from '@overlane/netlord';
import { OutcomeError } from '../exit.js';
import { CHIRP_PERIOD_MS, FABRIC, HOST_DEVICE, HOST_PLACES, SWITCH_CONFIGS, linkBetween } from './netlord-plan.js';
import { addQuietNamespaces, runIp } from './run-ip.js';
import { runProgram, tryProgram } from './run-program.js';
import { type PingSeries, TimedPing } from './timed-ping.js';
import { type Station, UNDERLAY_MTU } from './topology.js';
import type { CutFindings, FabricControl } from './world.js';

const PINGS = 100;
const PING_INTERVAL_MS = 50;
/** Answers that show which way a flow goes. */
const PINGS_TO_WATCH = 10;

/** What a private world must be able to do for the fabric: bridges, and VLAN devices or nftables in their place. A shell script. */
export const FABRIC_TRIAL = `
for tool in bridge sysctl; do command -v $tool > /dev/null || { echo "$tool is not installed" >&2; exit 1; }; done
ip link add trial-br type bridge
ip link add trial0 type veth peer name trial1
ip link add link trial0 name trial0.2 type vlan id 2 2> /dev/null || nft -f - << 'END'
table netdev trial {
  chain c {
    type filter hook ingress device "trial0" priority 0; policy accept;
    ether daddr 02:00:00:00:00:01 vlan id 2 vlan id set 0 fwd to "trial1"
  }
}
END
`;

/** The fabric's switches in namespaces of their names. To be built inside a private world only. */
export class KernelFabric implements FabricControl {
  /** What stands in for what the kernel lacks, as a sentence. Known once it is built. */
  note = '';
  readonly #pings: TimedPing[] = [];

  /** Builds everything between the hosts, whose namespaces are there. @throws OutcomeError */
  async build(): Promise<void> {
    const dialect = await findDialect();
    this.note =
      dialect === 'nftables'
        ? 'This kernel has no VLAN devices: veth pairs and nftables stand in for them. All else is the kernel as it is.'
        : 'All of it is the kernel as it is: VLAN devices, bridges and IP forwarding.';
    await addQuietNamespaces(SWITCH_CONFIGS.map(({ name }) => name));
    await runIp('', [...FABRIC.links.map(linkLine), ...Object.entries(HOST_PLACES).map(hostLine)]);
    for (const config of SWITCH_CONFIGS) {
      const { sysctl, ip, bridge, nft } = edge.linuxCommands(config, dialect);
      for (const setting of sysctl) await inSwitch(config.name, ['sysctl', '-q', '-w', setting]);
      await runIp(config.name, ip);
      if (bridge.length > 0) await inSwitch(config.name, ['bridge', '-batch', '-'], `${bridge.join('\n')}\n`);
      if (nft !== '') await inSwitch(config.name, ['nft', '-f', '-'], nft);
    }
    await Promise.all(
      Object.keys(HOST_PLACES).map((host) => runIp(host, ['link set lo up', `link set ${HOST_DEVICE} up`])),
    );
  }

  /** From `bridge fdb`: what was learned, without the switches' own ports. */
  async coreTables(): Promise<ReadonlyMap<string, readonly string[]>> {
    const cores = SWITCH_CONFIGS.filter(({ kind }) => kind === 'core');
    const read = async ({ name }: edge.SwitchConfig): Promise<[string, string[]]> => {
      const entries = JSON.parse(await inSwitch(name, ['bridge', '-j', 'fdb', 'show'])) as FdbEntry[];
      const learned = entries.filter(({ state, master }) => state !== 'permanent' && master !== undefined);
      return [name, learned.map(({ mac, master }) => `${mac} on ${master!}`)];
    };
    return new Map(await Promise.all(cores.map(read)));
  }

  async pingWhileCut(from: Station, to: Station): Promise<CutFindings> {
    const far = HOST_PLACES[to.host.name]!.edge;
    const cores = SWITCH_CONFIGS.filter(({ kind }) => kind === 'core').map(({ name }) => name);
    const counts = (): Promise<number[]> => Promise.all(cores.map((core) => packetsTo(core, linkBetween(core, far))));
    const before = await counts();
    const ping = new TimedPing(from.name, to.addresses[0]!, PINGS, PING_INTERVAL_MS);
    this.#pings.push(ping);
    await ping.answered(PINGS_TO_WATCH);
    const after = await counts();
    // The core switch that carried the requests: chirps pass through all of them, but ten times as rarely.
    const carried = after.map((count, i) => count - before[i]!);
    const core = cores[carried.indexOf(Math.max(...carried))]!;
    const link = linkBetween(core, far);
    await runIp(core, [`link set l${link} down`]);
    const series: PingSeries = await ping.ended;
    const atEnd = await counts();
    await runIp(core, [`link set l${link} up`]);
    const others = cores.filter((name) => name !== core);
    const moved = others.some((name) => atEnd[cores.indexOf(name)]! - after[cores.indexOf(name)]! > PINGS_TO_WATCH);
    return { cut: `${far}-${core}`, chirpPeriodMs: CHIRP_PERIOD_MS, ...series, moved };
  }

  /** Ends what still runs. */
  close(): void {
    for (const ping of this.#pings) ping.kill();
  }
}

interface FdbEntry {
  readonly mac: string;
  readonly master?: string;
  readonly state?: string;
}

/** Whether the kernel has VLAN devices, tried out. */
async function findDialect(): Promise<edge.LinuxDialect> {
  await addQuietNamespaces(['trial-vlan']);
  await runIp('trial-vlan', ['link add t0 type veth peer name t1']);
  const words = ['-n', 'trial-vlan', 'link', 'add', 'link', 't0', 'name', 't0.2', 'type', 'vlan', 'id', '2'];
  const { status } = await tryProgram('ip', words);
  await runIp('', ['netns del trial-vlan']);
  return status === 0 ? 'vlan-devices' : 'nftables';
}

function linkLine({ a, b }: { readonly a: string; readonly b: string }, link: number): string {
  const end = (name: string): string => `l${link} mtu ${UNDERLAY_MTU} netns ${name}`;
  return `link add ${end(a)} type veth peer name ${end(b)}`;
}

function hostLine([host, { edge: at, port, mac }]: [string, (typeof HOST_PLACES)[string]]): string {
  const near = `p${port} mtu ${UNDERLAY_MTU} netns ${at}`;
  return `link add ${near} type veth peer name ${HOST_DEVICE} address ${mac} mtu ${UNDERLAY_MTU} netns ${host}`;
}

/** Packets that a switch has sent on a link. */
async function packetsTo(name: string, link: number): Promise<number> {
  const text = await runProgram('ip', ['-n', name, '-j', '-s', 'link', 'show', 'dev', `l${link}`]);
  const [device] = JSON.parse(text) as { readonly stats64: { readonly tx: { readonly packets: number } } }[];
  if (device === undefined) throw new OutcomeError(`${name} has no link ${link}`);
  return device.stats64.tx.packets;
}

function inSwitch(name: string, words: readonly string[], input = ''): Promise<string> {
  return runProgram('ip', ['netns', 'exec', name, ...words], input);
}
