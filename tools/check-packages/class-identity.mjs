// One class per format, one brand across formats: what a user's `catch` relies on. Runs inside the installed folder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needsNode } from '../support/repository.mjs';
import { collect } from '../support/run-command.mjs';
import { entryNames } from './installation.mjs';

/** The program that looks; it prints one JSON list of [what, reason or null]. */
const PROGRAM = `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const packages = JSON.parse(process.argv[2]);
const results = [];
const judge = (what, reasons) => results.push([what, reasons.length === 0 ? null : reasons.join('\\n')]);
const isClass = (value) => typeof value === 'function' && /^class\\b/.test(Function.prototype.toString.call(value));

/** Every decoder of a module, its own or in a namespace, with the error it throws for no octets at all. */
function* refusals(module) {
  for (const holder of [module, ...Object.values(module)]) {
    if (typeof holder?.decode !== 'function' || typeof holder?.check !== 'function') continue;
    try { holder.decode(new Uint8Array(0)); } catch (error) { yield error; }
  }
}

const load = { esm: (name) => import(name), cjs: async (name) => require(name) };
const errors = { esm: [], cjs: [] };
const wire = {};
for (const format of ['esm', 'cjs']) {
  wire[format] = await load[format]('@overlane/wire');
  for (const { name, entries } of packages) {
    const seen = new Map();
    const reasons = [];
    for (const entry of entries) {
      const module = await load[format](entry);
      for (const [key, value] of Object.entries(module)) {
        if (!isClass(value)) continue;
        if (seen.has(key) && seen.get(key) !== value) reasons.push(key + ' is another class in ' + entry);
        seen.set(key, value);
      }
      for (const error of refusals(module)) {
        errors[format].push(error);
        if (!(error instanceof wire[format].CodecError)) reasons.push(entry + ' throws another class: ' + error);
      }
    }
    judge(name + ': one class per name across entries (' + format + ')', reasons);
  }
}
const across = [];
for (const [from, to] of [['cjs', 'esm'], ['esm', 'cjs']]) {
  if (errors[from].length === 0) across.push('no decoder threw anything in ' + from);
  for (const error of errors[from]) if (!wire[to].CodecError.is(error)) across.push(to + ' does not know ' + error);
}
judge('CodecError.is knows errors of the other format (' + errors.esm.length + ' decoders)', across);
console.log(JSON.stringify(results));
`;

/** Loads all pure packages in both formats in one process and compares the classes. */
export async function checkClassIdentity(packages, consumer, tally) {
  writeFileSync(join(consumer, 'class-identity.mjs'), PROGRAM);
  const pure = packages.filter((one) => !needsNode(one)).map((one) => ({ name: one.name, entries: entryNames(one) }));
  const args = [join(consumer, 'class-identity.mjs'), JSON.stringify(pure)];
  const { status, stdout, output } = await collect(process.execPath, args, { cwd: consumer });
  if (status !== 0) return tally.fail('class identity', output);
  for (const [what, reason] of JSON.parse(stdout)) {
    if (reason === null) tally.pass(what);
    else tally.fail(what, reason);
  }
}
