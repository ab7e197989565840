import { type Fault, CodecError, ipv4, read16, tcp } from '@overlane/wire';
import type { HeaderRecord } from './field.js';
import type { JsonRecord } from './format.js';
import type { Layout } from './header.js';

/** Most layers of one packet. Choice: 32, far above any real stack, so that crafted nesting costs a bounded time. */
export const LAYERS_MAX = 32;

/** Name of the layer of octets that no binding claims. */
export const DATA = 'data';

/** A header that the walk has read. */
export interface OpenLayer {
  /** Protocol name. */
  readonly protocol: string;
  /** Offset of its first octet. */
  readonly offset: number;
  /** Octets of the header. */
  readonly length: number;
  /** Where the octets end that the enclosing headers give it. */
  readonly end: number;
  /** Its raw fields. */
  readonly record: HeaderRecord;
}

/** What a binding may look at: its own header's place, the whole packet, and the headers around it. */
export interface DissectContext extends OpenLayer {
  /** The packet. Not to be changed or kept. */
  readonly bytes: Uint8Array;
  /** The headers in front of this one, outermost first. */
  readonly outer: readonly OpenLayer[];
  /** The caller's options. */
  readonly options: DissectOptions;
}

/** What follows a header: `protocol` at `bytes[offset..end)`. A name that has no binding, such as `data`, is data. */
export interface NextHeader {
  /** Protocol name, or `ip` for either version. */
  readonly protocol: string;
  /** Where it starts. */
  readonly offset: number;
  /** Where its octets end, by this header's length field or else `context.end`. Octets behind it are padding. */
  readonly end: number;
}

/** How one protocol takes part in the walk. Plain data; a protocol package exports one. */
export interface Binding<Header extends HeaderRecord = HeaderRecord> {
  /** The header. Its `protocol` is the name that other bindings use in `next`. */
  readonly layout: Layout<Header>;
  /** A fuller layout of the same header, by what `layout` found, such as the ICMP type. */
  variant?(record: Header): Layout | undefined;
  /** Why the octets can't be this header: usually the codec's own `check`. Must not throw. */
  check?(bytes: Uint8Array, offset: number, end: number): Fault | undefined;
  /** What is wrong with a header that reads well, for instance its checksum. Must not throw. */
  verify?(record: Header, context: DissectContext): Fault | undefined;
  /** What follows; `undefined`: everything up to `context.end` is data. Must not throw. */
  next?(record: Header, context: DissectContext): NextHeader | undefined;
}

/** What a dissection may be told. */
export interface DissectOptions {
  /** Protocol of the first octet: any bound one, or `ip` for either version. Default `ethernet`. */
  readonly start?: string;
  /** Protocols behind UDP ports, such as `{ 4789: 'vxlan' }`: destination port first, then source port. Default none. */
  readonly udpPorts?: Readonly<Record<number, string>>;
  /**
   * Protocols behind IP protocol (next header) numbers, such as `{ 47: 'nvgre' }`, where the usual name is not the right
   * one or there is none. Extension headers can't be renamed. Default none.
   */
  readonly ipProtocols?: Readonly<Record<number, string>>;
  /**
   * Protocols behind EtherTypes, such as `{ 0x88b5: 'nl-arp' }`, where the usual name is not the right one or there is none.
   * A value of 1500 or less is an 802.3 length and can't be named. Default none.
   */
  readonly etherTypes?: Readonly<Record<number, string>>;
  /**
   * Protocols that use IPv4's syntax for something else, by protocol number, such as `{ 253: 'netlord' }`: their header
   * takes the place of IPv4's. Default none.
   */
  readonly ipv4Headers?: Readonly<Record<number, string>>;
  /**
   * Protocols that use TCP's syntax for something else on a destination port, such as `{ 7471: 'stt' }`: their header
   * takes the place of TCP's. A stream is no matter of one packet, so what TCP itself carries is always data. Default none.
   */
  readonly tcpPorts?: Readonly<Record<number, string>>;
  /**
   * Where UDP over IPv6 may come without checksum (RFC 6935): `true` on every port, or on these destination ports.
   * Default nowhere.
   */
  readonly allowZeroChecksumIpv6?: boolean | readonly number[];
}

/** One layer of a packet. */
export interface DissectedLayer {
  /** Protocol name; `data` for octets that no binding claims. */
  readonly protocol: string;
  /** Offset of its first octet in the packet. */
  readonly offset: number;
  /** Octets of the header, or of the data. */
  readonly length: number;
  /** Its fields as `Layout.format` gives them; none for data. */
  readonly fields: JsonRecord;
}

/** What a packet holds. */
export interface Dissection {
  /** The layers read, outermost first, each behind the one before it. Padding is in none of them. */
  readonly layers: readonly DissectedLayer[];
  /** Why the walk stopped early. The header at fault is the last layer if its octets are all there. */
  readonly fault?: Fault;
}

