// Packs every package and judges the tarball by itself.
import { join } from 'node:path';
import { bin } from '../support/repository.mjs';
import { collect } from '../support/run-command.mjs';

/**
 * @typedef {object} Tarball
 * @property {import('../support/repository.mjs').Workspace} workspace
 * @property {string} file absolute path
 * @property {string[]} contents paths inside, without the leading `package/`
 */

/** Packs all packages into `folder`. @returns {Promise<Tarball[] | undefined>} `undefined` if npm could not */
export async function packAll(packages, folder, tally) {
  const names = packages.flatMap(({ name }) => ['--workspace', name]);
  const { status, stdout, output } = await collect('npm', ['pack', '--json', '--pack-destination', folder, ...names]);
  if (status !== 0) {
    tally.fail('npm pack', output);
    return undefined;
  }
  // Some versions of npm answer with a list, others with an object by name.
  const packed = Object.values(JSON.parse(stdout));
  return packages.map((workspace) => {
    const { filename, files } = packed.find(({ name }) => name === workspace.name);
    tally.pass(`${workspace.name}: packed, ${files.length} files`);
    return { workspace, file: join(folder, filename), contents: files.map(({ path }) => path) };
  });
}

/** publint, attw, and a look at the list of files. @param {Tarball} tarball */
export async function checkTarball({ workspace, file, contents }, tally) {
  const { name, manifest } = workspace;
  await runCheck(`${name}: publint --strict`, bin('publint'), [file, '--strict'], tally);
  const attwArgs = [
    file,
    '--profile',
    'node16',
    '--no-definitely-typed',
    '--format',
    'ascii',
    '--no-emoji',
    '--no-color',
  ];
  await runCheck(`${name}: attw, types resolve as the code does`, bin('attw'), attwArgs, tally);

  const faults = contentFaults(manifest, contents);
  if (faults.length === 0) tally.pass(`${name}: tarball holds what it must, and no tests`);
  else tally.fail(`${name}: contents of the tarball`, faults.join('\n'));
}

async function runCheck(what, command, args, tally) {
  const { status, output } = await collect(command, args);
  if (status === 0) tally.pass(what);
  else tally.fail(what, output);
}

function contentFaults(manifest, contents) {
  const faults = [];
  const named = [
    ...leaves(manifest.exports),
    ...leaves(manifest.bin ?? {}),
    manifest.main,
    manifest.module,
    manifest.types,
  ];
  const wanted = ['README.md', 'LICENSE', ...named.filter((path) => path).map((path) => path.replace(/^\.\//, ''))];
  for (const path of new Set(wanted)) if (!contents.includes(path)) faults.push(`${path} is missing`);
  for (const path of contents.filter((file) => /^dist\/.*\.c?js$/.test(file))) {
    if (!contents.includes(`${path}.map`)) faults.push(`${path}.map is missing`);
  }
  const stray = contents.filter((path) => /^(test|bench|coverage)\/|\.test\.|^tsconfig|^jest\.|^tsup\./.test(path));
  for (const path of stray) faults.push(`${path} does not belong into a tarball`);
  return faults;
}

function leaves(tree) {
  return typeof tree === 'string' ? [tree] : Object.values(tree).flatMap(leaves);
}
