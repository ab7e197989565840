import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type TemplateHeaderFault = 'E_TEMPLATE_TRUNCATED' | 'E_TEMPLATE_UNSUPPORTED_VERSION';

/** Every fault of this package, the encoder's and those of the outer headers included. */
export type TemplateFault = WireFault | TemplateHeaderFault | 'E_TEMPLATE_NETWORK_RANGE';
