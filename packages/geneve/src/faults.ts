import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong, in this order (rules G4, G5, G6, G8 and G10). */
export type GeneveHeaderFault =
  | 'E_GENEVE_TRUNCATED'
  | 'E_GENEVE_UNSUPPORTED_VERSION'
  | 'E_GENEVE_OPTIONS_LENGTH_MISMATCH'
  | 'E_GENEVE_CRITICAL_FLAG_MISSING';

/** Every fault of this package, those of the outer headers included (rules G1 to G13 and the encoder's). */
export type GeneveFault =
  | WireFault
  | GeneveHeaderFault
  | 'E_GENEVE_CONTROL'
  | 'E_GENEVE_INNER_TRUNCATED'
  | 'E_GENEVE_INNER_VLAN'
  | 'E_GENEVE_OPTIONS_TOO_LONG'
  | 'E_GENEVE_OPTION_DATA_LENGTH'
  | 'E_GENEVE_UNKNOWN_CRITICAL_OPTION'
  | 'E_GENEVE_UNKNOWN_VNI'
  | 'E_GENEVE_UNSUPPORTED_PROTOCOL'
  | 'E_GENEVE_VNI_RANGE'
  | 'E_GENEVE_WRONG_PORT';
