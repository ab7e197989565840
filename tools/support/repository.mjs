// Where things are: the root of the repository, its packages, its caches.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository's root. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Absolute path of a command that an npm dependency brings, such as `tsc`. */
export const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

/** A folder under node_modules/.cache, made if absent. It lives as long as node_modules does. */
export function cacheFolder(name) {
  const folder = join(ROOT, 'node_modules', '.cache', 'overlane', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * @typedef {object} Workspace
 * @property {string} folder absolute path
 * @property {string} directory name of the folder under packages/
 * @property {string} name npm name
 * @property {Record<string, any>} manifest its package.json
 */

/** All packages in packages/, in alphabetical order. @returns {Workspace[]} */
export function readWorkspaces() {
  return readdirSync(join(ROOT, 'packages'))
    .sort()
    .map((directory) => ({ directory, folder: join(ROOT, 'packages', directory) }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')))
    .map(({ directory, folder }) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { directory, folder, name: manifest.name, manifest };
    });
}

/** True if the package needs Node (its own tsconfig.json asks for Node's types); the others run in browsers as well. */
export function needsNode(workspace) {
  const config = JSON.parse(readFileSync(join(workspace.folder, 'tsconfig.json'), 'utf8'));
  return (config.compilerOptions?.types ?? []).includes('node');
}
