/** Changes and locators as people write them. */
import { MAC_LENGTH, parseMac } from '@overlane/wire';
import { parseAddress, parseKey } from './key.js';
import type { Locator } from './model.js';
import type { Change } from './old1/change.js';
import { ENCAPSULATION, OPERATION, TTL_DEFAULT } from './old1/constants.js';

/** Names of the encapsulations. */
export type EncapsulationName = 'ip-in-ip' | 'vxlan' | 'stt' | 'gre' | 'dove' | 'netlord' | 'geneve';

/** A place in the underlay, in text. */
export interface LocatorText {
  /** IPv4, IPv6 or, for NetLord, the MAC of an edge switch. */
  readonly address: string;
  /** Default `vxlan`. */
  readonly encapsulation?: EncapsulationName;
  /** Port of the tunnel; default 0: that of the encapsulation. */
  readonly port?: number;
  /** Logical egress port; default 0. */
  readonly label?: number;
}

/** Which change it is, and about what. */
export interface ChangeOf<Operation extends string> {
  readonly op: Operation;
  readonly tenant: number;
  /** The tenant's address: IPv4, IPv6 or MAC. */
  readonly aa: string;
}

/** What a mapping holds from now on. */
export interface ChangeContents {
  readonly locators: readonly LocatorText[];
  /** Life of answers in seconds, 1..86,400. Default 300. */
  readonly ttl?: number;
  /** MAC that the ARP proxy answers. Default all zeros: none. */
  readonly mac?: string;
  /** Bits of `MAPPING_FLAG`. Default 0. */
  readonly flags?: number;
  /** Host that owns the mapping. Default: the host that asks. */
  readonly owner?: number;
}

/** What must be there for the change to happen. */
export interface ChangeCondition {
  /** Version that must be there; 0 if there must be none. */
  readonly expectVersion: number;
}

/** One change of the directory, in text. */
export type ChangeRequest =
  | (ChangeOf<'put'> & ChangeContents)
  | (ChangeOf<'putIf'> & ChangeContents & ChangeCondition)
  | ChangeOf<'delete'>
  | (ChangeOf<'deleteIf'> & ChangeCondition)
  /** Replaces the locators and hands the mapping to `owner`. */
  | (ChangeOf<'move'> & { readonly locators: readonly LocatorText[]; readonly owner: number });

const CODES: Readonly<Record<EncapsulationName, number>> = {
  'ip-in-ip': ENCAPSULATION.IP_IN_IP,
  vxlan: ENCAPSULATION.VXLAN,
  stt: ENCAPSULATION.STT,
  gre: ENCAPSULATION.GRE,
  dove: ENCAPSULATION.DOVE,
  netlord: ENCAPSULATION.NETLORD,
  geneve: ENCAPSULATION.GENEVE,
};

/** The name of an encapsulation, or `undefined` if the number has none. */
export function encapsulationName(encap: number): EncapsulationName | undefined {
  return (Object.keys(CODES) as EncapsulationName[]).find((name) => CODES[name] === encap);
}

/** The locator of a text. @throws CodecError E_ADDRESS_SYNTAX */
export function parseLocator({ address, encapsulation = 'vxlan', port = 0, label = 0 }: LocatorText): Locator {
  const { kind, addr } = parseAddress(address);
  return { kind, encap: CODES[encapsulation], port, label, addr };
}

/** The change of a request by the host `owner`. @throws CodecError E_ADDRESS_SYNTAX, E_FIELD_RANGE */
export function parseChange(request: ChangeRequest, owner: number): Change {
  const key = parseKey(request.tenant, request.aa);
  const nothing = { key, expectVersion: 0, owner: 0, ttl: 0, mac: new Uint8Array(MAC_LENGTH), flags: 0, locators: [] };
  switch (request.op) {
    case 'put':
      return { ...nothing, ...contentsOf(request, owner), op: OPERATION.PUT };
    case 'putIf':
      return { ...nothing, ...contentsOf(request, owner), op: OPERATION.PUT_IF, expectVersion: request.expectVersion };
    case 'delete':
      return { ...nothing, op: OPERATION.DELETE };
    case 'deleteIf':
      return { ...nothing, op: OPERATION.DELETE_IF, expectVersion: request.expectVersion };
    case 'move':
      return {
        ...nothing,
        op: OPERATION.MOVE,
        owner: request.owner,
        locators: request.locators.map(parseLocator),
      };
  }
}

function contentsOf({ locators, ttl, mac, flags, owner }: ChangeContents, host: number) {
  return {
    locators: locators.map(parseLocator),
    ttl: ttl ?? TTL_DEFAULT,
    mac: mac === undefined ? new Uint8Array(MAC_LENGTH) : parseMac(mac),
    flags: flags ?? 0,
    owner: owner ?? host,
  };
}
