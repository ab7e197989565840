import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import { nlArp } from '../src/index.js';

const NIC = [5, 7, 0x0200, 1] as const;
const OTHER = [5, 7, 0x0200, 2] as const;
const frame = (octets = 60): PacketBuffer => PacketBuffer.from(new Uint8Array(octets));

function machine(limits: Partial<nlArp.NlArpLimits> = {}): nlArp.NlArp {
  return new nlArp.NlArp({
    entries: 64,
    ...limits,
    place: { port: 3, edgeHigh: 0x02e0, edgeLow: 1 },
    random32: () => 9,
  });
}

/** Tells of `NIC` at port `port` of edge switch 2. */
function tell(one: nlArp.NlArp, port: number, generation: number, nowMs: number, flags = 0): string | undefined {
  const message = new Uint8Array(24);
  nlArp.writeMessage(message, 0, nlArp.OPERATION.HERE, flags, generation, NIC[0], port, NIC[1]);
  nlArp.writeVmMac(message, 0, NIC[2], NIC[3]);
  nlArp.writeEdgeMac(message, 0, 0x02e0, 2);
  return one.takeMessage(message, 0, 24, nowMs);
}

function drain(one: nlArp.NlArp): nlArp.NlArpMessage[] {
  const messages: nlArp.NlArpMessage[] = [];
  for (let event = one.nextEvent(); event !== undefined; event = one.nextEvent()) {
    if (event.kind === 'control') messages.push(nlArp.decode(event.payload.copy()));
  }
  return messages;
}

describe('NlArp', () => {
  it('outbids an older host’s numbers three times after an arrival, then waits for the unplugging to believe it', () => {
    const one = machine();
    one.plug(...NIC, 0);
    for (let bid = 0; bid < 3; bid++) expect(tell(one, 4, 10 * (bid + 1), 100)).toBe('E_NLARP_CONFLICT');
    expect(drain(one).map(({ generation }) => generation)).toEqual([1, 11, 21, 31]);
    expect(tell(one, 4, 40, 100)).toBe('E_NLARP_CONFLICT');
    expect(drain(one)).toEqual([]);
    const slot = one.table.find(...NIC);
    expect([one.table.stateAt(slot), one.table.generationAt(slot)]).toEqual([nlArp.STATE.LOCAL, 31]);
    one.unplug(...NIC, 'moved');
    const found = one.resolve(...NIC, frame(), 200);
    expect([one.table.portAt(found), one.table.generationAt(found)]).toEqual([4, 40]);
    expect(one.faults.of('E_NLARP_CONFLICT')).toBe(4);
  });

  it('keeps a NIC that has been here for long, whoever claims it', () => {
    const one = machine();
    one.plug(...NIC, 0);
    one.tick(1000);
    one.tick(5000);
    expect(drain(one)).toHaveLength(3);
    expect(tell(one, 4, 2, 5000)).toBe('E_NLARP_CONFLICT');
    expect(drain(one)).toEqual([]);
    expect(one.table.stateAt(one.table.find(...NIC))).toBe(nlArp.STATE.LOCAL);
    expect(one.nextTickMs).toBe(Infinity);
  });

  it('refuses what its outbox has no room for, and counts it', () => {
    const one = machine({ outbox: 2 });
    for (let low = 0; low < 3; low++) one.plug(5, 7, 0x0200, low, 0);
    expect(one.faults.snapshot()).toEqual({ E_NLARP_OUTBOX: 1 });
    expect(drain(one)).toHaveLength(2);
    one.resolve(5, 7, 0x0200, 99, frame(), 0);
    expect(drain(one)).toHaveLength(1);
  });

  it('lets frames go that the outbox has no room for when the answer comes', () => {
    const one = machine({ outbox: 2 });
    for (let i = 0; i < 4; i++) one.resolve(...NIC, frame(), 0);
    drain(one);
    tell(one, 4, 1, 0);
    expect(one.faults.snapshot()).toEqual({ E_NLARP_OUTBOX: 2 });
  });

  it('holds so many frames for a destination, and so many octets for all', () => {
    const one = machine({ heldOctets: 200 });
    for (let i = 0; i < 4; i++) one.resolve(...NIC, frame(60), 0);
    one.resolve(...OTHER, frame(60), 0);
    expect(one.faults.snapshot()).toEqual({ E_NLARP_QUEUE: 2 });
    tell(one, 4, 1, 0);
    one.resolve(...OTHER, frame(200), 0);
    expect(one.faults.of('E_NLARP_QUEUE')).toBe(2);
  });

  it('drops what waits for a NIC that is plugged in here', () => {
    const one = machine();
    one.resolve(...NIC, frame(), 0);
    one.plug(...NIC, 10);
    one.tick(10_000);
    expect(one.faults.snapshot()).toEqual({ E_NLARP_QUEUE: 1 });
    expect(one.resolve(...NIC, frame(), 10_000)).toBe(nlArp.PENDING);
  });

  it('chirps its NICs in turn, and not without any', () => {
    const one = machine();
    expect(one.chirp(2)).toBe(false);
    one.plug(...NIC, 0);
    one.plug(...OTHER, 0);
    drain(one);
    const chirps = Array.from({ length: 4 }, () => {
      expect(one.chirp(9)).toBe(true);
      const event = one.nextEvent()!;
      return [event.vlan, event.port, nlArp.decode(event.payload.copy()).vmMac[5]];
    });
    expect(chirps).toEqual([
      [9, 0, 1],
      [9, 0, 2],
      [9, 0, 1],
      [9, 0, 2],
    ]);
  });

  it('takes a question of nobody’s place to all, at most once per interval', () => {
    const one = machine();
    one.plug(...NIC, 0);
    drain(one);
    const question = new Uint8Array(24);
    nlArp.writeMessage(question, 0, nlArp.OPERATION.WHERE, 0, 0, NIC[0], 0, NIC[1]);
    nlArp.writeVmMac(question, 0, NIC[2], NIC[3]);
    nlArp.writeEdgeMac(question, 0, 0, 0);
    for (const nowMs of [1000, 1050, 1100]) one.takeMessage(question, 0, 24, nowMs);
    expect(drain(one).map(({ unicast }) => unicast)).toEqual([false, false]);
  });
});
