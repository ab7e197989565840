import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FlowOptions, SwitchSnapshot } from '../src/index.js';
import { type Station, type World, createWorld, frame } from './harness.js';

const AGEING_MS = 100;

describe('the flow cache', () => {
  it('answers a known flow, and another one to the same station, by what matters', () => {
    const world = createWorld();
    const [a, b] = [world.station(0, 1), world.station(0, 1)];
    a.send(frame('a', '*'));
    b.send(frame('b', '*'));
    world.settle();
    const before = world.switches[0]!.snapshot().flows;
    a.send(frame('a', 'b'), frame('a', 'b'), frame('c', 'b'), frame('c', 'b'));
    world.settle();
    const { lookups, misses, microflowHits, megaflowHits, megaflows } = world.switches[0]!.snapshot().flows;
    // A key is remembered when its megaflow is hit; the source is no part of the decision, so c has the flows of a.
    expect({
      lookups: lookups - before.lookups,
      misses: misses - before.misses,
      microflowHits: microflowHits - before.microflowHits,
      megaflowHits: megaflowHits - before.megaflowHits,
    }).toEqual({ lookups: 4, misses: 1, microflowHits: 2, megaflowHits: 1 });
    expect(megaflows[0]).toMatchObject({ program: 'port port1', packets: 4 });
    expect(megaflows[0]!.match).toContain('eth_dst=02:00:00:00:00:62');
    expect(megaflows[0]!.match).not.toContain('eth_src');
  });

  it('gives a flow up when the port it leads to is taken out, and when nothing uses it', () => {
    const world = createWorld({ flows: { idleMs: 50, maxFlows: 16 } });
    const [a, b] = [world.station(0, 1), world.station(0, 1)];
    b.send(frame('b', '*'));
    world.settle();
    a.send(frame('a', 'b'));
    world.settle();
    world.switches[0]!.removePort('port1', 0);
    a.send(frame('a', 'b'));
    world.settle();
    expect(b.received()).toEqual(['a>b x']);
    expect(programs(world.switches[0]!.snapshot())).toEqual(['flood', 'flood']);
    world.switches[0]!.tick(1000);
    expect(world.switches[0]!.snapshot().flows).toMatchObject({ flows: 0, megaflows: [] });
  });

  it('keeps its limits: whole keys, megaflows, and decisions kept per second', () => {
    const flows = { microflows: 0, maxFlows: 3, upcallsPerSecond: 1, upcallBurst: 5 };
    const world = createWorld({ flows });
    const [a, b] = [world.station(0, 1), world.station(0, 1)];
    const far = 'cdefghij'.split('');
    for (let nowMs = 1; nowMs <= 2; nowMs++) {
      for (const to of far) a.send(frame('a', to));
      world.settle(nowMs);
    }
    expect(b.received()).toHaveLength(16);
    const { lookups, misses, microflowHits, uncached, flows: held } = world.switches[0]!.snapshot().flows;
    expect({ lookups, misses, microflowHits, uncached, held }).toEqual({
      lookups: 16,
      misses: 13,
      microflowHits: 0,
      uncached: 8,
      held: 3,
    });
  });

  it('decides each packet anew where it is bypassed', () => {
    const world = createWorld({ flows: { cache: 'bypassed' } });
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    a.send(frame('a', 'b'), frame('a', 'b'));
    world.settle();
    expect(b.received()).toHaveLength(2);
    expect(world.switches[0]!.snapshot().flows).toMatchObject({ lookups: 0, flows: 0 });
  });

  it('never shows: with and without it every station receives the same', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
        const limits = { maxFlows: 12, idleMs: 5000 };
        const cached = play(steps, limits);
        const bypassed = play(steps, { cache: 'bypassed' });
        for (const [i, received] of cached.entries()) {
          if (received !== bypassed[i]) throw new Error(`step ${i}: ${received} instead of ${bypassed[i]}`);
        }
      }),
      // Each run builds two networks of three switches.
      { numRuns: Math.min(30, fc.readConfigureGlobal().numRuns ?? 100) },
    );
  });
});

function programs({ flows }: SwitchSnapshot): string[] {
  return flows.megaflows.map(({ program }) => program).sort();
}

/** Few stations and addresses, so that they meet, move and leave. */
type Step =
  | { readonly do: 'send'; readonly station: number; readonly from: string; readonly to: string }
  | { readonly do: 'remove'; readonly station: number }
  | { readonly do: 'wait'; readonly ms: number };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const station = fc.nat({ max: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      station,
      from: name,
      to: fc.oneof({ weight: 5, arbitrary: name }, { weight: 1, arbitrary: fc.constant('*') }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), station }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 150 }) }) },
);

/** Seven stations of two networks on three switches; what each has received after each step. */
function play(steps: readonly Step[], flows: FlowOptions): string[] {
  const world: World = createWorld({ switches: 3, flows, learning: { ageingMs: AGEING_MS, capacity: 3 } });
  const stations: Station[] = [0, 0, 1, 1, 2].map((at) => world.station(at, 1));
  stations.push(world.station(0, 2), world.station(2, 2));
  let nowMs = 0;
  return steps.map((each, i) => {
    if (each.do === 'send') stations[each.station]!.send(frame(each.from, each.to, String(i)));
    else if (each.do === 'wait') nowMs += each.ms;
    else for (const one of world.switches) one.removePort(`port${each.station}`, nowMs);
    world.settle(nowMs);
    if (each.do === 'wait') for (const one of world.switches) one.tick(nowMs);
    return stations.map((one) => one.received().join()).join(' | ');
  });
}
