/**
 * tshark and scapy as judges of 10,000 packets in either direction: they must find in our packets what we have put there,
 * and we in scapy's what scapy says, and tshark too. A few calls of each tool, so the whole takes less than a minute.
 */
import { describe, expect, it } from '@jest/globals';
import { DYNAMIC_PORTS, IpAddress, PacketBuffer, TunnelMetadata, UdpCarrier, sourcePort } from '@overlane/wire';
import { frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { geneveOptions, vni } from '../../src/arbitraries.js';
import * as geneve from '../../src/index.js';
import { type Finding, type ScapyFinding, inWorkshop } from './judge.js';
import { requires } from '../../../../tools/testing/requirements.js';
import { readByScapy, readByTshark, writeByScapy, writePcap } from './judge.js';

const COUNT = 10_000;
const SEED = 8926;
const TIMEOUT_MS = 120_000;

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A header and what it carries, as one endpoint sends it. */
interface Sent {
  readonly header: geneve.GeneveHeader;
  readonly payload: Uint8Array;
  readonly tunnel: TunnelMetadata;
}

const sent: fc.Arbitrary<Sent> = fc
  .record({
    frame: frame(),
    tunnel: tunnelMetadata(vni()),
    options: geneveOptions(),
    control: fc.boolean(),
    bare: fc.boolean(),
  })
  .map(({ frame: inner, tunnel, options, control, bare }) => {
    const etherType = (inner[12]! << 8) | inner[13]!;
    // Half of the IP packets travel without their Ethernet header.
    const isBare = bare && (etherType === 0x0800 || etherType === 0x86dd);
    const protocolType = isBare ? etherType : 0x6558;
    const payload = isBare ? inner.subarray(14) : inner;
    return { header: { control, protocolType, vni: tunnel.network, options }, payload, tunnel };
  });

/** Frames go the way of the switch, everything else by codec and carrier. */
function packetOf({ header, payload, tunnel }: Sent): Uint8Array {
  const packet = PacketBuffer.from(payload, 320);
  if (header.protocolType === 0x6558 && !header.control) {
    let emitted = new Uint8Array(0);
    const endpoint = new geneve.GeneveEncapsulation({ options: header.options, ecnMode: 'compatibility' });
    const fault = endpoint.encapsulate(packet, tunnel, (outer) => (emitted = outer.copy()));
    if (fault !== undefined) throw new Error(fault);
    return emitted;
  }
  const bytes = geneve.encode(header);
  packet.bytes.set(bytes, packet.prepend(bytes.length));
  carrier.wrap(packet, tunnel, 0);
  return packet.copy();
}

const carrier = new UdpCarrier({
  port: geneve.PORT,
  wrongPort: 'E_GENEVE_WRONG_PORT',
  checksumIpv4: 'computed',
  checksumIpv6: 'computed',
});

const findingOf = ({ control, protocolType, vni: network, options }: geneve.GeneveHeader): Finding => ({
  version: 0,
  optionsLength: options.reduce((sum, { data }) => sum + 4 + data.length, 0),
  control,
  critical: options.some(geneve.isCritical),
  protocolType,
  vni: network,
  options: options.map(({ optionClass, type, data }) => ({
    optionClass,
    type,
    words: data.length / 4,
    data: toHex(data),
  })),
});

/** The fields of a finding, without what one judge alone says. */
const agreed = ({ version, optionsLength, control, critical, protocolType, vni: network, options }: Finding): string =>
  JSON.stringify([
    version,
    optionsLength,
    control,
    critical,
    protocolType,
    network,
    options.map((o) => Object.values(o)),
  ]);

/** What the outer headers and the payload are, as scapy says and as we do. The text of addresses is ours. */
const carried = ({ source, destination, sourcePort, destinationPort, payload }: ScapyFinding): string =>
  [IpAddress.parse(source), IpAddress.parse(destination), sourcePort, destinationPort, payload].join(' ');
const carriedBy = ({ payload, tunnel }: Omit<Sent, 'header'>, port: number): string =>
  [tunnel.source, tunnel.destination, port, geneve.PORT, toHex(payload)].join(' ');

const PAYLOAD: Readonly<Record<number, string>> = { 0x6558: 'eth', 0x0800: 'ip', 0x86dd: 'ipv6', 0x88b5: 'data' };

/** Throws on the first packet that two sides see differently. */
function requireAgreement(ours: readonly string[], theirs: readonly string[]): void {
  const at = ours.findIndex((finding, i) => finding !== theirs[i]);
  if (at >= 0) throw new Error(`packet ${at}: ${ours[at]} here, ${theirs[at]} there`);
  expect(theirs).toHaveLength(ours.length);
}

describe('our packets', () => {
  const samples = fc.sample(sent, { numRuns: COUNT, seed: SEED });
  const packets = samples.map(packetOf);
  const findings = samples.map(({ header }) => agreed(findingOf(header)));

  requires('tshark').it(
    'tshark reads the same fields, finds good checksums and nothing malformed',
    () => {
      const found = inWorkshop((file) => {
        writePcap(file, packets);
        return readByTshark(file);
      });
      requireAgreement(findings, found.map(agreed));
      found.forEach(({ protocols, malformed, checksums }, i) => {
        const { header, tunnel } = samples[i]!;
        const stack = `eth:ethertype:${tunnel.source.family === 4 ? 'ip' : 'ipv6'}:udp:geneve:${PAYLOAD[header.protocolType]}`;
        if (!`${protocols}:`.startsWith(`${stack}:`)) throw new Error(`packet ${i}: ${protocols} instead of ${stack}`);
        if (malformed !== '') throw new Error(`packet ${i}: ${malformed}`);
        if (!/^1(,1)*$/.test(checksums)) throw new Error(`packet ${i}: UDP checksums ${checksums}`);
      });
    },
    TIMEOUT_MS,
  );

  requires('scapy').it(
    'scapy reads the same fields and builds the same octets from them',
    () => {
      const found = inWorkshop((file) => {
        writePcap(file, packets);
        return readByScapy(file);
      });
      requireAgreement(findings, found.map(agreed));
      requireAgreement(
        samples.map((one) => carriedBy(one, sourcePort(one.tunnel.entropy, DYNAMIC_PORTS))),
        found.map(carried),
      );
      expect(found.filter(({ rebuilt }) => !rebuilt)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe("scapy's packets", () => {
  requires('scapy', 'tshark').it(
    'we and tshark read the fields that scapy has written',
    () => {
      const { written, byTshark } = inWorkshop((file) => ({
        written: writeByScapy(file, COUNT, SEED),
        byTshark: readByTshark(file),
      }));
      requireAgreement(written.map(agreed), byTshark.map(agreed));
      expect(byTshark.filter(({ malformed, checksums }) => malformed !== '' || checksums !== '1')).toEqual([]);
      requireAgreement(
        written.map((one) => `${agreed(one)} ${carried(one)}`),
        written.map(({ octets }) => readByUs(Buffer.from(octets, 'hex'))),
      );
    },
    TIMEOUT_MS,
  );
});

/** Everything that we can find out about a frame: outer headers, header, options, payload. The verdicts must fit. */
function readByUs(octets: Uint8Array): string {
  const packet = new PacketBuffer(octets, 14);
  const tunnel = new TunnelMetadata();
  const fault = carrier.open(packet, tunnel);
  if (fault !== undefined) return fault;
  const { bytes, start, end } = packet;
  const header = geneve.decode(bytes, start, end, 'accepted');
  const critical = geneve.readCritical(bytes, start);
  const missing = !critical && header.options.some(geneve.isCritical);
  if (geneve.check(bytes, start, end) !== (missing ? 'E_GENEVE_CRITICAL_FLAG_MISSING' : undefined)) return 'check';
  const inner = bytes.subarray(start + geneve.readHeaderLength(bytes, start), end);
  const payload = toHex(inner);
  const delivered = deliver(octets, header);
  const expected = header.control || header.protocolType === 0x6558 ? payload : 'E_GENEVE_UNSUPPORTED_PROTOCOL';
  if (delivered !== expected) return `delivered ${delivered}, expected ${expected}`;
  return `${agreed({ ...findingOf(header), critical })} ${carriedBy({ payload: inner, tunnel }, tunnel.entropy)}`;
}

/** What an endpoint that understands all of these options delivers, to a tenant or to its control handler. */
function deliver(octets: Uint8Array, { options }: geneve.GeneveHeader): string {
  const kinds = new Map(options.map((option) => [option.optionClass * 256 + option.type, option]));
  let control: string | undefined;
  const endpoint = new geneve.GeneveEncapsulation({
    understands: [...kinds.values()],
    missingCriticalFlag: 'accepted',
    onControl: (message) => (control = toHex(message.copy())),
  });
  const packet = new PacketBuffer(octets.slice(), 14);
  const outcome = endpoint.decapsulate(packet, new TunnelMetadata());
  if (outcome === 'incomplete') return control ?? outcome;
  return outcome ?? toHex(packet.copy());
}

it('compares what it says it compares', () => {
  const header = { control: false, protocolType: 0x6558, vni: 1, options: [] };
  expect(agreed(findingOf(header))).not.toBe(agreed(findingOf({ ...header, vni: 2 })));
  expect(() => requireAgreement(['a', 'b'], ['a', 'c'])).toThrow('packet 1: b here, c there');
});
