/** The order of a run. What fails is noted in its row, and the rest goes on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutcomeError } from '../../exit.js';
import { describeMachine } from '../machine.js';
import type { Progress } from '../run.js';
import { type DirectoryReport, type DirectoryRow, type PartName, judgeDirectory } from './figures.js';
import { buildGenerator } from './generator.js';
import { type DirectoryEffort, type Workshop, measureEmbedded, measureOnEtcd } from './rows.js';

/** For figures to quote: some five minutes. */
export const FULL_DIRECTORY: DirectoryEffort = {
  mappings: 1_000_000,
  seconds: 5,
  warmUpS: 2,
  windows: [64, 128, 256],
  visible: 500,
};
/** To see that it runs; the figures mean little. */
export const QUICK_DIRECTORY: DirectoryEffort = {
  mappings: 10_000,
  seconds: 0.5,
  warmUpS: 1,
  windows: [64],
  visible: 20,
};

const PARTS: Readonly<Record<PartName, (shop: Workshop) => Promise<DirectoryRow[]>>> = {
  embedded: measureEmbedded,
  etcd: measureOnEtcd,
};

/** Measures and returns the report. @throws OutcomeError without a C compiler */
export async function runDirectory(
  parts: readonly PartName[],
  effort: DirectoryEffort,
  progress: Progress,
): Promise<DirectoryReport> {
  const machine = describeMachine([], new Date());
  const folder = mkdtempSync(join(tmpdir(), 'overlane-directory-'));
  try {
    const shop = { folder, effort, generate: await buildGenerator(folder) };
    const rows: DirectoryRow[] = [];
    for (const [i, part] of parts.entries()) {
      progress(i, parts.length, part);
      rows.push(...(await measurePart(part, shop)));
    }
    progress(parts.length, parts.length, 'done');
    return { machine, mappings: effort.mappings, rows, targets: judgeDirectory(rows, effort.mappings) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePart(part: PartName, shop: Workshop): Promise<DirectoryRow[]> {
  try {
    return await PARTS[part](shop);
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    return [{ name: part, figures: {}, problems: [error.message] }];
  }
}
