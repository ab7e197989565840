import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the files of one test; `run` returns what the tool printed, and throws if it fails or warns. */
export interface Workshop {
  write(name: string, bytes: Uint8Array): void;
  read(name: string): Uint8Array;
  run(tool: string, ...args: readonly string[]): string;
}

/** Gives `work` a folder that is gone afterwards. */
export function inWorkshop<T>(work: (workshop: Workshop) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-capture-'));
  try {
    return work({
      write: (name, bytes) => writeFileSync(join(folder, name), bytes),
      read: (name) => readFileSync(join(folder, name)),
      run: (tool, ...args) => {
        const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' });
        if (status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${stderr}`);
        return stdout;
      },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
