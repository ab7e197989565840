// Bundles for the browser: pure packages must need nothing of Node, and one reader must not drag a package along.
import { build } from 'esbuild';
import { needsNode } from '../support/repository.mjs';
import { entryNames } from './installation.mjs';

/** Single imports and what they may weigh, in octets, minified. */
const BUDGETS = [{ name: 'readVni', from: '@overlane/vxlan', maxOctets: 512 }];

/** Bundles every entry of the pure packages, then the single readers of the budget. */
export async function checkBundles(packages, consumer, tally) {
  for (const name of packages.filter((one) => !needsNode(one)).flatMap(entryNames)) {
    const what = `bundles for the browser: ${name}`;
    await bundle(`export * from '${name}';`, consumer).then(
      (octets) => tally.pass(`${what}, ${octets} octets`),
      (error) => tally.fail(what, error.message),
    );
  }
  for (const { name, from, maxOctets } of BUDGETS) {
    const what = `import { ${name} } from '${from}' alone stays within ${maxOctets} octets`;
    await bundle(`export { ${name} } from '${from}';`, consumer).then(
      (octets) => {
        if (octets <= maxOctets) tally.pass(`${what}: ${octets}`);
        else tally.fail(what, `it takes ${octets}: something in its module graph can't be shaken off`);
      },
      (error) => tally.fail(what, error.message),
    );
  }
}

async function bundle(contents, resolveDir) {
  const { outputFiles, warnings } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  return outputFiles[0].contents.length;
}
