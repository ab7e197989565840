/** Opens a capture for reading, packet by packet, whatever its size. */
import { createReadStream, statSync } from 'node:fs';
import { type CapturedPacket, type TimestampResolution, readCaptureStream } from '@overlane/capture';
import { CodecError } from '@overlane/wire';
import { OutcomeError } from '../exit.js';
import { Progress } from './progress.js';

/** The path that means standard input or output. */
export const STANDARD_STREAM = '-';

const CHUNK_LENGTH = 262_144;

/** An open capture. Its format has been recognised, and its first packet read. */
export interface CaptureInput {
  /** Resolution that keeps all its timestamps: microseconds for a pcap file that has them, else nanoseconds. */
  readonly resolution: TimestampResolution;
  /** Link type of its first packet; `undefined` if it has none. */
  readonly linkType: number | undefined;
  /** All packets, once. @throws OutcomeError behind the last good packet if the file is bad or can't be read on */
  packets(): AsyncGenerator<CapturedPacket, void, undefined>;
  /** Lets go of the file, whether or not it was read to the end. */
  close(): Promise<void>;
}

/**
 * Opens the pcap or pcapng file at `path`, or standard input for `-`. `progress` says whether a long run may draw a bar
 * on a terminal's standard error. Memory: one packet and one chunk. @throws OutcomeError if it is no capture
 */
export async function openCapture(path: string, progress: 'shown' | 'hidden' = 'shown'): Promise<CaptureInput> {
  const name = path === STANDARD_STREAM ? 'standard input' : path;
  const magic = new Magic();
  const packets = readCaptureStream(readChunks(path, magic, progress));
  const first = await packets.next().catch((error: unknown) => {
    throw inputError(name, error);
  });
  return {
    resolution: magic.resolution,
    linkType: first.done === true ? undefined : first.value.linkType,
    packets: () => replay(name, first, packets),
    close: async () => {
      await packets.return();
    },
  };
}

async function* replay(
  name: string,
  first: IteratorResult<CapturedPacket, void>,
  rest: AsyncGenerator<CapturedPacket, void, undefined>,
): AsyncGenerator<CapturedPacket, void, undefined> {
  if (first.done === true) return;
  yield first.value;
  try {
    yield* rest;
  } catch (error) {
    throw inputError(name, error);
  }
}

async function* readChunks(
  path: string,
  magic: Magic,
  shown: 'shown' | 'hidden',
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = path === STANDARD_STREAM ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_LENGTH });
  const progress = shown === 'shown' && path !== STANDARD_STREAM ? new Progress(sizeOf(path)) : undefined;
  let done = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      magic.push(chunk);
      yield chunk;
      done += chunk.length;
      progress?.update(done);
    }
  } finally {
    progress?.stop();
  }
}

/** Zero for what has no size, such as a pipe; reading it will say what is wrong with a path that is not there. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function inputError(name: string, error: unknown): unknown {
  if (CodecError.is(error)) return new OutcomeError(`${name}: ${error.message} [${error.code}]`);
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new OutcomeError(`can't read ${name}: ${message}`);
}

/** The first four octets, of which two values mean pcap with microseconds. */
class Magic {
  #hex = '';

  push(chunk: Uint8Array): void {
    if (this.#hex.length < 8) this.#hex += Buffer.from(chunk.subarray(0, 4)).toString('hex');
  }

  /** A pcapng file may use any resolution, interface by interface: nanoseconds lose nothing. */
  get resolution(): TimestampResolution {
    const magic = this.#hex.slice(0, 8);
    return magic === 'a1b2c3d4' || magic === 'd4c3b2a1' ? 'microseconds' : 'nanoseconds';
  }
}
