import type { WireFault } from '@overlane/wire';

/** What the segment header codec can find wrong (rules S2, S4, S6 to S8 and strict mode). */
export type SttSegmentFault =
  | 'E_STT_BAD_DATA_OFFSET'
  | 'E_STT_EMPTY_SEGMENT'
  | 'E_STT_FRAME_TOO_SHORT'
  | 'E_STT_SEGMENT_OUT_OF_BOUNDS'
  | 'E_STT_SEGMENT_TRUNCATED'
  | 'E_STT_TCP_OPTIONS';

/** What the frame header codec can find wrong (rules F1 to F5). */
export type SttFrameFault =
  | 'E_STT_BAD_L4_OFFSET'
  | 'E_STT_FLAGS_CONFLICT'
  | 'E_STT_FRAME_TOO_SHORT'
  | 'E_STT_INNER_TRUNCATED'
  | 'E_STT_OFFLOAD_MISMATCH'
  | 'E_STT_UNSUPPORTED_VERSION';

/** What reassembly can find wrong with a segment, or report about a context (rules S10 to S13, `spec/stt.md` §7.1). */
export type SttReassemblyFault =
  | 'E_STT_REASM_DUPLICATE'
  | 'E_STT_REASM_EVICTED'
  | 'E_STT_REASM_LENGTH_MISMATCH'
  | 'E_STT_REASM_OVERLAP'
  | 'E_STT_REASM_TIMEOUT'
  | 'E_STT_REASM_TOO_MANY_SEGMENTS';

/** What a sender refuses. */
export type SttEncodeFault =
  | 'E_STT_BAD_L4_OFFSET'
  | 'E_STT_BAD_VLAN'
  | 'E_STT_FLAGS_CONFLICT'
  | 'E_STT_FRAME_TOO_LARGE'
  | 'E_STT_INNER_TRUNCATED'
  | 'E_STT_MSS_WITHOUT_PARTIAL'
  | 'E_STT_MTU_TOO_SMALL';

/** Every fault of this package, those of the outer headers included. */
export type SttFault =
  | WireFault
  | SttSegmentFault
  | SttFrameFault
  | SttReassemblyFault
  | SttEncodeFault
  | 'E_STT_BAD_CHECKSUM'
  | 'E_STT_UDP_SEGMENTATION_UNSUPPORTED'
  | 'E_STT_UNKNOWN_CONTEXT'
  | 'E_STT_WRONG_PORT'
  | 'E_STT_WRONG_PROTOCOL';
