import type { WireFault } from '@overlane/wire';

/** What the codecs of header and frame can find wrong, in this order. */
export type NetlordHeaderFault =
  | 'E_NL_TRUNCATED'
  | 'E_NL_HEADER'
  | 'E_NL_CHECKSUM'
  | 'E_NL_PROTOCOL'
  | 'E_NL_FRAGMENT'
  | 'E_NL_TTL'
  | 'E_NL_PORT'
  | 'E_NL_VLAN_ID'
  | 'E_NL_INNER_TRUNCATED';

/** Every fault of the encapsulation: the codecs', then those that take an endpoint to tell, then those of sending. */
export type NetlordFault =
  | WireFault
  | NetlordHeaderFault
  | 'E_NL_NOT_MY_PORT'
  | 'E_NL_UNKNOWN_TENANT'
  | 'E_NL_MAC_AS_ID_RANGE'
  | 'E_NL_TENANT_RANGE';
