/** Runs the command line inside the test's process, in a folder that is gone afterwards. */
import { jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CapturedPacket,
  type PcapOptions,
  LINKTYPE_ETHERNET,
  encodePcapHeader,
  encodePcapRecord,
  readCapture,
} from '@overlane/capture';
import { CommanderError } from 'commander';
import { createProgram, OutcomeError, UsageError } from '../src/index.js';

/** How a command ended, with the status that the process would have. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The message of the error, for errors that the program itself has not printed. */
  readonly message: string;
}

/** Runs `overlane WORDS...`. */
export async function overlane(...words: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [collect(process.stdout), collect(process.stderr)];
  const end = (status: number, message = ''): Ended => ({ status, stdout: stdout(), stderr: stderr(), message });
  try {
    await createProgram().parseAsync(['node', 'overlane', ...words]);
    return end(0);
  } catch (error) {
    if (error instanceof CommanderError) return end(error.exitCode === 0 ? 0 : 2);
    if (error instanceof UsageError) return end(2, error.message);
    if (error instanceof OutcomeError) return end(1, error.message);
    throw error;
  } finally {
    jest.restoreAllMocks();
  }
}

function collect(stream: NodeJS.WriteStream): () => string {
  const pieces: Buffer[] = [];
  const write = (piece: string | Uint8Array, ...more: unknown[]): boolean => {
    pieces.push(Buffer.from(piece as Uint8Array));
    const done = more.at(-1);
    if (typeof done === 'function') (done as () => void)();
    return true;
  };
  jest.spyOn(stream, 'write').mockImplementation(write as typeof stream.write);
  return () => Buffer.concat(pieces).toString('latin1');
}

/** A packet to write: its octets, or more. */
export type FileItem =
  Uint8Array | { readonly bytes: Uint8Array; readonly timestampNs: bigint; readonly originalLength?: number };

/** A folder for one test. */
export interface Folder {
  /** The path of `name` in it. */
  path(name: string): string;
  /** Writes a file and returns its path. */
  write(name: string, content: Uint8Array | string): string;
  /** Writes a pcap file and returns its path; packet `i` is at `i` microseconds unless it says more. */
  writePcap(name: string, items: readonly FileItem[], options?: Partial<PcapOptions>): string;
  /** The packets of a capture. */
  readPackets(name: string): CapturedPacket[];
  /** The octets of a file. */
  read(name: string): Uint8Array;
}

/** Gives `work` a folder. */
export async function inFolder(work: (folder: Folder) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'overlane-test-'));
  const path = (name: string): string => join(root, name);
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(path(name), content);
    return path(name);
  };
  try {
    await work({
      path,
      write,
      writePcap: (name, items, options = {}) => write(name, encodePcap(items, options)),
      readPackets: (name) => readCapture(readFileSync(path(name))),
      read: (name) => readFileSync(path(name)),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A pcap file. */
export function encodePcap(items: readonly FileItem[], options: Partial<PcapOptions> = {}): Uint8Array {
  const all = { linkType: LINKTYPE_ETHERNET, ...options };
  const packets = items.map((item, i) =>
    item instanceof Uint8Array ? { bytes: item, timestampNs: BigInt(i) * 1000n } : item,
  );
  return Buffer.concat([encodePcapHeader(all), ...packets.map((packet) => encodePcapRecord(packet, all))]);
}

/** Octets of hexadecimal text, spaces allowed. */
export function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

/** Octets as text, which failures can show. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
