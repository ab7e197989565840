// npm start [-- ARGUMENTS]: from a fresh clone to the demo. Arguments go to `overlane demo`.
import { join } from 'node:path';
import { setUp } from './setup.mjs';
import { buildPackages } from './support/build.mjs';
import { ROOT } from './support/repository.mjs';
import { foreground } from './support/run-command.mjs';

if (!setUp('start')) process.exit(1);
console.error('start: building');
if (!(await buildPackages())) process.exit(1);
const cli = join(ROOT, 'packages', 'overlane', 'dist', 'cli.js');
process.exitCode = await foreground(process.execPath, [cli, 'demo', ...process.argv.slice(2)]);
