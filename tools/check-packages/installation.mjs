// Installs the tarballs in an empty folder, as a user would, and loads every entry in both module formats.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/repository.mjs';
import { collect, inParallel } from '../support/run-command.mjs';

/** Installs all tarballs and their peers. Hoisting can't hide an undeclared dependency here. */
export async function installAll(tarballs, consumer, tally) {
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  const packages = [...tarballs.map(({ file }) => file), `fast-check@${installedVersion('fast-check')}`];
  const { status, output } = await collect('npm', ['install', ...flags, ...packages], { cwd: consumer });
  if (status === 0) tally.pass(`${tarballs.length} tarballs install in an empty folder`);
  else tally.fail('npm install of the tarballs in an empty folder', output);
  return status === 0;
}

/** Every `exports` key, imported and required, each in a process of its own that must be silent and end by itself. */
export async function checkImports(packages, consumer, tally) {
  const loads = packages.flatMap((workspace) => {
    const keys = entryNames(workspace);
    const both = keys.flatMap((key) => [
      { what: `import('${key}')`, args: ['--input-type=module', '--eval', `await import('${key}')`] },
      { what: `require('${key}')`, args: ['--input-type=commonjs', '--eval', `require('${key}')`] },
    ]);
    const manifest = `${workspace.name}/package.json`;
    const requireManifest = ['--input-type=commonjs', '--eval', `require('${manifest}')`];
    return [...both, { what: `require('${manifest}')`, args: requireManifest }];
  });
  await inParallel(loads, 2, async ({ what, args }) => {
    const { status, output } = await collect(process.execPath, args, { cwd: consumer, timeoutMs: 20_000 });
    if (status === 0 && output === '') tally.pass(what);
    else tally.fail(what, output === '' ? `ended with status ${status}` : output);
  });
}

/** What users write to reach each entry of a package that holds code: `@overlane/vxlan`, `@overlane/vxlan/layout`. */
export function entryNames({ name, manifest }) {
  return Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .map((key) => name + key.slice(1));
}

/** The version that this repository itself uses. */
function installedVersion(name) {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}
