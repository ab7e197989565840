import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { StoreError } from './errors.js';

const DATA_NAME = 'data.mdb';
/* mdb.c: the first two pages are a page header of 24 octets and then MDB_meta, in the machine's byte order. */
const MAGIC_OFFSET = 24;
const PAGE_SIZE_OFFSET = 48;
const META_LENGTH = 56;
const MAGIC = 0xbeefc0de;
const PAGE_SIZE_MAX = 65_536;

/** @throws StoreError E_STORE_NO_DIRECTORY, E_STORE_NO_PERMISSION */
export function requireDirectory(directory: string): void {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new StoreError('E_STORE_NO_DIRECTORY', directory, 'there is no such directory; make it first');
  }
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StoreError(
      'E_STORE_NO_PERMISSION',
      directory,
      'this user may not write there; change the owner or choose another directory',
      { cause },
    );
  }
}

/**
 * Looks at the two first pages of the data file, if there is one: the native library ends the process when they are not
 * its own. @throws StoreError E_STORE_CORRUPT
 */
export function requireSoundFile(directory: string): void {
  const path = join(directory, DATA_NAME);
  if (!existsSync(path)) return;
  const { size } = statSync(path);
  if (size === 0) return;
  const first = readAt(path, 0);
  const pageSize = first.readUInt32LE(PAGE_SIZE_OFFSET);
  const isPageSize = pageSize >= 512 && pageSize <= PAGE_SIZE_MAX && (pageSize & (pageSize - 1)) === 0;
  if (hasMagic(first) && isPageSize && size >= 2 * pageSize && hasMagic(readAt(path, pageSize))) return;
  throw new StoreError('E_STORE_CORRUPT', directory, `${DATA_NAME} is no LMDB file, or is cut; ${REMEDY}`);
}

/** What a failure to open means. A `StoreError` stays what it is. */
export function openError(directory: string, cause: unknown): StoreError {
  if (StoreError.is(cause)) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const error = (code: ConstructorParameters<typeof StoreError>[0], fact: string): StoreError =>
    new StoreError(code, directory, `${fact} (${text})`, { cause });
  if (/MDB_INVALID|MDB_CORRUPTED|MDB_VERSION_MISMATCH|MDB_PAGE_NOTFOUND/.test(text)) {
    return error('E_STORE_CORRUPT', `${DATA_NAME} is damaged; ${REMEDY}`);
  }
  if (/permission denied|EACCES|EPERM|EROFS|read-only/i.test(text)) {
    return error('E_STORE_NO_PERMISSION', 'this user may not write the files');
  }
  if (/no space left|ENOSPC|MDB_MAP_FULL/i.test(text)) return error('E_STORE_DISK_FULL', 'no room; free some space');
  return error('E_STORE_UNSUPPORTED', 'LMDB does not work here');
}

/** Puts the names of new files on the disk. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const REMEDY = 'restore a backup, then advance the epoch';

function readAt(path: string, offset: number): Buffer {
  const octets = Buffer.alloc(META_LENGTH);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, octets, 0, META_LENGTH, offset);
  } finally {
    closeSync(descriptor);
  }
  if (endianness() === 'BE') octets.swap32();
  return octets;
}

function hasMagic(meta: Buffer): boolean {
  return meta.readUInt32LE(MAGIC_OFFSET) === MAGIC;
}
