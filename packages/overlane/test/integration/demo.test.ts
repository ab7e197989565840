/** The demonstration as a process: its answers in both worlds, and that it leaves nothing behind however it ends. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readCapture } from '@overlane/capture';
import { requires } from '../../../../tools/testing/requirements.js';
import { processesNaming, systemState } from './support/leftovers.js';
import { overlaneAsNobody } from './support/nobody.js';
import { COMMAND } from './support/private-world.js';
import { until } from './support/until.js';

const ALL_WELL = {
  ok: true,
  encapsulation: 'vxlan',
  pings: { expected: 18, answered: 18 },
  isolation: { tried: 12, leaked: 0 },
};
/** Every packet is in one of them; how many in which depends on what the stations send by themselves. */
const FLOWS = { microflowHits: expect.any(Number), megaflowHits: expect.any(Number), misses: expect.any(Number) };
const TIME_LIMIT_MS = 30_000;
const execute = promisify(execFile);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-demo-test-'));
  // One test runs as nobody, who writes here too.
  chmodSync(folder, 0o777);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...words: readonly string[]): Ended {
  const [program = '', ...rest] = words;
  return spawnSync(program, rest, {
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    env: { ...process.env, TMPDIR: folder },
  });
}

function demo(...words: readonly string[]): Ended {
  return run(process.execPath, COMMAND, 'demo', ...words);
}

/** Packets in the capture that the last line of `stdout` names. */
function capturedPackets(stdout: string): number {
  const { capture } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { capture: string };
  return readCapture(readFileSync(capture)).length;
}

describe('demo in memory', () => {
  it('answers every ping, leaks nothing, and writes a capture', () => {
    const capture = join(folder, 'memory.pcap');
    const { status, stdout, stderr } = demo('--memory', '--json', '--capture', capture);
    expect(oneObject(stdout)).toEqual({ ...ALL_WELL, mode: 'memory', flows: FLOWS, capture });
    expect(stderr).toContain('in memory, not from network namespaces: --memory');
    expect(status).toBe(0);
    expect(capturedPackets(stdout)).toBeGreaterThan(36);
  });

  it('shows people the topology, the probes, the counters, a packet and the capture', () => {
    const { status, stdout } = demo('--memory');
    expect(status).toBe(0);
    for (const text of ['network 5001', 'red1', '10.0.0.30', '✓', 'faults', 'vni 5001', 'overlane dissect']) {
      expect(stdout).toContain(text);
    }
    expect(stdout).not.toContain('✗');
  });

  it.each(['geneve', 'nvgre', 'gre', 'stt'])('does so with %s', (encapsulation) => {
    const { status, stdout } = demo('--memory', '--json', '--encapsulation', encapsulation);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mode: 'memory', encapsulation, isolation: { leaked: 0 } });
    expect(status).toBe(0);
  });

  it('names the encapsulations that it knows', () => {
    const { status, stderr, stdout } = demo('--encapsulation', 'nothing');
    expect(status).toBe(2);
    expect(stderr).toContain("unknown encapsulation 'nothing'; known: vxlan, geneve, nvgre, gre, stt");
    expect(stdout).toBe('');
  });

  it('says so when the capture can not be written', () => {
    const { status, stderr } = demo('--memory', '--capture', join(folder, 'missing', 'file'));
    expect(status).toBe(2);
    expect(stderr).toContain("can't write the capture");
  });
});

