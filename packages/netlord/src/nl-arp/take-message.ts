/** What messages do to the table. */
import type { Claim } from './claim.js';
import type { NlArpFault } from './faults.js';
import { FLAG, OPERATION } from './message-constants.js';
import { check, readFlags, readMacAsId, readOperation, readTenantId, vmMacOffset } from './message.js';
import { readHigh, readLow } from './octets.js';
import type { Place } from './options.js';
import type { Placements } from './placements.js';
import { GENERATION_UNKNOWN, isNewer, nextGeneration } from './serial.js';
import { STATE } from './table.js';

/** Takes the message `bytes[offset..end)`; a fault: it was refused. Never throws, and allocates nothing for HERE. */
export function takeMessage(
  placements: Placements,
  bytes: Uint8Array,
  offset: number,
  end: number,
  nowMs: number,
): NlArpFault | undefined {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) return fault;
  const { table } = placements;
  const mac = vmMacOffset(offset);
  const tenant = readTenantId(bytes, offset);
  const macAsId = readMacAsId(bytes, offset) | 0;
  const high = readHigh(bytes, mac);
  const low = readLow(bytes, mac);
  const slot = table.find(tenant, macAsId, high, low);
  const claim = placements.claim.read(bytes, offset);
  switch (readOperation(bytes, offset)) {
    case OPERATION.WHERE:
      takeWhere(placements, slot, claim, nowMs);
      return undefined;
    case OPERATION.NOTHERE:
      return takeNotHere(placements, slot, claim);
  }
  if ((readFlags(bytes, offset) & FLAG.STOPPED) !== 0) return takeStopped(placements, slot, claim);
  if (slot >= 0) return takeHere(placements, slot, claim, nowMs);
  if (isOwn(placements.place, claim)) return 'E_NLARP_CONFLICT';
  const added = table.add(tenant, macAsId, high, low, STATE.NEW);
  if (added < 0) return 'E_NLARP_TABLE_FULL';
  placements.settle(added, claim);
  return undefined;
}

/** A NIC is somewhere, of which there is an entry. */
function takeHere(placements: Placements, slot: number, claim: Claim, nowMs: number): NlArpFault | undefined {
  const { generation } = claim;
  const { table } = placements;
  const state = table.stateAt(slot);
  const isSame = table.isAt(slot, claim);
  if (state === STATE.LOCAL) {
    // An echo of our own, which a loop in the network may bring.
    return isSame ? undefined : takeRival(placements, slot, claim, nowMs);
  }
  // Nobody but us speaks for our place; a frame sent there would come back.
  if (isOwn(placements.place, claim)) return 'E_NLARP_CONFLICT';
  if (state === STATE.KNOWN) {
    const known = table.generationAt(slot);
    if (generation === known) return isSame ? undefined : 'E_NLARP_CONFLICT';
    if (!isNewer(generation, known)) return 'E_NLARP_STALE';
  }
  placements.settle(slot, claim);
  return undefined;
}

/**
 * Somebody else claims a NIC of ours. If it has just come here, the other's is the older truth, whatever the number: we take a
 * higher one. Else it is probably leaving: we note where to, and go on until it is unplugged.
 */
function takeRival(placements: Placements, slot: number, claim: Claim, nowMs: number): NlArpFault {
  const { generation } = claim;
  const { table, locals } = placements;
  const own = table.generationAt(slot);
  if (generation === own) return 'E_NLARP_CONFLICT';
  if (!isNewer(generation, own)) return 'E_NLARP_STALE';
  const local = table.linkAt(slot);
  if (locals.mayRaise(local, nowMs)) placements.announce(slot, nextGeneration(generation), nowMs);
  else locals.noteRival(local, claim);
  return 'E_NLARP_CONFLICT';
}

/** A NIC has stopped. Who asks for it goes on asking: it may have started elsewhere. */
function takeStopped(placements: Placements, slot: number, claim: Claim): NlArpFault | undefined {
  const { generation } = claim;
  const { table } = placements;
  if (slot < 0 || table.stateAt(slot) === STATE.PENDING || table.stateAt(slot) === STATE.HELD_DOWN) return undefined;
  const isSame = table.isAt(slot, claim);
  const known = table.generationAt(slot);
  if (table.stateAt(slot) === STATE.LOCAL) return isSame ? undefined : 'E_NLARP_STALE';
  if (generation === known && !isSame) return 'E_NLARP_CONFLICT';
  if (generation !== known && !isNewer(generation, known)) return 'E_NLARP_STALE';
  placements.forget(slot);
  return undefined;
}

/** Somebody asks for a NIC. Only its own agent answers: to where the question says, or to all. */
function takeWhere(placements: Placements, slot: number, claim: Claim, nowMs: number): void {
  const { table, speech, corrections } = placements;
  if (slot < 0 || table.stateAt(slot) !== STATE.LOCAL) return;
  const tenant = table.tenantAt(slot);
  const macAsId = table.macAsIdAt(slot);
  const high = table.highAt(slot);
  const low = table.lowAt(slot);
  if (claim.port !== 0 && (claim.edgeHigh | claim.edgeLow) !== 0) {
    speech.answer(tenant, macAsId, high, low, table.generationAt(slot), claim);
  } else if (corrections.take(tenant ^ macAsId, high, low, high, low, nowMs) !== 'refused') {
    placements.speakOf(slot, 0, 0);
  }
}

/**
 * A NIC isn't where we sent a frame for it. Generation 0 is obeyed, too: the agent there may never have known one. Its place must be
 * the one on file, so late corrections of what has been corrected do nothing.
 */
function takeNotHere(placements: Placements, slot: number, claim: Claim): NlArpFault | undefined {
  const { table } = placements;
  if (slot < 0 || table.stateAt(slot) !== STATE.KNOWN || !table.isAt(slot, claim)) return undefined;
  if (claim.generation !== GENERATION_UNKNOWN && isNewer(table.generationAt(slot), claim.generation))
    return 'E_NLARP_STALE';
  placements.forget(slot);
  return undefined;
}

function isOwn(place: Place, claim: Claim): boolean {
  return place.port === claim.port && place.edgeLow === claim.edgeLow && place.edgeHigh === claim.edgeHigh;
}
