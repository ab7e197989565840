/**
 * NL-ARP at one agent: a state machine per (tenant, address space, MAC).
 *
 *     ABSENT ──frame: hold it, WHERE to all──▶ PENDING ──HERE: send what was held──▶ KNOWN
 *        ▲                                        │ 3 questions without an answer       │
 *        ├──────── 5 s ──────── HELD_DOWN ◀───────┘                                     │
 *        ├──────────── NOTHERE from the place on file, or HERE that says "stopped" ◀────┘
 *        └── NIC unplugged ── LOCAL ◀── NIC plugged in, from any state: HERE to all, again after 1 s and 5 s
 *
 * Agents push: each stores every HERE, so a question is the exception, and entries do not age. A newer placement
 * (generation) replaces what is known and an older one never does. Where loss has left an agent with a wrong
 * place, the agent there says so with NOTHERE, and the next frame asks.
 *
 * Pure: time is an argument, randomness is injected, what is to be sent waits in an outbox. Nothing is allocated per
 * packet of a known destination nor per HERE. Memory is bounded by `NlArpLimits`.
 */
import type { PacketBuffer } from '@overlane/wire';
import type { NlArpFault, NlArpFaultCounts } from './faults.js';
import { FLAG } from './message-constants.js';
import type { NlArpOptions, Place } from './options.js';
import type { NlArpEvent } from './outbox.js';
import { Placements } from './placements.js';
import { GENERATION_UNKNOWN, nextGeneration } from './serial.js';
import { EVERYBODY } from './speech.js';
import { type NlArpTable, STATE } from './table.js';
import { takeMessage } from './take-message.js';

/** There is no place yet: the frame is held until there is, or was dropped and counted. */
export const PENDING = -1;

/** The machine of one agent. MACs come as upper 16 and lower 32 bits, 32-bit values signed. Not reentrant. */
export class NlArp {
  readonly #placements: Placements;
  #nextChirper = 0;

  /** Knows nobody. @throws RangeError if `entries` is out of range */
  constructor(options: NlArpOptions) {
    this.#placements = new Placements(options);
  }

  /** Where NICs are, to be read. */
  get table(): NlArpTable {
    return this.#placements.table;
  }

  /** Counts of everything refused or given up. */
  get faults(): NlArpFaultCounts {
    return this.#placements.faults;
  }

  /** Slot of the NIC in `table` if its place is known; else PENDING, and `frame`, which is for it, is held or dropped. */
  resolve(tenant: number, macAsId: number, high: number, low: number, frame: PacketBuffer, nowMs: number): number {
    const { table, faults } = this.#placements;
    const slot = table.find(tenant, macAsId, high, low);
    switch (slot < 0 ? 0 : table.stateAt(slot)) {
      case STATE.KNOWN:
        table.touch(slot, nowMs);
        return slot;
      case STATE.PENDING:
        this.#placements.hold(slot, frame);
        return PENDING;
      case STATE.HELD_DOWN:
        faults.add('E_NLARP_NO_ANSWER');
        return PENDING;
      case STATE.LOCAL:
        // Whoever asks has lost sight of a NIC of its own; nobody else could answer.
        faults.add('E_NLARP_CONFLICT');
        return PENDING;
      default:
        this.#placements.ask(tenant, macAsId, high, low, frame, nowMs);
        return PENDING;
    }
  }

  /** A NIC is plugged in here: that is a new placement, and all are told. A fault: there is no room, nobody was told. */
  plug(tenant: number, macAsId: number, high: number, low: number, nowMs: number): NlArpFault | undefined {
    const { table, locals } = this.#placements;
    let slot = table.find(tenant, macAsId, high, low);
    if (slot >= 0 && table.stateAt(slot) === STATE.LOCAL) return undefined;
    if (slot < 0 && table.size === table.capacity) return this.#placements.count('E_NLARP_TABLE_FULL');
    const local = locals.arrive(tenant, macAsId, high, low, nowMs);
    if (local < 0) return this.#placements.count('E_NLARP_TABLE_FULL');
    if (slot < 0) slot = table.add(tenant, macAsId, high, low, STATE.NEW);
    this.#placements.makeLocal(slot, local, nextGeneration(table.generationAt(slot)), nowMs);
    return undefined;
  }

