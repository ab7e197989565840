import { TYPE, type ClientCore, formatAddress, header, parseKey } from '@overlane/directory';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { HostNetwork, locatorOf } from './simulation/hosts.js';
import { World, put } from './simulation/world.js';
import { change } from './simulation/writes.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

const RUNS = 15;
const SENDER = 17;
const OLD = 18;
const NEW = 19;
const ADDRESS = '10.0.0.9';
const key = parseKey(7, ADDRESS);
const source = parseKey(7, '10.0.0.1');

interface Stage {
  readonly world: World;
  readonly network: HostNetwork;
  readonly sender: ClientCore;
  readonly old: ClientCore;
}

/** A sender that knows the address to be at the old host, from where it has just moved. */
async function stage(seed: number): Promise<Stage> {
  const world = new World({ seed, servers: 3 });
  for (const id of [SENDER, OLD, NEW]) change(world.store, put(0, `192.0.2.${id}`, `192.0.2.${id}`, id));
  change(world.store, put(7, '10.0.0.1', `192.0.2.${SENDER}`, SENDER));
  change(world.store, put(7, ADDRESS, `192.0.2.${OLD}`, OLD));
  await world.start();
  const network = new HostNetwork(world);
  const [sender, old] = [network.add(SENDER), network.add(OLD)];
  sender.resolve(key, source, 'cached', world.clock.monotonicMs());
  await network.advance(300);
  change(world.store, put(7, ADDRESS, `192.0.2.${NEW}`, NEW));
  return { world, network, sender, old };
}

function whereabouts(client: ClientCore, world: World): string | undefined {
  const mapping = client.peek(key, world.clock.monotonicMs());
  return mapping && formatAddress(mapping.locators[0]!);
}

/** The sender sends a packet every 20 ms; where they arrive at the old host it reports. Returns the reports sent. */
async function traffic({ world, network, sender, old }: Stage, ms: number): Promise<number> {
  let reports = 0;
  for (let passedMs = 0; passedMs < ms; passedMs += 20) {
    if (whereabouts(sender, world) === `192.0.2.${OLD}`) {
      const sent = old.reportStale({ key, sender: locatorOf(SENDER), knownVersion: 0 }, world.clock.monotonicMs());
      if (sent) reports++;
    }
    await network.advance(20);
  }
  return reports;
}

describe('a stale entry', () => {
  it('is corrected by the first packet that uses it', async () => {
    const all = await stage(1);
    expect(whereabouts(all.sender, all.world)).toBe(`192.0.2.${OLD}`);
    expect(await traffic(all, 40)).toBe(1);
    expect(whereabouts(all.sender, all.world)).toBe(`192.0.2.${NEW}`);
    expect(all.network.events).toContainEqual(expect.objectContaining({ type: 'moved', host: SENDER }));
    await all.world.stop();
  });

  it('is corrected even if the server that is told has not heard of the change', async () => {
    const all = await stage(2);
    all.world.store.faults.lose = 1;
    change(all.world.store, put(7, ADDRESS, `192.0.2.200`, NEW));
    const mapping = all.sender.peek(key, 0)!;
    all.old.reportStale({ key, sender: locatorOf(SENDER), knownVersion: mapping.version + 1 }, 0);
    await all.network.advance(200);
    expect(whereabouts(all.sender, all.world)).toBe('192.0.2.200');
    await all.world.stop();
  });

  it('is corrected in spite of loss and repetition, and without a storm', async () => {
    const faults = fc.record({ lose: fc.constantFrom(0, 0.2, 0.5), repeat: fc.constantFrom(0, 0.5) });
    await fc.assert(
      fc.asyncProperty(fc.integer(), faults, async (seed, wanted) => {
        const all = await stage(seed);
        if (whereabouts(all.sender, all.world) !== `192.0.2.${OLD}`) throw new Error('the stage is not set');
        Object.assign(all.network.faults, wanted);
        const seconds = wanted.lose === 0 ? 1 : 4;
        const reports = await traffic(all, 1000 * seconds);
        all.network.heal();
        const corrections = all.world.servers.reduce((sum, { counters }) => sum + counters.corrections, 0);
        await traffic(all, 2000);
        const place = whereabouts(all.sender, all.world);
        await all.world.stop();
        // A report may come twice by the network, but the server takes it once.
        return reports <= seconds && corrections <= 4 * reports && place === `192.0.2.${NEW}`;
      }),
      { numRuns: RUNS },
    );
  });

  it('of the reporter itself is an alarm, not a correction', async () => {
    const all = await stage(3);
    await all.network.advance(100);
    change(all.world.store, put(7, ADDRESS, `192.0.2.${OLD}`, OLD));
    await all.network.advance(100);
    all.old.reportStale({ key, sender: locatorOf(SENDER), knownVersion: 0 }, all.world.clock.monotonicMs());
    await all.network.advance(100);
    expect(all.world.events).toContainEqual({ event: 'ownerAlarm', hostId: OLD, key: `7/${ADDRESS}` });
    expect(all.world.servers.every(({ counters }) => counters.corrections === 0)).toBe(true);
    await all.world.stop();
  });

  it('is never corrected for a sender that no host is known for', async () => {
    const all = await stage(4);
    all.old.reportStale({ key, sender: locatorOf(99), knownVersion: 0 }, all.world.clock.monotonicMs());
    await all.network.advance(500);
    expect(all.world.servers.reduce((sum, { counters }) => sum + counters.uselessReports, 0)).toBe(1);
    expect(all.world.sent.filter(({ bytes }) => header.readType(bytes, 0) === TYPE.CORRECT)).toEqual([]);
    await all.world.stop();
  });
});
