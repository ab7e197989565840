import type { WireFault } from '@overlane/wire';

/** What the OTV codec can find wrong, in this order (rules 1, 3 and 4). */
export type OtvHeaderFault = 'E_OTV_TRUNCATED' | 'E_OTV_RESERVED' | 'E_OTV_NO_INSTANCE';

/** What the DOVE codec can find wrong, in this order (rules 1, 2 and 5 to 11). */
export type DoveHeaderFault =
  | 'E_OTV_TRUNCATED'
  | 'E_DOVE_VERSION'
  | 'E_DOVE_NO_INSTANCE'
  | 'E_DOVE_EXT_LENGTH'
  | 'E_DOVE_UNKNOWN_HEADER'
  | 'E_DOVE_OPTION_LENGTH'
  | 'E_DOVE_FRAG_FLAG'
  | 'E_DOVE_FRAG_ALIGN'
  | 'E_DOVE_FRAG_RANGE';

/** What reassembly can find wrong (rule 12), or gives up for. */
export type DoveReassemblyFault = 'E_DOVE_FRAG_OVERLAP' | 'E_DOVE_FRAG_LIMIT' | 'E_DOVE_FRAG_TIMEOUT';

/** Every fault of headers, fragments and encapsulation, those of the outer headers included. */
export type DoveFault =
  | WireFault
  | OtvHeaderFault
  | DoveHeaderFault
  | DoveReassemblyFault
  | 'E_DOVE_PEER'
  | 'E_DOVE_TOO_BIG'
  | 'E_DOVE_UNKNOWN_INSTANCE'
  | 'E_DOVE_WRONG_PORT'
  | 'E_OTV_CONTROL'
  | 'E_OTV_INNER_TRUNCATED';
