import type { SwitchConfigFile, SwitchSnapshot } from '@overlane/switch';
import { COMMAND, type PrivateWorld, type WorldProcess } from './private-world.js';
import { until } from './until.js';

/** `overlane switch` as a process in a private world. */
export class SwitchUnderTest {
  readonly #world: PrivateWorld;
  readonly #process: WorldProcess;

  private constructor(world: PrivateWorld, process: WorldProcess) {
    this.#world = world;
    this.#process = process;
  }

  /** Starts it and waits until its devices are there. @throws Error with what it said, if it ends instead */
  static async start(world: PrivateWorld, namespace: string, config: SwitchConfigFile): Promise<SwitchUnderTest> {
    const file = `/run/${namespace}.json`;
    world.run('', ['sh', '-c', `cat > ${file}`], JSON.stringify(config));
    const started = world.start(namespace, [process.execPath, COMMAND, 'switch', '--config', file]);
    let status: number | null | undefined;
    void started.ended.then((ended) => (status = ended));
    await until(() => started.lines.length > 0 || status !== undefined, 'the switch is ready');
    if (status !== undefined) throw new Error(`the switch ended with ${status}: ${started.stderr()}`);
    return new SwitchUnderTest(world, started);
  }

  /** Its process id in the world. */
  get pid(): Promise<string> {
    return this.#process.pid;
  }

  /** Counters now, as SIGUSR1 prints them. */
  async snapshot(): Promise<SwitchSnapshot> {
    const before = this.#process.lines.length;
    await this.#world.signal(this.#process, 'USR1');
    await until(() => this.#process.lines.length > before, 'SIGUSR1 prints counters');
    return this.#eventOf(this.#process.lines[before]!, 'counters');
  }

  /** Ends it with a signal; returns its exit status and the counters that it prints at the end. */
  async stop(signal: 'TERM' | 'INT' = 'TERM'): Promise<{ status: number | null; counters: SwitchSnapshot }> {
    await this.#world.signal(this.#process, signal);
    const status = await this.#process.ended;
    return { status, counters: this.#eventOf(this.#process.lines.at(-1)!, 'stopped') };
  }

  #eventOf(line: string, name: string): SwitchSnapshot {
    const { event, ...snapshot } = JSON.parse(line) as SwitchSnapshot & { event: string };
    if (event !== name) throw new Error(`expected a line of '${name}', got ${line}`);
    return snapshot;
  }
}

/**
 * Faults of all ports, apart from losses at a full queue, which TCP causes on purpose, and frames that waited for a
 * resolver's answer.
 */
export function faultsBesideLoss({ ports }: SwitchSnapshot): Record<string, number> {
  const losses = ['E_SWITCH_QUEUE_FULL', 'E_SWITCH_SEND_FAILED', 'E_SWITCH_PENDING'];
  const faults = Object.values(ports).flatMap((port) => Object.entries(port.faults));
  return Object.fromEntries(faults.filter(([name]) => !losses.includes(name)));
}
