/**
 * What the demonstration builds: two hosts joined by an underlay, and two tenants with the same addresses and the same
 * MACs, each with a station on both hosts. Plain data: both worlds build it, and the checks judge by it.
 */
import { type EncapsulationConfig, type SwitchConfig, parseSwitchConfig } from '@overlane/switch';
import { HOST_DEVICE, HOST_PLACES, agentConfigOf } from './netlord-plan.js';

/** Name of an encapsulation that the switch knows. */
export type EncapsulationName = EncapsulationConfig['type'];

/** A host: it runs one switch. */
export interface Host {
  /** Name, and that of its network namespace. */
  readonly name: string;
  /** Its address on the underlay. */
  readonly address: string;
}

/** A tenant's machine. */
export interface Station {
  /** Name, also that of its network namespace and its device. */
  readonly name: string;
  /** The tenant it belongs to. */
  readonly tenant: string;
  /** The virtual network it is in. */
  readonly network: number;
  /** The host it runs on. */
  readonly host: Host;
  /** Its MAC. */
  readonly mac: string;
  /** Its addresses: the one both tenants use, then any that only this tenant has. */
  readonly addresses: readonly string[];
}

/** Echo requests from one station to an address. */
export interface Probe {
  /** The sender. */
  readonly from: Station;
  /** The address that is asked for. */
  readonly address: string;
  /** The station that has the address. It must answer if it is the sender's tenant's, and never otherwise. */
  readonly owner: Station;
  /** MAC that the sender is made to believe the address has; it asks by ARP otherwise. */
  readonly pinnedMac?: string;
  /** Echo requests to send. */
  readonly count: number;
  /** Octets behind the echo header, sent unfragmented; `undefined`: as many as `ping` chooses. */
  readonly dataLength?: number;
}

/** The two ends of the underlay (RFC 5737 documentation addresses). */
export const HOSTS: readonly [Host, Host] = [
  { name: 'h1', address: '192.0.2.1' },
  { name: 'h2', address: '192.0.2.2' },
];

/** Prefix length of all subnets, the tenants' and the underlay's. */
export const PREFIX_LENGTH = 24;

/** Path MTU of the underlay. */
export const UNDERLAY_MTU = 1500;

interface Tenant {
  readonly name: string;
  readonly network: number;
  /** An address that only this tenant has, on host 2: what the other one tries to reach. */
  readonly ownAddress: string;
}

/** The tenants. Their first addresses are equal, on purpose. */
export const TENANTS: readonly [Tenant, Tenant] = [
  { name: 'red', network: 5001, ownAddress: '10.0.0.20' },
  { name: 'blue', network: 5002, ownAddress: '10.0.0.30' },
];

/** All stations, tenant by tenant. */
export const STATIONS: readonly Station[] = TENANTS.flatMap((tenant) =>
  HOSTS.map((host, i) => ({
    name: `${tenant.name}${i + 1}`,
    tenant: tenant.name,
    network: tenant.network,
    host,
    mac: `02:00:00:00:00:0${i + 1}`,
    addresses: i === 0 ? ['10.0.0.1'] : ['10.0.0.2', tenant.ownAddress],
  })),
);

/** Data of an echo request that fills an IPv4 packet as long as the underlay's, behind 20 + 8 octets of headers. */
const FULL_DATA_LENGTH = UNDERLAY_MTU - 28;

const PING_COUNT = 3;
const TRY_COUNT = 2;

/** Whether `encapsulation` cuts frames itself, so that tenants may use the whole MTU of the underlay. */
export function cutsFrames(encapsulation: EncapsulationName): boolean {
  return encapsulation === 'stt';
}

/**
 * Pings inside `tenant`: every station to every address of the others, and where frames are cut one more, too long for
 * one packet of the underlay. All must be answered.
 */
export function pingsOf(tenant: string, encapsulation: EncapsulationName): readonly Probe[] {
  const members = STATIONS.filter((station) => station.tenant === tenant);
  const [from, owner] = members as [Station, Station];
  const long = { from, address: owner.addresses[0]!, owner, count: 1, dataLength: FULL_DATA_LENGTH };
  return [...pingsBetween(members), ...(cutsFrames(encapsulation) ? [long] : [])];
}

function pingsBetween(members: readonly Station[]): readonly Probe[] {
  return members.flatMap((from) =>
    members
      .filter((owner) => owner !== from)
      .flatMap((owner) => owner.addresses.map((address) => ({ from, address, owner, count: PING_COUNT }))),
  );
}

/**
 * Tries across tenants, each to an address that only the other tenant has. From both hosts by ARP, which floods; from
 * host 1 also with the right MAC given, so that nothing depends on ARP. None may be answered, or seen by anybody.
 */
export function triesAcross(): readonly Probe[] {
  return STATIONS.flatMap((from) => {
    const owner = STATIONS.find(({ tenant, addresses }) => tenant !== from.tenant && addresses.length > 1)!;
    const attempt = { from, address: owner.addresses[1]!, owner, count: TRY_COUNT };
    return from.host === HOSTS[0] ? [attempt, { ...attempt, pinnedMac: owner.mac }] : [attempt];
  });
}

/** How many answers `probe` must get: all inside a tenant, none across. */
export function wantedAnswers({ from, owner, count }: Probe): number {
  return from.tenant === owner.tenant ? count : 0;
}

/** Address of `host` on the underlay of an encapsulation. */
export function addressOf({ name, address }: Host, encapsulation: EncapsulationName): string {
  return encapsulation === 'netlord' ? HOST_PLACES[name]!.address : address;
}

/** Configuration of the switch on `host`. `capture` is the file for its underlay packets. */
export function switchConfigOf(host: Host, encapsulation: EncapsulationName, capture?: string): SwitchConfig {
  if (encapsulation === 'netlord') {
    const networks = TENANTS.map(({ network }) => network);
    return agentConfigOf(host.name, networks, {
      underlay: {
        type: 'ethernet',
        device: HOST_DEVICE,
        address: addressOf(host, encapsulation),
        mtu: UNDERLAY_MTU,
      },
      ports: stationsOn(host).map(({ name, network, mac }) => ({ name, network, macs: [mac] })),
      ...(capture === undefined ? {} : { capture }),
    });
  }
  return parseSwitchConfig({
    name: host.name,
    encapsulation: { type: encapsulation },
    underlay: { address: host.address, mtu: UNDERLAY_MTU },
    networks: TENANTS.map(({ network }) => ({
      network,
      peers: HOSTS.filter((other) => other !== host).map(({ address }) => address),
    })),
    ports: stationsOn(host).map(({ name, network }) => ({ name, network })),
    ...(capture === undefined ? {} : { capture }),
  });
}

/** Stations on `host`. */
export function stationsOn(host: Host): readonly Station[] {
  return STATIONS.filter((station) => station.host === host);
}
