import { bin } from './repository.mjs';
import { collect } from './run-command.mjs';

/**
 * Builds all packages, or those named and what they stand on, from the cache where sources did not change. Prints
 * nothing unless it fails.
 *
 * @param {readonly string[]} [names] npm names
 * @returns {Promise<boolean>} false if it failed
 */
export async function buildPackages(names = []) {
  const only = names.length === 0 ? [] : ['--projects', names.join(',')];
  const { status, output } = await collect(bin('nx'), ['run-many', '-t', 'build', '--output-style=static', ...only]);
  if (status === 0) return true;
  console.error(output);
  console.error('The build failed, see above. `npm run build` repeats it.');
  return false;
}
