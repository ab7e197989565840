import type { Compare, Op, StoreTxn } from './backend.js';
import { StoreError } from './errors.js';
import { copyOf, keyName } from './octets.js';

/** Longest key, in octets. */
export const KEY_LENGTH_MAX = 1024;
/** Most octets of keys and values in a transaction. etcd's own limit for a request is 1.5 MiB. */
export const TXN_LENGTH_MAX = 1_048_576;
/** Most, and usual number of, entries in a page. */
export const PAGE_SIZE_MAX = 10_000;
const LEASE_SECONDS_MAX = 86_400;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/** A transaction that keeps the limits, with octets of its own. */
export interface CheckedTxn {
  readonly compares: readonly Compare[];
  readonly ops: readonly Op[];
  readonly elseOps: readonly Op[];
  /** Octets of all keys and values. */
  readonly length: number;
  /** True if an operation on either side can write. */
  readonly writes: boolean;
}

/** Copies a transaction. `subject` names the store in errors. @throws StoreError E_STORE_BAD_REQUEST, E_STORE_TOO_LARGE */
export function checkTxn(subject: string, transaction: StoreTxn, maxOps: number): CheckedTxn {
  const { compares, ops, elseOps = [] } = transaction;
  for (const [what, list] of Object.entries({ compares, ops, elseOps })) {
    if (list.length > maxOps) throw tooLarge(subject, `${list.length} ${what} in a transaction, ${maxOps} at most`);
  }
  const copies = {
    compares: compares.map((compare) => checkCompare(subject, compare)),
    ops: checkOps(subject, ops),
    elseOps: checkOps(subject, elseOps),
  };
  const length = [...copies.compares, ...copies.ops, ...copies.elseOps].reduce(
    (sum, part) => sum + part.key.length + ('type' in part && part.type === 'put' ? part.value.length : 0),
    0,
  );
  if (length > TXN_LENGTH_MAX) {
    throw tooLarge(subject, `${length} octets of keys and values in a transaction, ${TXN_LENGTH_MAX} at most`);
  }
  const writes = copies.ops.some((op) => op.type !== 'get') || copies.elseOps.some((op) => op.type !== 'get');
  return { ...copies, length, writes };
}

/** A copy of `key`. @throws StoreError E_STORE_BAD_REQUEST, E_STORE_TOO_LARGE */
export function checkKey(subject: string, key: Uint8Array): Buffer {
  if (key.length === 0) throw badRequest(subject, 'a key must have at least one octet');
  return checkPrefix(subject, key);
}

/** A copy of `prefix`, which may be empty. @throws StoreError E_STORE_TOO_LARGE */
export function checkPrefix(subject: string, prefix: Uint8Array): Buffer {
  if (prefix.length > KEY_LENGTH_MAX) {
    throw tooLarge(subject, `a key has ${prefix.length} octets, ${KEY_LENGTH_MAX} at most`);
  }
  return copyOf(prefix);
}

/** @throws StoreError E_STORE_BAD_REQUEST */
export function checkPageSize(subject: string, pageSize: number): number {
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
    throw badRequest(subject, `pageSize must be an integer in 1..${PAGE_SIZE_MAX}, got ${pageSize}`);
  }
  return pageSize;
}

/** @throws StoreError E_STORE_BAD_REQUEST */
export function checkRevision(subject: string, what: string, revision: bigint): bigint {
  if (revision < 1n || revision > INT64_MAX) throw badRequest(subject, `${what} must be in 1..2^63-1, got ${revision}`);
  return revision;
}

/** @throws StoreError E_STORE_BAD_REQUEST */
export function checkLeaseSeconds(subject: string, seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LEASE_SECONDS_MAX) {
    throw badRequest(subject, `a lease must last an integer of 1..${LEASE_SECONDS_MAX} s, got ${seconds}`);
  }
  return seconds;
}

/** Whether `actual` and `op` and `value` hold together. */
export function compareHolds(actual: bigint, op: Compare['op'], value: bigint): boolean {
  switch (op) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '<':
      return actual < value;
    case '>':
      return actual > value;
  }
}

function checkCompare(subject: string, { key, target, op, value }: Compare): Compare {
  if (value < 0n || value > INT64_MAX)
    throw badRequest(subject, `a compare's value must be in 0..2^63-1, got ${value}`);
  return { key: checkKey(subject, key), target, op, value };
}

function checkOps(subject: string, ops: readonly Op[]): Op[] {
  const written = new Set<string>();
  return ops.map((op) => {
    const key = checkKey(subject, op.key);
    if (op.type === 'get') return { type: 'get', key };
    const name = keyName(key);
    if (written.has(name)) throw badRequest(subject, 'a transaction writes the same key twice');
    written.add(name);
    if (op.type === 'delete') return { type: 'delete', key };
    const { lease } = op;
    if (lease === undefined) return { type: 'put', key, value: copyOf(op.value) };
    if (lease < 1n || lease > INT64_MAX) throw badRequest(subject, `a lease id must be in 1..2^63-1, got ${lease}`);
    return { type: 'put', key, value: copyOf(op.value), lease };
  });
}

function badRequest(subject: string, fact: string): StoreError {
  return new StoreError('E_STORE_BAD_REQUEST', subject, fact);
}

function tooLarge(subject: string, fact: string): StoreError {
  return new StoreError('E_STORE_TOO_LARGE', subject, fact);
}
