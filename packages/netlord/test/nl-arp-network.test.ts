import { describe, expect, it } from '@jest/globals';
import { NlArpFleet } from '../src/nl-arp/simulation/index.js';

/** A tenth of the fabric's capacity for broadcasts would still be 16,447 a second. */
const SMALL = { servers: 40, vms: 400, tenants: 20, limits: { entries: 1024, locals: 64 } };
const BAD = { delayMs: 1, jitterMs: 4, loss: 0.05, duplication: 0.02 };
const GOOD = { delayMs: 1, jitterMs: 0, loss: 0, duplication: 0 };

function bootAll(fleet: NlArpFleet): void {
  for (let vm = 0; vm < SMALL.vms; vm++) {
    fleet.boot(vm, fleet.below(SMALL.servers));
    if (vm % 40 === 0) fleet.fabric.run(fleet.fabric.nowMs + 1);
  }
}

function chat(fleet: NlArpFleet, frames: number): void {
  for (let i = 0; i < frames; i++) {
    const from = fleet.below(SMALL.vms);
    const to = fleet.placeOf(from) < 0 ? -1 : fleet.neighborOf(from);
    if (to >= 0) fleet.send(from, to);
    if (i % 20 === 0) fleet.fabric.run(fleet.fabric.nowMs + 1);
  }
}

/** Sends between every VM and a neighbour until it arrives: at most three times, if corrections work. */
function requireReach(fleet: NlArpFleet): void {
  fleet.fabric.conditions = GOOD;
  fleet.fabric.isCut = () => false;
  fleet.fabric.run(fleet.fabric.nowMs + 12_000);
  const pairs = Array.from({ length: SMALL.vms }, (_, from) => [from, fleet.neighborOf(from)] as const).filter(
    ([from, to]) => fleet.placeOf(from) >= 0 && to >= 0,
  );
  for (let round = 0; round < 3; round++) {
    pairs.forEach(([from, to]) => fleet.send(from, to));
    fleet.fabric.run(fleet.fabric.nowMs + 200);
  }
  const last = fleet.frames.slice(-pairs.length);
  expect(pairs.length).toBeGreaterThan(SMALL.vms / 2);
  expect(last.filter(({ deliveredMs }) => deliveredMs === Infinity)).toEqual([]);
  fleet.fabric.run(fleet.fabric.nowMs + 12_000);
  expect([fleet.unsettled, fleet.strayed, fleet.staleAfterCorrection]).toEqual([0, 0, 0]);
}

describe('NL-ARP in a fabric', () => {
  it('boots everything at once: three broadcasts per VM, and everybody knows everybody', () => {
    const fleet = new NlArpFleet({ ...SMALL, seed: 1 });
    bootAll(fleet);
    fleet.fabric.run(7000);
    expect(fleet.fabric.broadcasts.reduce((sum, count) => sum + count, 0)).toBe(3 * SMALL.vms);
    expect(fleet.servers.map(({ nlArp }) => nlArp.table.size)).toEqual(new Array(SMALL.servers).fill(SMALL.vms));
    chat(fleet, 500);
    expect(fleet.corrections).toBe(0);
    requireReach(fleet);
    expect(fleet.frames.every(({ deliveredMs, launches }) => deliveredMs < Infinity && launches <= 1)).toBe(true);
  });

  it('comes through loss, repetition and reordering while VMs move, stop and start', () => {
    const fleet = new NlArpFleet({ ...SMALL, seed: 2 });
    fleet.fabric.conditions = BAD;
    bootAll(fleet);
    for (let i = 0; i < 300; i++) {
      const vm = fleet.below(SMALL.vms);
      if (fleet.placeOf(vm) < 0) fleet.boot(vm, fleet.below(SMALL.servers));
      else if (i % 5 === 0) fleet.stop(vm);
      else fleet.migrate(vm, fleet.below(SMALL.servers));
      chat(fleet, 40);
    }
    expect(fleet.corrections).toBeGreaterThan(0);
    requireReach(fleet);
  });

  it('comes through a partition during which VMs cross', () => {
    const fleet = new NlArpFleet({ ...SMALL, seed: 3 });
    bootAll(fleet);
    fleet.fabric.run(7000);
    fleet.fabric.isCut = (from, to) => from % 2 !== to % 2;
    for (let i = 0; i < 200; i++) {
      fleet.migrate(fleet.below(SMALL.vms), fleet.below(SMALL.servers));
      chat(fleet, 20);
    }
    // Longer than HERE is repeated.
    fleet.fabric.run(fleet.fabric.nowMs + 6000);
    const before = fleet.corrections;
    requireReach(fleet);
    expect(fleet.corrections - before).toBeGreaterThan(10);
  });

  it('restores a flow to a VM that moved unheard within two round trips', () => {
    const fleet = new NlArpFleet({ ...SMALL, seed: 4 });
    bootAll(fleet);
    fleet.fabric.run(7000);
    const from = 0;
    const to = fleet.neighborOf(from);
    const sender = fleet.placeOf(from);
    const target = [1, 2, 3].find((server) => server !== sender && server !== fleet.placeOf(to))!;
    fleet.fabric.isCut = (_from, receiver) => receiver === sender;
    fleet.migrate(to, target);
    fleet.fabric.run(fleet.fabric.nowMs + 6000);
    fleet.fabric.isCut = () => false;
    const sentMs = fleet.fabric.nowMs;
    fleet.send(from, to);
    fleet.fabric.run(fleet.fabric.nowMs + 2);
    const second = fleet.send(from, to);
    fleet.fabric.run(fleet.fabric.nowMs + 10);
    // A way is 1 ms: the frame and NOTHERE, WHERE and HERE, and then the second frame's own way.
    expect(fleet.frames[second]!.deliveredMs - sentMs).toBeLessThanOrEqual(6);
  });
});
