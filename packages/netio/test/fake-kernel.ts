import { IpAddress } from '@overlane/wire';
import type { Arena } from '../src/arena.js';
import { FakeSystem } from './fake-system.js';

/** The interface of {@link fakeKernel}. */
export const INTERFACE_INDEX = 7;
/** Its hardware address. */
export const OUR_MAC = '02000000000a';

/** What the kernel's tables hold; tests change it as they go. */
export interface KernelTables {
  /** By destination; without one there is no route. */
  readonly routes: Map<string, { readonly index: number; readonly gateway?: string; readonly type?: number }>;
  /** By address: state and hardware address (hexadecimal digits). */
  readonly neighbors: Map<string, { readonly state: number; readonly mac: string }>;
  /** Neighbours that the kernel was asked to find. */
  readonly used: string[];
  /** Look-ups of routes. */
  lookUps: number;
  mtu: number;
  mac: string;
  hardwareType: number;
}

/** System calls whose netlink sockets and interface requests answer from tables. Reads and writes are netlink's. */
export function fakeKernel(arena: Arena): { system: FakeSystem; tables: KernelTables } {
  const tables: KernelTables = {
    routes: new Map(),
    neighbors: new Map(),
    used: [],
    lookUps: 0,
    mtu: 1500,
    mac: OUR_MAC,
    hardwareType: 1,
  };
  const system = new FakeSystem();
  const view = new DataView(arena.bytes.buffer);
  let reply = new Uint8Array(0);
  system.always('write', (_fd, address, length) => {
    const request = arena.bytes.slice(address! - arena.baseAddress, address! - arena.baseAddress + length!);
    reply = answer(request, tables);
    return length!;
  });
  system.always('read', (_fd, address) => {
    arena.bytes.set(reply, address! - arena.baseAddress);
    return reply.length === 0 ? -11 : reply.length;
  });
  system.always('ioctl', (_fd, request, address) => {
    const union = address! - arena.baseAddress + 16;
    if (request === 0x8933) view.setUint32(union, INTERFACE_INDEX, true);
    if (request === 0x8921) view.setUint32(union, tables.mtu, true);
    if (request === 0x8927) {
      view.setUint16(union, tables.hardwareType, true);
      arena.bytes.set(Buffer.from(tables.mac, 'hex'), union + 2);
    }
    return 1;
  });
  return { system, tables };
}

function answer(request: Uint8Array, tables: KernelTables): Uint8Array<ArrayBuffer> {
  const view = new DataView(request.buffer);
  const type = view.getUint16(4, true);
  const sequence = view.getUint32(8, true);
  const family = request[16] === 10 ? 6 : 4;
  const address = new IpAddress();
  address.read(request, 16 + 12 + 4, family);
  if (view.getUint16(16 + 14, true) !== 1) throw new Error('the first attribute is not the destination');
  const name = address.toString();
  const error = message(2, sequence, new Uint8Array(20));
  if (type === 28) {
    tables.used.push(name);
    return error;
  }
  if (type === 26) {
    tables.lookUps++;
    const route = tables.routes.get(name);
    if (route === undefined) return error;
    const index = new Uint8Array(Uint32Array.of(route.index).buffer);
    const parts = [attribute(1, octetsOf(name)), attribute(4, index)];
    if (route.gateway !== undefined) {
      const other = route.gateway.includes(':') !== name.includes(':');
      parts.push(
        other ? attribute(18, Uint8Array.of(10, 0, ...octetsOf(route.gateway))) : attribute(5, octetsOf(route.gateway)),
      );
    }
    return message(
      24,
      sequence,
      Uint8Array.of(request[16]!, 32, 0, 0, 254, 2, 0, route.type ?? 1, 0, 0, 0, 0),
      ...parts,
    );
  }
  const neighbor = tables.neighbors.get(name);
  if (neighbor === undefined || view.getUint32(16 + 4, true) !== INTERFACE_INDEX) return error;
  const body = Uint8Array.of(request[16]!, 0, 0, 0, 7, 0, 0, 0, neighbor.state, 0, 0, 1);
  return message(28, sequence, body, attribute(1, octetsOf(name)), attribute(2, Buffer.from(neighbor.mac, 'hex')));
}

function octetsOf(name: string): Uint8Array {
  const address = IpAddress.parse(name);
  const bytes = new Uint8Array(address.length);
  address.write(bytes, 0);
  return bytes;
}

function attribute(type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((4 + data.length) / 4) * 4);
  new DataView(bytes.buffer).setUint16(0, 4 + data.length, true);
  new DataView(bytes.buffer).setUint16(2, type, true);
  bytes.set(data, 4);
  return bytes;
}

function message(type: number, sequence: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.concat([new Uint8Array(16), ...parts]));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  return bytes;
}
