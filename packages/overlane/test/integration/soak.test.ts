/** The soak of bench/soak.mjs, shortened; and ports that come and go, with what can be wrong with them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type LedgerSnapshot, imbalance } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { PrivateWorld } from './support/private-world.js';

const SOAK = join(__dirname, '..', '..', 'bench', 'soak.mjs');
/** 20 seconds; ten minutes are for a machine with time. */
const MINUTES = process.env['OVERLANE_SOAK_MINUTES'] ?? '0.34';
const TIMEOUT_MS = Number(MINUTES) * 60_000 + 60_000;

interface SoakReport {
  readonly ok: boolean;
  readonly added: number;
  readonly ledgers: readonly LedgerSnapshot[];
  readonly failures: readonly string[];
}

describe('soak', () => {
  const native = requires('namespaces', 'iperf3');

  native.it(
    'mixed load goes on, and nothing grows or gets lost, while ports come and go',
    () => {
      const command = [SOAK, '--minutes', MINUTES];
      const { stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', timeout: TIMEOUT_MS });
      const { ok, added, ledgers, failures } = JSON.parse(
        stdout || JSON.stringify({ failures: [stderr] }),
      ) as SoakReport;
      expect({ ok, failures }).toEqual({ ok: true, failures: [] });
      expect(added).toBeGreaterThan(5);
      for (const ledger of ledgers) {
        expect(ledger.received).toBeGreaterThan(10_000);
        expect(imbalance(ledger)).toBe(0);
      }
    },
    TIMEOUT_MS,
  );
});

/** Runs in a namespace of a private world, with a switch at work as `running`; prints what `steps` returns. */
const program = (steps: string): string => `
  const { existsSync } = require('node:fs');
  const there = (name) => existsSync('/proc/sys/net/ipv4/conf/' + name);
  const fault = (promise) => promise.then(() => 'none', (error) => error.code);
  (async () => {
    const { parseSwitchConfig } = await import('@overlane/switch');
    const { startSwitch } = await import('@overlane/switch/runtime');
    const running = await startSwitch(parseSwitchConfig({
      underlay: { address: '127.0.0.1' }, networks: [{ network: 1 }], ports: [{ name: 'one', network: 1 }],
    }));
    const steps = async () => { ${steps} };
    console.log(JSON.stringify(await steps()));
    await running.stop();
  })();`;

describe('ports of a running switch', () => {
  const native = requires('namespaces');
  let world: PrivateWorld;

  beforeAll(async () => {
    if (native.it === it.skip) return;
    world = await PrivateWorld.open();
    world.addNamespaces('host');
  });
  afterAll(() => world?.close());

  const run = (steps: string): unknown => {
    const command = ['sh', '-c', 'cd "$0" && exec "$@"', __dirname, process.execPath, '-'];
    return JSON.parse(world.run('host', command, program(steps))) as unknown;
  };

  native.it('come and go with their devices and counters', () => {
    const seen = run(`
      const name = await running.addPort({ name: 'more%d', network: 1, offload: 'none' });
      const added = [there(name), Object.keys((await running.snapshot()).ports)];
      await running.removePort(name);
      await running.removePort('one');
      return { name, added, removed: [there(name), there('one'), Object.keys((await running.snapshot()).ports).length] };`);
    expect(seen).toEqual({
      name: 'more0',
      added: [true, expect.arrayContaining(['one', 'more0'])],
      removed: [false, false, 1],
    });
  });

  native.it('are refused by name, and the switch goes on', () => {
    const seen = run(`
      const faults = [
        await fault(running.addPort({ name: 'one', network: 1 })),
        await fault(running.addPort({ name: 'two', network: 2 })),
        await fault(running.addPort({ name: 'lo', network: 1 })),
        await fault(running.removePort('two')),
      ];
      const ports = Object.keys((await running.snapshot()).ports).length;
      const [after] = await Promise.all([fault(running.addPort({ name: 'two', network: 1 })), running.stop()]);
      return { faults, ports, after, late: await fault(running.addPort({ name: 'three', network: 1 })) };`);
    expect(seen).toEqual({
      faults: ['E_CONFIG', 'E_CONFIG', 'E_NETIO_DEVICE_BUSY', 'E_SWITCH_NO_PORT'],
      ports: 2,
      after: expect.stringMatching(/^(none|E_SWITCH_ENDED)$/),
      late: 'E_SWITCH_ENDED',
    });
  });
});
