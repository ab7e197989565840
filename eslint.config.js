import { existsSync, readdirSync, readFileSync } from 'node:fs';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Floors of docs/architecture.md: who may import whom. Arrows only point down, never sideways between protocols. */
const floors = {
  ground: [],
  description: ['ground'],
  protocol: ['ground', 'description'],
  mechanism: ['ground'],
  system: ['ground', 'description', 'protocol', 'mechanism'],
  app: ['ground', 'description', 'protocol', 'mechanism', 'system'],
};

/** Settings for the sources of all packages with one of the `wanted` tags, which stand in their package.json. */
function onTags(wanted, settings) {
  const packages = `${import.meta.dirname}/packages`;
  const files = readdirSync(packages)
    .filter((name) => existsSync(`${packages}/${name}/package.json`))
    .filter((name) => {
      const { nx: project } = JSON.parse(readFileSync(`${packages}/${name}/package.json`, 'utf8'));
      return wanted.some((tag) => project?.tags?.includes(tag));
    })
    .map((name) => `packages/${name}/src/**/*.ts`);
  return files.length === 0 ? [] : [{ files, ...settings }];
}

const IMPURE = 'Pure packages take time, randomness and I/O as arguments (docs/architecture.md).';
const pureGlobals = ['process', 'Buffer', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'];
const pureProperties = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['crypto', 'getRandomValues'],
  ['crypto', 'randomUUID'],
];
const nodeBuiltIns = { regex: '^node:', message: IMPURE };
const layoutOnlyInItsEntry = {
  regex: '^@overlane/layout',
  message: 'The data path stays free of layouts: import this from src/layout.ts or src/laws.ts only.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/coverage/**', 'docs/api/**', '.nx/**', 'tools/new-codec/**'] },
  {
    files: ['**/*.{ts,js,mjs,cjs}'],
    extends: [...tseslint.configs.strict],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          // What all packages share for building and testing lies outside them.
          allow: ['../../tools/*', '../../../tools/testing/*', '../../../../tools/testing/*'],
          // Some tests drive the built package by its own name, as a user would.
          allowCircularSelfDependency: true,
          depConstraints: Object.entries(floors).map(([floor, below]) => ({
            sourceTag: `floor:${floor}`,
            onlyDependOnLibsWithTags: below.map((name) => `floor:${name}`),
          })),
        },
      ],
      // `bytes[i]!` is the idiom of octet code under noUncheckedIndexedAccess.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A name such as `_offset` says that the shape of the function, not its body, asks for the argument.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'max-lines': ['error', { max: 300 }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['packages/*/{src,test,bench}/**'],
    rules: { 'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }] },
  },
  // Of the mechanisms only those that say so are pure: others are there to reach the system.
  ...onTags(['floor:ground', 'floor:description', 'floor:protocol', 'pure'], {
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals.map((name) => ({ name, message: IMPURE }))],
      'no-restricted-properties': [
        'error',
        ...pureProperties.map(([object, property]) => ({ object, property, message: IMPURE })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: IMPURE },
        { selector: 'TSEnumDeclaration', message: 'Use a const object instead of an enum.' },
      ],
      'no-restricted-imports': ['error', { patterns: [nodeBuiltIns] }],
    },
  }),
  ...onTags(['floor:protocol'], {
    ignores: ['**/src/*layout*.ts', '**/src/*laws*.ts', '**/src/law-*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [nodeBuiltIns, layoutOnlyInItsEntry] }] },
  }),
  // A promise nobody waits for hides its failure. Only these floors have promises.
  ...onTags(['floor:mechanism', 'floor:system', 'floor:app'], {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  }),
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