  /** A NIC leaves: it has `stopped`, and all are told; or `moved`, and its new agent tells them. */
  unplug(tenant: number, macAsId: number, high: number, low: number, how: 'stopped' | 'moved'): void {
    const { table, locals } = this.#placements;
    const slot = table.find(tenant, macAsId, high, low);
    if (slot < 0 || table.stateAt(slot) !== STATE.LOCAL) return;
    if (how === 'stopped') this.#placements.speakOf(slot, FLAG.STOPPED, 0);
    const rival = locals.rivalOf(table.linkAt(slot));
    if (rival === undefined) this.#placements.forget(slot);
    else this.#placements.settle(slot, rival);
  }

  /** Takes the message `bytes[offset..end)`. A fault: it was refused, and counted. */
  takeMessage(bytes: Uint8Array, offset: number, end: number, nowMs: number): NlArpFault | undefined {
    const fault = takeMessage(this.#placements, bytes, offset, end, nowMs);
    if (fault !== undefined) this.#placements.faults.add(fault);
    return fault;
  }

  /**
   * A frame came from NIC `from` for NIC `to`, which isn't here: tells the sender's agent, at most once per pair and interval. If it
   * goes on all the same, or its place isn't known, all agents are told, which is as good: only those that have the wrong place on
   * file take notice. Returns whether anybody is told.
   */
  misdelivered(
    tenant: number,
    macAsId: number,
    fromHigh: number,
    fromLow: number,
    toHigh: number,
    toLow: number,
    nowMs: number,
  ): boolean {
    const { table, corrections, speech } = this.#placements;
    const space = tenant ^ macAsId;
    const turn = corrections.take(space, fromHigh, fromLow, toHigh, toLow, nowMs);
    if (turn === 'refused') return false;
    const source = table.find(tenant, macAsId, fromHigh, fromLow);
    const isToOne = turn === 'first' && source >= 0 && table.stateAt(source) === STATE.KNOWN;
    // One message to all is enough for all senders to that NIC.
    if (!isToOne && corrections.take(space, toHigh, toLow, toHigh, toLow, nowMs) === 'refused') return false;
    const target = table.find(tenant, macAsId, toHigh, toLow);
    // A correction that didn't help may have gone to where the sender was before, or have named an older placement than
    // the sender has on file: so the next one goes to all, and names none.
    const generation = target < 0 || turn === 'again' ? GENERATION_UNKNOWN : table.generationAt(target);
    speech.notHere(tenant, macAsId, toHigh, toLow, generation, isToOne ? placeAt(table, source) : EVERYBODY);
    return true;
  }

  /** Announces one of the local NICs, each in turn, on `vlan`: a sign of life of that path. False if there are none. */
  chirp(vlan: number): boolean {
    const { locals } = this.#placements;
    const numbers = locals.records.capacity;
    for (let looked = 0; locals.records.size > 0 && looked < numbers; looked++) {
      const local = this.#nextChirper;
      this.#nextChirper = (local + 1) % numbers;
      const slot = this.#placements.slotOfLocal(local);
      if (slot < 0) continue;
      this.#placements.speakOf(slot, 0, vlan);
      return true;
    }
    return false;
  }

  /** What to send next; valid until the next call. Ask after every batch of packets and every `tick`. */
  nextEvent(): NlArpEvent | undefined {
    return this.#placements.outbox.next();
  }

  /** Lets time pass: asks again, gives up, announces again. Time must not go back. */
  tick(nowMs: number): void {
    this.#placements.tick(nowMs);
  }

  /** When `tick` has something to do, or Infinity. */
  get nextTickMs(): number {
    return this.#placements.nextMs;
  }
}

function placeAt(table: NlArpTable, slot: number): Place {
  return { port: table.portAt(slot), edgeHigh: table.edgeHighAt(slot), edgeLow: table.edgeLowAt(slot) };
}
