import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TYPE } from '../src/van/index.js';
import { Fleet, type SentFrame, type UnderlayPacket } from '../src/van/simulation/index.js';

/** A run of the simulation costs as much as some hundred cases of an ordinary property. */
const runs = Math.max(5, Math.ceil(Number(process.env['FC_NUM_RUNS'] ?? 1000) / 100));

const isAnnouncement = ({ control, octets }: UnderlayPacket): boolean =>
  control && octets[0] === TYPE.LEARN_REPLY && octets.subarray(4, 8).every((octet) => octet === 0);

interface Migration {
  readonly seed: number;
  readonly hosts: number;
  readonly periodMs: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly duplication: number;
}

const migration = (): fc.Arbitrary<Migration> =>
  fc.record({
    seed: fc.integer(),
    hosts: fc.integer({ min: 3, max: 8 }),
    periodMs: fc.integer({ min: 5, max: 40 }),
    delayMs: fc.integer({ min: 1, max: 8 }),
    jitterMs: fc.integer({ min: 0, max: 4 }),
    duplication: fc.constantFrom(0, 0.3),
  });

/**
 * VM 0 moves while a VM on every other host sends to it. Neither is the new place announced, nor are peers told at once:
 * only the packets themselves show that it has moved. Gives the frames sent after that, by host.
 */
function migrate(setting: Migration, notice: 'told' | 'untold'): SentFrame[][] {
  const { hosts, periodMs, seed, delayMs, jitterMs, duplication } = setting;
  const fleet = new Fleet({ hosts, instances: 1, vms: hosts, seed, limits: { peersPerStation: 0 } });
  fleet.underlay.conditions = { delayMs, jitterMs, loss: 0, duplication };
  fleet.underlay.isCut = isAnnouncement;
  fleet.hosts.forEach((host, vm) => fleet.place(0, vm, host));
  const run = (times: number): void => {
    for (let i = 0; i < times; i++) {
      for (let vm = 1; vm < hosts; vm++) fleet.send(0, vm, 0);
      fleet.underlay.run(fleet.underlay.nowMs + periodMs);
    }
  };
  run(10);
  fleet.forgetFrames();
  fleet.place(0, 0, fleet.hosts[1]!, notice);
  run(Math.ceil(300 / periodMs));
  fleet.underlay.run(fleet.underlay.nowMs + 1000);
  if (fleet.strayed > 0 || fleet.flooded > 0) throw new Error('frames strayed or were flooded');
  return fleet.hosts
    .map((host) => fleet.frames.filter((frame) => frame.host === host))
    .filter(({ length }) => length > 0);
}

describe('after a migration', () => {
  it.each(['told', 'untold'] as const)(
    'every sender reaches the new host after one packet and one RTT (%s)',
    (notice) => {
      let lost = 0;
      fc.assert(
        fc.property(migration(), (setting) => {
          const rttMs = 2 * (setting.delayMs + setting.jitterMs);
          for (const frames of migrate(setting, notice)) {
            const first = frames.find(({ deliveredAt }) => deliveredAt === undefined);
            if (first === undefined) continue;
            lost++;
            const late = frames.find((frame) => frame.sentMs > first.sentMs + rttMs && frame.deliveredAt === undefined);
            if (late !== undefined)
              throw new Error(`${first.sentMs} was lost, and so was ${late.sentMs}; RTT ${rttMs}`);
          }
        }),
        { numRuns: runs },
      );
      expect(lost).toBeGreaterThan(0);
    },
  );

  it('with peers told and all announced, no sender loses what it sends one RTT later', () => {
    fc.assert(
      fc.property(migration(), (setting) => {
        const fleet = new Fleet({ hosts: setting.hosts, instances: 1, vms: setting.hosts, seed: setting.seed });
        fleet.underlay.conditions = { ...setting, loss: 0 };
        fleet.hosts.forEach((host, vm) => fleet.place(0, vm, host));
        const movedMs = 300;
        for (let i = 0; fleet.underlay.nowMs < 600; i++) {
          if (fleet.underlay.nowMs >= movedMs) fleet.place(0, 0, fleet.hosts[1]!, i % 2 === 0 ? 'told' : 'untold');
          for (let vm = 1; vm < setting.hosts; vm++) fleet.send(0, vm, 0);
          fleet.underlay.run(fleet.underlay.nowMs + setting.periodMs);
        }
        fleet.underlay.run(2000);
        const boundMs = movedMs + setting.periodMs + 2 * (setting.delayMs + setting.jitterMs);
        const late = fleet.frames.filter(({ sentMs, deliveredAt }) => sentMs > boundMs && deliveredAt === undefined);
        if (late.length > 0) throw new Error(`${late.length} were lost, the first of ${late[0]!.sentMs}`);
      }),
      { numRuns: runs },
    );
  });
});

