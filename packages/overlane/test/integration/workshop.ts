/** A folder for the files of one test, and the built command line as a process. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CapturedPacket,
  LINKTYPE_ETHERNET,
  encodePcapHeader,
  encodePcapRecord,
  readCapture,
} from '@overlane/capture';

const COMMAND = join(__dirname, '..', '..', 'bin', 'overlane.js');
const OUTPUT_LENGTH_MAX = 1 << 28;

/** How a process ended. */
export type Ended = Pick<SpawnSyncReturns<string>, 'status' | 'stdout' | 'stderr'>;

/** What a test can do in its folder. */
export interface Workshop {
  /** Writes the frames to a pcap file, packet `i` at `i` microseconds. */
  writeFrames(name: string, frames: readonly Uint8Array[]): void;
  /** Writes a file. */
  write(name: string, content: string | Uint8Array): void;
  /** The packets of a capture, as hexadecimal text. */
  readFrames(name: string): string[];
  /** The packets of a capture. */
  readPackets(name: string): CapturedPacket[];
  /** Runs `overlane` to its end. */
  overlane(...words: readonly string[]): Ended;
  /** Runs a line of shell, in which `$overlane` is the command. */
  shell(line: string): Ended;
  /** Runs a tool, and returns what it printed. @throws Error if it fails */
  run(tool: string, ...words: readonly string[]): string;
}

/** Gives `work` a folder that is gone afterwards. */
export function inWorkshop<T>(work: (workshop: Workshop) => T): T {
  const cwd = mkdtempSync(join(tmpdir(), 'overlane-captures-'));
  const env = { ...process.env, overlane: `${process.execPath} ${COMMAND}` };
  const spawn = (tool: string, words: readonly string[]): Ended =>
    spawnSync(tool, words, { cwd, env, encoding: 'utf8', maxBuffer: OUTPUT_LENGTH_MAX });
  try {
    return work({
      write: (name, content) => writeFileSync(join(cwd, name), content),
      writeFrames: (name, frames) => writeFileSync(join(cwd, name), encodeFrames(frames)),
      readFrames: (name) => readCapture(readFileSync(join(cwd, name))).map(({ bytes }) => toHex(bytes)),
      readPackets: (name) => readCapture(readFileSync(join(cwd, name))),
      overlane: (...words) => spawn(process.execPath, [COMMAND, ...words]),
      shell: (line) => spawn('sh', ['-c', line]),
      run: (tool, ...words) => {
        const { status, stdout, stderr } = spawn(tool, words);
        if (status !== 0) throw new Error(`${tool} ended with ${status}: ${stderr}`);
        return stdout;
      },
    });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** Octets as hexadecimal text, which failures can show. */
export function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

function encodeFrames(frames: readonly Uint8Array[]): Uint8Array {
  const options = { linkType: LINKTYPE_ETHERNET };
  const records = frames.map((bytes, i) => encodePcapRecord({ bytes, timestampNs: BigInt(i) * 1000n }, options));
  return Buffer.concat([encodePcapHeader(options), ...records]);
}