/** Walks packets by a fixed set of bindings. */
export interface Dissector {
  /** The names it knows. */
  readonly protocols: readonly string[];
  /**
   * Takes a packet apart. Never throws on any octets. At most `LAYERS_MAX` layers, then `E_LAYOUT_TOO_MANY_LAYERS`.
   * Allocates freely: for people and tests, not for a data path. @throws TypeError if `options` name an unknown protocol
   */
  dissect(bytes: Uint8Array, options?: DissectOptions): Dissection;
}

/** A dissector that knows exactly `bindings`. @throws TypeError if two have one protocol */
export function createDissector(bindings: readonly Binding[]): Dissector {
  const table = new Map(bindings.map((binding) => [binding.layout.protocol, binding]));
  if (table.size !== bindings.length) throw new TypeError('two bindings have one protocol');
  return {
    protocols: [...table.keys()],
    dissect: (bytes, options = {}) => {
      requireKnown(table, options);
      return walk(table, bytes, options);
    },
  };
}

function walk(table: ReadonlyMap<string, Binding>, bytes: Uint8Array, options: DissectOptions): Dissection {
  const layers: DissectedLayer[] = [];
  const outer: OpenLayer[] = [];
  let next: NextHeader = { protocol: options.start ?? 'ethernet', offset: 0, end: bytes.length };
  for (;;) {
    const binding = table.get(protocolAt(next, bytes, options));
    if (binding === undefined && next.offset >= next.end) return { layers };
    if (layers.length === LAYERS_MAX) return { layers, fault: 'E_LAYOUT_TOO_MANY_LAYERS' };
    if (binding === undefined) {
      layers.push({ protocol: DATA, offset: next.offset, length: next.end - next.offset, fields: {} });
      return { layers };
    }
    const read = readLayer(binding, bytes, next);
    if (read.layer === undefined) return { layers, fault: read.fault };
    layers.push(read.layer);
    if (read.fault !== undefined) return { layers, fault: read.fault };
    const context: DissectContext = { ...read.open, bytes, outer, options };
    const fault = binding.verify?.(read.open.record, context);
    if (fault !== undefined) return { layers, fault };
    next = within(context, binding.next?.(read.open.record, context));
    outer.push(read.open);
  }
}

type ReadLayer =
  | { readonly layer: undefined; readonly fault: Fault }
  | { readonly layer: DissectedLayer; readonly open: OpenLayer; readonly fault: Fault | undefined };

/** Reads one header; one that `check` refuses too, if it is all there, because people want to see what is wrong. */
function readLayer(binding: Binding, bytes: Uint8Array, { offset, end }: NextHeader): ReadLayer {
  const fault = binding.check?.(bytes, offset, end);
  try {
    const plain = binding.layout.decode(bytes, offset, end);
    const layout = (fault === undefined ? binding.variant?.(plain) : undefined) ?? binding.layout;
    const record = layout === binding.layout ? plain : layout.decode(bytes, offset, end);
    const length = layout.length(bytes, offset, end);
    const { protocol } = binding.layout;
    return {
      layer: { protocol, offset, length, fields: layout.format(record) },
      open: { protocol, offset, length, end, record },
      fault,
    };
  } catch (error) {
    if (!CodecError.is(error)) throw error;
    return { layer: undefined, fault: fault ?? error.code };
  }
}

/** A next header can't reach beyond this header's own octets, nor back into it. */
function within({ offset, length, end }: OpenLayer, next: NextHeader | undefined): NextHeader {
  const start = offset + length;
  if (next === undefined) return { protocol: DATA, offset: start, end };
  return { protocol: next.protocol, offset: Math.max(start, next.offset), end: Math.min(end, next.end) };
}

/**
 * `ip` is the version that the first nibble says; anything but 6 is left to IPv4, which refuses it by name. IPv4 is what
 * its protocol field says, and TCP what its destination port says, if the octets reach that far.
 */
function protocolAt(next: NextHeader, bytes: Uint8Array, { tcpPorts = {}, ipv4Headers = {} }: DissectOptions): string {
  const { offset, end } = next;
  const left = end - offset;
  const protocol = next.protocol === 'ip' ? versionAt(bytes, next) : next.protocol;
  if (protocol === ipv4.PROTOCOL && left >= 10) return ipv4Headers[ipv4.readProtocol(bytes, offset)] ?? protocol;
  if (protocol === tcp.PROTOCOL && left >= 4) return tcpPorts[read16(bytes, offset + 2)] ?? protocol;
  return protocol;
}

function versionAt(bytes: Uint8Array, { offset, end }: NextHeader): 'ipv4' | 'ipv6' {
  return offset < end && bytes[offset]! >>> 4 === 6 ? 'ipv6' : 'ipv4';
}

function requireKnown(
  table: ReadonlyMap<string, Binding>,
  { start = 'ethernet', udpPorts, tcpPorts, ipProtocols, etherTypes, ipv4Headers }: DissectOptions,
): void {
  const named = [udpPorts, tcpPorts, ipProtocols, etherTypes, ipv4Headers];
  for (const protocol of [start, ...named.flatMap((names) => Object.values(names ?? {}))]) {
    const known = protocol === 'ip' || protocol === DATA || table.has(protocol);
    if (!known) throw new TypeError(`no binding for protocol '${protocol}'`);
  }
}
