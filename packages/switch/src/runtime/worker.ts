/**
 * The worker thread of one switch: opens its ports and runs turns to completion. It never awaits; it sleeps in `poll`
 * when a whole turn found nothing, and looks for requests between turns.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type Arena, Poller } from '@overlane/netio';
import { planSwitch } from '../build-switch.js';
import type { SwitchConfig } from '../config.js';
import type { Switch } from '../switch.js';
import { CaptureFile, CapturingPort } from './capture-file.js';
import type { RunningSwitchSnapshot, WorkerReply, WorkerRequest } from './messages.js';
import { type InterfacePort, allocateIn, mapArena, openTapPort, openUnderlay } from './open-ports.js';

/** Longest sleep of an idle switch; requests end it at once. */
const SLEEP_MS = 200;
/** Turns between looks for requests while packets keep coming. */
const TURNS_PER_LOOK = 64;

interface Opened {
  readonly arena: Arena;
  readonly switch: Switch;
  readonly ports: readonly InterfacePort[];
  readonly devices: readonly string[];
  readonly capture: CaptureFile | undefined;
}

function open(config: SwitchConfig): Opened {
  const arena = mapArena(config);
  const plan = planSwitch(config, { allocate: allocateIn(arena) });
  const ports: InterfacePort[] = [];
  try {
    const underlay = openUnderlay(config, plan, arena);
    ports.push(underlay);
    const capture = config.capture === undefined ? undefined : new CaptureFile(config.capture);
    plan.switch.addUnderlay(capture === undefined ? underlay : new CapturingPort(underlay, capture), plan.address);
    const devices: string[] = [];
    for (const port of config.ports) {
      const tap = openTapPort(port, plan, config.ports, arena);
      ports.push(tap);
      plan.switch.addPort(tap, port.network);
      devices.push(tap.name);
    }
    return { arena, switch: plan.switch, ports, devices, capture };
  } catch (error) {
    for (const port of ports) port.close();
    throw error;
  }
}

function run(opened: Opened, poller: Poller, requests: MessagePort): void {
  const { tickMs } = opened.switch;
  let nextTickMs = performance.now() + tickMs;
  for (let turns = 1; ; turns++) {
    const nowMs = performance.now();
    const packets = opened.switch.turn(nowMs);
    if (nowMs >= nextTickMs) {
      nextTickMs = nowMs + tickMs;
      opened.switch.tick(nowMs);
      opened.capture?.flush();
    }
    if (packets === 0) poller.wait(Math.min(SLEEP_MS, tickMs));
    if ((packets === 0 || turns % TURNS_PER_LOOK === 0) && answer(opened, requests) === 'stop') return;
  }
}

/** Answers every request that waits; `stop` if one of them says so. */
function answer(opened: Opened, requests: MessagePort): 'go on' | 'stop' {
  for (;;) {
    const received = receiveMessageOnPort(requests) as { message: WorkerRequest } | undefined;
    if (received === undefined) return 'go on';
    if (received.message.kind === 'stop') return 'stop';
    opened.capture?.flush();
    reply(requests, { kind: 'snapshot', id: received.message.id, snapshot: snapshotOf(opened) });
  }
}

function snapshotOf(opened: Opened): RunningSwitchSnapshot {
  const interfaces = Object.fromEntries(opened.ports.map(({ name, statistics }) => [name, { ...statistics }]));
  return { ...opened.switch.snapshot(), interfaces };
}

function reply(port: MessagePort, message: WorkerReply): void {
  port.postMessage(message);
}

function main(config: SwitchConfig, requests: MessagePort): void {
  let opened: Opened;
  try {
    opened = open(config);
  } catch (error) {
    const { code = 'E_SWITCH_START', message } = error as Error & { code?: string };
    reply(requests, { kind: 'failed', code, message });
    return;
  }
  const poller = new Poller(opened.ports, { arena: opened.arena });
  try {
    reply(requests, { kind: 'ready', wakeFd: poller.wakeFd, devices: opened.devices });
    run(opened, poller, requests);
    reply(requests, { kind: 'stopped', snapshot: snapshotOf(opened) });
  } finally {
    opened.capture?.close();
    poller.close();
    for (const port of opened.ports) port.close();
  }
}

if (parentPort !== null) main(workerData as SwitchConfig, parentPort);