describe('when a host crashes', () => {
  it('its VM is found at once where it starts again, though nobody there knows its past', () => {
    const fleet = new Fleet({ hosts: 6, instances: 1, vms: 6, seed: 3 });
    const { underlay } = fleet;
    fleet.hosts.forEach((host, vm) => fleet.place(0, vm, host));
    // VM 0 has moved twice, so that its generation is ahead; then its host is gone.
    for (const at of [4, 3]) {
      for (let vm = 1; vm < 6; vm++) fleet.send(0, vm, 0);
      underlay.run(underlay.nowMs + 50);
      fleet.place(0, 0, fleet.hosts[at]!, 'told');
      underlay.run(underlay.nowMs + 50);
    }
    for (const vm of [1, 2, 4]) fleet.send(0, vm, 0);
    underlay.run(underlay.nowMs + 50);
    const crashed = fleet.hosts[3]!.address;
    underlay.isCut = ({ source, destination }) => source === crashed || destination === crashed;
    fleet.place(0, 0, fleet.hosts[5]!);
    underlay.run(underlay.nowMs + 10);
    fleet.forgetFrames();
    for (const vm of [1, 2, 4]) fleet.send(0, vm, 0);
    underlay.run(underlay.nowMs + 10);
    expect(fleet.frames.map(({ deliveredAt }) => deliveredAt)).toEqual(Array(3).fill(fleet.hosts[5]));
  });
});

describe('a broadcast', () => {
  it.each([2, 3, 16, 256])('of %i switches is n - 1 copies, and nobody sends it on', (hosts) => {
    const fleet = new Fleet({ hosts, instances: 1, vms: hosts, seed: 1 });
    fleet.hosts.forEach((host, vm) => fleet.place(0, vm, host));
    const to: number[] = [];
    fleet.underlay.onSent = ({ destination, control }) => {
      if (!control) to.push(destination);
    };
    fleet.hosts[0]!.send(100, Uint8Array.of(...new Uint8Array(6).fill(0xff), 2, 0, 0, 0, 0, 0, ...new Uint8Array(12)));
    fleet.underlay.run(100);
    expect([to.length, new Set(to).size, to.includes(fleet.hosts[0]!.address)]).toEqual([hosts - 1, hosts - 1, false]);
  });
});

