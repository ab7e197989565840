/**
 * tshark and tcpdump as judges of 10,000 packets: of OTV, and of DOVE with options, in fragments and with control messages.
 * tshark must find all outer headers as we wrote them, tcpdump's OTV printer our flags, overlay and instance, and tshark
 * once more, reading the header as VXLAN, whose octets are the same.
 */
import { describe, expect } from '@jest/globals';
import { IpAddress, PacketBuffer, type TunnelMetadata, flowLabel, sourcePort } from '@overlane/wire';
import { frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { requires } from '../../../../tools/testing/requirements.js';
import { identifier } from '../../src/arbitraries.js';
import { DoveEncapsulation, dove } from '../../src/index.js';
import { askTcpdump, askTshark } from './judge.js';

const COUNT = 10_000;
/** All dynamic ports but the first, whose packets tcpdump takes for Broadcom's LI shim. */
const SOURCE_PORTS = { low: 49_153, high: 65_535 };
const TIMEOUT_MS = 120_000;

/** One outer packet, and what was asked for. */
interface Sent {
  readonly packet: Uint8Array;
  readonly tunnel: TunnelMetadata;
  readonly overlayId: number;
  /** The first octet of the header. */
  readonly first: number;
  /** Whether a whole frame follows the eight octets of the header. */
  readonly isPlain: boolean;
}

const kind = fc.constantFrom('otv', 'plain', 'options', 'fragments', 'control');

function send([inner, tunnel, overlayId, what]: [Uint8Array, TunnelMetadata, number, string]): Sent[] {
  const endpoint = new DoveEncapsulation({
    ...{ mode: what === 'otv' ? 'otv' : 'dove', overlayId, sourcePorts: SOURCE_PORTS },
    takesExtensions: () => true,
    // Small enough that the longer frames need fragments.
    pathMtu: what === 'fragments' ? 120 : 1500,
    options: what === 'options' ? [dove.policyTag(7), dove.lossClass(3)] : [],
  });
  tunnel.control = what === 'control';
  const packets: Uint8Array[] = [];
  const fault = endpoint.encapsulate(PacketBuffer.from(inner), tunnel, (outer) => packets.push(outer.copy()));
  if (fault !== undefined) throw new Error(fault);
  const flags = (what === 'control' ? 2 : 0) | (packets.length > 1 ? 4 : 0);
  const first = what === 'otv' ? 0x08 : 0x18 | flags;
  const isPlain = what === 'otv' || what === 'plain';
  return packets.map((packet) => ({ packet, tunnel, overlayId, first, isPlain }));
}

const sent = fc
  .sample(fc.tuple(frame(), tunnelMetadata(identifier()), identifier(), kind), { numRuns: COUNT, seed: 8472 })
  .flatMap(send)
  .slice(0, COUNT);
const packets = sent.map(({ packet }) => packet);

/** An IPv6 address in our text form, anything else as it is. */
const asWeWriteIt = (text: string): string => (text.includes(':') ? IpAddress.parse(text).toString() : text);

/** Throws on the first packet that two sides see differently. */
function requireAgreement(ours: readonly string[], theirs: readonly string[]): void {
  const at = ours.findIndex((finding, i) => finding !== theirs[i]);
  if (at >= 0) throw new Error(`packet ${at}: ${ours[at]} here, ${theirs[at]} there`);
  expect(theirs).toHaveLength(ours.length);
}

describe('our packets', () => {
  requires('tcpdump').it(
    'tcpdump reads the same flags, overlays and instances',
    () => {
      const ours = sent.map(({ first, overlayId, tunnel }) => {
        const octet = first.toString(16).padStart(2, '0');
        return `OTV, flags [I] (0x${octet}), overlay ${overlayId}, instance ${tunnel.network}`;
      });
      requireAgreement(ours, askTcpdump(packets));
    },
    TIMEOUT_MS,
  );

  requires('tshark').it(
    'tshark reads the same outer headers, finds good checksums and nothing malformed',
    () => {
      const both = ['udp.srcport', 'udp.dstport', 'udp.length', 'udp.checksum.status', '_ws.malformed'];
      const v4 = [
        'ip.src',
        'ip.dst',
        'ip.ttl',
        'ip.dsfield.dscp',
        'ip.flags.df',
        'ip.id',
        'ip.checksum.status',
        'ip.len',
      ];
      const v6 = ['ipv6.src', 'ipv6.dst', 'ipv6.hlim', 'ipv6.tclass.dscp', 'ipv6.flow', 'ipv6.plen'];
      // It has no dissector for OTV, and would try others.
      const verify = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-d', 'udp.port==8472,data'];
      const theirs = askTshark(packets, [...both, ...v4, ...v6], verify);
      const ours = sent.map(({ packet, tunnel }) => {
        const { source, destination, ttl, dscp, entropy } = tunnel;
        const isV4 = source.family === 4;
        const length = packet.length - (isV4 ? 20 : 40);
        // Over IPv4 no UDP checksum is sent (3: not present), over IPv6 a good one (1).
        const udp = [sourcePort(entropy, SOURCE_PORTS), 8472, length, isV4 ? 3 : 1, ''];
        const ip4 = [source, destination, ttl, dscp, 1, '0x0000', 1, packet.length];
        const flow = `0x${flowLabel(entropy).toString(16).padStart(6, '0')}`;
        const ip6 = [source, destination, ttl, dscp, flow, length];
        const none = (fields: readonly string[]): string[] => fields.map(() => '');
        return [...udp, ...(isV4 ? ip4 : none(v4)), ...(isV4 ? none(v6) : ip6)].join();
      });
      requireAgreement(
        ours,
        theirs.map((row) => row.map(asWeWriteIt).join()),
      );
    },
    TIMEOUT_MS,
  );

  requires('tshark').it(
    'tshark reads OTV and plain DOVE as VXLAN: same overlay and instance, and the frame behind',
    () => {
      const plain = sent.filter(({ isPlain }) => isPlain);
      expect(plain.length).toBeGreaterThan(COUNT / 5);
      const fields = ['vxlan.flags', 'vxlan.gbp', 'vxlan.vni', 'vxlan.reserved8', 'frame.protocols'];
      const rows = askTshark(
        plain.map(({ packet }) => packet),
        fields,
        ['-d', 'udp.port==8472,vxlan'],
      );
      const ours = plain.map(({ first, overlayId, tunnel }) => [first, overlayId, tunnel.network, 0, true].join());
      const theirs = rows.map(([flags, low, vni, reserved, stack]) => {
        const front = Number(flags);
        const overlayId = (front % 256) * 65_536 + Number(low);
        return [front >>> 8, overlayId, vni, Number(reserved), stack!.includes(':udp:vxlan:eth')].join();
      });
      requireAgreement(ours, theirs);
    },
    TIMEOUT_MS,
  );
});
