import { describe, expect, it } from '@jest/globals';
import { CodecError } from '@overlane/wire';
import { spain } from '../src/index.js';

const { CHIRP_PERIOD_MS, FLOW_IDLE_MS, SpainPath, TREE_VLAN, seededRandom32 } = spain;
const SILENCE_MS = 3 * CHIRP_PERIOD_MS;
const OWN = mac(1);
const FAR = mac(2);
const VLANS = [2, 3, 4, 5];

function mac(n: number): Uint8Array {
  return Uint8Array.of(0x02, 0xe0, 0, 0, n >> 8, n & 0xff);
}

function makePath(options: Partial<spain.SpainOptions> = {}): spain.SpainPath {
  return new SpainPath({
    ownEdge: OWN,
    reach: [
      { edge: FAR, vlans: VLANS },
      { edge: mac(3), vlans: [3, 9] },
    ],
    random32: seededRandom32(1),
    ...options,
  });
}

/** All VLANs to chirp on now. */
function chirps(path: spain.SpainPath, nowMs: number): number[] {
  const due: number[] = [];
  for (let vlan = path.nextChirp(nowMs); vlan !== 0; vlan = path.nextChirp(nowMs)) due.push(vlan);
  return due;
}

describe('choosing a VLAN', () => {
  it('numbers the edge switches of the reach table, wherever their MACs are', () => {
    const path = makePath();
    expect([path.edgeOf(FAR), path.edgeOf(mac(3)), path.edgeOf(OWN), path.edgeOf(mac(0x0102))]).toEqual([0, 1, -1, -1]);
    expect(path.edgeOf(Uint8Array.of(9, 9, ...FAR), 2)).toBe(0);
  });

  it('spreads new flows evenly over all VLANs', () => {
    const path = makePath();
    const counts = new Map(VLANS.map((vlan) => [vlan, 0]));
    for (let key = 0; key < 4000; key++) {
      const vlan = path.choose(0, key, 0);
      counts.set(vlan, counts.get(vlan)! + 1);
    }
    // 1,000 each; five standard deviations are 137.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(137);
    expect(path.counters()).toMatchObject({ picked: 4000, moved: 0, fallback: 0 });
  });

  it('keeps a flow where it is until it pauses', () => {
    const path = makePath();
    const first = path.choose(0, 77, 0);
    for (let nowMs = 0; nowMs < 50 * FLOW_IDLE_MS; nowMs += FLOW_IDLE_MS) {
      path.heard(0, first, nowMs);
      expect(path.choose(0, 77, nowMs)).toBe(first);
    }
    expect(path.counters().picked).toBe(1);
    path.choose(0, 77, 51 * FLOW_IDLE_MS + 1);
    expect(path.counters().picked).toBe(2);
  });

  it('sends what it knows no edge switch of over the tree', () => {
    const path = makePath();
    for (const edge of [-1, 2, 99]) expect(path.choose(edge, 1, 0)).toBe(TREE_VLAN);
    expect(path.counters().fallback).toBe(3);
  });

  it('forgets the flow that was used longest ago when its table is full', () => {
    const path = makePath({ flowCapacity: 4 });
    for (let key = 0; key < 6; key++) path.choose(0, key, key);
    expect(path.counters()).toMatchObject({ picked: 6, evicted: 2 });
    for (let key = 2; key < 6; key++) path.choose(0, key, 10);
    expect(path.counters().picked).toBe(6);
    path.choose(0, 0, 10);
    expect(path.counters()).toMatchObject({ picked: 7, evicted: 3 });
  });

  it('refuses a reach table that can not be', () => {
    const tables: spain.ReachTable[] = [
      [{ edge: FAR, vlans: [1] }],
      [{ edge: FAR, vlans: [4095] }],
      [{ edge: FAR, vlans: [2, 2] }],
      [{ edge: FAR, vlans: [2.5] }],
      [{ edge: Uint8Array.of(1, 2, 3, 4, 5, 6), vlans: [2] }],
      [{ edge: FAR.subarray(1), vlans: [2] }],
      [
        { edge: FAR, vlans: [2] },
        { edge: FAR, vlans: [3] },
      ],
    ];
    for (const reach of tables) {
      let error: unknown;
      try {
        makePath({ reach });
      } catch (thrown) {
        error = thrown;
      }
      expect(CodecError.is(error) && error.code).toBe('E_FIELD_RANGE');
    }
  });
});

