import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mappingKey, question } from '../src/arbitraries.js';
import {
  CODE,
  type ChangeRequest,
  DATAGRAM_LENGTH_MAX,
  DirectoryError,
  FLAG,
  KIND,
  NotOwnerError,
  OPERATION,
  PACKED_KEY_LENGTH,
  TYPE,
  VersionMismatchError,
  answer,
  change,
  directoryError,
  encapsulationName,
  formatAddress,
  formatKey,
  header,
  keyString,
  message,
  packKey,
  parseAddress,
  parseChange,
  parseKey,
  parseLocator,
  question as questions,
  source,
  unpackKey,
} from '../src/index.js';

describe('keys', () => {
  it('are read from text and written back', () => {
    const texts: [string, number][] = [
      ['10.1.2.3', KIND.IPV4],
      ['2001:db8::1', KIND.IPV6],
      ['02:00:00:00:00:01', KIND.MAC],
    ];
    for (const [text, kind] of texts) {
      expect(parseAddress(text)).toMatchObject({ kind });
      expect(formatKey(parseKey(7, text))).toBe(`7/${text}`);
    }
    expect(formatAddress(source.INFRASTRUCTURE)).toBe('-');
    for (const text of ['', '10.1.2', '1:2', '02:00:00:00:00:0g'])
      expect(() => parseAddress(text)).toThrow(/not an IP/);
    for (const tenant of [-1, 1.5, 2 ** 32, NaN]) expect(() => parseKey(tenant, '10.0.0.1')).toThrow(/tenant must be/);
  });

  it('as text, as octets and as strings tell the same keys apart', () => {
    fc.assert(
      fc.property(mappingKey(), mappingKey(), (a, b) => {
        const [packed, other] = [packKey(a), packKey(b)];
        if (packed.length !== PACKED_KEY_LENGTH) throw new Error(`${packed.length} octets`);
        if (formatKey(unpackKey(packed)) !== formatKey(a)) throw new Error('unpacks to another key');
        const isSame = Buffer.compare(packed, other) === 0;
        if (isSame !== (keyString(a) === keyString(b))) throw new Error('strings and octets disagree');
        if (isSame !== (formatKey(a) === formatKey(b))) throw new Error('text and octets disagree');
        if (keyString(unpackKey(packed)) !== keyString(a)) throw new Error('equal keys, different strings');
      }),
    );
  });
});

describe('changes in text', () => {
  const of = { tenant: 7, aa: '10.0.0.1' };
  const locators = [{ address: '192.0.2.1', encapsulation: 'geneve', port: 6081, label: 3 }] as const;
  const cases: [ChangeRequest, object][] = [
    [
      { op: 'put', ...of, locators },
      { op: OPERATION.PUT, owner: 17, ttl: 300, expectVersion: 0 },
    ],
    [
      { op: 'putIf', ...of, locators, expectVersion: 4, owner: 9, ttl: 5, mac: '02:00:00:00:00:01', flags: 8 },
      { op: OPERATION.PUT_IF, owner: 9, ttl: 5, expectVersion: 4, flags: 8, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) },
    ],
    [
      { op: 'delete', ...of },
      { op: OPERATION.DELETE, owner: 0, locators: [] },
    ],
    [
      { op: 'deleteIf', ...of, expectVersion: 4 },
      { op: OPERATION.DELETE_IF, expectVersion: 4 },
    ],
    [
      { op: 'move', ...of, locators, owner: 18 },
      { op: OPERATION.MOVE, owner: 18, ttl: 0 },
    ],
  ];

  it('become changes that the wire takes', () => {
    for (const [request, expected] of cases) {
      const parsed = parseChange(request, 17);
      expect(parsed).toMatchObject({ key: parseKey(7, '10.0.0.1'), ...expected });
      expect(change.decode(change.encode(parsed))).toEqual(parsed);
    }
  });

  it('name encapsulations as locators have them', () => {
    expect(parseLocator({ address: '192.0.2.1' })).toMatchObject({ kind: KIND.IPV4, encap: 2, port: 0, label: 0 });
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(encapsulationName)).toEqual([
      ...['ip-in-ip', 'vxlan', 'stt', 'gre', 'dove', 'netlord', 'geneve'],
      undefined,
    ]);
  });
});

describe('errors', () => {
  it('are of the class of their code, and known across copies', () => {
    const results = [
      { code: CODE.OK, version: 9 },
      { code: CODE.VERSION_MISMATCH, version: 5 },
    ];
    const mismatch = directoryError('VERSION_MISMATCH', 'update', results);
    expect(mismatch).toBeInstanceOf(VersionMismatchError);
    expect((mismatch as VersionMismatchError).current).toBe(5);
    expect((directoryError('VERSION_MISMATCH', 'update') as VersionMismatchError).current).toBe(0);
    expect(directoryError('NOT_OWNER', 'update')).toBeInstanceOf(NotOwnerError);
    expect(directoryError('LIMIT', 'resolve')).toMatchObject({
      name: 'DirectoryError',
      message: 'directory: resolve: LIMIT',
    });
    expect([mismatch, new Error('x'), undefined].map(DirectoryError.is)).toEqual([true, false, false]);
  });
});

describe('what servers write without allocating', () => {
  it('is what the encoders write', () => {
    const codes = fc.constantFrom([CODE.NOT_FOUND, 0], [CODE.DENIED, 0], [CODE.NOT_MODIFIED, 60]);
    fc.assert(
      fc.property(question(), codes, fc.maxSafeNat(), ({ key, ...rest }, [code, ttl], version) => {
        const asked = questions.encode({ key, ...rest });
        const octets = new Uint8Array(60).fill(0xff);
        answer.writeNegative(octets, 6, asked, 0, code!, version, ttl!);
        const expected = answer.encode({
          key,
          code: code!,
          version,
          ttl: ttl!,
          mac: new Uint8Array(6),
          flags: 0,
          locators: [],
        });
        if (Buffer.compare(octets.subarray(6, 54), expected) !== 0) throw new Error('another answer');
        if (octets[5] !== 0xff || octets[54] !== 0xff) throw new Error('more than the answer');
      }),
    );
  });

  it('is patched in place', () => {
    const reply = message.encode({
      type: TYPE.LOOKUP_REPLY,
      ...{ txidHi: 1, txidLo: 2, keyId: 0, time: 3, tag: undefined, flags: 0, code: 0 },
      stamp: { epoch: 1, revision: 2 },
      answers: [],
    });
    header.writeFlags(reply, 0, FLAG.RESPONSE | FLAG.SYNCING);
    expect(message.decode(reply)).toMatchObject({ flags: FLAG.SYNCING, txidLo: 2, answers: [] });
    header.writeCount(reply, 0, 1);
    expect(message.check(reply)).toBe('E_OLD_TRUNCATED');
    expect(reply.length).toBeLessThan(DATAGRAM_LENGTH_MAX);
  });
});
