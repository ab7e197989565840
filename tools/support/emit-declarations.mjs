// Writes the type declarations of one package: one file per module, once for ES modules and once for CommonJS.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/**
 * Emits `dist/*.d.ts`, their maps, and their `.d.cts` twins for the package in `folder`. Other packages are seen as
 * users see them, through the declarations that were built before. @throws Error with the compiler's complaints
 */
export function emitDeclarations(folder) {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(folder, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  const options = {
    ...config.options,
    composite: false,
    incremental: false,
    tsBuildInfoFile: undefined,
    customConditions: [],
    outDir: join(folder, 'dist'),
    declaration: true,
    declarationMap: true,
    emitDeclarationOnly: true,
  };
  const program = ts.createProgram(config.fileNames, options);
  const complaints = ts.getPreEmitDiagnostics(program);
  if (complaints.length > 0) fail(...complaints);
  program.emit(undefined, (path, text) => {
    writeDeclaration(path, text);
    if (path.endsWith('.d.ts')) writeDeclaration(path.replace(/\.ts$/, '.cts'), toCommonJs(text));
  });
}

/** The same declarations with siblings imported by their CommonJS names. The map still fits: lines stay where they are. */
function toCommonJs(text) {
  return text.replace(/((?:from|import\()\s*['"])(\.\.?\/[^'"]*)\.js(['"])/g, '$1$2.cjs$3');
}

function writeDeclaration(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function fail(...diagnostics) {
  const host = {
    getCanonicalFileName: (path) => path,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => '\n',
  };
  throw new Error(`types of ${relative('..', process.cwd())}\n${ts.formatDiagnostics(diagnostics, host)}`);
}
