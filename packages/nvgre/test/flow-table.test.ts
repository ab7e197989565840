import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import fc from 'fast-check';
import { FlowTable } from '../src/gre/flow-table.js';

const address = (text: string): IpAddress => IpAddress.parse(text);

describe('FlowTable', () => {
  it('tells flows apart by address, family and network', () => {
    let made = 0;
    const table = new FlowTable(64, () => ({ id: made++ }));
    const keys: [string, number][] = [
      ['0.0.0.1', 1],
      ['0.0.0.1', 2],
      ['0.0.0.2', 1],
      ['::1', 1],
      ['0:1::', 1],
    ];
    const first = keys.map(([text, network]) => table.take(address(text), network).state.id);
    expect(first).toEqual([0, 1, 2, 3, 4]);
    const again = keys.map(([text, network]) => table.take(address(text), network));
    expect(again.map(({ state, isNew }) => [state.id, isNew])).toEqual(first.map((id) => [id, false]));
  });

  it('lets go of the flow unused for longest, and hands its state over', () => {
    const table = new FlowTable(1, () => ({ left: -1 }));
    const one = address('192.0.2.1');
    for (let network = 0; network < 8; network++) table.take(one, network).state.left = network;
    expect(table.take(one, 0).isNew).toBe(false);
    const next = table.take(one, 8);
    expect([next.isNew, next.network, next.state.left]).toEqual([true, 8, 1]);
    expect([table.take(one, 0).isNew, table.take(one, 8).isNew, table.take(one, 1).isNew]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('keeps no more than it may, whatever comes', () => {
    const flow = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.nat({ max: 0xffffffff }));
    const property = fc.property(fc.array(flow, { maxLength: 300 }), (flows) => {
      let made = 0;
      const table = new FlowTable(16, () => made++);
      const ip = new IpAddress();
      for (const [word, network] of flows) {
        ip.setIpv4(word);
        const taken = table.take(ip, network);
        if (!(taken.network === network && taken.address.equals(ip))) return false;
        if (table.take(ip, network).isNew) return false;
      }
      return made <= 16;
    });
    expect(() => fc.assert(property)).not.toThrow();
  });
});
