/**
 * The worker thread of one switch: opens its ports and runs turns to completion. It never awaits; it sleeps in `poll`
 * when a whole turn found nothing, and looks for requests between turns.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Arena, MonotonicClock, Poller, requestShortSlices } from '@overlane/netio';
import { type SwitchPlan, localPortOptions, planSwitch } from '../build-switch.js';
import type { PortConfig, SwitchConfig, SwitchConfigFile } from '../config.js';
import { parseSwitchConfig } from '../parse-config.js';
import type { Switch } from '../switch.js';
import { CaptureFile, CapturingPort } from './capture-file.js';
import type { RunningSwitchSnapshot, WorkerAnswer, WorkerReply, WorkerRequest } from './messages.js';
import { type InterfacePort, allocateIn, mapArena, openTapPort, openUnderlay } from './open-ports.js';

/** Longest sleep of an idle switch; requests end it at once. */
const SLEEP_MS = 200;
/** Turns between looks for requests while packets keep coming. */
const TURNS_PER_LOOK = 64;

interface Opened {
  readonly config: SwitchConfig;
  readonly plan: SwitchPlan;
  readonly arena: Arena;
  readonly clock: MonotonicClock;
  readonly switch: Switch;
  readonly ports: InterfacePort[];
  readonly devices: readonly string[];
  readonly capture: CaptureFile | undefined;
}

function open(input: SwitchConfigFile): Opened {
  const config = parseSwitchConfig(input);
  const arena = mapArena(config);
  const clock = new MonotonicClock({ arena });
  const plan = planSwitch(config, { allocate: allocateIn(arena) });
  const ports: InterfacePort[] = [];
  try {
    const underlay = openUnderlay(config, plan, arena, clock);
    ports.push(underlay);
    const { startsWith } = plan.encapsulation;
    const capture = config.capture === undefined ? undefined : new CaptureFile(config.capture, startsWith);
    plan.switch.addUnderlay(capture === undefined ? underlay : new CapturingPort(underlay, capture), plan.address);
    const devices: string[] = [];
    for (const port of config.ports) {
      const tap = openTapPort(port, plan, arena);
      ports.push(tap);
      plan.switch.addPort(tap, port.network, localPortOptions(port));
      devices.push(tap.name);
    }
    return { config, plan, arena, clock, switch: plan.switch, ports, devices, capture };
  } catch (error) {
    for (const port of ports) port.close();
    throw error;
  }
}

function run(opened: Opened, poller: Poller, requests: MessagePort): void {
  const { clock } = opened;
  const { tickMs } = opened.switch;
  let nextTickMs = clock.nowMs() + tickMs;
  for (let turns = 1; ; turns++) {
    const nowMs = clock.nowMs();
    const packets = opened.switch.turn(nowMs);
    if (nowMs >= nextTickMs) {
      nextTickMs = nowMs + tickMs;
      opened.switch.tick(nowMs);
      opened.capture?.flush();
    }
    if (packets === 0) poller.wait(Math.min(SLEEP_MS, tickMs));
    if ((packets === 0 || turns % TURNS_PER_LOOK === 0) && answer(opened, poller, requests) === 'stop') return;
  }
}

/** Answers every request that waits; `stop` if one of them says so. */
function answer(opened: Opened, poller: Poller, requests: MessagePort): 'go on' | 'stop' {
  for (;;) {
    const received = receiveMessageOnPort(requests) as { message: WorkerRequest } | undefined;
    if (received === undefined) return 'go on';
    const { message } = received;
    if (message.kind === 'stop') return 'stop';
    const { id } = message;
    try {
      reply(requests, { kind: 'answer', id, answer: obey(opened, poller, message) });
    } catch (error) {
      const { code = 'E_SWITCH_WORKER', message: text } = error as Error & { code?: string };
      reply(requests, { kind: 'refused', id, code, message: text });
    }
  }
}

function obey(opened: Opened, poller: Poller, request: Exclude<WorkerRequest, { kind: 'stop' }>): WorkerAnswer {
  switch (request.kind) {
    case 'snapshot':
      opened.capture?.flush();
      return snapshotOf(opened);
    case 'add port':
      return addPort(opened, poller, request.port);
    case 'remove port':
      return removePort(opened, poller, request.device);
  }
}

function addPort({ plan, arena, clock, ports, ...opened }: Opened, poller: Poller, port: PortConfig): string {
  const tap = openTapPort(port, plan, arena);
  try {
    opened.switch.addPort(tap, port.network, localPortOptions(port));
    ports.push(tap);
    poller.watch(ports);
  } catch (error) {
    if (ports.at(-1) === tap) {
      ports.pop();
      opened.switch.removePort(tap.name, clock.nowMs());
    }
    tap.close();
    throw error;
  }
  return tap.name;
}

function removePort({ clock, ports, ...opened }: Opened, poller: Poller, device: string): undefined {
  opened.switch.removePort(device, clock.nowMs());
  const at = ports.findIndex(({ name }) => name === device);
  const [port] = ports.splice(at, 1);
  poller.watch(ports);
  port!.close();
}

function snapshotOf(opened: Opened): RunningSwitchSnapshot {
  const interfaces = Object.fromEntries(opened.ports.map(({ name, statistics }) => [name, { ...statistics }]));
  return { ...opened.switch.snapshot(), interfaces };
}

function reply(port: MessagePort, message: WorkerReply): void {
  port.postMessage(message);
}

function main(config: SwitchConfigFile, requests: MessagePort): void {
  let opened: Opened;
  try {
    opened = open(config);
  } catch (error) {
    const { code = 'E_SWITCH_START', message } = error as Error & { code?: string };
    reply(requests, { kind: 'failed', code, message });
    return;
  }
  const poller = new Poller(opened.ports, { arena: opened.arena });
  // A kernel that knows no such thing just takes longer to wake us.
  requestShortSlices({ arena: opened.arena });
  try {
    reply(requests, { kind: 'ready', wakeFd: poller.wakeFd, config: opened.config, devices: opened.devices });
    run(opened, poller, requests);
    reply(requests, { kind: 'stopped', snapshot: snapshotOf(opened) });
  } finally {
    opened.capture?.close();
    poller.close();
    for (const port of opened.ports) port.close();
  }
}

if (parentPort !== null) main(workerData as SwitchConfigFile, parentPort);
