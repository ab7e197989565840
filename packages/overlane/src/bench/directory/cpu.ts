/** CPU time, of processes and of the machine, as Linux tells it. */
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used. */
export function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may hold blanks; it ends with the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Memory that a process has for itself, in octets. Pages of files that it maps, such as an embedded store's, are the system's cache. */
export function memoryOf(pid: number): number {
  const [, kilobytes = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Begins to watch the machine; the result says which share of its time went to other machines since. */
export function watchSteal(): () => number {
  const before = machineTimes();
  return () => {
    const after = machineTimes();
    return (after.steal - before.steal) / Math.max(1, after.all - before.all);
  };
}

function machineTimes(): { readonly all: number; readonly steal: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { all: times.reduce((sum, each) => sum + each, 0), steal: times[7] ?? 0 };
}