describe('demo on network namespaces', () => {
  const native = requires('namespaces', 'unshare', 'ip', 'ping');

  native.it(
    'answers every ping, leaks nothing, and leaves nothing behind',
    () => {
      const before = systemState();
      const { status, stdout, stderr } = demo('--json');
      const capture = String((JSON.parse(stdout) as { capture: string }).capture);
      expect(stderr).not.toContain('✗');
      expect(oneObject(stdout)).toEqual({ ...ALL_WELL, mode: 'namespaces', flows: FLOWS, capture });
      expect(status).toBe(0);
      expect(capturedPackets(stdout)).toBeGreaterThan(36);
      expect(systemState()).toEqual(before);
      expect(processesNaming(capture)).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  native.it(
    'answers every ping and leaks nothing with the other encapsulations, all at the same time',
    async () => {
      const summaries = await Promise.all(
        ['geneve', 'nvgre', 'gre', 'stt'].map(async (encapsulation) => {
          const words = [COMMAND, 'demo', '--json', '--encapsulation', encapsulation];
          const { stdout } = await execute(process.execPath, words, { env: { ...process.env, TMPDIR: folder } });
          return JSON.parse(stdout) as unknown;
        }),
      );
      const well = (encapsulation: string, count: number): unknown =>
        expect.objectContaining({
          ...{ ...ALL_WELL, mode: 'namespaces', encapsulation },
          pings: { expected: count, answered: count },
        });
      // With stt each tenant has one more, a ping that takes several segments.
      expect(summaries).toEqual([well('geneve', 18), well('nvgre', 18), well('gre', 18), well('stt', 20)]);
    },
    TIME_LIMIT_MS,
  );

  const asNobody = process.getuid?.() === 0 ? requires('namespaces', 'ping', 'nobody-namespaces') : { it: it.skip };
  asNobody.it(
    'needs no root',
    () => {
      const { status, stdout, stderr } = run(...overlaneAsNobody('demo', '--json'));
      expect({ status, stderr: stderr.includes('✗') }).toEqual({ status: 0, stderr: false });
      expect(JSON.parse(stdout)).toMatchObject({ ...ALL_WELL, mode: 'namespaces' });
    },
    TIME_LIMIT_MS,
  );

  native.it(
    'falls back to memory, and says why, where a tool is missing',
    () => {
      const tools = join(folder, 'no-tools');
      const { status, stdout, stderr } = run('env', `PATH=${tools}`, process.execPath, COMMAND, 'demo', '--json');
      expect(stderr).toContain('in memory, not from network namespaces: ');
      expect(stderr).toContain('unshare');
      expect(JSON.parse(stdout)).toMatchObject({ ...ALL_WELL, mode: 'memory' });
      expect(status).toBe(0);
    },
    TIME_LIMIT_MS,
  );

  native.it(
    'fails, and names what failed, where a ping is not answered',
    () => {
      // An `ip` that loses one command: the second station of blue lacks the address that both tenants use.
      const tools = mkdtempSync(join(folder, 'tools-'));
      const real = run('sh', '-c', 'command -v ip').stdout.trim();
      const script = `if [ "$1 $2" = "-n blue2" ]; then sed '/10.0.0.2[/]/d' | ${real} "$@"; else exec ${real} "$@"; fi`;
      const lossy = `#!/bin/sh\n${script}\n`;
      writeFileSync(join(tools, 'ip'), lossy, { mode: 0o755 });
      const path = `PATH=${tools}:${process.env['PATH']}`;
      const { status, stdout, stderr } = run('env', path, process.execPath, COMMAND, 'demo', '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        ok: false,
        pings: { expected: 18, answered: 15 },
        isolation: { leaked: 0 },
      });
      expect(stderr).toContain('ping in blue: blue1 to 10.0.0.2 was answered 0 times, must be 3');
      expect(status).toBe(1);
    },
    TIME_LIMIT_MS,
  );

  describe('stopped halfway', () => {
    /** Starts the demonstration, and returns once its switches are at work. */
    async function startDemo(
      name: string,
    ): Promise<{ child: ChildProcess; capture: string; ended: Promise<unknown[]> }> {
      const capture = join(folder, `${name}.pcap`);
      const words = [COMMAND, 'demo', '--json', '--capture', capture];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = once(child, 'exit');
      let told = '';
      child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
      await until(() => told.includes('overlane switch'), 'the switches are at work');
      return { child, capture, ended };
    }

    native.it.each([
      ['SIGINT', 130, null],
      ['SIGTERM', 143, null],
      ['SIGKILL', null, 'SIGKILL'],
    ] as const)(
      'leaves nothing behind after %s',
      async (signal, status, killedBy) => {
        const before = systemState();
        const { child, capture, ended } = await startDemo(signal);
        expect(processesNaming(capture).length).toBeGreaterThan(1);
        child.kill(signal);
        expect(await ended).toEqual([status, killedBy]);
        await until(() => processesNaming(capture).length === 0, 'no process is left');
        // The switches' own command lines do not name the capture.
        await until(() => processesNaming('/run/overlane-demo/').length === 0, 'no switch is left');
        expect(systemState()).toEqual(before);
        expect(existsSync('/run/overlane-demo')).toBe(false);
      },
      TIME_LIMIT_MS,
    );
  });
});

/** The object on the one line that is there. */
function oneObject(stdout: string): unknown {
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return JSON.parse(stdout);
}
