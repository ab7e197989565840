/** Files with master keys: a line for each key epoch, `EPOCH HEX`. Whoever can read one can do everything. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../../exit.js';

const LINE = /^(\d{1,3})\s+((?:[0-9a-f]{2}){16,64})$/i;
const KEY_LENGTH = 32;

/** Reads master keys by key epoch. @throws UsageError if the file can't be read or is none */
export function readKeys(path: string): ReadonlyMap<number, Uint8Array> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`can't read the keys: ${(error as Error).message}`);
  }
  const keys = new Map<number, Uint8Array>();
  for (const line of text.split('\n').filter((each) => !/^\s*(#.*)?$/.test(each))) {
    const [, epoch, key] = LINE.exec(line.trim()) ?? [];
    if (epoch === undefined || key === undefined || Number(epoch) > 255) {
      throw new UsageError(`${path}: a line must be a key epoch (0..255) and 32 or more hexadecimal digits`);
    }
    keys.set(Number(epoch), Uint8Array.from(Buffer.from(key, 'hex')));
  }
  if (keys.size < 1 || keys.size > 2) throw new UsageError(`${path}: one key, or two while they are changed`);
  return keys;
}

/** Reads master keys; makes a file with a fresh one, for its owner only, if there is none. @throws UsageError */
export function readOrMakeKeys(path: string): {
  readonly keys: ReadonlyMap<number, Uint8Array>;
  readonly isNew: boolean;
} {
  const isNew = !existsSync(path);
  if (isNew) {
    const text = `# Master key of the directory, by key epoch. Keep it secret.\n1 ${randomBytes(KEY_LENGTH).toString('hex')}\n`;
    try {
      writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw new UsageError(`can't write the keys: ${(error as Error).message}`);
    }
  }
  return { keys: readKeys(path), isNew };
}
