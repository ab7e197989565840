import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type GreHeaderFault = 'E_GRE_RESERVED_BITS' | 'E_GRE_TRUNCATED' | 'E_GRE_UNSUPPORTED_VERSION';

/** Every fault of GRE, the encoder's and those of the outer headers included. */
export type GreFault =
  | WireFault
  | GreHeaderFault
  | 'E_GRE_BAD_CHECKSUM'
  | 'E_GRE_BAD_PROTOCOL'
  | 'E_GRE_INNER_TRUNCATED'
  | 'E_GRE_KEY_MISSING'
  | 'E_GRE_KEY_PRESENT'
  | 'E_GRE_KEY_RANGE'
  | 'E_GRE_OUT_OF_SEQUENCE'
  | 'E_GRE_UNKNOWN_KEY';
