import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type NetlordHeaderFault = 'E_NETLORD_TRUNCATED' | 'E_NETLORD_UNSUPPORTED_VERSION';

/** Every fault of this package, the encoder's and those of the outer headers included. */
export type NetlordFault = WireFault | NetlordHeaderFault | 'E_NETLORD_NETWORK_RANGE';
