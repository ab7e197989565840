import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type NvgreHeaderFault = 'E_NVGRE_TRUNCATED' | 'E_NVGRE_UNSUPPORTED_VERSION';

/** Every fault of this package, the encoder's and those of the outer headers included. */
export type NvgreFault = WireFault | NvgreHeaderFault | 'E_NVGRE_NETWORK_RANGE';