describe('whatever loss, repeats, reordering, partitions and migrations did', () => {
  it('all is well a few seconds after they end', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 6 }),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        (seed, hosts, loss) => {
          const [instances, vms] = [2, 4];
          const fleet = new Fleet({ hosts, instances, vms, seed });
          const { random, underlay } = fleet;
          underlay.conditions = { delayMs: 1, jitterMs: 30, loss, duplication: 0.2 };
          fleet.placeAll();
          const step = (sends: number): void => {
            for (let i = 0; i < sends; i++) fleet.send(random.below(instances), random.below(vms), random.below(vms));
            underlay.run(underlay.nowMs + 10 + random.below(20));
          };
          for (let i = 0; i < 150; i++) {
            if (random.chance(0.1)) {
              const notice = random.chance(0.5) ? 'told' : 'untold';
              fleet.place(random.below(instances), random.below(vms), fleet.hosts[random.below(hosts)]!, notice);
            }
            if (random.chance(0.05)) {
              const island = fleet.hosts[random.below(hosts)]!.address;
              underlay.isCut = ({ source, destination }) => source === island || destination === island;
            } else if (random.chance(0.2)) {
              underlay.isCut = () => false;
            }
            step(6);
          }
          underlay.isCut = () => false;
          underlay.conditions = { delayMs: 1, jitterMs: 2, loss: 0, duplication: 0 };
          for (let i = 0; i < 300; i++) step(6);
          fleet.forgetFrames();
          for (let instance = 0; instance < instances; instance++) {
            for (let pair = 0; pair < vms * vms; pair++) fleet.send(instance, pair % vms, Math.floor(pair / vms));
          }
          underlay.run(underlay.nowMs + 5000);
          for (let pair = 0; pair < vms * vms; pair++) fleet.send(0, pair % vms, Math.floor(pair / vms));
          underlay.run(underlay.nowMs + 50);
          const lost = fleet.frames.filter(({ deliveredAt }) => deliveredAt === undefined);
          if (lost.length > 0) throw new Error(`${lost.length} of ${fleet.frames.length} were lost`);
          if (fleet.strayed > 0 || fleet.flooded > 0) throw new Error('frames strayed or were flooded');
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('instances with the same MACs', () => {
  it('get none of each other’s packets while VMs move, and unknown ones cost one question each', () => {
    const packets = 10 * Number(process.env['FC_NUM_RUNS'] ?? 1000);
    const [instances, vms] = [8, 6];
    const fleet = new Fleet({ hosts: 6, instances, vms, seed: 11 });
    fleet.underlay.conditions = { delayMs: 1, jitterMs: 1, loss: 0.01, duplication: 0.01 };
    fleet.placeAll();
    for (let i = 0; i < packets; i++) {
      fleet.send(fleet.random.below(instances), fleet.random.below(vms), fleet.random.below(vms));
      if (i % 8 === 0) fleet.underlay.run(fleet.underlay.nowMs + 1);
      if (i % 500 === 0) {
        const host = fleet.hosts[fleet.random.below(6)]!;
        fleet.place(fleet.random.below(instances), fleet.random.below(vms), host, i % 1000 === 0 ? 'told' : 'untold');
      }
      if (fleet.frames.length > 10_000) fleet.forgetFrames();
    }
    expect([fleet.strayed, fleet.flooded]).toEqual([0, 0]);
    expect(fleet.delivered).toBeGreaterThan(0.9 * packets);
  });
});

describe('questions', () => {
  it('are no more than distinct pairs of switch and remote VM', () => {
    const [hosts, instances, vms] = [20, 5, 40];
    const fleet = new Fleet({ hosts, instances, vms, seed: 5 });
    fleet.placeAll();
    const pairs = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const { instance, to, host } = fleet.send(
        fleet.random.below(instances),
        fleet.random.below(vms),
        fleet.random.below(vms),
      );
      if (fleet.placeOf(instance, to) !== host) pairs.add(`${host.address}/${instance}/${to}`);
      if (i % 10 === 0) fleet.underlay.run(fleet.underlay.nowMs + 1);
    }
    fleet.underlay.run(fleet.underlay.nowMs + 100);
    expect(pairs.size).toBeGreaterThan(3000);
    expect(fleet.floods.size).toBeLessThanOrEqual(pairs.size);
    expect(fleet.requests).toBeLessThanOrEqual(fleet.floods.size * (hosts - 1));
    expect(fleet.flooded).toBe(0);
    expect(fleet.frames.filter(({ deliveredAt }) => deliveredAt === undefined)).toEqual([]);
  });
});
