// Shows that the lint holds the floors: each of these lines must be refused where it stands, and its lawful twin accepted.
import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { ROOT } from './support/repository.mjs';
import { Tally } from './support/tally.mjs';

const BOUNDARIES = '@nx/enforce-module-boundaries';
const CASES = [
  ['ground imports a protocol', 'wire', "import '@overlane/vxlan';", BOUNDARIES],
  ['ground imports the description floor', 'wire', "import '@overlane/layout';", BOUNDARIES],
  ['description imports a protocol', 'layout', "import '@overlane/vxlan';", BOUNDARIES],
  ['one protocol imports another', 'vxlan', "import '@overlane/capture';", BOUNDARIES],
  ['a protocol imports the switch', 'vxlan', "import '@overlane/switch';", BOUNDARIES],
  ['a mechanism imports a protocol', 'netio', "import '@overlane/vxlan';", BOUNDARIES],
  ['the switch imports the command line', 'switch', "import 'overlane';", BOUNDARIES],
  ['a package reaches into another by path', 'switch', "import '../../vxlan/src/header.js';", BOUNDARIES],
  ['a data path imports layouts', 'vxlan', "import '@overlane/layout';", 'no-restricted-imports'],
  ['a pure package imports a Node built-in', 'wire', "import 'node:fs';", 'no-restricted-imports'],
  ['a pure package reads the clock', 'vxlan', 'export const now = Date.now();', 'no-restricted-properties'],
  ['a pure package throws dice', 'capture', 'export const dice = Math.random();', 'no-restricted-properties'],
  ['a pure package sets a timer', 'layout', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
  ['a protocol imports the ground', 'vxlan', "import '@overlane/wire';", undefined],
  ['the switch imports a protocol', 'switch', "import '@overlane/vxlan';", undefined],
];

// The rule reads Nx's stored picture of who imports whom; this brings it up to date.
process.env.NX_DAEMON = 'false';
await createProjectGraphAsync();

const eslint = new ESLint({ cwd: ROOT, overrideConfig: tseslint.configs.disableTypeChecked });
const tally = new Tally();
for (const [what, directory, line, rule] of CASES) {
  // The file does not exist: its path says which package, and so which floor, the line stands in.
  const filePath = `packages/${directory}/src/floor-check.ts`;
  const [{ messages }] = await eslint.lintText(`${line}\n`, { filePath });
  const refusals = messages.filter(
    ({ ruleId, fatal }) => fatal || (rule === undefined ? ruleId === BOUNDARIES : ruleId === rule),
  );
  const found = messages.map(({ ruleId, message }) => `${ruleId}: ${message}`).join('\n') || 'the lint accepted it';
  if (rule === undefined) {
    if (refusals.length === 0) tally.pass(`accepted: ${what}`);
    else tally.fail(`accepted: ${what}`, found);
  } else if (refusals.some(({ fatal }) => !fatal)) {
    tally.pass(`refused: ${what} (${refusals[0].message.split('\n')[0]})`);
  } else {
    tally.fail(`refused: ${what}`, `expected ${rule} to refuse: ${line}\n${found}`);
  }
}
tally.finish();
