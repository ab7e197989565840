/** tshark and tcpdump, asked about packets in a file. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OUTPUT_MAX = 256 * 1024 * 1024;
/** LINKTYPE_RAW: packets start at their IP header. */
const LINK_TYPE = 101;

/** The `fields` of each of these IP packets, as tshark prints them: the first value of each. */
export function askTshark(
  packets: readonly Uint8Array[],
  fields: readonly string[],
  options: readonly string[],
): string[][] {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const words = ['-n', '-T', 'fields', '-E', 'occurrence=f', ...options, ...wanted];
  const text = inFile(packets, (file) => run('tshark', ['-r', file, ...words]));
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split('\t'));
}

/** What tcpdump says about each OTV header, in order. */
export function askTcpdump(packets: readonly Uint8Array[]): string[] {
  const text = inFile(packets, (file) => run('tcpdump', ['-nn', '-t', '-r', file]));
  return text.split('\n').flatMap((line) => /^IP.*: (OTV, .*)$/.exec(line)?.[1] ?? []);
}

function inFile<T>(packets: readonly Uint8Array[], work: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-dove-'));
  try {
    const file = join(folder, 'packets.pcap');
    writeFileSync(file, pcap(packets));
    return work(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', maxBuffer: OUTPUT_MAX });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** A capture file, all packets of the same time. */
function pcap(packets: readonly Uint8Array[]): Uint8Array {
  const words = [0xa1b2c3d4, 0x0004_0002, 0, 0, 0xffff, LINK_TYPE];
  const records = packets.flatMap((packet) => [littleEndian([0, 0, packet.length, packet.length]), packet]);
  return Buffer.concat([littleEndian(words), ...records]);
}

function littleEndian(words: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * words.length);
  words.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i));
  return bytes;
}
