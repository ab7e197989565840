import { defineConfig, type Options } from 'tsup';

/** Build of a pure package: ESM, CJS and types, one shared chunk per class (toolchain pitfall: no second copies). */
export const purePackage = (entry: string[], options: Options = {}) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    dts: { compilerOptions: { composite: false, incremental: false } },
    sourcemap: true,
    clean: true,
    splitting: true,
    minify: false,
    ...options,
  });

/** Build of a package that needs Node: the same, with Node's built-ins left alone. */
export const nodePackage = (entry: string[], options: Options = {}) =>
  purePackage(entry, { platform: 'node', target: 'node20', shims: true, ...options });
