/** What a dissector must know of checksums that STT leaves to the far end. */
import type { Binding, DissectContext } from '@overlane/layout';
import { frame } from '@overlane/stt';

const CHECKSUMMED: readonly string[] = ['tcp', 'udp'];

/**
 * The same bindings, but for TCP and UDP inside an STT frame that says their checksum is partial (draft-davie-stt-08
 * §3.1): the field then holds the sum of the pseudo-header, and is no fault.
 */
export function allowPartialChecksums(bindings: readonly Binding[]): readonly Binding[] {
  return bindings.map((binding) => {
    const { layout, verify } = binding;
    if (verify === undefined || !CHECKSUMMED.includes(layout.protocol)) return binding;
    return { ...binding, verify: (header, context) => (isPartial(context) ? undefined : verify(header, context)) };
  });
}

/** Whether the frame header speaks of this very transport header. */
function isPartial({ outer, offset }: DissectContext): boolean {
  const around = outer.filter(({ protocol }) => protocol === 'stt-frame').at(-1);
  if (around === undefined || around.record['checksumPartial'] !== true) return false;
  return offset === around.offset + frame.HEADER_LENGTH + (around.record['l4Offset'] as number);
}
