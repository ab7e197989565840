/** The messages that a machine says, written straight into its outbox. */
import type { NlArpFaultCounts } from './faults.js';
import { FLAG, type NlArpOperation, OPERATION } from './message-constants.js';
import { writeEdgeMac, writeMessage, writeVmMac } from './message.js';
import type { Place } from './options.js';
import type { Outbox } from './outbox.js';

/** All agents, as if it were a place. */
export const EVERYBODY: Place = { port: 0, edgeHigh: 0xffff, edgeLow: -1 };

/** What speaking takes. */
export class Speech {
  readonly #place: Place;
  readonly #outbox: Outbox;
  readonly #faults: NlArpFaultCounts;

  /** Every message names `place`, where the speaker is. */
  constructor(place: Place, outbox: Outbox, faults: NlArpFaultCounts) {
    this.#place = place;
    this.#outbox = outbox;
    this.#faults = faults;
  }

  /** "It lives here", to all on `vlan`; 0: on whichever. */
  here(
    tenant: number,
    macAsId: number,
    high: number,
    low: number,
    generation: number,
    flags: number,
    vlan: number,
  ): void {
    this.#say(OPERATION.HERE, flags, tenant, macAsId, high, low, generation, EVERYBODY, vlan);
  }

  /** "It lives here", to who asked. */
  answer(tenant: number, macAsId: number, high: number, low: number, generation: number, asker: Place): void {
    this.#say(OPERATION.HERE, FLAG.UNICAST, tenant, macAsId, high, low, generation, asker, 0);
  }

  /** "Where does it live?", to all. */
  where(tenant: number, macAsId: number, high: number, low: number): void {
    this.#say(OPERATION.WHERE, 0, tenant, macAsId, high, low, 0, EVERYBODY, 0);
  }

  /** "It does not live here", to who thought so. */
  notHere(tenant: number, macAsId: number, high: number, low: number, generation: number, sender: Place): void {
    this.#say(OPERATION.NOTHERE, 0, tenant, macAsId, high, low, generation, sender, 0);
  }

  #say(
    operation: NlArpOperation,
    flags: number,
    tenant: number,
    macAsId: number,
    high: number,
    low: number,
    generation: number,
    to: Place,
    vlan: number,
  ): void {
    const at = this.#outbox.addMessage(tenant, macAsId, to.port, to.edgeHigh, to.edgeLow, vlan);
    if (at < 0) {
      this.#faults.add('E_NLARP_OUTBOX');
      return;
    }
    const { port, edgeHigh, edgeLow } = this.#place;
    const { bytes } = this.#outbox;
    writeMessage(bytes, at, operation, flags, generation, tenant, port, macAsId);
    writeVmMac(bytes, at, high, low);
    writeEdgeMac(bytes, at, edgeHigh, edgeLow);
  }
}
