import type { WireFault } from '@overlane/wire';
import type { GreHeaderFault } from './gre/faults.js';

/** What the header codec can find wrong (rules N3 to N9, and the reserved VSIDs of N10). */
export type NvgreHeaderFault =
  | GreHeaderFault
  | 'E_NVGRE_BAD_PROTOCOL'
  | 'E_NVGRE_CHECKSUM_PRESENT'
  | 'E_NVGRE_KEY_MISSING'
  | 'E_NVGRE_RESERVED_VSID'
  | 'E_NVGRE_SEQUENCE_PRESENT';

/** Every fault of NVGRE, those of the outer headers included (rules N1 to N13 and the encoder's). */
export type NvgreFault =
  | WireFault
  | NvgreHeaderFault
  | 'E_NVGRE_FLOWID_RANGE'
  | 'E_NVGRE_INNER_TRUNCATED'
  | 'E_NVGRE_INNER_VLAN'
  | 'E_NVGRE_UNKNOWN_VSID'
  | 'E_NVGRE_VENDOR_VSID'
  | 'E_NVGRE_VSID_RANGE';
