import { describe, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import { nlArp } from '../src/index.js';
import { NaiveNlArp } from './nl-arp-naive.js';

const TENANTS = [5, 9];
const MACS = ['a', 'b', 'c'];
const NICS = TENANTS.flatMap((tenant) => MACS.map((mac) => `${tenant}/${mac}`));
const PLACES = ['3@e1', '4@e1', '3@e2', '7@e3'];
const GENERATIONS = [0, 1, 2, 3, 4, 32_767, 32_768, 32_769, 65_534, 65_535];
const LIMITS = { entries: 5, locals: 2, questions: 3, perTenant: 2 };
const SPACE = -7;

/** One name more often than others, so that its life is long. */
const nic = fc.oneof(
  { weight: 2, arbitrary: fc.constant(NICS[0]!) },
  { weight: 3, arbitrary: fc.constantFrom(...NICS) },
);
const place = fc.constantFrom(...PLACES);
const generation = fc.constantFrom(...GENERATIONS);
const kind = <Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kind('plug'), nic }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('unplug'), nic, how: fc.constantFrom('stopped' as const, 'moved' as const) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: kind('frame'), nic }) },
  { weight: 5, arbitrary: fc.record({ kind: kind('here'), nic, place, generation }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('stopped'), nic, place, generation }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('where'), nic, asker: fc.option(place, { nil: undefined }) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('nothere'), nic, place, generation }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('misdelivered'), nic, to: fc.constantFrom(...MACS) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: kind('wait'), ms: fc.constantFrom(1, 50, 100, 200, 400, 800, 1000, 4000, 5000) }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

describe('NL-ARP', () => {
  it('does what its description says, whatever happens in which order', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), fc.integer(), (commands, seed) => {
        const real = new Subject(seed);
        const naive = new NaiveNlArp(LIMITS);
        commands.forEach((one, step) => {
          real.run(one, step);
          obey(naive, one, step, real.nowMs);
          const [said, expected] = [real.said(), naive.said.splice(0)];
          // Timers that are due at the same time may ring in any order.
          if (one.kind === 'wait') [said, expected].forEach((list) => list.sort());
          requireSame(`said at step ${step}`, said, expected);
          requireSame(`faults at step ${step}`, sorted(real.faults()), sorted(naive.faults));
          requireSame(`entries at step ${step}`, real.entries(), [...naive.entries].map(describeEntry).sort());
        });
      }),
    );
  });
});

/** The machine under test, spoken to and listened to in the oracle's words. */
class Subject {
  nowMs = 0;
  readonly #machine: nlArp.NlArp;
  #word: number;

