// npm run check:codec: makes a codec with the generator, in a copy of the repository, and holds it to all that a codec
// of ours must pass. The copy holds what a codec stands on, and borrows the npm packages.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackages } from './support/build.mjs';
import { ROOT } from './support/repository.mjs';
import { collect } from './support/run-command.mjs';
import { Tally } from './support/tally.mjs';

const NAME = 'example-codec';
const BASE = ['wire', 'layout'];
const FILES = readdirSync(ROOT).filter((name) => /^\.prettier|\.(json|js|mjs)$|^LICENSE$|^tools$/.test(name));

const tally = new Tally();
const copy = mkdtempSync(join(tmpdir(), 'overlane-codec-'));
try {
  if (await buildPackages(BASE.map((name) => `@overlane/${name}`))) await checkGenerator();
  else tally.fail('build', 'the new codec stands on the built packages');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
tally.finish();

async function checkGenerator() {
  copyRepository();
  await step('new:codec makes the package', process.execPath, ['tools/new-codec.mjs', NAME, '--no-install']);
  if (tally.failed > 0) return;
  const again = await collect(process.execPath, ['tools/new-codec.mjs', NAME, '--no-install'], { cwd: copy });
  if (again.status === 2) tally.pass('new:codec refuses a name that is taken');
  else tally.fail('new:codec refuses a name that is taken', `status ${again.status}\n${again.output}`);

  const folder = `packages/${NAME}`;
  const tool = (name) => join(copy, 'node_modules', '.bin', name);
  await step('it is formatted', tool('prettier'), ['--check', folder, 'tsconfig.json']);
  await step('its types hold', tool('tsc'), ['-b', folder]);
  await step('the types of its tests hold', tool('tsc'), ['-p', `${folder}/tsconfig.test.json`]);
  await step('the lint accepts it', tool('nx'), ['run', `@overlane/${NAME}:lint`]);
  await step('its tests and laws pass', tool('jest'), [folder, '--ci', '--selectProjects', 'unit']);
  await step('it builds', tool('nx'), ['run', `@overlane/${NAME}:build`]);
  await step('its README says the truth', process.execPath, ['tools/check-readmes.mjs', NAME]);
  for (const entry of ['', '/layout', '/arbitraries', '/laws']) {
    const what = `@overlane/${NAME}${entry}`;
    await step(`import('${what}')`, process.execPath, ['--input-type=module', '--eval', `await import('${what}')`]);
    await step(`require('${what}')`, process.execPath, ['--input-type=commonjs', '--eval', `require('${what}')`]);
  }
}

function copyRepository() {
  for (const name of FILES) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of BASE) cpSync(join(ROOT, 'packages', name), join(copy, 'packages', name), { recursive: true });
  // Links to every npm package, but to the copy's own packages in place of ours.
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, '@overlane'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (['@overlane', '.cache', 'overlane'].includes(name)) continue;
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const name of [...BASE, NAME]) symlinkSync(join(copy, 'packages', name), join(modules, '@overlane', name));
}

async function step(what, command, args) {
  const { status, output } = await collect(command, args, { cwd: copy });
  if (status === 0) tally.pass(what);
  else tally.fail(what, output);
}
