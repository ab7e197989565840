import { Worker } from 'node:worker_threads';
import { wakePoller } from '@overlane/netio';
import type { PortConfig, SwitchConfig, SwitchConfigFile } from '../config.js';
import type { RunningSwitchSnapshot, WorkerAnswer, WorkerReply, WorkerRequest } from './messages.js';
import { SwitchError } from './switch-error.js';

/** A switch at work on its own thread. */
export interface RunningSwitch {
  /** What it was configured with, defaults filled in. */
  readonly config: SwitchConfig;
  /** Names of the TAP devices that it made, in the order of the configuration. */
  readonly devices: readonly string[];
  /** Counters now. @throws SwitchError if the worker has died */
  snapshot(): Promise<RunningSwitchSnapshot>;
  /**
   * Makes another TAP device while packets keep coming, and attaches it to one of the configuration's networks. Returns its
   * name. Memory for about 150 with offload `segmentation`, a few hundred without; a removed port's serves the next one.
   * @throws ConfigError; SwitchError with the code of the cause, such as `E_NETIO_DEVICE_BUSY`
   */
  addPort(port: SwitchConfigFile['ports'][number]): Promise<string>;
  /** Takes a port out, forgets what was learned on it, and closes its device. @throws SwitchError `E_SWITCH_NO_PORT` */
  removePort(device: string): Promise<void>;
  /** Closes all ports and ends the worker. Returns the last counters; the same ones when called again. */
  stop(): Promise<RunningSwitchSnapshot>;
  /** Settles when the worker has ended: rejects if it died. */
  readonly ended: Promise<RunningSwitchSnapshot>;
}

/** Who waits for an answer of the worker. */
interface Waiting {
  readonly kind: WorkerRequest['kind'];
  resolve(answer: WorkerAnswer): void;
  reject(error: Error): void;
}

/**
 * Starts the switch that `config` describes on real interfaces, in a worker thread. Its devices go when it stops, and
 * with the process in any case. The worker checks the configuration, so that the calling thread need not load what that
 * takes until a port is added. @throws SwitchError with the code of the cause
 */
export function startSwitch(config: SwitchConfig | SwitchConfigFile): Promise<RunningSwitch> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: config });
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let wakeFd = -1;
  let hasEnded = false;
  let isStopping = false;
  const tell = (request: WorkerRequest): void => {
    if (hasEnded) return;
    worker.postMessage(request);
    if (wakeFd >= 0) wakePoller(wakeFd);
  };
  const ask = (requestOf: (id: number) => WorkerRequest): Promise<WorkerAnswer> =>
    new Promise((resolve, reject) => {
      if (hasEnded || isStopping) {
        reject(new SwitchError('E_SWITCH_ENDED', 'the switch has ended'));
        return;
      }
      const id = nextId++;
      const request = requestOf(id);
      waiting.set(id, { kind: request.kind, resolve, reject });
      tell(request);
    });

  return new Promise((resolveStart, rejectStart) => {
    let settle: { resolve(s: RunningSwitchSnapshot): void; reject(error: Error): void };
    const ended = new Promise<RunningSwitchSnapshot>((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Callers need not watch `ended`; those who do get the error.
    ended.catch(() => undefined);
    const fail = (error: SwitchError): void => {
      hasEnded = true;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      rejectStart(error);
      settle.reject(error);
    };
    const running = (parsed: SwitchConfig, devices: readonly string[]): RunningSwitch => ({
      config: parsed,
      devices,
      ended,
      ...portControl(parsed, devices, ask),
      snapshot: () => ask((id) => ({ kind: 'snapshot', id })) as Promise<RunningSwitchSnapshot>,
      stop: () => {
        if (!isStopping) tell({ kind: 'stop' });
        // The worker closes what it is woken by, and the system may give its number to something else.
        isStopping = true;
        return ended;
      },
    });
    worker.on('message', (message: WorkerReply) => {
      switch (message.kind) {
        case 'ready':
          wakeFd = message.wakeFd;
          resolveStart(running(message.config, message.devices));
          break;
        case 'answer':
          waiting.get(message.id)?.resolve(message.answer);
          waiting.delete(message.id);
          break;
        case 'refused':
          waiting.get(message.id)?.reject(new SwitchError(message.code, message.message));
          waiting.delete(message.id);
          break;
        case 'stopped':
          hasEnded = true;
          settle.resolve(message.snapshot);
          for (const { kind, resolve, reject } of waiting.values()) {
            // The last counters answer those who asked for counters.
            if (kind === 'snapshot') resolve(message.snapshot);
            else reject(new SwitchError('E_SWITCH_ENDED', 'the switch has ended'));
          }
          waiting.clear();
          break;
        case 'failed':
          fail(new SwitchError(message.code, message.message));
      }
    });
    worker.on('error', (error) => fail(new SwitchError('E_SWITCH_WORKER', error.message)));
    worker.on('exit', (code) => {
      if (!hasEnded) fail(new SwitchError('E_SWITCH_WORKER', `the switch's worker ended with status ${code}`));
    });
  });
}

/**
 * Adds and removes ports; one at a time, so that each is checked against those before. Checked here and not by the worker,
 * whose thread would have to collect what that leaves while packets wait.
 */
function portControl(
  config: SwitchConfig,
  devices: readonly string[],
  ask: (requestOf: (id: number) => WorkerRequest) => Promise<WorkerAnswer>,
): Pick<RunningSwitch, 'addPort' | 'removePort'> {
  const ports = new Map<string, PortConfig>(
    devices.map((device, i) => [device, { ...config.ports[i]!, name: device }]),
  );
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    addPort: (wanted) =>
      inTurn(async () => {
        const { parseSwitchConfig } = await import('../parse-config.js');
        const port = parseSwitchConfig({ ...config, ports: [...ports.values(), wanted] }).ports.at(-1)!;
        const device = (await ask((id) => ({ kind: 'add port', id, port }))) as string;
        ports.set(device, { ...port, name: device });
        return device;
      }),
    removePort: (device) =>
      inTurn(async () => {
        if (!ports.has(device)) throw new SwitchError('E_SWITCH_NO_PORT', `the switch has no port named ${device}`);
        await ask((id) => ({ kind: 'remove port', id, device }));
        ports.delete(device);
      }),
  };
}
