/** `overlane switch` as a process: what it refuses, what it prints, what it counts, and that it sleeps when idle. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { SwitchSnapshot } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { overlaneAsNobody } from './support/nobody.js';
import { COMMAND, PrivateWorld } from './support/private-world.js';
import { SwitchUnderTest } from './support/switch-under-test.js';
import { until } from './support/until.js';

const VNI = 5001;
const CONFIG = {
  underlay: { address: '192.0.2.1' },
  networks: [{ network: VNI, peers: ['192.0.2.2'] }],
  ports: [{ name: 'tap1', network: VNI }],
};
const UNDERLAY = 'udp 192.0.2.1:4789';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-switch-test-'));
  // One test runs as nobody, who reads here too.
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function writeConfig(text: string): string {
  const file = join(folder, 'config.json');
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

function run([program = '', ...rest]: readonly string[]): Ended {
  return spawnSync(program, rest, { encoding: 'utf8', timeout: 20_000 });
}

/** Runs a switch that must end by itself, with `text` as its configuration. */
function runSwitch(text: string): Ended {
  return run([process.execPath, COMMAND, 'switch', '--config', writeConfig(text)]);
}

describe('a wrong configuration ends with status 2 and names the field', () => {
  const { underlay, networks, ports } = CONFIG;
  it.each([
    ['no configuration', {}, 'underlay'],
    ['a misspelt field', { ...CONFIG, underlays: 1 }, 'underlays'],
    ['a bad address', { ...CONFIG, underlay: { address: '192.0.2.256' } }, 'underlay.address'],
    ['a multicast address', { ...CONFIG, underlay: { address: '224.0.0.1' } }, 'underlay.address'],
    ['an MTU out of range', { ...CONFIG, underlay: { ...underlay, mtu: 575 } }, 'underlay.mtu'],
    ['a network past 24 bits', { ...CONFIG, networks: [{ network: 2 ** 24 }] }, 'networks[0].network'],
    ['the same network twice', { ...CONFIG, networks: [...networks, ...networks] }, 'networks[1].network'],
    ['a peer of the other family', { ...CONFIG, networks: [{ network: VNI, peers: ['::1'] }] }, 'networks[0].peers[0]'],
    ['no ports', { ...CONFIG, ports: [] }, 'ports'],
    ['a port of an unknown network', { ...CONFIG, ports: [{ name: 'tap1', network: 7 }] }, 'ports[0].network'],
    ['a device name too long', { ...CONFIG, ports: [{ name: 'a'.repeat(16), network: VNI }] }, 'ports[0].name'],
    ['the same device twice', { ...CONFIG, ports: [...ports, ...ports] }, 'ports[1].name'],
    ['an unknown encapsulation', { ...CONFIG, encapsulation: { type: 'pigeon' } }, 'encapsulation.type'],
    ['a table of no size', { ...CONFIG, learning: { capacity: 0 } }, 'learning.capacity'],
  ])('%s', (_, config, field) => {
    const { status, stdout, stderr } = runSwitch(JSON.stringify(config));
    expect(stderr).toContain(field);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('text that is not JSON', () => {
    const { status, stderr } = runSwitch('{');
    expect(stderr).toContain('is not JSON');
    expect(status).toBe(2);
  });
});

describe('a switch that can not start ends with status 1, the code and the remedy', () => {
  const asNobody = process.getuid?.() === 0 ? requires('nobody-namespaces') : { it: it.skip };
  asNobody.it('without permission', () => {
    const local = { ...CONFIG, underlay: { address: '127.0.0.1' } };
    const { status, stderr } = run(overlaneAsNobody('switch', '--config', writeConfig(JSON.stringify(local))));
    expect(stderr).toContain('[E_NETIO_NO_PERMISSION]');
    expect(stderr).toMatch(/CAP_NET_(RAW|ADMIN)/);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(1);
  });

  const native = requires('namespaces');
  native.it('on an address that no interface here has', () => {
    const { status, stderr } = runSwitch(JSON.stringify({ ...CONFIG, underlay: { address: '198.51.100.77' } }));
    expect(stderr).toContain('198.51.100.77');
    expect(stderr).toContain('[E_NETIO_ADDRESS_NOT_AVAILABLE]');
    expect(status).toBe(1);
  });
});

describe('a switch at work', () => {
  const native = requires('namespaces', 'ping');
  let world: PrivateWorld;
  let one: SwitchUnderTest;

  async function open(): Promise<void> {
    world = await PrivateWorld.open();
    world.addNamespaces('host', 'peer', 'station');
    world.ip('', 'link add u1 netns host type veth peer name u2 netns peer');
    world.ip('host', 'addr add 192.0.2.1/24 dev u1', 'link set u1 up');
    world.ip('peer', 'addr add 192.0.2.2/24 dev u2', 'link set u2 up');
    one = await SwitchUnderTest.start(world, 'host', CONFIG);
    world.ip('host', 'link set tap1 netns station');
    world.ip('station', 'addr add 10.0.0.1/24 dev tap1', 'link set tap1 up');
  }
  afterEach(() => world?.close());

  /** Sends one datagram from the peer to the switch's UDP port. */
  function sendDatagram(hex: string): void {
    const send = `const s = require('node:dgram').createSocket('udp4');
      s.send(Buffer.from('${hex}', 'hex'), 4789, '192.0.2.1', () => s.close());`;
    world.run('peer', [process.execPath, '-e', send]);
  }

  async function snapshotWhen(holds: (snapshot: SwitchSnapshot) => boolean): Promise<SwitchSnapshot> {
    let snapshot = await one.snapshot();
    for (let tries = 0; tries < 50 && !holds(snapshot); tries++) {
      await setTimeout(20);
      snapshot = await one.snapshot();
    }
    return snapshot;
  }

  native.it(
    'counts packets per port and faults by name, on SIGUSR1 and at the end',
    async () => {
      await open();
      const frame = `${'02'.padEnd(12, '0')}${'02'.padEnd(11, '0')}9${'88b5'.padEnd(96, '0')}`;
      sendDatagram(`0800000000138900${frame}`);
      sendDatagram(`0000000000138900${frame}`);
      sendDatagram(`0800000000138a00${frame}`);
      sendDatagram('0800');
      // Broadcast, so it is flooded: nobody answers, but the request leaves on the underlay.
      world.attempt('station', ['ping', '-c', '1', '-W', '0.1', '10.0.0.2']);
      const { ports } = await snapshotWhen((now) => now.ports[UNDERLAY]!.rxPackets === 4);
      expect(ports[UNDERLAY]!.faults).toEqual({
        E_VXLAN_VNI_NOT_VALID: 1,
        E_VXLAN_UNKNOWN_VNI: 1,
        E_VXLAN_TRUNCATED: 1,
      });
      expect(ports[UNDERLAY]!.txPackets).toBeGreaterThan(0);
      expect(ports['tap1']!.txPackets).toBe(1);
      expect(ports['tap1']!.rxPackets).toBeGreaterThan(0);

      const { status, counters } = await one.stop('TERM');
      expect(status).toBe(0);
      expect(counters.ports[UNDERLAY]!.faults).toEqual(ports[UNDERLAY]!.faults);
    },
    30_000,
  );

  native.it(
    'takes its device along when it ends, by SIGINT too',
    async () => {
      await open();
      expect(world.attempt('station', ['ip', 'link', 'show', 'tap1']).status).toBe(0);
      const { status } = await one.stop('INT');
      expect(status).toBe(0);
      await until(() => world.attempt('station', ['ip', 'link', 'show', 'tap1']).status !== 0, 'the device is gone');
    },
    30_000,
  );

  native.it(
    'sleeps when there is nothing to do',
    async () => {
      await open();
      const pid = await one.pid;
      const used = (): number => cpuTicks(world.run('', ['cat', `/proc/${pid}/stat`]));
      // Start-up goes on for a moment: compilation, and the first messages of the new interfaces.
      await setTimeout(500);
      const before = used();
      await setTimeout(3000);
      const percent = (100 * (used() - before)) / TICKS_PER_SECOND / 3;
      process.stderr.write(`an idle switch uses ${percent.toFixed(1)} % of a core\n`);
      expect(percent).toBeLessThan(10);
    },
    30_000,
  );
});

/** Linux's unit in /proc, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system time of a process, in ticks, from its /proc stat line. */
function cpuTicks(stat: string): number {
  // The name in parentheses may hold spaces; fields are counted from behind it, the state being the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
