/**
 * The OTV and DOVE headers and DOVE's extensions as `@overlane/layout` describes headers: specification for people, oracle
 * for the tests, layers for the dissector. Transcribed from the figures, not from the codecs.
 */
import {
  type Binding,
  type DissectContext,
  type Field,
  type FieldItem,
  type Layout,
  type NextHeader,
  DATA,
  flags,
  header,
  hex,
  octets,
  reserved,
  rest,
  uint,
} from '@overlane/layout';
import { PORT } from './constants.js';
import * as dove from './dove/header.js';
import * as otv from './otv/header.js';
import { vanBinding, vanLayout } from './van-layout.js';

export { vanBinding, vanLayout };

/** OTV header over UDP (draft-hasmit-otv-04). */
export const otvLayout = header(
  'otv',
  [
    reserved('reserved0', 4, 'R|R|R|R'),
    flags(['instanceValid'], ['I']),
    reserved('reserved1', 3, 'R|R|R'),
    uint('overlayId', 24, 'Overlay ID'),
    uint('instanceId', 24, 'Instance ID'),
    reserved('reserved2', 8),
  ],
  { reference: 'draft-hasmit-otv-04' },
);

const DOVE_REFERENCE = '@overlane/dove, README: DOVE header';

/** DOVE header without its extensions. */
export const doveLayout = header(
  'dove',
  [
    uint('version', 4, 'Version'),
    flags(['instanceValid', 'fragment', 'control'], ['I', 'F', 'C']),
    reserved('reserved', 1, 'R'),
    uint('overlayId', 24, 'Overlay ID'),
    uint('instanceId', 24, 'Instance ID'),
    hex('nextHeader', 8),
  ],
  { reference: DOVE_REFERENCE },
);

const chainFields = [hex('nextHeader', 8), uint('length', 8)] as const satisfies FieldItem[];
const bodyLength = ({ length }: { length: number }): number => 4 * length - 2;

/** Fragment extension. `fragmentOffset` counts units of eight octets. */
export const doveFragmentLayout = header(
  'dove-fragment',
  [
    ...chainFields,
    uint('fragmentOffset', 13),
    reserved('reserved', 2, 'R|R'),
    flags(['more'], ['M']),
    hex('identification', 32),
  ],
  { reference: DOVE_REFERENCE },
);

/** Options extension, the options as they stand. `length` counts 32-bit words, the two octets in front included. */
export const doveOptionsLayout = header('dove-options', [...chainFields, rest('options', bodyLength, 'Options')], {
  reference: DOVE_REFERENCE,
});

/** One option. */
export const doveOptionLayout = header(
  'dove-option',
  [uint('type', 8), uint('length', 8), rest('value', ({ length }: { length: number }) => length, 'Value')],
  { reference: DOVE_REFERENCE },
);

/** An extension of a type that may be stepped over. */
export const doveExtensionLayout = header('dove-extension', [...chainFields, rest('body', bodyLength, 'Body')], {
  reference: DOVE_REFERENCE,
});

/** The options in octets that hold nothing else, in order. @throws CodecError E_LAYOUT_TRUNCATED if the last is cut */
export function splitOptions(bytes: Uint8Array): ReturnType<typeof doveOptionLayout.decode>[] {
  const options = [];
  for (let at = 0; at < bytes.length; at += doveOptionLayout.length(bytes, at)) {
    options.push(doveOptionLayout.decode(bytes, at));
  }
  return options;
}

/**
 * The Options extension with these options field by field: `option0Type`, `option0Length` and, unless it is empty,
 * `option0Value`; then `option1Type` and so on. @throws CodecError E_LAYOUT_TRUNCATED if `options` are not whole options
 */
export function doveOptionsLayoutWith(options: Uint8Array): Layout {
  const fields: Field[] = splitOptions(options).flatMap(({ value }, i) => [
    uint(`option${i}Type`, 8),
    uint(`option${i}Length`, 8),
    ...(value.length === 0 ? [] : [octets(`option${i}Value`, value.length)]),
  ]);
  return header('dove-options', [...chainFields, ...fields] as FieldItem[], { reference: DOVE_REFERENCE });
}

/** The layer that an extension type begins. */
function extensionName(type: number): string {
  if (type === 1) return 'dove-fragment';
  return type === 2 ? 'dove-options' : 'dove-extension';
}

/** What comes behind a header or extension of a version 1 packet: another extension, or the payload. */
function nextInChain(
  nextHeader: number,
  context: DissectContext,
  doveRecord: { readonly control: boolean },
): NextHeader {
  const { offset, length, end } = context;
  const payload = doveRecord.control ? 'van' : 'ethernet';
  return { protocol: nextHeader === 0 ? payload : extensionName(nextHeader), offset: offset + length, end };
}

/** Extensions learn from the DOVE header around them what the payload is. */
function behindExtension({ nextHeader }: { nextHeader: number }, context: DissectContext): NextHeader {
  const around = context.outer.filter(({ protocol }) => protocol === 'dove').at(-1);
  return nextInChain(nextHeader, context, { control: around?.record['control'] === true });
}

/** How a dissector walks through OTV. */
export const otvBinding: Binding<ReturnType<typeof otvLayout.decode>> = {
  layout: otvLayout,
  check: otv.check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};

/** How a dissector walks through DOVE: version 0 as OTV, version 1 by its extensions, each a layer of its own. */
export const doveBinding: Binding<ReturnType<typeof doveLayout.decode>> = {
  layout: doveLayout,
  check: dove.check,
  next: (record, context) =>
    record.version === 0
      ? nextInChain(0, context, { control: false })
      : nextInChain(record.nextHeader, context, record),
};

/** A fragment: what follows is a piece, so it stays data. */
export const doveFragmentBinding: Binding<ReturnType<typeof doveFragmentLayout.decode>> = {
  layout: doveFragmentLayout,
  next: (_extension, { offset, length, end }) => ({ protocol: DATA, offset: offset + length, end }),
};

/** An Options extension; the header's own check has seen that its options fill it. */
export const doveOptionsBinding: Binding<ReturnType<typeof doveOptionsLayout.decode>> = {
  layout: doveOptionsLayout,
  variant: ({ options }) => doveOptionsLayoutWith(options),
  next: behindExtension,
};

/** Any other extension. */
export const doveExtensionBinding: Binding<ReturnType<typeof doveExtensionLayout.decode>> = {
  layout: doveExtensionLayout,
  next: behindExtension,
};

/** OTV, DOVE with its extensions, and VAN's messages, for `createDissector`. */
export const doveBindings = [
  otvBinding,
  doveBinding,
  doveFragmentBinding,
  doveOptionsBinding,
  doveExtensionBinding,
  vanBinding,
] as const;

/** The UDP port, for `DissectOptions.udpPorts`, as DOVE reads it; version 0 is OTV. VXLAN on this port looks alike. */
export const DOVE_UDP_PORTS: Readonly<Record<number, string>> = { [PORT]: 'dove' };
