/**
 * Whether a host may make a change, and what the store holds afterwards.
 *
 * A host may put a mapping whose locators are its own, if there is none or if it owns the one there is; it may delete or
 * hand over (MOVE) what it owns. The controller may do anything. STATIC mappings have no owner. So nobody gets what is
 * another's unless that one, or the controller, hands it over.
 */
import { CODE, MAPPING_FLAG, OPERATION, TENANT_MAX, answer, change, locator, writeUint53 } from '@overlane/directory';
import { ANSWER_FIELD, ANSWER_LENGTH } from '../table/record.js';
import { CONTROLLER, type Hosts } from './hosts.js';

/** What there is before a change. */
export interface Current {
  /** Revision that wrote it; 0 if there is nothing. */
  readonly version: number;
  /** The mapping as the store has it, with the owner where an answer has its version; `undefined` if there is nothing. */
  readonly value: Uint8Array | undefined;
}

/** What is to happen. */
export type Verdict =
  /** To be done: the new mapping, or `undefined` for a deletion. */
  | { readonly code: typeof CODE.OK; readonly put: Uint8Array | undefined }
  /** Refused; `version` is the present one where the code is about versions. */
  | { readonly code: Exclude<(typeof CODE)[keyof typeof CODE], 0>; readonly version: number };

/** What a change is judged by. */
export interface Authority {
  /** Who owns locators. */
  readonly hosts: Hosts;
  /** Tenants above 2^24-1 are allowed. */
  readonly wideTenant: boolean;
}

/** Judges the change at `bytes[offset..]` by `hostId`, when `current` is there. Precondition: `change.check` passed. */
export function judge(
  authority: Authority,
  hostId: number,
  bytes: Uint8Array,
  offset: number,
  current: Current,
): Verdict {
  const tenant = change.readTenant(bytes, offset);
  if (tenant > TENANT_MAX && !authority.wideTenant) return refuse(CODE.TENANT_UNKNOWN, 0);
  // Hosts themselves are the mappings of tenant 0.
  if (tenant === 0 && hostId !== CONTROLLER) return refuse(CODE.NOT_OWNER, 0);
  const operation = change.readOperation(bytes, offset);
  const isConditional = operation === OPERATION.PUT_IF || operation === OPERATION.DELETE_IF;
  if (isConditional && change.readExpectVersion(bytes, offset) !== current.version) {
    return refuse(CODE.VERSION_MISMATCH, current.version);
  }
  if (!mayChange(hostId, current)) return refuse(CODE.NOT_OWNER, 0);
  switch (operation) {
    case OPERATION.DELETE:
    case OPERATION.DELETE_IF:
      return current.value === undefined ? refuse(CODE.NOT_FOUND, 0) : { code: CODE.OK, put: undefined };
    case OPERATION.MOVE:
      if (current.value === undefined) return refuse(CODE.NOT_FOUND, 0);
      // The old owner hands over: the new place is the new owner's.
      if (!ownsPlaces(authority, hostId, change.readOwner(bytes, offset), bytes, offset))
        return refuse(CODE.NOT_OWNER, 0);
      return { code: CODE.OK, put: moved(current.value, bytes, offset) };
    default:
      if (hostId !== CONTROLLER && change.readOwner(bytes, offset) !== hostId) return refuse(CODE.NOT_OWNER, 0);
      if (!ownsPlaces(authority, hostId, hostId, bytes, offset)) return refuse(CODE.NOT_OWNER, 0);
      return { code: CODE.OK, put: valueOf(bytes, offset) };
  }
}

function refuse(code: Exclude<Verdict['code'], 0>, version: number): Verdict {
  return { code, version };
}

function mayChange(hostId: number, { value }: Current): boolean {
  if (hostId === CONTROLLER || value === undefined) return true;
  return (answer.readFlags(value, 0) & MAPPING_FLAG.STATIC) !== 0 || answer.readVersion(value, 0) === hostId;
}

function ownsPlaces(
  { hosts }: Authority,
  hostId: number,
  newOwner: number,
  bytes: Uint8Array,
  offset: number,
): boolean {
  return hostId === CONTROLLER || hosts.ownsLocators(newOwner, bytes, offset + change.LENGTH_MIN, bytes[offset + 2]!);
}

/** The mapping that a PUT makes, as the store keeps it. */
export function valueOf(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const n = bytes[offset + 2]!;
  const value = new Uint8Array(ANSWER_LENGTH + n * locator.LENGTH);
  for (let i = 0; i < 4; i++) value[i] = bytes[offset + 4 + i]!;
  value[ANSWER_FIELD.KIND] = bytes[offset + 1]!;
  value[ANSWER_FIELD.COUNT] = n;
  value[ANSWER_FIELD.FLAGS + 1] = change.readFlags(bytes, offset);
  for (let i = 0; i < 16; i++) value[ANSWER_FIELD.ADDR + i] = bytes[offset + 8 + i]!;
  // Owner (8), TTL (4) and MAC (6) stand in the same order on both sides.
  for (let i = 0; i < 18; i++) value[ANSWER_FIELD.VERSION + i] = bytes[offset + 32 + i]!;
  for (let i = ANSWER_LENGTH; i < value.length; i++) value[i] = bytes[offset + change.LENGTH_MIN - ANSWER_LENGTH + i]!;
  return value;
}

/** What there is, at the places and with the owner that a MOVE names. */
function moved(current: Uint8Array, bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const n = bytes[offset + 2]!;
  const value = new Uint8Array(ANSWER_LENGTH + n * locator.LENGTH);
  value.set(current.subarray(0, ANSWER_LENGTH));
  value[ANSWER_FIELD.COUNT] = n;
  writeUint53(value, ANSWER_FIELD.VERSION, change.readOwner(bytes, offset));
  for (let i = ANSWER_LENGTH; i < value.length; i++) value[i] = bytes[offset + change.LENGTH_MIN - ANSWER_LENGTH + i]!;
  return value;
}

/** Copies the key of the change at `bytes[offset..]` to `block`, 24 octets, in the order of a key block. */
export function readChangeKey(bytes: Uint8Array, offset: number, block: Uint8Array): void {
  for (let i = 0; i < 4; i++) block[i] = bytes[offset + 4 + i]!;
  block[4] = bytes[offset + 1]!;
  block[5] = block[6] = block[7] = 0;
  for (let i = 0; i < 16; i++) block[8 + i] = bytes[offset + 8 + i]!;
}
