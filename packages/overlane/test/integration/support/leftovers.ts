import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** What a program must not leave behind, as this system shows it. */
export interface SystemState {
  /** Names of network devices. */
  readonly devices: readonly string[];
  /** Named network namespaces. */
  readonly namespaces: readonly string[];
}

/** Devices and named namespaces that there are now. */
export function systemState(): SystemState {
  const names = (...words: readonly string[]): string[] =>
    (JSON.parse(spawnSync('ip', ['-json', ...words], { encoding: 'utf8' }).stdout || '[]') as Record<string, string>[])
      .map((entry) => String(entry['ifname'] ?? entry['name']))
      .sort();
  return { devices: names('link', 'show'), namespaces: names('netns', 'list') };
}

/** Command lines of living processes that mention `text`, this one's apart. Processes that only wait to be reaped are dead. */
export function processesNaming(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((id) => commandLineOf(id))
    .filter((line) => line.includes(text));
}

function commandLineOf(id: string): string {
  try {
    // Empty for a process that has ended.
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It went while the folder was read.
    return '';
  }
}
