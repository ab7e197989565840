/**
 * SPAIN online against two judges: a model that keeps everything that ever happened and reads the rules off that history,
 * and a simulated fabric whose links break.
 */
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { spain } from '../src/index.js';

const { SpainPath, TREE_VLAN, planPaths, seededRandom32, fatTree } = spain;
const PERIOD_MS = 1000;
const SILENCE_MS = 3 * PERIOD_MS;
const IDLE_MS = 10_000;
const REACH = [
  { edge: mac(1), vlans: [2, 3] },
  { edge: mac(2), vlans: [3, 4, 5] },
];

function mac(n: number): Uint8Array {
  return Uint8Array.of(0x02, 0xe0, 0, 0, 0, n);
}

/** The history of everything. */
class NaivePath {
  readonly sent: { edge: number; key: number; vlan: number; ms: number }[] = [];
  readonly heard: { edge: number; vlan: number; ms: number }[] = [];
  /** When the clock first ticked. */
  startMs = Infinity;

  /** Silent for three periods since something was heard, or since the clock ran. */
  isUp(edge: number, vlan: number, nowMs: number): boolean {
    const times = this.heard.filter((e) => e.edge === edge && e.vlan === vlan).map(({ ms }) => ms);
    return nowMs - (times.at(-1) ?? this.startMs) <= SILENCE_MS;
  }

  /** VLANs that are right for a packet: one, if the flow must stay. */
  allowed(edge: number, key: number, nowMs: number): number[] {
    const last = this.sent.filter((e) => e.edge === edge && e.key === key).at(-1);
    const isAlive = last !== undefined && nowMs - last.ms <= IDLE_MS;
    if (isAlive && this.isUp(edge, last.vlan, nowMs)) return [last.vlan];
    const up = REACH[edge]!.vlans.filter((vlan) => this.isUp(edge, vlan, nowMs));
    return up.length === 0 ? [TREE_VLAN] : up;
  }
}

type Event =
  | { kind: 'send'; edge: number; key: number }
  | { kind: 'data' | 'chirp'; edge: number; vlan: number }
  | { kind: 'wait'; steps: number };

const events = (): fc.Arbitrary<Event[]> =>
  fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('send' as const), edge: fc.nat({ max: 1 }), key: fc.nat({ max: 3 }) }),
      fc.record({
        kind: fc.constantFrom('data' as const, 'chirp' as const),
        edge: fc.nat({ max: 1 }),
        vlan: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({ kind: fc.constant('wait' as const), steps: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 120 })) }),
    ),
    { maxLength: 40 },
  );

describe('SPAIN online', () => {
  it('agrees with a model that reads the rules off the whole history', () => {
    fc.assert(
      fc.property(events(), fc.nat(), (all, seed) => {
        const random32 = seededRandom32(seed);
        const path = new SpainPath({ ownEdge: mac(9), reach: REACH, random32, chirpPeriodMs: PERIOD_MS });
        const model = new NaivePath();
        let nowMs = 0;
        for (const event of all) {
          if (event.kind === 'wait') {
            for (let i = 0; i < event.steps; i++) {
              nowMs += PERIOD_MS / 8;
              path.tick(nowMs);
              model.startMs = Math.min(model.startMs, nowMs);
            }
          } else if (event.kind === 'send') {
            const { edge, key } = event;
            const allowed = model.allowed(edge, key, nowMs);
            const vlan = path.choose(edge, key, nowMs);
            if (!allowed.includes(vlan)) throw new Error(`chose ${vlan}, not of ${allowed.join()} at ${nowMs}`);
            // The tree is not remembered.
            if (vlan !== TREE_VLAN) model.sent.push({ edge, key, vlan, ms: nowMs });
          } else {
            const { edge, vlan } = event;
            if (event.kind === 'data') path.heard(edge, vlan, nowMs);
            else path.heardChirp(REACH[edge]!.edge, 0, vlan, nowMs);
            model.heard.push({ edge, vlan, ms: nowMs });
          }
          REACH.forEach(({ vlans }, edge) =>
            vlans.forEach((vlan) => {
              const [ours, theirs] = [path.isUp(edge, vlan, nowMs), model.isUp(edge, vlan, nowMs)];
              if (ours !== theirs) throw new Error(`${edge} ${vlan} is up: ${ours}, must be ${theirs} at ${nowMs}`);
            }),
          );
        }
      }),
    );
  });
});

