/** scapy crafts tunnel packets; `dissect` must see in them what scapy put there, and `decap` must give back its frames. */
import { describe, expect } from '@jest/globals';
import { requires } from '../../../../tools/testing/requirements.js';
import { inWorkshop } from './workshop.js';

const PACKETS = 400;

/** Writes `craft.pcap`, and to standard output one JSON object per packet: what its fields must be, and the frame inside. */
const SCRIPT = `
import json, random
from scapy.all import ARP, Dot1Q, Ether, IP, IPv6, Raw, TCP, UDP, raw, wrpcap
from scapy.layers.vxlan import VXLAN

random.seed(7348)
word = lambda bits: random.getrandbits(bits)
mac = lambda: ':'.join('%02x' % (word(8) & (0xfe if i == 0 else 0xff)) for i in range(6))
v4 = lambda: '.'.join(str(word(8)) for _ in range(4))
v6 = lambda: IPv6(dst=':'.join('%x' % random.randint(1, 0xffff) for _ in range(8))).dst
data = lambda: Raw(bytes(word(8) for _ in range(random.randint(1, 200))))

def inner():
    link = Ether(dst=mac(), src=mac())
    tag = random.random() < 0.3
    if tag: link = link / Dot1Q(vlan=word(12), prio=word(3), id=word(1))
    kind = random.choice(['arp', 'udp4', 'tcp4', 'udp6', 'tcp6'])
    if kind == 'arp': return link / ARP(op=random.choice([1, 2]), hwsrc=mac(), psrc=v4(), hwdst=mac(), pdst=v4())
    ip = IP(src=v4(), dst=v4(), ttl=word(8), tos=word(6) << 2, id=word(16)) if kind[3] == '4' else IPv6(src=v6(), dst=v6(), hlim=word(8), fl=word(20))
    if kind[:3] == 'udp': return link / ip / UDP(sport=40000 + word(8), dport=50000 + word(8)) / data()
    return link / ip / TCP(sport=word(16), dport=word(16), seq=word(32), ack=word(32), flags=word(8), window=word(16)) / data()

def outer():
    link = Ether(dst=mac(), src=mac())
    if random.random() < 0.2: link = link / Dot1Q(vlan=word(12))
    ip = IP(src=v4(), dst=v4(), ttl=word(8), id=word(16), flags='DF') if random.random() < 0.5 else IPv6(src=v6(), dst=v6(), hlim=word(8), tc=word(6) << 2, fl=word(20))
    udp = UDP(sport=49152 + word(14), dport=random.choice([4789, 8472]))
    if ip.version == 4 and random.random() < 0.5: udp.chksum = 0
    return link / ip / udp / VXLAN(flags=0x08, vni=word(24))

names = {Ether: 'ethernet', Dot1Q: 'vlan', ARP: 'arp', IP: 'ipv4', IPv6: 'ipv6', UDP: 'udp', TCP: 'tcp', VXLAN: 'vxlan', Raw: 'data'}
hex16 = lambda n: '0x%04x' % n
fields = {
    Ether: lambda l: dict(destination=l.dst, source=l.src, etherType=hex16(l.type)),
    Dot1Q: lambda l: dict(priorityCodePoint=l.prio, dropEligible=bool(l.id), vlanId=l.vlan, etherType=hex16(l.type)),
    ARP: lambda l: dict(operation=l.op, senderMac=l.hwsrc, senderIp=l.psrc, targetMac=l.hwdst, targetIp=l.pdst),
    IP: lambda l: dict(version=4, ihl=l.ihl, dscp=l.tos >> 2, ecn=l.tos & 3, totalLength=l.len, identification=l.id, ttl=l.ttl, protocol=l.proto, headerChecksum=hex16(l.chksum), source=l.src, destination=l.dst, dontFragment=l.flags.DF, moreFragments=l.flags.MF, fragmentOffset=l.frag),
    IPv6: lambda l: dict(version=6, dscp=l.tc >> 2, ecn=l.tc & 3, flowLabel=l.fl, payloadLength=l.plen, nextHeader=l.nh, hopLimit=l.hlim, source=l.src, destination=l.dst),
    UDP: lambda l: dict(sourcePort=l.sport, destinationPort=l.dport, length=l.len, checksum=hex16(l.chksum)),
    TCP: lambda l: dict(sourcePort=l.sport, destinationPort=l.dport, sequenceNumber=l.seq, acknowledgmentNumber=l.ack, dataOffset=l.dataofs, window=l.window, checksum=hex16(l.chksum), fin=bool(l.flags & 1), syn=bool(l.flags & 2), rst=bool(l.flags & 4), psh=bool(l.flags & 8), ack_=bool(l.flags & 16), urg=bool(l.flags & 32), ece=bool(l.flags & 64), cwr=bool(l.flags & 128)),
    VXLAN: lambda l: dict(vniValid=True, vni=l.vni, reserved0=0, reserved1=0, reserved2=0, reserved3=0),
    Raw: lambda l: {},
}

packets = []
for _ in range(${PACKETS}):
    frame = inner()
    packet = Ether(raw(outer() / frame))
    packets.append(packet)
    layers = []
    while packet:
        layers.append([names[type(packet)], len(raw(packet)) - len(raw(packet.payload)), fields[type(packet)](packet)])
        packet = packet.payload
    print(json.dumps(dict(inner=raw(frame).hex(), layers=layers)))
wrpcap('craft.pcap', packets)
`;

/** Both ports are VXLAN's: one by assignment, one as Linux has it. */
const PORTS = ['--vxlan-port', '4789', '--vxlan-port', '8472'];

interface Crafted {
  readonly inner: string;
  readonly layers: readonly (readonly [protocol: string, length: number, fields: Record<string, unknown>])[];
}

interface Dissected {
  readonly layers: readonly { protocol: string; offset: number; length: number; fields: Record<string, unknown> }[];
  readonly fault?: string;
}

const parseLines = <T>(text: string): T[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

describe('packets of scapy', () => {
  requires('scapy').it('are dissected and unwrapped as they were crafted', () => {
    inWorkshop((workshop) => {
      workshop.write('craft.py', SCRIPT);
      const crafted = parseLines<Crafted>(workshop.run('/usr/bin/python3', 'craft.py'));
      expect(crafted).toHaveLength(PACKETS);

      const dissected = parseLines<Dissected>(workshop.overlane('dissect', 'craft.pcap', '--json', ...PORTS).stdout);
      expect(dissected).toHaveLength(PACKETS);
      crafted.forEach(({ layers }, i) => {
        const { fault, layers: seen } = dissected[i]!;
        expect(fault).toBeUndefined();
        expect(seen.map(({ protocol, length }) => [protocol, length])).toEqual(
          layers.map(([name, length]) => [name, length]),
        );
        layers.forEach(([, , { ack_: ack, ...fields }], at) => {
          expect(seen[at]!.fields).toMatchObject(ack === undefined ? fields : { ...fields, ack });
          const before = layers.slice(0, at).reduce((sum, [, length]) => sum + length, 0);
          expect(seen[at]!.offset).toBe(before);
        });
      });

      const { status, stdout } = workshop.overlane(
        'decap',
        'craft.pcap',
        'inner.pcap',
        ...PORTS,
        '--keep-vlan',
        '--json',
      );
      expect(JSON.parse(stdout)).toEqual({
        packets: PACKETS,
        written: PACKETS,
        skipped: 0,
        incompleteFrames: 0,
        faults: {},
      });
      expect(status).toBe(0);
      expect(workshop.readFrames('inner.pcap')).toEqual(crafted.map(({ inner }) => inner));
    });
  });
});
