import { classifierSuite } from './classifier/index.js';
import { doveSuite } from './dove.js';
import { geneveSuite } from './geneve.js';
import { netlordSuite } from './netlord.js';
import { nvgreSuite } from './nvgre.js';
import { sttSuite } from './stt.js';
import { vxlanSuite } from './vxlan.js';
import { wireSuite } from './wire.js';

/** All suites, in the order of the report. */
export const SUITES = [
  wireSuite,
  vxlanSuite,
  geneveSuite,
  nvgreSuite,
  sttSuite,
  doveSuite,
  netlordSuite,
  classifierSuite,
] as const;
