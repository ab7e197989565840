/** Writes to a file or a stream in large pieces, no faster than it is taken. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { OutcomeError } from '../exit.js';
import { STANDARD_STREAM } from './capture-input.js';

const PIECE_LENGTH = 65_536;

/** A sink for octets or text. Holds 64 KiB at most, if `drain` is called and waited for, plus what was added last. */
export class BufferedOutput {
  readonly #stream: Writable;
  readonly #name: string;
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Writes to `stream`, which stays the caller's; `name` is for messages. */
  constructor(stream: Writable, name: string) {
    this.#stream = stream;
    this.#name = name;
  }

  /** Creates or empties the file at `path`; `-` is standard output. @throws OutcomeError if that is not possible */
  static async open(path: string): Promise<BufferedOutput> {
    if (path === STANDARD_STREAM) return new BufferedOutput(process.stdout, 'standard output');
    const stream = createWriteStream(path);
    try {
      await once(stream, 'open');
    } catch (error) {
      throw new OutcomeError(`can't write ${path}: ${(error as Error).message}`);
    }
    // Each write reports its own error; the event would end the process.
    stream.on('error', () => undefined);
    return new BufferedOutput(stream, path);
  }

  /** Adds `piece`, which must not change afterwards. */
  add(piece: Uint8Array | string): void {
    const octets = typeof piece === 'string' ? Buffer.from(piece) : piece;
    this.#pieces.push(octets);
    this.#length += octets.length;
  }

  /** Call between packets: once enough has been added, hands it over, and returns what to wait for. */
  drain(): Promise<void> | undefined {
    return this.#length >= PIECE_LENGTH ? this.flush() : undefined;
  }

  /** Hands over everything added so far. @throws OutcomeError if the sink refuses it, as a full disk does */
  async flush(): Promise<void> {
    if (this.#length === 0) return;
    const octets = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(octets, (error) => {
        if (error) reject(new OutcomeError(`can't write ${this.#name}: ${error.message}`));
        else resolve();
      });
    });
  }

  /** Flushes, and closes a file. Standard output stays open. */
  async close(): Promise<void> {
    await this.flush();
    if (this.#stream === process.stdout) return;
    await new Promise<void>((resolve) => this.#stream.end(resolve));
  }
}
