import type { Plugin } from 'esbuild';
import { defineConfig, type Options } from 'tsup';
import { emitDeclarations } from './support/emit-declarations.mjs';

/**
 * Leaves imports of sibling modules as imports, with the suffix of the format being written. So `dist` mirrors `src`
 * file by file: a class has one copy per format, a bundler keeps only the modules it needs, and a namespace such as
 * `ipv4` stays a real module namespace, whose functions V8 calls directly, instead of an object of getters.
 */
const keepModules: Plugin = {
  name: 'keep-modules',
  setup(build) {
    const suffix = build.initialOptions.format === 'cjs' ? '.cjs' : '.js';
    build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path }) => ({
      path: path.replace(/\.js$/, suffix),
      external: true,
      sideEffects: false,
    }));
  },
};

/** Build of a pure package: ESM and CJS, each with its types and maps. What is public is said by `exports` alone. */
export const purePackage = (options: Options = {}) =>
  defineConfig({
    entry: ['src/**/*.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    clean: true,
    splitting: false,
    minify: false,
    silent: true,
    esbuildPlugins: [keepModules],
    esbuildOptions(esbuild) {
      esbuild.outbase = 'src';
    },
    // Not tsup's own declarations: its bundler takes re-exported types for values, and loses comments in namespaces.
    onSuccess: async () => emitDeclarations(process.cwd()),
    ...options,
  });

/** Build of a package that needs Node: the same, with Node's built-ins left alone. */
export const nodePackage = (options: Options = {}) =>
  purePackage({ platform: 'node', target: 'node20', shims: true, ...options });
