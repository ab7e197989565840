/**
 * tshark judges the Ethernet, VLAN and IPv4 fields that `encap netlord` writes, and scapy crafts NetLord packets, from both
 * sides of an edge switch, for the built `dissect` and `decap`.
 */
import { describe, expect } from '@jest/globals';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { requires } from '../../../../tools/testing/requirements.js';
import { inWorkshop, toHex } from './workshop.js';

const FRAMES = 300;
const WHERE = ['--network', '0xabcdef', '--mac-as-id', '0xfedcba98', '--edge-port', '126', '--vlan', '4094'];
const MACS = ['--source-mac', '02:e0:00:00:00:0a', '--destination-mac', '02:e0:00:00:00:0b'];

const parseLines = <T>(text: string): T[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

describe('encap', () => {
  const fields = {
    'eth.dst': '02:e0:00:00:00:0b',
    'eth.src': '02:e0:00:00:00:0a',
    'vlan.id': '4094',
    'vlan.priority': '0',
    'ip.version': '4',
    'ip.hdr_len': '20',
    'ip.id': '0x0ffe',
    'ip.flags.df': '1',
    'ip.flags.mf': '0',
    'ip.frag_offset': '0',
    'ip.ttl': '2',
    'ip.proto': '253',
    'ip.checksum.status': '1',
    'ip.src': '254.220.186.152',
    'ip.dst': '126.171.205.239',
  };

  requires('tshark').it('writes what tshark reads, checksum included', () => {
    const frames = fc.sample(frame(), { numRuns: FRAMES, seed: 253 });
    inWorkshop(({ writeFrames, overlane, run, readFrames }) => {
      writeFrames('in.pcap', frames);
      expect(overlane('encap', 'netlord', 'in.pcap', 'out.pcap', ...WHERE, ...MACS).status).toBe(0);
      const words = [...Object.keys(fields), 'ip.len', 'ip.dsfield'].flatMap((name) => ['-e', name]);
      const verify = ['-o', 'ip.check_checksum:TRUE', '-E', 'occurrence=f'];
      const text = run('tshark', '-r', 'out.pcap', '-n', ...verify, '-T', 'fields', ...words);
      const rows = text.trimEnd().split('\n');
      expect(rows).toHaveLength(FRAMES);
      rows.forEach((row, i) => {
        const inner = frames[i]!;
        const isV6 = inner[12] === 0x86;
        const isV4 = inner[12] === 8 && inner[13] === 0;
        const tos = isV4 ? inner[15]! : isV6 ? ((inner[14]! & 15) << 4) | (inner[15]! >>> 4) : 0;
        const expected = [...Object.values(fields), `${20 + inner.length}`, `0x${tos.toString(16).padStart(2, '0')}`];
        expect(row.split('\t')).toEqual(expected);
      });
      expect(readFrames('out.pcap').map((hex) => hex.slice(76))).toEqual(frames.map(toHex));
      expect(overlane('decap', 'out.pcap', 'back.pcap', '--netlord').status).toBe(0);
      expect(readFrames('back.pcap')).toEqual(frames.map(toHex));
    });
  });
});

/** Writes `craft.pcap`, and to standard output one JSON object per packet: what its fields are, and the frame inside. */
const SCRIPT = `
import json, random, struct
from scapy.all import ARP, Dot1Q, Ether, IP, Raw, UDP, raw, wrpcap

random.seed(2011)
word = lambda bits: random.getrandbits(bits)
mac = lambda: '02:' + ':'.join('%02x' % word(8) for i in range(5))
octets = lambda text: bytes.fromhex(text.replace(':', ''))
quad = lambda n: '.'.join(str(b) for b in struct.pack('!I', n))

packets = []
for i in range(${FRAMES}):
    tenant, space, port, vid, prio, dei = word(24), word(32), random.randint(1, 126), random.randint(1, 4094), word(3), word(1)
    sent = i % 2 == 0
    where = dict(tenantId=tenant, macAsId=space, port=port)
    header = dict(where, vid=vid, pcp=prio, dei=dei, ttl=2 if sent else 1)
    op = 1 + i % 3
    generation, vm, edge = word(16), mac(), mac()
    body = struct.pack('!BBHI', 0x10 | op, 0, generation, tenant << 8 | port) + struct.pack('!I', space) + octets(vm) + octets(edge)
    message = dict(where, version=1, operation=op, generation=generation, vmMac=vm, edgeMac=edge, stopped=False, unicast=False)
    link = Ether(dst=mac(), src=mac())
    tag = Dot1Q(vlan=vid, prio=prio, id=dei)
    ip = IP(src=quad(space), dst=quad(port << 24 | tenant), id=prio << 13 | dei << 12 | vid, flags='DF', ttl=header['ttl'], tos=word(6) << 2)
    kind = random.choice(['data', 'data', 'unicast', 'broadcast'])
    if kind == 'broadcast':
        packet = Ether(dst='ff:ff:ff:ff:ff:ff', src=mac()) / Dot1Q(vlan=1, type=0x88b5) / Raw(body.ljust(42, b'\\0'))
        layers = [['nl-arp', message]]
    elif kind == 'unicast':
        packet = (link / tag if sent else link) / ip.copy()
        packet[IP].proto = 254
        packet = packet / Raw(body)
        layers = [['netlord', dict(header, protocol=254)], ['nl-arp', message]]
    else:
        inner = Ether(dst=mac(), src=mac()) / random.choice([ARP(), IP(src='10.0.0.1', dst='10.0.0.2') / UDP(sport=word(16), dport=49152) / Raw(bytes(word(8) for _ in range(word(8)))) ])
        packet = (link / tag if sent else link) / ip.copy()
        packet[IP].proto = 253
        packet = packet / Raw(raw(inner))
        layers = [['netlord', dict(header, protocol=253)]]
    octs = raw(packet)
    if not sent: octs = octs.ljust(60, b'\\0')
    packets.append(Ether(octs))
    print(json.dumps(dict(layers=layers, inner=raw(inner).hex() if kind == 'data' else None)))
wrpcap('craft.pcap', packets)
`;

interface Crafted {
  readonly layers: readonly (readonly [protocol: string, fields: Record<string, unknown>])[];
  readonly inner: string | null;
}

interface Dissected {
  readonly layers: readonly { protocol: string; fields: Record<string, unknown> }[];
  readonly fault?: string;
}

describe('packets of scapy', () => {
  requires('scapy').it('are dissected and unwrapped as they were crafted', () => {
    inWorkshop((workshop) => {
      workshop.write('craft.py', SCRIPT);
      const crafted = parseLines<Crafted>(workshop.run('/usr/bin/python3', 'craft.py'));
      expect(crafted).toHaveLength(FRAMES);
      const dissected = parseLines<Dissected>(workshop.overlane('dissect', 'craft.pcap', '--json', '--netlord').stdout);
      crafted.forEach(({ layers }, i) => {
        const { fault, layers: seen } = dissected[i]!;
        expect(fault).toBeUndefined();
        const ours = seen.filter(({ protocol }) => protocol === 'netlord' || protocol === 'nl-arp');
        expect(ours.map(({ protocol }) => protocol)).toEqual(layers.map(([protocol]) => protocol));
        layers.forEach(([, fields], at) => expect(ours[at]!.fields).toMatchObject(fields));
      });
      const frames = crafted.flatMap(({ inner }) => (inner === null ? [] : [inner]));
      const { status, stdout } = workshop.overlane('decap', 'craft.pcap', 'inner.pcap', '--netlord', '--json');
      expect([status, JSON.parse(stdout)]).toMatchObject([0, { written: frames.length, faults: {} }]);
      expect(frames.length).toBeGreaterThan(FRAMES / 4);
      expect(workshop.readFrames('inner.pcap')).toEqual(frames);
    });
  });
});
