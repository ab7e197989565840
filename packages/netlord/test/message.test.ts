import { describe, expect, it } from '@jest/globals';
import { nlArp } from '../src/index.js';
import { refusal } from './refusal.js';
import { octetsOf } from './vector-file.js';

const here = octetsOf('nlarp-here-body');
const message = nlArp.decode(here);
const zero = new Uint8Array(6);
const group = Uint8Array.of(1, 0, 0x5e, 0, 0, 1);
const { HERE, WHERE, NOTHERE } = nlArp.OPERATION;

/** The HERE of the vector with octets written over it. */
function changed(...changes: (readonly [number, number | Uint8Array])[]): Uint8Array {
  const bytes = here.slice();
  for (const [at, value] of changes) {
    if (typeof value === 'number') bytes[at] = value;
    else bytes.set(value, at);
  }
  return bytes;
}

describe('faults', () => {
  it.each<[string, string, Uint8Array]>([
    ['E_NLARP_VERSION', 'version 0', changed([0, 0x01])],
    ['E_NLARP_VERSION', 'version 2', changed([0, 0x21])],
    ['E_NLARP_OP', 'operation 0', changed([0, 0x10])],
    ['E_NLARP_OP', 'operation 4', changed([0, 0x14])],
    ['E_NLARP_LOCATION', 'HERE without port', changed([7, 0])],
    ['E_NLARP_LOCATION', 'HERE from a port that no switch routes to', changed([7, 127])],
    ['E_NLARP_LOCATION', 'HERE without edge switch', changed([18, zero])],
    ['E_NLARP_LOCATION', 'HERE from a group', changed([18, group])],
    ['E_NLARP_LOCATION', 'WHERE that would have a group answered', changed([0, 0x12], [18, group])],
    ['E_NLARP_LOCATION', 'NOTHERE about a port that no switch routes to', changed([0, 0x13], [7, 128])],
    ['E_NLARP_VM_MAC', 'a group', changed([12, group])],
    ['E_NLARP_VM_MAC', 'zero', changed([12, zero])],
    ['E_NLARP_VM_MAC', 'zero in a question', changed([0, 0x12], [12, zero])],
    ['E_NLARP_LOCATION', 'neither place nor VM', changed([7, 0], [12, zero])],
    ['E_NLARP_OP', 'neither operation nor place', changed([0, 0x1f], [7, 0])],
    ['E_NLARP_VERSION', 'neither version nor operation', changed([0, 0xff])],
  ])('%s: %s', (fault, _what, bytes) => {
    expect(nlArp.check(bytes)).toBe(fault);
    expect(refusal(() => nlArp.decode(bytes)).code).toBe(fault);
  });

  it.each(Array.from({ length: 24 }, (_, length) => length))('refuses %i octets and says so', (length) => {
    const error = refusal(() => nlArp.decode(here, 0, length));
    expect(error.code).toBe('E_NLARP_TRUNCATED');
    expect(error.message).toBe(`nl-arp: header needs 24 octets at offset 0, ${length} left`);
  });

  it('says where', () => {
    const padded = Uint8Array.of(9, 9, ...changed([18, group]));
    expect(refusal(() => nlArp.decode(padded, 2)).message).toBe(
      'nl-arp: location at offset 2 must be a port and MAC of an edge switch, got port 12 of 01:00:5e:00:00:01',
    );
  });

  it('lets questions and corrections leave the place open', () => {
    for (const first of [0x12, 0x13]) expect(nlArp.check(changed([0, first], [7, 0], [18, zero]))).toBeUndefined();
  });

  it('ignores reserved flags and what follows the message', () => {
    expect(nlArp.decode(Uint8Array.of(...changed([1, 0xfc]), 1, 2, 3))).toEqual(message);
    expect(nlArp.decode(changed([1, 0xff]))).toEqual({ ...message, unicast: true, stopped: true });
  });
});

describe('encode refuses', () => {
  it.each<[string, Partial<nlArp.NlArpMessage>]>([
    ['E_NLARP_OP', { operation: 0 as 1 }],
    ['E_NLARP_OP', { operation: 4 as 1 }],
    ['E_NLARP_OP', { operation: 1.5 as 1 }],
    ['E_FIELD_RANGE', { generation: 0x1_0000 }],
    ['E_FIELD_RANGE', { generation: -1 }],
    ['E_NL_TENANT_RANGE', { tenantId: 2 ** 24 }],
    ['E_NL_MAC_AS_ID_RANGE', { macAsId: 2 ** 32 }],
    ['E_NLARP_LOCATION', { port: 0 }],
    ['E_NLARP_LOCATION', { port: 127 }],
    ['E_NLARP_LOCATION', { edgeMac: zero }],
    ['E_NLARP_LOCATION', { operation: WHERE, edgeMac: group }],
    ['E_NLARP_LOCATION', { operation: NOTHERE, port: 300 }],
    ['E_NLARP_VM_MAC', { vmMac: zero }],
    ['E_NLARP_VM_MAC', { vmMac: group }],
    ['E_FIELD_RANGE', { vmMac: new Uint8Array(5) }],
    ['E_FIELD_RANGE', { edgeMac: new Uint8Array(7) }],
  ])('%s for %j', (code, part) => {
    const out = new Uint8Array(24).fill(0xa5);
    expect(refusal(() => nlArp.encodeInto({ ...message, ...part }, out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(24).fill(0xa5));
  });

  it('to write past the end', () => {
    expect(refusal(() => nlArp.encodeInto(message, new Uint8Array(24), 1)).code).toBe('E_OUTPUT_TRUNCATED');
  });
});

describe('on the data path', () => {
  it('writes what encode writes', () => {
    const out = new Uint8Array(26).fill(0xa5);
    nlArp.writeMessage(out, 1, HERE, 0, 5, 0xabcd, 12, 7);
    nlArp.writeVmMac(out, 1, 0x0200, 2);
    nlArp.writeEdgeMac(out, 1, 0x02e0, 2);
    expect(out).toEqual(Uint8Array.of(0xa5, ...here, 0xa5));
  });

  it('reads and writes in place by a view that moves', () => {
    const bytes = new Uint8Array(60);
    bytes.set(here, 0);
    bytes.set(octetsOf('nlarp-nothere-frame').subarray(38), 30);
    const view = new nlArp.NlArpView(bytes);
    const read = (): unknown[] => [view.operation, view.flags, view.generation, view.tenantId, view.port, view.macAsId];
    expect(read()).toEqual([HERE, 0, 5, 0xabcd, 12, 7]);
    expect([view.vmMac, view.edgeMac]).toEqual([message.vmMac, message.edgeMac]);
    expect(view.at(bytes, 30).operation).toBe(NOTHERE);
    view.generation = 0xfffe;
    expect([nlArp.readGeneration(bytes, 30), nlArp.readGeneration(bytes, 0)]).toEqual([0xfffe, 5]);
    expect([bytes[nlArp.vmMacOffset(30) + 5], bytes[nlArp.edgeMacOffset(30) + 1]]).toEqual([2, 0xe0]);
    expect(view.at(bytes).offset).toBe(0);
  });
});
