import { describe, expect, it } from '@jest/globals';
import { CodecError } from '@overlane/wire';
import fc from 'fast-check';
import { edge, spain } from '../src/index.js';

const { namedTopology, parseFabric } = edge;

function fieldOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return CodecError.is(error) ? `${error.code} ${error.detail.field ?? ''}` : error;
  }
  return undefined;
}

describe('a named topology', () => {
  it('is a fat tree or a clique', () => {
    expect(namedTopology('fat-tree:8x4')).toEqual(spain.fatTree(8, 4));
    expect(namedTopology('clique:8')).toEqual(spain.clique(8));
    for (const text of ['', 'fat-tree', 'fat-tree:8', 'clique:8x4', 'clique:-1', 'ring:4', './clique:8']) {
      expect(namedTopology(text)).toBeUndefined();
    }
  });

  it('has a sensible size', () => {
    for (const text of ['fat-tree:1x4', 'fat-tree:8x0', 'clique:1', 'clique:0', 'clique:999999', 'fat-tree:1024x1']) {
      expect(fieldOf(() => namedTopology(text))).toBe('E_SPAIN_TOPOLOGY topology');
    }
  });
});

describe('a fabric in JSON', () => {
  const good = {
    switches: [
      { name: 'a', kind: 'edge', mac: '02:e0:00:00:00:01', hosts: [{ port: 3, mac: '02:50:00:00:00:03' }] },
      { name: 'b', kind: 'core' },
    ],
    links: [{ a: 'a', b: 'b' }],
  };

  it('is taken as it stands', () => {
    expect(parseFabric(good)).toEqual(good);
  });

  it.each<[string, unknown]>([
    ['topology', 7],
    ['topology', null],
    ['topology', []],
    ['topology.nodes', { ...good, nodes: [] }],
    ['switches', { links: [] }],
    ['switches[0]', { ...good, switches: ['a'] }],
    ['switches[0].name', { ...good, switches: [{ name: 1, kind: 'edge' }] }],
    ['switches[0].kind', { ...good, switches: [{ name: 'a' }] }],
    ['switches[0].macs', { ...good, switches: [{ name: 'a', kind: 'edge', macs: '' }] }],
    ['switches[0].mac', { ...good, switches: [{ name: 'a', kind: 'edge', mac: 2 }] }],
    ['switches[0].hosts', { ...good, switches: [{ name: 'a', kind: 'edge', hosts: {} }] }],
    ['switches[0].hosts[0].port', { ...good, switches: [{ name: 'a', kind: 'edge', hosts: [{ port: '3' }] }] }],
    ['switches[0].hosts[0].mac', { ...good, switches: [{ name: 'a', kind: 'edge', hosts: [{ port: 3 }] }] }],
    ['links', { ...good, links: 'ab' }],
    ['links[0].b', { ...good, links: [{ a: 'a' }] }],
    ['links', { ...good, links: new Array(70_000).fill({ a: 'a', b: 'b' }) }],
  ])('is refused with the field named: %s', (field, value) => {
    expect(fieldOf(() => parseFabric(value))).toBe(`E_SPAIN_TOPOLOGY ${field}`);
  });

  it('is total: any JSON is a fabric or refused by name, and so is planning and configuring it', () => {
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom('edge', 'core', 'a', 'b', '02:e0:00:00:00:01', 3));
    const near = fc.record({
      switches: fc.array(fc.record({ name: part, kind: fc.constantFrom('edge', 'core'), mac: part }), { maxLength: 4 }),
      links: fc.array(fc.record({ a: fc.constantFrom('a', 'b'), b: part }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
        try {
          const fabric = parseFabric(value);
          edge.configureSwitches(fabric, spain.planPaths(fabric, { random32: spain.seededRandom32(1) }));
        } catch (error) {
          if (!CodecError.is(error)) throw error;
        }
      }),
    );
  });
});
