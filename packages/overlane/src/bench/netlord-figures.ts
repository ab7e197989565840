/** What NL-ARP is asked besides the time of a message: memory, and what hostile messages cost. */
import { nlArp } from '@overlane/netlord';
import { NICS, createAgent } from './netlord-operations.js';
import type { Figure, FigureCase } from './suite.js';

const MEBI = 1 << 20;
const FLOOD = 2_000_000;
const { MESSAGE_LENGTH, OPERATION } = nlArp;

/** Figures of NetLord. */
export const netlordFigures: readonly FigureCase[] = [
  { name: 'NL-ARP memory', does: 'an agent that was told of a million NICs', measure: measureMemory },
  {
    name: 'NL-ARP flood',
    does: 'messages of every hostile kind to an agent whose table is full: strangers, conflicts, questions, random octets',
    measure: measureFloods,
  },
];

function measureMemory(): Figure[] {
  const before = process.memoryUsage();
  const { agent } = createAgent(NICS);
  const after = process.memoryUsage();
  return [
    { name: 'NICs known', value: agent.table.size, unit: '' },
    { name: 'NL-ARP table of a million NICs', value: agent.table.octets / MEBI, unit: 'MiB' },
    {
      name: 'resident memory that an agent of a million NICs adds',
      value: (after.rss - before.rss) / MEBI,
      unit: 'MiB',
    },
  ];
}

/** Makes message `n` of a flood, in place. */
type Spoil = (bytes: Uint8Array, n: number) => void;

const FLOODS: readonly (readonly [name: string, spoil: Spoil])[] = [
  ['HERE of strangers', (bytes, n) => nlArp.writeVmMac(bytes, 0, 0x0600, n)],
  ['HERE that contradicts', (bytes) => nlArp.writeEdgeMac(bytes, 0, 0x02e0, 9999)],
  ['WHERE for strangers', (bytes, n) => ask(bytes, 0x0600, n)],
  ['WHERE for a local NIC', (bytes) => ask(bytes, LOCAL_HIGH, 1)],
  ['NOTHERE from elsewhere', (bytes) => correct(bytes)],
  ['random octets', (bytes, n) => scramble(bytes, n)],
];
const LOCAL_HIGH = 0x0a00;

function ask(bytes: Uint8Array, high: number, low: number): void {
  bytes[0] = (nlArp.VERSION << 4) | OPERATION.WHERE;
  nlArp.writeVmMac(bytes, 0, high, low);
}

function correct(bytes: Uint8Array): void {
  bytes[0] = (nlArp.VERSION << 4) | OPERATION.NOTHERE;
  nlArp.writeEdgeMac(bytes, 0, 0x02e0, 9999);
}

function scramble(bytes: Uint8Array, n: number): void {
  let state = n + 1;
  for (let i = 0; i < MESSAGE_LENGTH; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    bytes[i] = state >>> 24;
  }
}

function measureFloods(effort: number): Figure[] {
  const nics = Math.max(1000, Math.round(NICS * Math.min(1, effort)));
  const { agent, here } = createAgent(nics - 1, nics);
  agent.plug(0, 7, LOCAL_HIGH, 1, 0);
  const count = Math.max(1000, Math.round(FLOOD * Math.min(1, effort)));
  const heapBefore = process.memoryUsage();
  let answers = 0;
  const times = FLOODS.map(([name, spoil]) => {
    const start = performance.now();
    for (let n = 0; n < count; n++) {
      const bytes = here.of(n % nics, 1);
      spoil(bytes, n);
      // A thousand messages come in a millisecond.
      agent.takeMessage(bytes, 0, MESSAGE_LENGTH, n / 1000);
      while (agent.nextEvent() !== undefined) answers++;
    }
    const ns = ((performance.now() - start) * 1e6) / count;
    return { name: `flood: ${name}`, value: ns, unit: 'ns' };
  });
  const heapAfter = process.memoryUsage();
  const grown = heapAfter.heapUsed + heapAfter.arrayBuffers - heapBefore.heapUsed - heapBefore.arrayBuffers;
  return [
    ...times,
    { name: 'NICs known after all floods, of those before', value: agent.table.size / nics, unit: '' },
    { name: 'answers to all floods per message', value: answers / (count * FLOODS.length), unit: '' },
    { name: 'memory that all floods added', value: Math.max(0, grown) / MEBI, unit: 'MiB' },
  ];
}