/** Edge switches on a planned fabric with one NLA each, all sending to all, ten times a chirp period. */
class SimulatedFabric {
  readonly broken = new Set<number>();
  nowMs = 0;
  readonly #plan: spain.SpainPlan;
  readonly #edges: readonly string[];
  readonly #paths: readonly spain.SpainPath[];

  constructor(plan: spain.SpainPlan, seed: number) {
    this.#plan = plan;
    this.#edges = plan.topology.switches.filter(({ kind }) => kind === 'edge').map(({ name }) => name);
    const number = (name: string): number => this.#edges.indexOf(name);
    this.#paths = this.#edges.map((name, i) => {
      const reach = plan.reach
        .filter(({ from }) => from === name)
        .map(({ to, vlans }) => ({ edge: mac(number(to)), vlans }));
      return new SpainPath({ ownEdge: mac(i), reach, random32: seededRandom32(seed + i), chirpPeriodMs: PERIOD_MS });
    });
  }

  /** One step of a tenth of a period. Returns the packets that were lost although some VLAN would have carried them. */
  step(): number {
    this.nowMs += PERIOD_MS / 10;
    let lost = 0;
    this.#paths.forEach((path, from) => {
      path.tick(this.nowMs);
      for (let vlan = path.nextChirp(this.nowMs); vlan !== 0; vlan = path.nextChirp(this.nowMs)) {
        this.#paths.forEach((other, to) => {
          if (from !== to && this.#carries(vlan, from, to)) other.heardChirp(mac(from), 0, vlan, this.nowMs);
        });
      }
      this.#edges.forEach((_, to) => {
        if (from === to) return;
        const vlan = path.choose(path.edgeOf(mac(to)), from, this.nowMs);
        if (this.#carries(vlan, from, to)) {
          this.#paths[to]!.heard(this.#paths[to]!.edgeOf(mac(from)), vlan, this.nowMs);
        } else if (this.#couldCarry(from, to)) lost++;
      });
    });
    return lost;
  }

  #couldCarry(from: number, to: number): boolean {
    const { vlans } = this.#plan.reach.find((r) => r.from === this.#edges[from] && r.to === this.#edges[to])!;
    return vlans.some((vlan) => this.#carries(vlan, from, to));
  }

  #carries(vlan: number, from: number, to: number): boolean {
    const links = this.#plan.vlans.find((one) => one.vlan === vlan)!.links.filter((link) => !this.broken.has(link));
    const reached = new Set([this.#edges[from]]);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const link of links) {
        const { a, b } = this.#plan.topology.links[link]!;
        if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
      }
    }
    return reached.has(this.#edges[to]);
  }
}

describe('a fabric with SPAIN', () => {
  const plan = planPaths(fatTree(3, 3), { random32: seededRandom32(1) });

  it('loses nothing later than three chirp periods after links broke, and uses them again once they are mended', () => {
    const link = fc.nat({ max: plan.topology.links.length - 1 });
    fc.assert(
      fc.property(fc.uniqueArray(link, { minLength: 1, maxLength: 3 }), fc.nat(), (broken, seed) => {
        const fabric = new SimulatedFabric(plan, seed);
        for (let i = 0; i < 30; i++) if (fabric.step() > 0) return false;
        broken.forEach((one) => fabric.broken.add(one));
        for (let i = 0; i <= 30; i++) fabric.step();
        for (let i = 0; i < 20; i++) if (fabric.step() > 0) return false;
        fabric.broken.clear();
        for (let i = 0; i < 20; i++) if (fabric.step() > 0) return false;
        return true;
      }),
      // Each run simulates ten thousand packets.
      { numRuns: 20 },
    );
  });
});
