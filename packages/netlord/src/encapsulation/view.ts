import { HeaderView } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN } from './address-plan.js';
import type { NetlordProtocol } from './constants.js';
import * as header from './header.js';

/**
 * NetLord's IPv4 header in place, as an object: for code that passes headers around. Make one and move it with `at`. It checks
 * nothing: call `check` first.
 */
export class NetlordView extends HeaderView {
  readonly #plan: AddressPlan;

  /** A view of the header at `bytes[offset..]`. */
  constructor(bytes: Uint8Array, offset = 0, plan: AddressPlan = ADDRESS_PLAN) {
    super(bytes, offset);
    this.#plan = plan;
  }

  /** Octets of header and payload. */
  get totalLength(): number {
    return header.readTotalLength(this.bytes, this.offset);
  }

  /** VLAN identifier of the path that the packet took, 1..4094. */
  get vid(): number {
    return header.readVid(this.bytes, this.offset);
  }

  /** Time to live, 1..255. */
  get ttl(): number {
    return header.readTtl(this.bytes, this.offset);
  }

  /** What follows: a tenant's frame or an NL-ARP message. */
  get protocol(): NetlordProtocol {
    return header.readProtocol(this.bytes, this.offset);
  }

  /** MAC address space, 0..MAC_AS_ID_MAX. */
  get macAsId(): number {
    return header.readMacAsId(this.bytes, this.offset);
  }

  /** Port of the egress edge switch. */
  get port(): number {
    return header.readPort(this.bytes, this.offset, this.#plan);
  }

  /** Tenant identifier. */
  get tenantId(): number {
    return header.readTenantId(this.bytes, this.offset, this.#plan);
  }
}
