import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type SttHeaderFault = 'E_STT_TRUNCATED' | 'E_STT_UNSUPPORTED_VERSION';

/** Every fault of this package, the encoder's and those of the outer headers included. */
export type SttFault = WireFault | SttHeaderFault | 'E_STT_NETWORK_RANGE';
