/**
 * What DOVE adds to the demonstration: three switches, two of which know only the first, learn where stations are; a frame of
 * 9,000 octets crosses an underlay of 1,500 in fragments; and a VM moves from one host to another while it is pinged.
 *
 * The VM is a namespace with a device of each of two switches, of which one is up at a time: to the network, that is a live
 * migration. To be built inside a private world only.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSwitchConfig } from '@overlane/switch';
import { OutcomeError } from '../exit.js';
import type { Report } from './report.js';
import { runProgram, tryProgram } from './run-program.js';
import { SwitchProcess } from './switch-process.js';

/** What came of it; part of the summary. */
export interface MigrationFindings {
  /** Pings of the VM while it moved, and how many were answered. */
  readonly pings: { readonly sent: number; readonly answered: number };
  /** Pings of 9,000 octets, unfragmented in the tenant's network. */
  readonly jumbos: { readonly sent: number; readonly answered: number };
  /** What went wrong, one sentence each. */
  readonly failures: readonly string[];
}

interface Host {
  readonly name: string;
  readonly address: string;
  /** The TAP device of its switch, and the namespace that it goes to. */
  readonly device: string;
  readonly station: string;
}

const FOLDER = '/run/overlane-migration';
const FABRIC = 'fabric';
const NETWORK = 6001;
const UNDERLAY_MTU = 1500;
const TENANT_MTU = 9000;
const HOSTS: readonly [Host, Host, Host] = [
  { name: 'v1', address: '192.0.2.11', device: 'vm-at-v1', station: 'vm' },
  { name: 'v2', address: '192.0.2.12', device: 'vm-at-v2', station: 'vm' },
  { name: 'v3', address: '192.0.2.13', device: 'peer', station: 'peer' },
];
const VM = { address: '10.1.0.1', mac: '02:00:00:00:01:01' };
const PEER = { address: '10.1.0.2', mac: '02:00:00:00:01:02' };
const PINGS = 30;
const PING_INTERVAL_S = 0.1;
const MOVE_AFTER_MS = 1000;
const LOST_MAX = 2;
const JUMBOS = 3;
const SUMMARY = /(\d+) packets transmitted, (\d+) received/;

/** Builds it, shows it, and takes it away. @throws OutcomeError if it can't be built */
export async function showMigration(report: Report): Promise<MigrationFindings> {
  const switches: SwitchProcess[] = [];
  try {
    await report.step('three DOVE hosts on one fabric, a VM and its peer', () => build(switches));
    const jumbos = await report.step('frames of 9,000 octets, cut into DOVE fragments', () => {
      const size = ['-M', 'do', '-s', String(TENANT_MTU - 28)];
      return ping(JUMBOS, '0.2', size);
    });
    const pings = await report.step('pings while the VM moves from v1 to v2', async () => {
      const pinged = ping(PINGS, String(PING_INTERVAL_S));
      await new Promise((resolve) => setTimeout(resolve, MOVE_AFTER_MS));
      await move(HOSTS[0], HOSTS[1]);
      return pinged;
    });
    await Promise.all(switches.map((one) => one.stop()));
    report.print('', `The VM moved during ${pings.sent} pings: ${pings.answered} were answered.`);
    return { pings, jumbos, failures: judge(pings, jumbos) };
  } finally {
    for (const one of switches) one.kill();
  }
}

function judge(pings: MigrationFindings['pings'], jumbos: MigrationFindings['jumbos']): string[] {
  const failures: string[] = [];
  const lost = pings.sent - pings.answered;
  if (pings.sent !== PINGS || lost > LOST_MAX) {
    failures.push(`migration: ${lost} of ${pings.sent} pings were lost, may be ${LOST_MAX}`);
  }
  // The first one may be too long for a peer of which nobody knows yet that it takes fragments.
  if (jumbos.answered < jumbos.sent - 1) {
    failures.push(`migration: ${jumbos.answered} of ${jumbos.sent} pings of ${TENANT_MTU} octets were answered`);
  }
  return failures;
}

async function build(switches: SwitchProcess[]): Promise<void> {
  for (const name of [FABRIC, 'vm', 'peer', ...HOSTS.map((host) => host.name)]) {
    await runProgram('ip', ['netns', 'add', name]);
    await runProgram('ip', ['netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  }
  await ip(FABRIC, ['link add br0 type bridge', 'link set br0 up']);
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, address, device } of HOSTS) {
    await ip(FABRIC, [`link add ${name} type veth peer name u0 netns ${name}`, `link set ${name} master br0 up`]);
    await ip(name, ['link set lo up', `addr add ${address}/24 dev u0`, 'link set u0 up']);
    const file = join(FOLDER, `${name}.json`);
    // Who joins knows the first switch only.
    const peers = name === HOSTS[0].name ? [] : [HOSTS[0].address];
    const config = parseSwitchConfig({
      name,
      encapsulation: { type: 'dove' },
      underlay: { address, mtu: UNDERLAY_MTU },
      networks: [{ network: NETWORK, peers }],
      ports: [{ name: device, network: NETWORK, mtu: TENANT_MTU }],
    });
    writeFileSync(file, JSON.stringify(config));
    const one = new SwitchProcess(name, file);
    switches.push(one);
    await one.ready;
  }
  for (const { name, device, station } of HOSTS) await ip(name, [`link set ${device} netns ${station}`]);
  await attach(HOSTS[2], PEER);
  await attach(HOSTS[0], VM);
  await ping(1, '0.2');
}

/** Brings a device up as the station's; the kernel then tells its neighbours by ARP. */
async function attach({ station, device }: Host, { address, mac }: typeof VM): Promise<void> {
  await runProgram('ip', ['netns', 'exec', station, 'sysctl', '-qw', `net.ipv4.conf.${device}.arp_notify=1`]);
  await ip(station, [
    `link set ${device} address ${mac} mtu ${TENANT_MTU}`,
    `addr add ${address}/24 dev ${device}`,
    `link set ${device} up`,
  ]);
}

async function move(from: Host, to: Host): Promise<void> {
  await ip(from.station, [`link set ${from.device} down`, `addr flush dev ${from.device}`]);
  await attach(to, VM);
}

/** Pings the VM from its peer. */
async function ping(
  count: number,
  intervalS: string,
  more: readonly string[] = [],
): Promise<{ sent: number; answered: number }> {
  const words = ['ping', '-n', '-q', '-c', String(count), '-i', intervalS, '-W', '1', ...more, VM.address];
  const { stdout, stderr } = await tryProgram('ip', ['netns', 'exec', 'peer', ...words]);
  const summary = SUMMARY.exec(stdout);
  if (summary === null) throw new OutcomeError(`ping of the VM did not run: ${(stderr || stdout).trim()}`);
  return { sent: Number(summary[1]), answered: Number(summary[2]) };
}

async function ip(namespace: string, commands: readonly string[]): Promise<void> {
  await runProgram('ip', ['-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
}
