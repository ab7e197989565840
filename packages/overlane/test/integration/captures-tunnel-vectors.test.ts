/** Every vector of Geneve, NVGRE and STT that is packets, written to files and read by the built `dissect` and `decap`. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LINKTYPE_ETHERNET, encodePcapHeader, encodePcapRecord } from '@overlane/capture';
import { type Workshop, inWorkshop, toHex } from './workshop.js';

interface SttFrame {
  readonly inner: string;
  readonly contextId: string;
  readonly l4Offset: number;
  readonly mss: number;
  readonly flagNames: readonly string[];
  readonly vlanTci: number;
  readonly vlan: { readonly present: boolean; readonly pcp: number; readonly vid: number };
  readonly innerL4Checksum?: { readonly partial: string; readonly complete: string };
}

interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string | readonly string[];
  readonly fields: Readonly<Record<string, unknown>> & { readonly frames?: readonly SttFrame[] };
  readonly options?: { readonly allowZeroChecksumIpv6?: boolean };
  readonly expect: { readonly outcome?: readonly string[] };
  readonly error?: string;
}

interface Layer {
  readonly protocol: string;
  readonly offset: number;
  readonly length: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly layers: readonly Layer[];
  readonly fault?: string;
  readonly reassembled?: { readonly layers: readonly Layer[]; readonly fault?: string };
}

/** What a receiver with its own configuration refuses, and a dissector without one shows. */
const SHOWN: Readonly<Record<string, string | undefined>> = {
  // A fragment is shown as what it is.
  E_OUTER_FRAGMENT: undefined,
  E_GENEVE_WRONG_PORT: undefined,
  E_GENEVE_OPTIONS_TOO_LONG: undefined,
  E_GENEVE_INNER_TRUNCATED: 'E_ETH_TRUNCATED',
  E_NVGRE_INNER_TRUNCATED: 'E_ETH_TRUNCATED',
  E_NVGRE_INNER_VLAN: undefined,
  E_NVGRE_VENDOR_VSID: undefined,
};

