import { describe, expect, it } from '@jest/globals';
import { PassThrough, Writable } from 'node:stream';
import { BufferedOutput } from '../src/captures/buffered-output.js';
import { openCapture } from '../src/captures/capture-input.js';
import { PROGRESS_DELAY_MS, Progress } from '../src/captures/progress.js';
import { encodePcap, inFolder, octets, overlane } from './command-line.js';

describe('openCapture', () => {
  it('keeps the resolution that the timestamps need', async () => {
    await inFolder(async ({ write, writePcap }) => {
      const pcapng = octets(`0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c`);
      const files = [
        [writePcap('a', [], { byteOrder: 'big' }), 'microseconds'],
        [writePcap('b', []), 'microseconds'],
        [writePcap('c', [], { resolution: 'nanoseconds' }), 'nanoseconds'],
        [write('d', pcapng), 'nanoseconds'],
      ] as const;
      for (const [path, resolution] of files) {
        const input = await openCapture(path);
        expect([input.resolution, input.linkType]).toEqual([resolution, undefined]);
        await input.close();
      }
    });
  });

  it('stops where it is closed', async () => {
    await inFolder(async ({ write }) => {
      const frame = new Uint8Array(60_000);
      const path = write('long.pcap', encodePcap(Array.from({ length: 200 }, () => frame)));
      const input = await openCapture(path);
      const packets = input.packets();
      expect((await packets.next()).value!.bytes).toHaveLength(60_000);
      await input.close();
      expect((await packets.next()).done).toBe(true);
    });
  });
});

describe('BufferedOutput', () => {
  it('asks to be waited for once 64 KiB have been added, and not before', async () => {
    const sizes: number[] = [];
    const stream = new Writable({ write: (chunk: Uint8Array, _encoding, done) => (sizes.push(chunk.length), done()) });
    const output = new BufferedOutput(stream, 'test');
    output.add(new Uint8Array(65_535));
    expect(output.drain()).toBeUndefined();
    output.add('x');
    await output.drain();
    output.add('yz');
    await output.close();
    expect(sizes).toEqual([65_536, 2]);
  });
});

describe('Progress', () => {
  const terminal = (isTTY: boolean): { stream: NodeJS.WriteStream; shown: () => number } => {
    const stream = Object.assign(new PassThrough(), {
      isTTY,
      columns: 80,
      cursorTo: () => true,
      clearLine: () => true,
    });
    return { stream: stream as unknown as NodeJS.WriteStream, shown: () => stream.readableLength };
  };

  it.each([
    ['a terminal after two seconds', true, PROGRESS_DELAY_MS, 1 << 20, true],
    ['a terminal before that', true, PROGRESS_DELAY_MS - 1, 1 << 20, false],
    ['a file', false, PROGRESS_DELAY_MS, 1 << 20, false],
    ['a terminal, for an input of unknown size', true, PROGRESS_DELAY_MS, 0, false],
  ])('on %s', (_name, isTTY, afterMs, total, wanted) => {
    const { stream, shown } = terminal(isTTY);
    let nowMs = 0;
    const progress = new Progress(total, stream, () => nowMs);
    progress.update(1);
    nowMs = afterMs;
    progress.update(2);
    progress.stop();
    expect(shown() > 0).toBe(wanted);
  });
});

describe('help', () => {
  it.each(['dissect', 'encap', 'decap'])('of %s teaches with examples', async (command) => {
    const { status, stdout } = await overlane(command, '--help');
    expect(status).toBe(0);
    const examples = stdout.split('Examples:\n')[1]!.trim().split('\n');
    expect(examples.filter((line) => line.includes(`overlane ${command}`)).length).toBeGreaterThan(1);
  });
});