  constructor(seed: number) {
    this.#word = seed;
    this.#machine = new nlArp.NlArp({
      place: { port: 3, edgeHigh: 0x02e0, edgeLow: 1 },
      ...{ entries: LIMITS.entries, locals: LIMITS.locals, questions: LIMITS.questions },
      // So many places that no two of the pairs share one.
      ...{ questionsPerTenant: LIMITS.perTenant, corrections: 1 << 16 },
      random32: () => (this.#word = Math.imul(this.#word ^ 0x5bd1e995, 0x85ebca6b)),
    });
  }

  run(one: Command, step: number): void {
    const machine = this.#machine;
    switch (one.kind) {
      case 'plug':
        machine.plug(...keyOf(one.nic), this.nowMs);
        break;
      case 'unplug':
        machine.unplug(...keyOf(one.nic), one.how);
        break;
      case 'frame': {
        const frame = PacketBuffer.from(Uint8Array.of(step), 0);
        const slot = machine.resolve(...keyOf(one.nic), frame, this.nowMs);
        this.#answer = slot < 0 ? undefined : this.#placeAt(slot);
        break;
      }
      case 'misdelivered': {
        const [tenant, space, high, low] = keyOf(one.nic);
        machine.misdelivered(tenant, space, high, low, ...macOf(one.to), this.nowMs);
        break;
      }
      case 'wait':
        this.nowMs += one.ms;
        machine.tick(this.nowMs);
        break;
      default:
        this.#tell(one);
    }
  }

  #answer: string | undefined;

  /** What was sent, and answered, since the last call. */
  said(): string[] {
    const said = this.#answer === undefined ? [] : [`answer ${this.#answer}`];
    this.#answer = undefined;
    for (let event = this.#machine.nextEvent(); event !== undefined; event = this.#machine.nextEvent()) {
      const to = event.port === 0 ? 'all' : nameOf(event.port, event.edgeLow);
      said.push(
        event.kind === 'frame'
          ? `frame ${event.payload.copy()[0]} to ${to}`
          : `${wordsOf(event.payload.copy())} to ${to}`,
      );
    }
    return said;
  }

  faults(): Record<string, number> {
    return { ...this.#machine.faults.snapshot() };
  }

  entries(): string[] {
    const { table } = this.#machine;
    const names = ['', 'known', 'pending', 'held down', 'local'];
    return NICS.flatMap((name) => {
      const slot = table.find(...keyOf(name));
      if (slot < 0) return [];
      const state = names[table.stateAt(slot)]!;
      const isPlaced = state === 'known' || state === 'local';
      return [isPlaced ? `${name} ${state} ${this.#placeAt(slot)} ${table.generationAt(slot)}` : `${name} ${state}`];
    }).sort();
  }

  #placeAt(slot: number): string {
    return nameOf(this.#machine.table.portAt(slot), this.#machine.table.edgeLowAt(slot));
  }

  #tell(one: Extract<Command, { kind: 'here' | 'stopped' | 'where' | 'nothere' }>): void {
    const { OPERATION } = nlArp;
    const operation =
      one.kind === 'where' ? OPERATION.WHERE : one.kind === 'nothere' ? OPERATION.NOTHERE : OPERATION.HERE;
    const [tenantId, macAsId, high, low] = keyOf(one.nic);
    const where = one.kind === 'where' ? one.asker : one.place;
    const [port, edge] = where === undefined ? [0, 0] : [Number(where.split('@')[0]), Number(where.split('@e')[1])];
    const message = new Uint8Array(30);
    const flags = one.kind === 'stopped' ? nlArp.FLAG.STOPPED : 0;
    const told = one.kind === 'where' ? 0 : one.generation;
    nlArp.writeMessage(message, 3, operation, flags, told, tenantId, port, macAsId);
    nlArp.writeVmMac(message, 3, high, low);
    nlArp.writeEdgeMac(message, 3, edge === 0 ? 0 : 0x02e0, edge);
    this.#machine.takeMessage(message, 3, message.length, this.nowMs);
  }
}

function obey(naive: NaiveNlArp, one: Command, step: number, nowMs: number): void {
  naive.at(nowMs);
  switch (one.kind) {
    case 'plug':
      return naive.plug(one.nic);
    case 'unplug':
      return naive.unplug(one.nic, one.how);
    case 'frame': {
      const answer = naive.resolve(one.nic, String(step & 255));
      if (answer !== undefined) naive.said.push(`answer ${answer}`);
      return;
    }
    case 'here':
      return naive.here(one.nic, one.place, one.generation);
    case 'stopped':
      return naive.stopped(one.nic, one.place, one.generation);
    case 'where':
      return naive.where(one.nic, one.asker);
    case 'nothere':
      return naive.notHere(one.nic, one.place, one.generation);
    case 'misdelivered':
      return naive.misdelivered(one.nic, `${one.nic.split('/')[0]}/${one.to}`);
    case 'wait':
      return naive.tick();
  }
}

function keyOf(name: string): [number, number, number, number] {
  const [tenant, mac] = name.split('/');
  return [Number(tenant), SPACE, ...macOf(mac!)];
}

function macOf(letter: string): [number, number] {
  return [0x0200, letter.charCodeAt(0)];
}

function nameOf(port: number, edge: number): string {
  return `${port}@e${edge}`;
}

function wordsOf(message: Uint8Array): string {
  const { operation, generation, tenantId, port, vmMac, edgeMac, unicast, stopped } = nlArp.decode(message);
  const nicName = `${tenantId}/${String.fromCharCode(vmMac[5]!)}`;
  if (operation === nlArp.OPERATION.WHERE) return `where ${nicName}`;
  const kindName = operation === nlArp.OPERATION.HERE ? 'here' : 'nothere';
  const flags = `${unicast ? ' U' : ''}${stopped ? ' D' : ''}`;
  return `${kindName} ${nicName} ${generation} ${nameOf(port, edgeMac[5]!)}${flags}`;
}

function describeEntry([name, entry]: [string, { state: string; place: string; generation: number }]): string {
  const isPlaced = entry.state === 'known' || entry.state === 'local';
  return isPlaced ? `${name} ${entry.state} ${entry.place} ${entry.generation}` : `${name} ${entry.state}`;
}

function sorted(counts: Record<string, number>): string[] {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .sort();
}

function requireSame(what: string, actual: readonly string[], expected: readonly string[]): void {
  if (actual.join('\n') === expected.join('\n')) return;
  throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}
