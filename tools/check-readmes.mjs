// npm run check:readmes [-- PACKAGE...]: runs the examples of all READMEs, or those of some packages (folders under
// packages/), against the built packages.
//
// Every fence marked ```ts or ```js is a program of its own, unless it is marked ```ts ignore. It must compile, end by
// itself, and print what the reader is told: exactly the text of a ```text fence that follows it, or else lines that
// all stand somewhere in the README.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { transform } from 'esbuild';
import { buildPackages } from './support/build.mjs';
import { bin, cacheFolder, readWorkspaces, ROOT } from './support/repository.mjs';
import { collect, inParallel } from './support/run-command.mjs';
import { Tally } from './support/tally.mjs';

const FENCE = /^```(\w*)[ \t]*(.*)\n([\s\S]*?)^```[ \t]*$/gm;

const tally = new Tally();
// Under node_modules, so that imports resolve to the workspaces' built files.
const folder = cacheFolder('readmes');
rmSync(folder, { recursive: true, force: true });
cacheFolder('readmes');

const wanted = process.argv.slice(2);
const packages = readWorkspaces().filter(({ directory }) => wanted.length === 0 || wanted.includes(directory));
const folders = [...(wanted.length === 0 ? [ROOT] : []), ...packages.map((workspace) => workspace.folder)];

if (packages.length < wanted.length) {
  tally.fail('arguments', `not all of these are folders under packages/: ${wanted.join(' ')}`);
} else if (await buildPackages(wanted.length === 0 ? [] : packages.map(({ name }) => name))) {
  const examples = folders.map((at) => join(at, 'README.md')).flatMap(readExamples);
  await checkTypes(examples);
  await inParallel(examples, 2, runExample);
} else {
  tally.fail('build', 'examples run against the built packages');
}
tally.finish();

/** The programs of one README, each written to a file; a README without any is a failure, since users start there. */
function readExamples(readme) {
  const label = relative(ROOT, readme);
  if (!existsSync(readme)) {
    tally.fail(label, 'there is no such file');
    return [];
  }
  const text = readFileSync(readme, 'utf8');
  const fences = [...text.matchAll(FENCE)].map(([, language, mark, body], index, all) => {
    const line = text.slice(0, all[index].index).split('\n').length;
    return { language, ignored: mark.trim() === 'ignore', body, line };
  });
  const examples = fences.flatMap(({ language, ignored, body, line }, index) => {
    if (ignored || !['ts', 'js'].includes(language)) return [];
    const follower = fences[index + 1];
    const file = join(folder, `${label.replace(/\W+/g, '-')}-${line}.${language === 'ts' ? 'mts' : 'mjs'}`);
    writeFileSync(file, body);
    return [
      { what: `${label}:${line}`, file, body, text, output: follower?.language === 'text' ? follower.body : undefined },
    ];
  });
  if (examples.length === 0) tally.fail(label, 'it holds no example (a fence marked ts) that runs');
  return examples;
}

async function checkTypes(examples) {
  const files = examples.map(({ file }) => file).filter((file) => file.endsWith('.mts'));
  if (files.length === 0) return;
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
  };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const { status, output } = await collect(bin('tsc'), ['-p', project]);
  if (status === 0) tally.pass(`types of ${files.length} examples`);
  else tally.fail('types of the examples (the name of a file ends with its line in the README)', output);
}

async function runExample({ what, file, body, text, output }) {
  const program = file.replace(/\.mts$/, '.mjs');
  if (program !== file) {
    // Keeps unused imports, as Node's own stripping of types does.
    const { code } = await transform(body, {
      loader: 'ts',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    writeFileSync(program, code);
  }
  const run = await collect(process.execPath, [program], { cwd: folder, timeoutMs: 60_000 });
  if (run.status !== 0) return tally.fail(what, run.output);
  const reason = wrongOutput(run.stdout, output, text);
  if (reason === undefined) tally.pass(`${what} prints what it says`);
  else tally.fail(what, reason);
}

function wrongOutput(stdout, expected, text) {
  const lines = stdout
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  if (lines.length === 0) return 'it prints nothing; end it with a console.log that shows the result';
  if (expected !== undefined) {
    return stdout.trimEnd() === expected.trimEnd()
      ? undefined
      : `it prints\n${stdout}\nbut the README says\n${expected}`;
  }
  const unsaid = lines.filter((line) => !text.includes(line.trim()));
  return unsaid.length === 0 ? undefined : `these printed lines do not stand in the README:\n${unsaid.join('\n')}`;
}
