/** Outside tools that judge our packets. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PYTHON = '/usr/bin/python3';
const OUTPUT_MAX = 256 * 1024 * 1024;

/** What `scapy-judge.py` prints for one of its commands, line by line as JSON. */
export function askScapy(command: string, words: readonly string[], input: string): unknown[] {
  return lines(run(PYTHON, [join(import.meta.dirname, 'scapy-judge.py'), command, ...words], input)).map(
    (line) => JSON.parse(line) as unknown,
  );
}

/** The `fields` of each of these Ethernet frames, as tshark prints them; several values of one field have commas. */
export function askTshark(
  frames: readonly Uint8Array[],
  fields: readonly string[],
  options: readonly string[],
): Record<string, string>[] {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-nvgre-'));
  try {
    const file = join(folder, 'packets.pcap');
    writeFileSync(file, pcap(frames));
    const wanted = fields.flatMap((field) => ['-e', field]);
    return lines(run('tshark', ['-r', file, '-n', '-T', 'fields', ...options, ...wanted], '')).map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(fields.map((field, i) => [field, values[i]!]));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, words: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(command, words, { input, encoding: 'utf8', maxBuffer: OUTPUT_MAX });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A capture file of Ethernet frames, all of the same time. */
function pcap(frames: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0xffff, 16);
  header.writeUInt32LE(1, 20);
  const records = frames.flatMap((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([header, ...records]);
}
