// npm run check:packages: what users will get, judged as tarballs: packed, linted, installed in an empty folder,
// imported both ways, compiled against, bundled. One line per check; needs no root.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBundles } from './check-packages/bundles.mjs';
import { checkClassIdentity } from './check-packages/class-identity.mjs';
import { checkConsumers } from './check-packages/consumers.mjs';
import { checkTarball, packAll } from './check-packages/tarballs.mjs';
import { checkImports, installAll } from './check-packages/installation.mjs';
import { buildPackages } from './support/build.mjs';
import { readWorkspaces } from './support/repository.mjs';
import { inParallel } from './support/run-command.mjs';
import { Tally } from './support/tally.mjs';

const packages = readWorkspaces().filter(({ manifest }) => manifest.private !== true);
const tally = new Tally();
const scratch = mkdtempSync(join(tmpdir(), 'overlane-packages-'));
try {
  if (await buildPackages()) await checkAll();
  else tally.fail('build', 'packages that do not build can not be checked');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
tally.finish();

async function checkAll() {
  const tarballs = await packAll(packages, scratch, tally);
  if (tarballs === undefined) return;
  await inParallel(tarballs, 2, (tarball) => checkTarball(tarball, tally));
  const consumer = join(scratch, 'consumer');
  mkdirSync(consumer);
  if (!(await installAll(tarballs, consumer, tally))) return;
  await checkImports(packages, consumer, tally);
  await checkConsumers(packages, consumer, tally);
  await checkBundles(packages, consumer, tally);
  await checkClassIdentity(packages, consumer, tally);
}
