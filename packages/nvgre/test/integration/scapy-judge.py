"""Scapy as the judge of GRE packets.

read                      packets as hexadecimal lines in, from the outer IP header on; for each its GRE fields as scapy
                          sees them, the payload, and the packet as scapy builds it anew with its own lengths and checksums
write gre|nvgre COUNT SEED  packets that scapy builds, with the fields it was given
"""
import json
import random
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Raw


def fields_of(gre):
    return {
        "protocolType": gre.proto,
        "checksum": gre.chksum if gre.chksum_present else None,
        "key": gre.key if gre.key_present else None,
        "sequenceNumber": gre.sequence_number if gre.seqnum_present else None,
    }


def read():
    GRE.payload_guess = []  # the payload is not what is judged here
    for line in sys.stdin:
        octets = bytes.fromhex(line)
        packet = (IP if octets[0] >> 4 == 4 else IPv6)(octets)
        gre = packet[GRE]
        known = gre.routing_present + gre.strict_route_source + gre.recursion_control + gre.flags + gre.version
        fields = fields_of(gre)
        payload = bytes(gre.payload)
        if IP in packet:
            del packet[IP].len, packet[IP].chksum
        else:
            del packet[IPv6].plen
        if gre.chksum_present:
            gre.chksum = None
        print(json.dumps({"fields": fields, "reserved": known, "payload": payload.hex(), "rebuilt": bytes(packet).hex()}))


def write(protocol, count, seed):
    draw = random.Random(seed)
    octets = lambda most: draw.randbytes(draw.randrange(most))
    mac = lambda: ":".join("%02x" % (octet & 0xFE) for octet in draw.randbytes(6))
    ip4 = lambda: ".".join(str(octet) for octet in draw.randbytes(4))
    ip6 = lambda: ":".join("%x" % draw.randrange(1 << 16) for _ in range(8))
    inner_ip = lambda: (IP(src=ip4(), dst=ip4()) if draw.random() < 0.5 else IPv6(src=ip6(), dst=ip6())) / UDP(
        sport=draw.randrange(1 << 16), dport=draw.randrange(1 << 16)) / Raw(octets(64))
    for _ in range(count):
        outer = IP(src=ip4(), dst=ip4(), ttl=64) if draw.random() < 0.5 else IPv6(src=ip6(), dst=ip6(), nh=47)
        frame = Ether(src=mac(), dst=mac())
        if protocol == "nvgre":
            payload = frame / inner_ip()
            gre = GRE(key_present=1, proto=0x6558, key=draw.randrange(0x1000, 0xFFFFFF) << 8 | draw.randrange(256))
        else:
            kind = draw.randrange(3)
            payload = [frame / inner_ip(), frame / Dot1Q(vlan=draw.randrange(4096)) / inner_ip(), inner_ip()][kind]
            proto = 0x6558 if kind < 2 else 0x0800 if IP in payload else 0x86DD
            gre = GRE(proto=proto, chksum_present=draw.randrange(2), key_present=draw.randrange(2),
                      seqnum_present=draw.randrange(2), offset=0,
                      key=draw.randrange(1 << 32), sequence_number=draw.randrange(1 << 32))
        inner = bytes(payload)
        packet = bytes(outer / gre / Raw(inner))
        at = 20 if outer.version == 4 else 40
        built = fields_of(gre)
        built["checksum"] = int.from_bytes(packet[at + 4:at + 6], "big") if gre.chksum_present else None
        print(json.dumps({"packet": packet.hex(), "fields": built, "payload": inner.hex()}))


if sys.argv[1] == "read":
    read()
else:
    write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