describe('a VLAN that falls silent', () => {
  it('loses its flows after three chirp periods, and those alone', () => {
    const path = makePath();
    path.tick(0);
    const before = Array.from({ length: 200 }, (_, key) => path.choose(0, key, 0));
    for (const vlan of [2, 3, 4]) path.heard(0, vlan, SILENCE_MS);
    const at = (nowMs: number): number[] => before.map((_, key) => path.choose(0, key, nowMs));
    expect(at(SILENCE_MS)).toEqual(before);
    const after = at(SILENCE_MS + 1);
    expect(after).not.toContain(5);
    after.forEach((vlan, key) => expect(before[key] === 5 || before[key] === vlan).toBe(true));
    path.tick(SILENCE_MS + 1);
    const moved = before.filter((vlan) => vlan === 5).length;
    // The other edge switch was not heard either, on both of its VLANs.
    expect(path.counters()).toMatchObject({ moved, wentDown: 3, cameUp: 0 });
    expect(path.isUp(0, 5, SILENCE_MS + 1)).toBe(false);
  });

  it('counts as up until three periods after the first tick', () => {
    const path = makePath();
    expect(VLANS).toContain(path.choose(0, 1, 500_000));
    path.tick(600_000);
    expect(VLANS).toContain(path.choose(0, 1, 600_000 + SILENCE_MS));
    expect(path.choose(0, 1, 600_001 + SILENCE_MS)).toBe(TREE_VLAN);
  });

  it('comes up with the first thing heard, and takes flows back from the tree at once', () => {
    const path = makePath({ reach: [{ edge: FAR, vlans: [2] }] });
    path.tick(0);
    path.tick(SILENCE_MS + 1);
    expect(path.choose(0, 1, SILENCE_MS + 2)).toBe(TREE_VLAN);
    path.heardChirp(FAR, 0, 2, SILENCE_MS + 3);
    expect(path.choose(0, 1, SILENCE_MS + 4)).toBe(2);
    expect(path.counters()).toMatchObject({ wentDown: 1, cameUp: 1, fallback: 1 });
  });

  it('is not held up by other edge switches, other VLANs, our own edge switch or nonsense', () => {
    const path = makePath();
    path.tick(0);
    for (const vlan of [0, 1, 9, 4095, -1, 70_000]) path.heard(0, vlan, SILENCE_MS);
    for (const edge of [-1, 1, 7]) for (const vlan of VLANS) path.heard(edge, vlan, SILENCE_MS);
    for (const vlan of VLANS) path.heardChirp(OWN, 0, vlan, SILENCE_MS);
    for (const vlan of VLANS) path.heardChirp(mac(77), 0, vlan, SILENCE_MS);
    expect(path.choose(0, 0, SILENCE_MS + 1)).toBe(TREE_VLAN);
  });
});

describe('chirps', () => {
  it('begin soon on every VLAN and come every 2.5 s within a fifth', () => {
    const path = makePath();
    const times = new Map([...VLANS, 9].map((vlan) => [vlan, [] as number[]]));
    for (let nowMs = 0; nowMs <= 100_000; nowMs += 50) {
      for (const vlan of chirps(path, nowMs)) times.get(vlan)!.push(nowMs);
    }
    for (const all of times.values()) {
      expect(all[0]).toBeLessThanOrEqual(CHIRP_PERIOD_MS / 5 + 50);
      all.slice(1).forEach((time, i) => {
        expect(time - all[i]!).toBeGreaterThanOrEqual(0.8 * CHIRP_PERIOD_MS);
        expect(time - all[i]!).toBeLessThanOrEqual(1.2 * CHIRP_PERIOD_MS + 50);
      });
      expect(all.at(-1)).toBeGreaterThan(100_000 - 1.2 * CHIRP_PERIOD_MS - 50);
    }
    expect(path.counters().chirps).toBe([...times.values()].flat().length);
  });

  it('are left to whoever of the same edge switch comes first', () => {
    const path = makePath({ reach: [{ edge: FAR, vlans: [3] }] });
    let own = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
      own += chirps(path, nowMs).length;
      // A neighbour that is always faster: every 1.9 s.
      if (nowMs % 1900 === 0) path.heardChirp(OWN, 0, 3, nowMs);
      path.heardChirp(OWN, 0, 4, nowMs);
    }
    expect(own).toBeLessThanOrEqual(1);
  });
});
