/** Plan, configuration and switches together: on any fabric, packets arrive over every VLAN of the reach table, once. */
import { describe, it } from '@jest/globals';
import { PacketBuffer, formatMac, parseMac } from '@overlane/wire';
import fc from 'fast-check';
import { edge, frame, spain } from '../src/index.js';
import { fabrics } from './fabrics.js';

const SERVER_PORT = 9;
/** More hops than any packet makes on trees of this size; a loop makes more. */
const HOPS_MAX = 500;

/** A fabric of models with a server at port 9 of every edge switch. */
class ModelFabric {
  readonly switches: ReadonlyMap<string, edge.EdgeSwitch>;
  readonly plan: spain.SpainPlan;

  constructor(topology: spain.Topology, k: number) {
    const fabric = edge.numberedFabric(topology, (n) => [
      { port: SERVER_PORT, mac: formatMac(Uint8Array.of(2, 0x50, 0, 0, 0, n)) },
    ]);
    this.plan = spain.planPaths(fabric, { k, random32: spain.seededRandom32(1), rounds: 1 });
    const configs = edge.configureSwitches(fabric, this.plan);
    this.switches = new Map(configs.map((config) => [config.name, new edge.EdgeSwitch(config)]));
  }

  /** Sends a frame from the server of `from`; returns the edge switches whose servers got it, and it. @throws Error if it circles */
  send(from: string, bytes: Uint8Array): { readonly at: string; readonly bytes: Uint8Array }[] {
    const got: { at: string; bytes: Uint8Array }[] = [];
    const open = [{ name: from, device: `p${SERVER_PORT}`, bytes }];
    for (const { name, device, bytes: arrived } of open) {
      if (open.length > HOPS_MAX) throw new Error('it circles');
      const one = this.switches.get(name)!;
      const port = one.config.ports.findIndex((each) => each.device === device);
      one.receive(port, PacketBuffer.from(arrived), 0, (to, packet) => {
        const { peer, device: by } = one.config.ports[to]!;
        if (peer === undefined) got.push({ at: name, bytes: packet.copy() });
        else open.push({ name: peer, device: by, bytes: packet.copy() });
      });
    }
    return got;
  }

  macOf(name: string): Uint8Array {
    return parseMac(this.switches.get(name)!.config.mac!);
  }
}

function packet(fabric: ModelFabric, from: string, to: string, vlan: number): Uint8Array {
  const headers = frame.encode({
    destination: fabric.macOf(to),
    source: fabric.macOf(from),
    isTagged: true,
    header: {
      ...{ dscp: 0, ecn: 0, totalLength: 20 + 46, tci: vlan, ttl: 2, protocol: 253 },
      ...{ macAsId: 0x0100_0007, port: SERVER_PORT, tenantId: 5 },
    },
  });
  return Uint8Array.from([...headers, ...new Uint8Array(46)]);
}

describe('a fabric of any shape', () => {
  it('brings a packet to its server once over every VLAN of the reach table, learned or flooded, and the tag in its identification', () => {
    fc.assert(
      fc.property(fabrics(), fc.integer({ min: 1, max: 3 }), (topology, k) => {
        const fabric = new ModelFabric(topology, k);
        for (const round of ['flooded', 'learned']) {
          for (const { from, to, vlans } of fabric.plan.reach) {
            for (const vlan of [spain.TREE_VLAN, ...vlans]) {
              const got = fabric.send(from, packet(fabric, from, to, vlan));
              const right = got.filter(({ at }) => at === to);
              if (right.length !== 1)
                throw new Error(`${round}: ${right.length} came from ${from} to ${to} by ${vlan}`);
              const { header, isTagged, source } = frame.decode(right[0]!.bytes);
              if (isTagged || header.tci !== vlan || header.ttl !== 1) return false;
              if (formatMac(source) !== formatMac(fabric.macOf(to))) return false;
              // Once both ends were heard on a VLAN, nobody else sees the packet.
              if (round === 'learned' && got.length !== 1) return false;
            }
          }
        }
        const edges = [...fabric.switches.values()].flatMap(({ config }) =>
          config.kind === 'edge' ? config.mac! : [],
        );
        return [...fabric.switches.values()].every((one) => one.fib(0).every(({ mac }) => edges.includes(mac)));
      }),
      // Each run is a network with hundreds of packets.
      { numRuns: 50 },
    );
  });

  it('brings a broadcast on a VLAN to each server of it once', () => {
    fc.assert(
      fc.property(fabrics(), (topology) => {
        const fabric = new ModelFabric(topology, 2);
        for (const { config } of fabric.switches.values()) {
          if (config.kind !== 'edge') continue;
          const own = fabric.macOf(config.name);
          const bytes = Uint8Array.of(
            255,
            255,
            255,
            255,
            255,
            255,
            ...own,
            0x81,
            0,
            0,
            1,
            0x88,
            0xb5,
            ...new Uint8Array(42),
          );
          const got = fabric.send(config.name, bytes).map(({ at }) => at);
          const others = fabric.plan.topology.switches.filter(
            ({ kind, name }) => kind === 'edge' && name !== config.name,
          );
          if (
            got.sort().join() !==
            others
              .map(({ name }) => name)
              .sort()
              .join()
          )
            return false;
        }
        return true;
      }),
      { numRuns: 50 },
    );
  });
});
