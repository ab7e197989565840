import { bin } from './repository.mjs';
import { collect } from './run-command.mjs';

/** Builds all packages, from the cache where sources did not change. Prints nothing unless it fails. */
export async function buildAll() {
  const { status, output } = await collect(bin('nx'), ['run-many', '-t', 'build', '--output-style=static']);
  if (status === 0) return true;
  console.error(output);
  console.error('The build failed, see above. `npx nx run-many -t build` repeats it.');
  return false;
}
