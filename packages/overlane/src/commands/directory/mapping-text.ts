/** Mappings as commands print them. */
import { type Locator, type ResolvedMapping, encapsulationName, formatAddress } from '@overlane/directory';
import { formatMac } from '@overlane/wire';

/** A mapping as JSON shows it. */
export interface MappingJson {
  readonly tenant: number;
  readonly address: string;
  readonly locators: readonly {
    readonly address: string;
    readonly encapsulation: string;
    readonly port: number;
    readonly label: number;
  }[];
  readonly mac: string;
  readonly ttl: number;
  readonly flags: number;
  readonly version: number;
  readonly stale: boolean;
}

/** The JSON form of a mapping. */
export function toJson({ key, locators, mac, ttl, flags, version, stale }: ResolvedMapping): MappingJson {
  return {
    tenant: key.tenant,
    address: formatAddress(key),
    locators: locators.map(locatorJson),
    mac: formatMac(mac),
    ttl,
    flags,
    version,
    stale,
  };
}

function locatorJson(locator: Locator): MappingJson['locators'][number] {
  const encapsulation = encapsulationName(locator.encap) ?? String(locator.encap);
  return { address: formatAddress(locator), encapsulation, port: locator.port, label: locator.label };
}

/** A mapping in one line. */
export function toText(mapping: ResolvedMapping): string {
  const { tenant, address, locators, ttl, version, stale } = toJson(mapping);
  const places = locators.map(
    (place) => `${place.address} (${place.encapsulation}${place.port === 0 ? '' : ` port ${place.port}`})`,
  );
  return `${tenant}/${address} at ${places.join(', ')}, version ${version}, for ${ttl} s${stale ? ', stale: no server answers' : ''}`;
}
