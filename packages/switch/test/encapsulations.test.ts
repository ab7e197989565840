import { describe, expect, it } from '@jest/globals';
import {
  type SwitchConfigFile,
  MemoryUnderlay,
  createMemoryLink,
  parseSwitchConfig,
  planSwitch,
} from '../src/index.js';
import { Station, frame, requireBalance } from './harness.js';

const TYPES = ['vxlan', 'geneve', 'nvgre', 'gre', 'stt', 'dove'] as const;
const FAMILIES = TYPES.flatMap(
  (type) =>
    (type === 'dove'
      ? [[type, 4]]
      : [
          [type, 4],
          [type, 6],
        ]) as [typeof type, 4 | 6][],
);
const ADDRESSES = { 4: ['192.0.2.1', '192.0.2.2'], 6: ['2001:db8::1', '2001:db8::2'] } as const;
const NETWORKS = [5001, 5002];

/** Two configured switches on one in-memory underlay, and a station of each network on both. */
function createPair(type: (typeof TYPES)[number], family: 4 | 6, mtu = 1500) {
  const underlay = new MemoryUnderlay();
  const pair = ADDRESSES[family].map((address, i) => {
    const file: SwitchConfigFile = {
      encapsulation: { type },
      underlay: { address, mtu },
      networks: NETWORKS.map((network) => ({ network, peers: [ADDRESSES[family][1 - i]!] })),
      ports: NETWORKS.map((network) => ({ name: `tap${network}`, network })),
    };
    const plan = planSwitch(parseSwitchConfig(file), { random: () => 0.5 });
    const wire = underlay.attach(`wire${i}`, plan.address);
    plan.switch.addUnderlay(wire, plan.address);
    const stations = NETWORKS.map((network) => {
      const [near, far] = createMemoryLink([`port${network}`, `station${network}`], { headroom: 192 });
      plan.switch.addPort(near, network);
      return new Station(far);
    });
    return { ...plan, stations };
  });
  const settle = (nowMs = 0): void => {
    for (let turns = 0; pair.reduce((sum, each) => sum + each.switch.turn(nowMs), 0) > 0; turns++) {
      if (turns > 1000) throw new Error('packets circle');
    }
    for (const each of pair) requireBalance(each.switch);
  };
  const faults = pair.map((each) => () => Object.values(each.switch.snapshot().ports).map((port) => port.faults));
  return { pair, settle, faults, unroutable: () => underlay.unroutable };
}

describe.each(FAMILIES)('%s over IPv%i', (type, family) => {
  it('floods, learns, and keeps tenants with the same addresses apart', () => {
    const { pair, settle, faults, unroutable } = createPair(type, family);
    const [[red1, blue1], [red2, blue2]] = pair.map(({ stations }) => stations) as [Station[], Station[]];
    red1!.send(frame('a', '*', 'who'));
    settle();
    expect([red2!.received(), blue2!.received()]).toEqual([['a>* who'], []]);
    blue1!.send(frame('a', '*', 'who else'));
    settle();
    expect([red2!.received(), blue2!.received()]).toEqual([[], ['a>* who else']]);
    red2!.send(frame('b', 'a', 'me'));
    blue2!.send(frame('b', 'a', 'not me'));
    settle();
    expect([red1!.received(), blue1!.received()]).toEqual([['b>a me'], ['b>a not me']]);
    // Where stations are asked for, the first frame of each had to wait.
    const named = faults.flatMap((each) => each()).flatMap((found) => Object.keys(found));
    expect(named.filter((fault) => type !== 'dove' || fault !== 'E_SWITCH_PENDING')).toEqual([]);
    expect(unroutable()).toBe(0);
  });

  it('carries a frame as long as the MTU that it gives to tenants', () => {
    const { pair, settle } = createPair(type, family);
    const [near, far] = pair as [(typeof pair)[number], (typeof pair)[number]];
    const payload = 'x'.repeat(near.innerMtu);
    near.stations[0]!.send(frame('a', '*', payload));
    settle();
    expect(far.stations[0]!.received()).toEqual([`a>* ${payload}`]);
  });
});

describe('stt', () => {
  it('gives tenants the MTU of the underlay, whatever it adds itself', () => {
    expect(createPair('stt', 4).pair[0]!.innerMtu).toBe(1500);
    expect(createPair('vxlan', 4).pair[0]!.innerMtu).toBe(1450);
  });
});
