// npm run new:codec -- NAME [--no-install]: makes packages/NAME in the shape that all codecs share: a working codec of an
// eight-octet header, with layout, generators, laws and tests, for its author to replace step by step.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bin, ROOT } from './support/repository.mjs';
import { collect, foreground } from './support/run-command.mjs';

const USAGE =
  'usage: npm run new:codec -- NAME [--no-install]     NAME: lower case, digits and hyphens, such as geneve';

const { name, install } = readOptions();
const folder = join(ROOT, 'packages', name);
try {
  cpSync(join(ROOT, 'tools', 'new-codec', 'template'), folder, { recursive: true });
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name !== 'LICENSE') fillIn(join(entry.parentPath, entry.name));
  }
  takeVersion();
  addReference();
  // A longer or shorter name moves line breaks.
  const format = await collect(bin('prettier'), ['--write', folder, join(ROOT, 'tsconfig.json')]);
  if (format.status !== 0) throw new Error(format.output);
} catch (error) {
  rmSync(folder, { recursive: true, force: true });
  throw error;
}
if (install) {
  const status = await foreground('npm', ['install', '--no-audit', '--no-fund']);
  if (status !== 0) process.exit(status);
}
console.log(`packages/${name} is ready. Next:
  1. src/header.ts and src/constants.ts from the figure of the standard, src/layout.ts from the same figure, read anew
  2. test/vectors/*.json with octets from elsewhere; faults in src/faults.ts; README.md
  3. npx jest packages/${name} --selectProjects unit; npx eslint packages/${name}; npx tsc -b packages/${name}
  4. a line in the package table of the root README; the CLI, if it shall speak this protocol`);

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      options: { 'no-install': { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [wanted, ...rest] = positionals;
    if (wanted === undefined || rest.length > 0) throw new Error('give one NAME');
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(wanted)) throw new Error(`${wanted} can't be the name of a package`);
    if (existsSync(join(ROOT, 'packages', wanted))) throw new Error(`packages/${wanted} exists already`);
    return { name: wanted, install: !values['no-install'] };
  } catch (error) {
    console.error(`new:codec: ${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

/** Puts the name in place of the word "template", in the spelling that its surroundings ask for. */
function fillIn(file) {
  const words = name.split('-');
  const pascal = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  const text = readFileSync(file, 'utf8')
    .replaceAll('E_TEMPLATE', `E_${words.join('_').toUpperCase()}`)
    .replaceAll('TEMPLATE', name.toUpperCase())
    .replaceAll('Template', pascal)
    .replaceAll(/template(?=[A-Z])/g, pascal[0].toLowerCase() + pascal.slice(1))
    .replaceAll('template', name);
  writeFileSync(file, text);
}

/** All packages share one version; the new one joins in. */
function takeVersion() {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'packages', 'wire', 'package.json'), 'utf8'));
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.version = version;
  for (const kind of ['dependencies', 'peerDependencies', 'devDependencies']) {
    for (const other of Object.keys(manifest[kind])) {
      if (other.startsWith('@overlane/')) manifest[kind][other] = `^${version}`;
    }
  }
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Lists the package among those that `tsc -b` checks. */
function addReference() {
  const file = join(ROOT, 'tsconfig.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.references.push({ path: `packages/${name}` });
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
}
