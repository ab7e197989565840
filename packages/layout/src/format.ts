import { formatIpv4, formatIpv6, formatMac } from '@overlane/wire';
import type { Field, FieldValue } from './field.js';

/** A header as JSON can hold it. */
export type JsonRecord = Readonly<Record<string, string | number | boolean>>;

/** One field's value as JSON can hold it. Precondition: the value is of the field's kind. */
export function formatField(field: Field, value: FieldValue): string | number | boolean {
  switch (field.kind) {
    case 'hex':
      return `0x${(value as number).toString(16).padStart(Math.ceil(field.bits / 4), '0')}`;
    case 'mac':
      return formatMac(value as Uint8Array);
    case 'ipv4':
      return formatIpv4(value as number);
    case 'ipv6':
      return formatIpv6(value as Uint8Array);
    default:
      if (typeof value === 'bigint') return value.toString();
      return value instanceof Uint8Array ? formatOctets(value) : value;
  }
}

function formatOctets(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
