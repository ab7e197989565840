import { fileURLToPath } from 'node:url';

/** Jest settings of every package; tests read TypeScript sources through the `@overlane/source` condition. */
export const base = {
  testEnvironment: 'node',
  injectGlobals: false,
  testEnvironmentOptions: {
    customExportConditions: ['@overlane/source', 'node', 'node-addons', 'require', 'default'],
  },
  // Sources import './x.js', as published ESM must; here the file is x.ts.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFiles: [fileURLToPath(new URL('./jest.setup.cjs', import.meta.url))],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, sourceMaps: 'inline' }],
  },
};

/** Unit and property tests of one package. */
export const unit = (rootDir) => ({
  ...base,
  rootDir,
  displayName: 'unit',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/test/integration/'],
});

/** Tests against real interfaces and outside tools; they run the built command line and take root or a user namespace. */
export const integration = (rootDir) => ({
  ...base,
  rootDir,
  displayName: 'integration',
  testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
});
