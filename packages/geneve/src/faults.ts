import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type GeneveHeaderFault = 'E_GENEVE_TRUNCATED' | 'E_GENEVE_UNSUPPORTED_VERSION';

/** Every fault of this package, the encoder's and those of the outer headers included. */
export type GeneveFault = WireFault | GeneveHeaderFault | 'E_GENEVE_NETWORK_RANGE';
