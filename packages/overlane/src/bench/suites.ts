import { vxlanSuite } from './vxlan.js';
import { wireSuite } from './wire.js';

/** All suites, in the order of the report. */
export const SUITES = [wireSuite, vxlanSuite] as const;
