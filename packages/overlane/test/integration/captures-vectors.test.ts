/** Every vector that is a packet, written to a file and read by the built command. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inWorkshop } from './workshop.js';

interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly options?: { readonly allowZeroChecksumIpv6?: boolean; readonly allowInnerVlan?: boolean };
  readonly error?: string;
}

interface Report {
  readonly layers: readonly { protocol: string; offset: number; length: number; fields: Record<string, unknown> }[];
  readonly fault?: string;
}

/** Rules of a receiver that dissecting has no use for: what it doesn't know it shows as data. */
const RECEIVER_ONLY: Readonly<Record<string, string | undefined>> = {
  E_ETH_UNKNOWN_TYPE: undefined,
  E_IP_UNEXPECTED_PROTOCOL: undefined,
  E_VXLAN_WRONG_PORT: undefined,
  // The frame inside is refused as a frame.
  E_VXLAN_INNER_TRUNCATED: 'E_ETH_TRUNCATED',
};

function readVectors(path: readonly string[]): Vector[] {
  const file = join(__dirname, '..', '..', '..', ...path);
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
  return vectors.filter(({ kind }) => kind === undefined);
}

/** Reports of all vectors, from one run with and one without the flag for zero checksums. */
function dissectAll(vectors: readonly Vector[]): Report[] {
  return inWorkshop((workshop) => {
    workshop.writeFrames(
      'vectors.pcap',
      vectors.map(({ hex }) => Buffer.from(hex, 'hex')),
    );
    const run = (...flags: string[]): Report[] => {
      const { status, stdout, stderr } = workshop.overlane('dissect', 'vectors.pcap', '--json', ...flags);
      expect([status, stderr]).toEqual([0, '']);
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Report);
    };
    const [strict, lax] = [run(), run('--allow-zero-checksum-ipv6')];
    return vectors.map(({ options }, i) => (options?.allowZeroChecksumIpv6 === true ? lax : strict)[i]!);
  });
}

/** The wanted fields, in the words of the layouts, that a report can be held to. */
function wantedFields({ fields }: Vector): Record<string, Record<string, unknown>> {
  const pick = (words: Readonly<Record<string, string>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(words)
        .filter(([theirs]) => fields[theirs] !== undefined)
        .map(([theirs, ours]) => [ours, fields[theirs]]),
    );
  const udp = pick({
    srcPort: 'sourcePort',
    dstPort: 'destinationPort',
    udpChecksum: 'checksum',
    checksum: 'checksum',
    length: 'length',
  });
  if (fields['vni'] !== undefined) return { udp, vxlan: pick({ vni: 'vni', version: 'version', B: 'bum', O: 'oam' }) };
  return {
    udp,
    arp: pick({ op: 'operation', sha: 'senderMac', spa: 'senderIp', tha: 'targetMac', tpa: 'targetIp' }),
    ip: pick({ version: 'version', dscp: 'dscp', ecn: 'ecn' }),
    tcp: pick({
      seq: 'sequenceNumber',
      ack: 'acknowledgmentNumber',
      srcPort: 'sourcePort',
      dstPort: 'destinationPort',
    }),
  };
}

function expectVector(vector: Vector, { layers, fault }: Report): void {
  const { error, fields } = vector;
  expect(fault).toBe(error !== undefined && error in RECEIVER_ONLY ? RECEIVER_ONLY[error] : error);
  if (error !== undefined) return;
  const wanted = wantedFields(vector);
  const find = (pattern: RegExp): Report['layers'][number] | undefined =>
    layers.find(({ protocol }) => pattern.test(protocol));
  const places = { udp: /^udp$/, vxlan: /^vxlan/, arp: /^arp$/, ip: /^ipv[46]$/, tcp: /^tcp$/ };
  const seen = Object.entries(places).map(([name, pattern]) => [name, find(pattern)] as const);
  for (const [name, layer] of seen) if (layer !== undefined) expect(layer.fields).toMatchObject(wanted[name] ?? {});
  const names = seen.filter(([, layer]) => layer !== undefined).map(([name]) => name);
  // Something of the vector has been compared.
  expect(names.some((name) => Object.keys(wanted[name] ?? {}).length > 0)).toBe(true);
  if (typeof fields['inner'] === 'string') {
    const tunnel = find(/^vxlan/)!;
    const inner = layers[layers.indexOf(tunnel) + 1]!;
    expect(inner).toMatchObject({ protocol: 'ethernet', offset: tunnel.offset + tunnel.length });
    expect(vector.hex.slice(2 * inner.offset)).toBe(fields['inner']);
  }
}

describe.each([
  ['vxlan.json', ['vxlan', 'test', 'vectors', 'vxlan.json']],
  ['outer-headers.json', ['wire', 'test', 'vectors', 'outer-headers.json']],
])('dissect: vectors of %s', (_file, path) => {
  const vectors = readVectors(path);
  let reports: Report[] | undefined;
  it.each(vectors.map((vector, i) => [vector.name, vector, i] as const))('%s', (_name, vector, i) => {
    reports ??= dissectAll(vectors);
    expectVector(vector, reports[i]!);
  });
});
