"""Scapy as the judge of Geneve packets.

    scapy-judge.py read FILE                takes packets apart, and builds them anew from what it found
    scapy-judge.py write FILE COUNT SEED    makes packets of its own

Either way one JSON object per packet goes to standard output. The payload is judged as octets only.
"""

import json
import random
import sys

from scapy.all import Ether, IP, IPv6, UDP, PcapWriter, Raw, RawPcapReader, split_layers
from scapy.contrib.geneve import GENEVE, GeneveOptions

for payload_class, proto in ((Ether, 0x6558), (IP, 0x0800), (IPv6, 0x86DD)):
    split_layers(GENEVE, payload_class, proto=proto)
# Scapy 2.5 takes all further options for the payload of the first, because it is not told that an option has none.
GeneveOptions.extract_padding = lambda self, octets: (b"", octets)


def fields_of(packet):
    outer = packet.payload
    udp = outer.payload
    geneve = udp.payload
    return {
        "source": outer.src,
        "destination": outer.dst,
        "sourcePort": udp.sport,
        "destinationPort": udp.dport,
        "version": geneve.version,
        "optionsLength": 4 * geneve.optionlen,
        "control": geneve.oam == 1,
        "critical": geneve.critical == 1,
        "protocolType": geneve.proto,
        "vni": geneve.vni,
        "options": [
            {"optionClass": o.classid, "type": o.type, "words": o.length, "data": bytes(o.data).hex()}
            for o in geneve.options
        ],
        "payload": bytes(geneve.payload).hex(),
    }


def read(path):
    for octets, _ in RawPcapReader(path):
        packet = Ether(octets)
        fields = fields_of(packet)
        outer = packet.payload
        # Lengths and checksums as scapy computes them; whatever it has misread comes out different.
        if isinstance(outer, IP):
            del outer.len, outer.chksum
        else:
            del outer.plen
        udp = outer.payload
        del udp.len, udp.chksum
        packet.clear_cache()
        print(json.dumps({**fields, "rebuilt": bytes(packet) == octets}))


def write(path, count, seed):
    rng = random.Random(seed)
    with PcapWriter(path, linktype=1) as writer:
        for _ in range(count):
            packet = packet_of(rng)
            octets = bytes(packet)
            writer.write(octets)
            print(json.dumps({**fields_of(packet), "octets": octets.hex()}))


def packet_of(rng):
    options = options_of(rng)
    proto = rng.choice((0x6558, 0x6558, 0x0800, 0x86DD, 0x88B5))
    geneve = GENEVE(
        # Given, because scapy 2.5 computes it wrong above 15 words: it masks the length with 0x2f.
        optionlen=sum(1 + option.length for option in options),
        oam=rng.randrange(2),
        critical=rng.randrange(2),
        reserved=rng.randrange(64),
        proto=proto,
        vni=rng.choice((0, 0xFFFFFF, rng.randrange(0x1000000))),
        reserved2=rng.randrange(256),
        options=options,
    )
    link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    udp = UDP(sport=rng.randrange(49152, 65536), dport=6081)
    return link / rng.choice((ipv4, ipv6))(rng) / udp / geneve / Raw(payload_of(rng, proto))


def options_of(rng):
    options, left = [], 63
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 63))):
        words = rng.choice((0, 0, 1, 1, 2, 3, 31, rng.randrange(32)))
        if 1 + words > left:
            continue
        left -= 1 + words
        options.append(
            GeneveOptions(
                classid=rng.randrange(0x10000),
                type=rng.randrange(0x100),
                reserved=rng.randrange(8),
                length=words,
                data=rng.randbytes(4 * words),
            )
        )
    return options


def payload_of(rng, proto):
    data = Raw(rng.randbytes(rng.randrange(1, 80)))
    if proto == 0x6558:
        return bytes(Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04", type=0x88B5) / data)
    if proto == 0x0800:
        return bytes(IP(src="10.0.0.1", dst="10.0.0.2", proto=253) / data)
    if proto == 0x86DD:
        return bytes(IPv6(src="fd00::1", dst="fd00::2", nh=253) / data)
    return bytes(data)


def ipv4(rng):
    source, destination = (".".join(str(rng.randrange(1, 224)) for _ in range(4)) for _ in range(2))
    return IP(src=source, dst=destination, tos=rng.randrange(64) << 2, ttl=rng.randrange(1, 256))


def ipv6(rng):
    groups = (":".join(f"{rng.randrange(1, 0x10000):x}" for _ in range(6)) for _ in range(2))
    source, destination = (f"2001:db8:{group}" for group in groups)
    return IPv6(src=source, dst=destination, fl=rng.getrandbits(20), hlim=rng.randrange(1, 256))


if sys.argv[1] == "read":
    read(sys.argv[2])
else:
    write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
