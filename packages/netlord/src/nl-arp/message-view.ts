import { HeaderView } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN } from '../encapsulation/address-plan.js';
import type { NlArpOperation } from './message-constants.js';
import * as message from './message.js';

/**
 * A message in place, as an object: for code that passes messages around. Make one and move it with `at`. It checks
 * nothing: call `check` first.
 */
export class NlArpView extends HeaderView {
  readonly #plan: AddressPlan;

  /** A view of the message at `bytes[offset..]`. */
  constructor(bytes: Uint8Array, offset = 0, plan: AddressPlan = ADDRESS_PLAN) {
    super(bytes, offset);
    this.#plan = plan;
  }

  /** What the message says. */
  get operation(): NlArpOperation {
    return message.readOperation(this.bytes, this.offset);
  }

  /** Flag bits: see FLAG. */
  get flags(): number {
    return message.readFlags(this.bytes, this.offset);
  }

  /** Generation, 0..65535. */
  get generation(): number {
    return message.readGeneration(this.bytes, this.offset);
  }

  set generation(generation: number) {
    message.writeGeneration(this.bytes, this.offset, generation);
  }

  /** Tenant identifier. */
  get tenantId(): number {
    return message.readTenantId(this.bytes, this.offset, this.#plan);
  }

  /** Port of the edge switch, or 0. */
  get port(): number {
    return message.readPort(this.bytes, this.offset, this.#plan);
  }

  /** MAC address space, 0..2^32-1. */
  get macAsId(): number {
    return message.readMacAsId(this.bytes, this.offset);
  }

  /** The VM's MAC in new memory. */
  get vmMac(): Uint8Array<ArrayBuffer> {
    return message.readVmMac(this.bytes, this.offset);
  }

  /** The edge switch's MAC in new memory. */
  get edgeMac(): Uint8Array<ArrayBuffer> {
    return message.readEdgeMac(this.bytes, this.offset);
  }
}
