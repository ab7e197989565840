import { setTimeout as sleep } from 'node:timers/promises';
import { runIp } from '../../demo/run-ip.js';
import { OutcomeError } from '../../exit.js';
import type { Bed, BedHost } from './bed.js';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const QUIET = ['-vconsole:err', '-vsyslog:off', '-vfile:off'];
const START_TRIES = 50;
const START_PAUSE_MS = 100;

/**
 * Open vSwitch's userspace datapath on `host`, with daemons and a database of its own: one bridge for the station's port
 * `p` and the tunnel to `remote`, one for the underlay, whose device holds the host's address. @throws OutcomeError
 */
export async function buildOpenVswitch(bed: Bed, host: BedHost, remote: string, network: number): Promise<void> {
  const { namespace, device, address } = host;
  const folder = `/run/openvswitch-${namespace}`;
  const socket = `unix:${folder}/db.sock`;
  const environment = ['env', `OVS_RUNDIR=${folder}`, `OVS_LOGDIR=${folder}`, `OVS_DBDIR=${folder}`];
  const configure = (...words: string[]): Promise<string> =>
    bed.run(namespace, [...environment, 'ovs-vsctl', `--db=${socket}`, '--timeout=10', ...words]);

  await bed.run(namespace, ['sh', '-c', `rm -rf ${folder} && mkdir -p ${folder}`]);
  await bed.run(namespace, ['ovsdb-tool', 'create', `${folder}/conf.db`, SCHEMA]);
  const server = ['ovsdb-server', `${folder}/conf.db`, `--remote=p${socket}`, ...QUIET];
  bed.start(namespace, [...environment, ...server]);
  await answers(bed, namespace, [...environment, 'ovs-vsctl', `--db=${socket}`, '--timeout=1', '--no-wait', 'init']);
  bed.forwarders.push(bed.start(namespace, [...environment, 'ovs-vswitchd', socket, ...QUIET]).pid!);

  const bridge = (name: string): string[] => ['add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev'];
  await configure(...bridge('phy'), '--', 'add-port', 'phy', device);
  await configure(...bridge('int'), '--', 'add-port', 'int', 'p');
  await runIp(namespace, [`addr add ${address}/24 dev phy`, 'link set phy up', 'link set int up']);
  const ends = [`options:remote_ip=${remote}`, `options:local_ip=${address}`, `options:key=${network}`];
  await configure('add-port', 'int', 'tun', '--', 'set', 'interface', 'tun', 'type=vxlan', ...ends);
}

async function answers(bed: Bed, namespace: string, command: readonly string[]): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const { status } = await bed.attempt(namespace, command);
    if (status === 0) return;
    await sleep(START_PAUSE_MS);
  }
  throw new OutcomeError('ovsdb-server does not answer');
}
