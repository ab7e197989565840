import type { Suite } from '../suite.js';
import { cacheCases } from './cache-cases.js';
import { classifierFigures } from './figures.js';
import { tableCases } from './table-cases.js';

/** Rows about `@overlane/classifier`. */
export const classifierSuite: Suite = {
  name: 'classifier',
  rounds: 'long',
  cases: [...cacheCases, ...tableCases],
  figures: classifierFigures,
  // Peers are started per row with files of their own.
  inputs: () => ({}),
};
