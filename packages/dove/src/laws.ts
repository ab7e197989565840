/**
 * The laws of OTV and DOVE codecs and encapsulations. Pass your own implementation to test it, with the layouts as oracle:
 *
 *     for (const law of doveLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec, Encapsulation } from '@overlane/wire';
import {
  type EncapsulationLaw,
  type Law,
  type LawSubject,
  type Oracle,
  codecLaws,
  encapsulationLaws,
} from '@overlane/wire/laws';
import { doveHeader, identifier, otvHeader } from './arbitraries.js';
import { INSTANCE_ID_MAX, OVERLAY_ID_MAX } from './constants.js';
import * as dove from './dove/header.js';
import { DoveEncapsulation } from './encapsulation.js';
import {
  doveExtensionLayout,
  doveFragmentLayout,
  doveLayout,
  doveOptionsLayout,
  otvLayout,
  splitOptions,
} from './layout.js';
import * as otv from './otv/header.js';

export { vanLaws, vanSubject } from './van-laws.js';

/** The OTV header as a law subject. */
export const otvSubject = (codec: Codec<otv.OtvHeader> = otv): LawSubject<otv.OtvHeader> => ({
  codec,
  faults: ['E_OTV_TRUNCATED'],
  headers: otvHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: canonicalOtv,
  fields: {
    instanceValid: { read: otv.readInstanceValid },
    overlayId: { read: otv.readOverlayId, write: otv.writeOverlayId, max: OVERLAY_ID_MAX },
    instanceId: { read: otv.readInstanceId, write: otv.writeInstanceId, max: INSTANCE_ID_MAX },
  },
  oracle: otvLayout as LawSubject<otv.OtvHeader>['oracle'] & object,
  toRecord: ({ overlayId, instanceId }) => ({ overlayId, ...instanceRecord(instanceId) }),
});

/** The DOVE header with its extensions as a law subject. */
export const doveSubject = (codec: Codec<dove.DoveHeader> = dove): LawSubject<dove.DoveHeader> => ({
  codec,
  faults: [
    'E_OTV_TRUNCATED',
    'E_DOVE_VERSION',
    'E_DOVE_NO_INSTANCE',
    'E_DOVE_EXT_LENGTH',
    'E_DOVE_UNKNOWN_HEADER',
    'E_DOVE_OPTION_LENGTH',
    'E_DOVE_FRAG_FLAG',
    'E_DOVE_FRAG_ALIGN',
    'E_DOVE_FRAG_RANGE',
  ],
  headers: doveHeader(),
  packetOf: (header) => withData(codec.encode(header), header),
  canonical: canonicalDove,
  fields: {
    version: { read: dove.readVersion },
    instanceValid: { read: dove.readInstanceValid },
    fragment: { read: dove.readFragment },
    control: { read: dove.readControl },
    overlayId: { read: dove.readOverlayId, write: dove.writeOverlayId, max: OVERLAY_ID_MAX },
    instanceId: { read: dove.readInstanceId, write: dove.writeInstanceId, max: INSTANCE_ID_MAX },
    nextHeader: { read: dove.readNextHeader },
  },
  oracle,
  toRecord: ({ version, control, overlayId, instanceId, extensions }) => {
    const fragment = extensions.some(({ kind }) => kind === 'fragment');
    return { version, control, fragment, overlayId, ...instanceRecord(instanceId), extensions };
  },
});

/** The laws of an OTV header codec: ours, or `codec`. */
export const otvLaws = (codec?: Codec<otv.OtvHeader>): Law[] => codecLaws(otvSubject(codec));

/** The laws of a DOVE header codec with its extensions: ours, or `codec`. */
export const doveLaws = (codec?: Codec<dove.DoveHeader>): Law[] => codecLaws(doveSubject(codec));

/** The laws of an encapsulation: ours, or what `make` makes. */
export const doveEncapsulationLaws = (make: () => Encapsulation = () => new DoveEncapsulation()): EncapsulationLaw[] =>
  encapsulationLaws({ make, networks: identifier() });

/** The fields of an instance, whose value has no meaning if there is none. */
function instanceRecord(instanceId: number | undefined): Readonly<Record<string, unknown>> {
  return instanceId === undefined ? { instanceValid: false } : { instanceValid: true, instanceId };
}

/** The octets of the header, and of data behind it where a fragment needs some. */
function withData(header: Uint8Array, { extensions }: dove.DoveHeader): Uint8Array {
  const last = extensions.at(-1);
  const packet = new Uint8Array(header.length + (last?.kind === 'fragment' && last.more ? 8 : 0));
  packet.set(header);
  return packet;
}

/** Reserved bits cleared, and the instance if I says that there is none. */
function canonicalOtv(packet: Uint8Array): Uint8Array {
  const header = packet.slice(0, 8);
  header[0]! &= 0x08;
  header[7] = 0;
  if (header[0] === 0) header.fill(0, 4);
  return header;
}

function canonicalDove(packet: Uint8Array): Uint8Array {
  if (packet[0]! < 16) return canonicalOtv(packet);
  let end = 8;
  const header = packet.slice();
  header[0]! &= 0xfe;
  for (let type = header[7]!; type !== 0;) {
    if (type === 1) header[end + 3]! &= 0xf9;
    type = header[end]!;
    end += 4 * header[end + 1]!;
  }
  return header.slice(0, end);
}

/** The layouts of header and extensions, in the terms of a decoded header. */
const oracle: Oracle = {
  decode: (bytes, offset, end) => {
    const record = doveLayout.decode(bytes, offset, end);
    if (record.version === 0) return { ...record, control: false, fragment: false, parts: [record], extensions: [] };
    const parts: Part[] = [];
    let at = offset + doveLayout.length(bytes, offset, end);
    for (let type = record.nextHeader; type !== 0; type = parts.at(-1)!.record.nextHeader) {
      const layout = layoutOf(type);
      parts.push({ type, record: layout.decode(bytes, at, end) as Part['record'] });
      at += layout.length(bytes, at, end);
    }
    return { ...record, parts, extensions: parts.map(valueOf) };
  },
  encode: ({ parts, ...record }) => {
    const front = doveLayout.encode(record as ReturnType<typeof doveLayout.decode>);
    const rest =
      record['version'] === 0 ? [] : (parts as Part[]).map((part) => layoutOf(part.type).encode(part.record as never));
    return Uint8Array.from([front, ...rest].flatMap((octets) => [...octets]));
  },
};

/** An extension as its layout reads it. */
interface Part {
  readonly type: number;
  readonly record: Readonly<Record<string, unknown>> & { readonly nextHeader: number };
}

function layoutOf(type: number): typeof doveFragmentLayout | typeof doveOptionsLayout | typeof doveExtensionLayout {
  if (type === 1) return doveFragmentLayout;
  return type === 2 ? doveOptionsLayout : doveExtensionLayout;
}

function valueOf({ type, record }: Part): Readonly<Record<string, unknown>> {
  if (type === 1) {
    const { fragmentOffset, more, identification } = record;
    return { kind: 'fragment', offset: 8 * (fragmentOffset as number), more, identification };
  }
  if (type !== 2) return { kind: 'opaque', type, body: record['body'] };
  const options = splitOptions(record['options'] as Uint8Array).map(({ type: kind, value }) => ({ type: kind, value }));
  return { kind: 'options', options };
}