const isPackets = ({ kind, hex }: Vector): boolean => kind === undefined && hex.length > 0;
function readVectors(protocol: string): Vector[] {
  const file = join(__dirname, '..', '..', '..', protocol, 'test', 'vectors', `${protocol}.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] }).vectors.filter(isPackets);
}

/** Seconds between vectors: longer than the time that STT's segments wait for others. */
const PAUSE_S = 60;

/** The packets of vector `i` at `i` minutes. */
function writeVectors({ write }: Workshop, packets: readonly (readonly string[])[]): void {
  const options = { linkType: LINKTYPE_ETHERNET };
  const records = packets.flatMap((ofOne, i) =>
    ofOne.map((hex) => {
      const timestampNs = BigInt(i * PAUSE_S) * 1_000_000_000n;
      return encodePcapRecord({ bytes: Buffer.from(hex, 'hex'), timestampNs }, options);
    }),
  );
  write('in.pcap', Buffer.concat([encodePcapHeader(options), ...records]));
}

/** The reports on the packets of each vector. */
function dissect(workshop: Workshop, packets: readonly (readonly string[])[], ...words: readonly string[]): Report[][] {
  writeVectors(workshop, packets);
  const { status, stdout, stderr } = workshop.overlane('dissect', 'in.pcap', '--json', ...words);
  expect([status, stderr]).toEqual([0, '']);
  const reports = stdout.trimEnd().split('\n');
  let next = 0;
  return packets.map((ofOne) => ofOne.map(() => JSON.parse(reports[next++]!) as Report));
}

interface Unwrapped {
  readonly summary: Readonly<Record<string, unknown>>;
  /** The frames of each vector. */
  readonly frames: readonly (readonly string[])[];
}

function decap(workshop: Workshop, packets: readonly (readonly string[])[], ...words: readonly string[]): Unwrapped {
  writeVectors(workshop, packets);
  const { stdout } = workshop.overlane('decap', 'in.pcap', 'out.pcap', '--json', ...words);
  const found = workshop.readPackets('out.pcap');
  const frames = packets.map((_, i) =>
    found.filter(({ timeUs }) => timeUs === i * PAUSE_S * 1e6).map(({ bytes }) => toHex(bytes)),
  );
  return { summary: JSON.parse(stdout) as Unwrapped['summary'], frames };
}

/** How often each name is there. */
function countByName(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, names.filter((other) => other === name).length]));
}

describe.each([
  ['geneve', []],
  ['nvgre', ['--nvgre']],
] as const)('dissect and decap: vectors of %s', (protocol, words) => {
  const vectors = readVectors(protocol);
  const hex = vectors.map((vector) => vector.hex as string);
  const packets = hex.map((packet) => [packet]);

  it('are dissected, field by field', () => {
    const [strict, lax] = inWorkshop((workshop) => [
      dissect(workshop, packets, ...words),
      dissect(workshop, packets, ...words, '--allow-zero-checksum-ipv6'),
    ]);
    vectors.forEach(({ name, fields, options, error }, i) => {
      const { layers, fault } = (options?.allowZeroChecksumIpv6 === true ? lax : strict)![i]![0]!;
      const wanted = error !== undefined && error in SHOWN ? SHOWN[error] : error;
      expect([name, fault]).toEqual([name, wanted]);
      if (error !== undefined) return;
      const at = layers.findIndex((layer) => layer.protocol === protocol);
      const seen = layers[at]!.fields;
      expect([name, seen['vni'] ?? seen['vsid']]).toEqual([name, fields['vni'] ?? fields['vsid']]);
      for (const key of ['optLen', 'flowId', 'protocolType'].filter((key) => fields[key] !== undefined)) {
        const value = key === 'optLen' ? (seen['optLen'] as number) * 4 : seen[key];
        expect([name, key, value]).toEqual([name, key, fields[key]]);
      }
      expect([name, hex[i]!.slice(2 * layers[at + 1]!.offset)]).toEqual([name, fields['inner']]);
    });
  });

  it('are unwrapped, or refused by the fault', () => {
    inWorkshop((workshop) => {
      const flags = [...words, '--keep-vlan', '--allow-zero-checksum-ipv6'];
      const { summary, frames } = decap(workshop, packets, ...flags);
      const outcomes = vectors.map(({ name, error }) => decapOutcome(name, error));
      vectors.forEach(({ name, fields }, i) => {
        // The over-limit vector says nothing of the frame inside, since its endpoint has a limit.
        const inner = fields['inner'] ?? frames[i]![0];
        expect([name, frames[i]]).toEqual([name, outcomes[i] === undefined ? [inner] : []]);
      });
      const refused = outcomes.filter((outcome) => outcome !== undefined && outcome !== 'skipped') as string[];
      expect(summary['faults']).toEqual(countByName(refused));
      expect(summary['skipped']).toBe(outcomes.filter((outcome) => outcome === 'skipped').length);
    });
  });
});

/** What `decap` says: it knows no critical options, no handler of control packets, and no limit of its own. */
function decapOutcome(name: string, error: string | undefined): string | undefined {
  const own: Readonly<Record<string, string | undefined>> = {
    'geneve-known-critical': 'E_GENEVE_UNKNOWN_CRITICAL_OPTION',
    'geneve-oam': 'E_GENEVE_CONTROL',
    'geneve-ipv4-payload': 'E_GENEVE_UNSUPPORTED_PROTOCOL',
    'geneve-max-options-over-limit': undefined,
    'geneve-wrong-port': 'skipped',
  };
  return name in own ? own[name] : error;
}

/** The delivered frame: a partial checksum completed, and the VLAN tag of the frame header put in. */
function deliveredOf({ inner, vlan, vlanTci, innerL4Checksum }: SttFrame, packets: readonly string[]): string {
  let frame = inner;
  if (innerL4Checksum !== undefined) {
    const at = frame.lastIndexOf(innerL4Checksum.partial.slice(2));
    frame = `${frame.slice(0, at)}${innerL4Checksum.complete.slice(2)}${frame.slice(at + 4)}`;
  }
  if (!vlan.present) return frame;
  expect(packets).toHaveLength(1);
  const tci = (vlanTci & 0xefff).toString(16).padStart(4, '0');
  return `${frame.slice(0, 24)}8100${tci}${frame.slice(24)}`;
}

/** Frames of TCP with an MSS come cut: their payloads together are what the vector has in one piece each. */
function expectCut(name: string, frames: readonly string[], wanted: readonly SttFrame[]): void {
  const payloadOf = (frame: string, { l4Offset }: SttFrame): string => frame.slice(2 * (l4Offset + 20));
  const counts = wanted.map((frame) => Math.ceil(payloadOf(frame.inner, frame).length / 2 / frame.mss));
  let next = 0;
  for (const [i, frame] of wanted.entries()) {
    const pieces = frames.slice(next, (next += counts[i]!)).map((piece) => payloadOf(piece, frame));
    expect([name, pieces.every(({ length }) => length <= 2 * frame.mss)]).toEqual([name, true]);
    expect([name, pieces.join('')]).toEqual([name, payloadOf(frame.inner, frame)]);
  }
  expect([name, frames.length]).toEqual([name, next]);
}

const isBig = ({ fields }: Vector): boolean =>
  (fields.frames ?? []).some(({ contextId }) => BigInt(contextId) > BigInt(Number.MAX_SAFE_INTEGER));

describe('dissect and decap: vectors of stt', () => {
  const vectors = readVectors('stt');
  const packets = vectors.map(({ hex }) => [hex].flat());

  it('are dissected, with the frames that they make up', () => {
    const all = inWorkshop((workshop) => dissect(workshop, packets));
    vectors.forEach(({ name, fields, expect: { outcome } }, at) => {
      const reports = all[at]!;
      reports.forEach(({ fault, layers, reassembled }, i) => {
        const said = outcome![i]!;
        // ECN is for a receiver to combine; a dissector shows both headers.
        const isFrame = said === 'frame' || said === 'E_ECN_DROP';
        const wanted = isFrame || said === 'held' ? undefined : said in SHOWN ? SHOWN[said] : said;
        // With the flags read the wrong way round, nothing says that the inner checksum is partial.
        const seen = name === 'stt-flags-msb-order-default' ? 'E_TCP_BAD_CHECKSUM' : wanted;
        expect([name, fault]).toEqual([name, seen]);
        const isWhole =
          reassembled !== undefined || layers.some(({ protocol }, place) => protocol === 'ethernet' && place > 0);
        if (fault === undefined) expect([name, isWhole]).toEqual([name, isFrame]);
        expect([name, reassembled?.fault]).toEqual([name, undefined]);
      });
      const contexts = reports
        .flatMap(({ layers, reassembled }) => [...layers, ...(reassembled?.layers ?? [])])
        .filter(({ protocol }) => protocol === 'stt-frame')
        .map(({ fields: { contextId } }) => BigInt(contextId as string));
      for (const { contextId } of fields.frames ?? []) expect(contexts).toContain(BigInt(contextId));
    });
  });

  it('are put together and unwrapped, or refused by the fault', () => {
    const { summary, frames } = inWorkshop((workshop) => decap(workshop, packets));
    vectors.forEach((vector, i) => {
      const wanted = vector.fields.frames ?? [];
      const cut = wanted.filter(({ mss, flagNames }) => mss > 0 && flagNames.includes('csumPartial'));
      if (cut.length > 0) return expectCut(vector.name, frames[i]!, wanted);
      const delivered = wanted.map((frame) => deliveredOf(frame, packets[i]!));
      // Context ids from 2^53 on are unknown: a network is a number.
      expect([vector.name, frames[i]]).toEqual([vector.name, isBig(vector) ? [] : delivered]);
    });
    const refused = vectors.flatMap((vector) =>
      isBig(vector) ? ['E_STT_UNKNOWN_CONTEXT'] : vector.expect.outcome!.filter((said) => said.startsWith('E_')),
    );
    expect(summary['faults']).toEqual(countByName(refused));
  });
});
