// Compiles programs that import every entry, with the strictest settings that a user may have.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, needsNode, ROOT } from '../support/repository.mjs';
import { collect, inParallel } from '../support/run-command.mjs';
import { entryNames } from './installation.mjs';

const MODES = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

/**
 * An ES and a CommonJS program for each kind of package, under each way to resolve modules, with `skipLibCheck` off so
 * that our declarations are judged too. Pure packages must do without Node's types, which they are not told of.
 */
export async function checkConsumers(packages, consumer, tally) {
  await compile(
    'pure packages, no ambient types',
    packages.filter((one) => !needsNode(one)),
    [],
    consumer,
    tally,
  );
  const types = join(consumer, 'node_modules', '@types');
  mkdirSync(types, { recursive: true });
  // Ours, the oldest that we promise, in place of what a dependency may have brought.
  rmSync(join(types, 'node'), { recursive: true, force: true });
  symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), join(types, 'node'));
  await compile('packages for Node', packages.filter(needsNode), ['node'], consumer, tally);
}

async function compile(kind, packages, types, consumer, tally) {
  const names = packages.flatMap(entryNames);
  const imports = names.map((name, index) => `import * as entry${index} from '${name}';\n`).join('');
  const program = `${imports}export const entries: object[] = [${names.map((_, index) => `entry${index}`).join(', ')}];\n`;
  for (const extension of ['mts', 'cts']) writeFileSync(join(consumer, `consumer.${extension}`), program);
  await inParallel(MODES, 2, async (mode) => {
    const what = `types compile under ${mode.moduleResolution}: ${kind}`;
    const project = join(consumer, `tsconfig.${mode.moduleResolution}.json`);
    const compilerOptions = { ...mode, target: 'es2022', lib: ['es2022'], strict: true, noEmit: true, types };
    const files = ['consumer.mts', 'consumer.cts'];
    writeFileSync(project, JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false }, files }));
    const { status, output } = await collect(bin('tsc'), ['-p', project], { cwd: consumer });
    if (status === 0) tally.pass(what);
    else tally.fail(what, output);
  });
}
