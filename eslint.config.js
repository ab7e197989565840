import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Floors of docs/architecture.md: who may import whom. Arrows only point down. */
const floors = [
  { sourceTag: 'floor:ground', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'floor:description', onlyDependOnLibsWithTags: ['floor:ground'] },
  { sourceTag: 'floor:protocol', onlyDependOnLibsWithTags: ['floor:ground', 'floor:description'] },
  { sourceTag: 'floor:mechanism', onlyDependOnLibsWithTags: ['floor:ground'] },
  {
    sourceTag: 'floor:system',
    onlyDependOnLibsWithTags: ['floor:ground', 'floor:description', 'floor:protocol', 'floor:mechanism'],
  },
  {
    sourceTag: 'floor:app',
    onlyDependOnLibsWithTags: [
      'floor:ground',
      'floor:description',
      'floor:protocol',
      'floor:mechanism',
      'floor:system',
    ],
  },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/coverage/**', 'docs/api/**', '.nx/**'] },
  {
    files: ['**/*.{ts,js,mjs,cjs}'],
    extends: [...tseslint.configs.strict],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: true, allow: [], depConstraints: floors },
      ],
      // `bytes[i]!` is the idiom of octet code under noUncheckedIndexedAccess.
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: false } }],
      'max-lines': ['error', { max: 300, skipBlankLines: false }],
    },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
