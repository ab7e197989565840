/** What becomes of frames that a port may not send, and of frames that no tunnel takes. */
import { describe, expect, it } from '@jest/globals';
import { DoveEncapsulation } from '@overlane/dove';
import { PacketBuffer, ethernet, icmpv4, ipv4 } from '@overlane/wire';
import { MemoryUnderlay, createMemoryLink, parseSwitchConfig, planSwitch } from '../src/index.js';
import { localPortOptions } from '../src/build-switch.js';
import { createWorld, frame, macOf, requireBalance } from './harness.js';

const PATH_MTU = 600;
const ETHERNET = ethernet.HEADER_LENGTH;

/** An IPv4 packet of `length` octets between the stations `a` and `b`. */
function packet(length: number, dontFragment: boolean): Uint8Array {
  const octets = new Uint8Array(ETHERNET + length);
  const link = { destination: macOf('b'), source: macOf('a'), tags: [], etherType: ethernet.ETHER_TYPE.IPV4 };
  ethernet.encodeInto(link, octets);
  ipv4.encodeInto(
    {
      ...{ dscp: 0, ecn: 0, totalLength: length, identification: 0, dontFragment, moreFragments: false },
      ...{ fragmentOffset: 0, ttl: 64, protocol: 17, options: new Uint8Array(0) },
      ...{ source: 0x0a000001, destination: 0x0a000002 },
    },
    octets,
    ETHERNET,
  );
  return octets;
}

/** A switch whose tunnels take 600 octets, with one station, and an endpoint that takes no fragments. */
function createNarrow() {
  const world = createWorld({
    roles: (roles) => ({
      ...roles,
      encapsulation: new DoveEncapsulation({ networks: new Set([1, 2]), pathMtu: PATH_MTU, seed: 1 }),
    }),
  });
  const [near, far] = createMemoryLink(['a', 'station a'], { capacity: 256 });
  world.switches[0]!.addPort(near, 1);
  const answers = (): Uint8Array[] => Array.from({ length: far.receive() }, (_, i) => far.packet(i).copy());
  const send = (...frames: Uint8Array[]): void => {
    for (const octets of frames) if (!far.send(PacketBuffer.from(octets))) throw new Error('the link is full');
    world.settle();
  };
  return { world, send, answers };
}

describe('a frame that no tunnel takes', () => {
  it('is answered to its sender, who is told what fits', () => {
    const { world, send, answers } = createNarrow();
    send(packet(700, true));
    const [answer, ...others] = answers();
    expect(others).toEqual([]);
    expect(ethernet.decode(answer!).destination).toEqual(macOf('a'));
    const message = icmpv4.decode(answer!, ETHERNET + ipv4.HEADER_LENGTH);
    expect(message).toMatchObject({
      type: icmpv4.TYPE.UNREACHABLE,
      code: icmpv4.UNREACHABLE_CODE.FRAGMENTATION_NEEDED,
    });
    expect(message.rest).toBe(PATH_MTU - 50);
    expect(world.faults(0)).toEqual({ E_DOVE_TOO_BIG: 1 });
    send(packet(message.rest, true));
    expect(answers()).toEqual([]);
    expect(world.faults(0)).toEqual({ E_DOVE_TOO_BIG: 1 });
  });

  it('is dropped without a word if the sender did not ask for one', () => {
    const { world, send, answers } = createNarrow();
    send(packet(700, false), frame('a', 'b', 'y'.repeat(700)));
    expect(answers()).toEqual([]);
    expect(world.faults(0)).toEqual({ E_DOVE_TOO_BIG: 2 });
  });

  it('is answered ten times at once, and ten times a second', () => {
    const { world, send, answers } = createNarrow();
    const many = Array.from({ length: 30 }, () => packet(700, true));
    send(...many);
    expect(answers()).toHaveLength(10);
    world.switches[0]!.tick(500);
    send(...many);
    expect(answers()).toHaveLength(5);
    world.switches[0]!.tick(60_000);
    send(...many);
    expect(answers()).toHaveLength(10);
    expect(world.faults(0)).toEqual({ E_DOVE_TOO_BIG: 90 });
  });
});

describe('a port with addresses of its own', () => {
  it('sends from these only, and what it may not send teaches nobody anything', () => {
    const world = createWorld();
    const [near, far] = createMemoryLink(['held', 'station']);
    world.switches[0]!.addPort(near, 1, { macs: [macOf('a'), macOf('b')] });
    const other = world.station(1, 1);
    for (const name of ['a', 'b', 'c', 'z']) far.send(PacketBuffer.from(frame(name, '*', name)));
    world.settle();
    expect(other.received()).toEqual(['a>* a', 'b>* b']);
    expect(world.faults(0)).toEqual({ E_SWITCH_SPOOF: 2 });
    other.send(frame('o', 'a'), frame('o', 'c'));
    const local = world.station(0, 1);
    world.settle();
    // `c` was not learned: the frame for it is flooded.
    expect(local.received()).toEqual(['o>c x']);
  });

  it("has the system's own name for the rest", () => {
    const config = parseSwitchConfig({
      encapsulation: { type: 'dove' },
      underlay: { address: '192.0.2.1' },
      networks: [{ network: 1 }],
      ports: [{ name: 'tap1', network: 1, macs: ['02:00:00:00:00:61'] }],
    });
    const plan = planSwitch(config, { random: () => 0.5 });
    const [near, far] = createMemoryLink(['tap1', 'station']);
    plan.switch.addUnderlay(new MemoryUnderlay().attach('wire', plan.address), plan.address);
    plan.switch.addPort(near, 1, localPortOptions(config.ports[0]!));
    far.send(PacketBuffer.from(frame('a', '*')));
    far.send(PacketBuffer.from(frame('b', '*')));
    plan.switch.turn(0);
    requireBalance(plan.switch);
    expect(plan.switch.snapshot().ports['tap1']!.faults).toEqual({ E_DOVE_SPOOF: 1 });
  });
});
