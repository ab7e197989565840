import { formatIpv4 } from '@overlane/wire';
import type { FieldRange, Match } from '../match/match.js';
import { FLOW_SCHEMA, FLOW_WORD as W } from '../schema/flow-schema.js';

/** A prefix of IPv4: the address, 0..2^32-1, with zeros behind `length` bits. */
export interface AddressPrefix {
  readonly value: number;
  readonly length: number;
}

/** Ports, both ends included; 0..65535 is any. */
export interface Ports {
  readonly lo: number;
  readonly hi: number;
}

/** A generated rule over addresses, protocol and ports, and perhaps a tenant. */
export interface TupleRule {
  /** 0..65535, higher wins; rules of a set come with the highest first. */
  readonly priority: number;
  /** The tenant, from 1, or 0 for none. */
  readonly tenant: number;
  readonly source: AddressPrefix;
  readonly destination: AddressPrefix;
  /** `undefined` is any; only rules for TCP and UDP have ports. */
  readonly protocol: number | undefined;
  readonly sourcePorts: Ports;
  readonly destinationPorts: Ports;
}

const IPV4 = 0x0800;
const SOURCE_PORT = FLOW_SCHEMA.field('l4_src');
const DESTINATION_PORT = FLOW_SCHEMA.field('l4_dst');

/** The match of a rule, under `FLOW_SCHEMA`: the tenant is in `metadata`. */
export function matchOfTuple(rule: TupleRule): Match {
  const value = new Int32Array(FLOW_SCHEMA.words);
  const mask = new Int32Array(FLOW_SCHEMA.words);
  const ranges: FieldRange[] = [];
  if (rule.tenant !== 0) {
    value[W.METADATA + 1] = rule.tenant;
    mask[W.METADATA] = mask[W.METADATA + 1] = -1;
  }
  value[W.ETH_TYPE_VLAN] = IPV4 << 16;
  mask[W.ETH_TYPE_VLAN] = 0xffff << 16;
  value[W.IP_SRC + 3] = rule.source.value;
  mask[W.IP_SRC + 3] = prefixMask(rule.source.length);
  value[W.IP_DST + 3] = rule.destination.value;
  mask[W.IP_DST + 3] = prefixMask(rule.destination.length);
  if (rule.protocol !== undefined) {
    value[W.IP] = rule.protocol << 24;
    mask[W.IP] = 0xff << 24;
  }
  for (const { field, ports, shift } of [
    { field: SOURCE_PORT, ports: rule.sourcePorts, shift: 16 },
    { field: DESTINATION_PORT, ports: rule.destinationPorts, shift: 0 },
  ]) {
    const free = ports.lo ^ ports.hi;
    // What a mask can say is said by the mask: that is the canonical form.
    const isBlock = (free & (free + 1)) === 0 && (ports.lo & free) === 0;
    if (!isBlock) ranges.push({ field, lo: ports.lo, hi: ports.hi });
    else {
      value[W.PORTS]! |= ports.lo << shift;
      mask[W.PORTS]! |= (0xffff & ~free) << shift;
    }
  }
  return { value, mask, ranges };
}

/** The rule as a line of a ClassBench filter set, which other classifiers read; it has no place for a tenant. */
export function formatClassBench(rule: TupleRule): string {
  const prefix = ({ value, length }: AddressPrefix): string => `${formatIpv4(value)}/${length}`;
  const ports = ({ lo, hi }: Ports): string => `${lo} : ${hi}`;
  const protocol = rule.protocol === undefined ? '0x00/0x00' : `0x${rule.protocol.toString(16).padStart(2, '0')}/0xFF`;
  const fields = [prefix(rule.source), prefix(rule.destination), ports(rule.sourcePorts), ports(rule.destinationPorts)];
  return `@${[...fields, protocol].join('\t')}`;
}

/** The mask of a prefix length, 0..32, as a signed integer. */
export function prefixMask(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length);
}
