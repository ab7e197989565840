"""The operations of `overlane bench` done by scapy, on the same octets.

    python3 scapy_bench.py INPUTS.json

INPUTS.json maps names to lists of packets in hexadecimal. Requests and answers are JSON objects, one a line: on standard
input {"do":"warm","operation":NAME,"ms":N}, answered by {"sum":..,"nsPerOp":..}, and
{"do":"round","operation":NAME,"iterations":N}, answered by {"nsPerOp":..}. `sum` is over one pass through all inputs.
"""

import json
import logging
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)

import scapy  # noqa: E402
from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import GRE, Ether  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import checksum  # noqa: E402

COUNT = 1024
PAYLOAD_OF_VXLAN = VXLAN.payload_guess


def load(path):
    with open(path, encoding="ascii") as file:
        return {name: [bytes.fromhex(digits) for digits in hexes] for name, hexes in json.load(file).items()}


def at16(octets, offset):
    return octets[offset] << 8 | octets[offset + 1]


def decode_headers(layer, octets, value_of):
    def setup():
        return lambda i: value_of(layer(octets[i]))

    return setup


def encode_headers(layer, octets, probe, computed=()):
    """Objects are made from field values: a dissected packet would only hand back its cached octets."""

    def setup():
        headers = []
        for piece in octets:
            fields = {name: value for name, value in layer(piece).fields.items() if name not in computed}
            headers.append(layer(**fields))
        return lambda i: at16(bytes(headers[i]), probe)

    return setup


def sum_octets(frames, length):
    def setup():
        pieces = [frame[:length] for frame in frames]
        return lambda i: checksum(pieces[i])

    return setup


def decapsulate(packets, tunnel, network_of):
    """The outer headers only: what the tunnel carries is left as raw octets."""

    def run(i):
        return network_of(IP(packets[i])[tunnel])

    def setup():
        tunnel.payload_guess = []
        return run

    return setup


def decapsulate_with_inner(packets):
    def run(i):
        packet = IP(packets[i])
        segment = packet[TCP]
        return packet[VXLAN].vni ^ segment.sport ^ segment.dport

    def setup():
        VXLAN.payload_guess = PAYLOAD_OF_VXLAN
        return run

    return setup


def encapsulate(packets, frames, probe, tunnel, fields_of, udp_fields=None):
    """`fields_of` picks the fields of a dissected tunnel header; without `udp_fields` there is no UDP."""

    def setup():
        tunnel.payload_guess = []
        outers = []
        for octets in packets:
            packet = IP(octets)
            ip = packet[IP]
            ports = (packet[UDP].sport, packet[UDP].dport) if udp_fields is not None else None
            outers.append((ip.tos, ip.ttl, ip.src, ip.dst, ports, fields_of(packet[tunnel])))

        def run(i):
            tos, ttl, src, dst, ports, fields = outers[i]
            packet = IP(tos=tos, id=0, flags="DF", ttl=ttl, src=src, dst=dst)
            if ports is not None:
                packet = packet / UDP(sport=ports[0], dport=ports[1], **udp_fields)
            octets = bytes(packet / tunnel(**fields) / Raw(frames[i]))
            return at16(octets, 10) ^ at16(octets, probe)

        return run

    return setup


def vxlan_fields(header):
    return {"vni": header.vni}


def geneve_fields(header):
    return {"vni": header.vni, "proto": 0x6558, "options": header.options}


def gre_fields(header):
    return {"key_present": 1, "proto": 0x6558, "key": header.key}


def operations(inputs):
    def of(name):
        return inputs.get(name, [])

    frames, packets = of("frames"), of("packets")
    geneve, geneve_options = of("geneve packets"), of("geneve packets with two options")
    zero, computed = {"chksum": 0}, {}
    # Without what follows, which would cost scapy a layer more than the others.
    ipv6_headers = [octets[:40] for octets in of("ipv6")]
    return {
        "ethernet decode": decode_headers(Ether, of("ethernet"), lambda p: p.type),
        "ipv4 decode": decode_headers(IP, of("ipv4"), lambda p: p.ttl << 8 | p.proto),
        "ipv6 decode": decode_headers(IPv6, ipv6_headers, lambda p: p.hlim << 8 | p.nh),
        "udp decode": decode_headers(UDP, of("udp"), lambda p: p.sport + p.dport),
        "tcp decode": decode_headers(TCP, of("tcp"), lambda p: p.sport + p.dport),
        "vxlan decode": decode_headers(VXLAN, of("vxlan"), lambda p: p.vni),
        "ethernet encode": encode_headers(Ether, of("ethernet"), 10),
        "ipv4 encode": encode_headers(IP, of("ipv4"), 10, ("chksum",)),
        "ipv6 encode": encode_headers(IPv6, ipv6_headers, 2),
        "udp encode": encode_headers(UDP, of("udp"), 0),
        "tcp encode": encode_headers(TCP, of("tcp"), 4),
        "vxlan encode": encode_headers(VXLAN, of("vxlan"), 5),
        "checksum 20": sum_octets(frames, 20),
        "checksum 64": sum_octets(frames, 64),
        "checksum 1450": sum_octets(frames, 1450),
        "decapsulate": decapsulate(packets, VXLAN, lambda p: p.vni),
        "decapsulate with inner headers": decapsulate_with_inner(packets),
        "encapsulate": encapsulate(packets, frames, 33, VXLAN, vxlan_fields, zero),
        "encapsulate with UDP checksum": encapsulate(packets, frames, 33, VXLAN, vxlan_fields, computed),
        "geneve decode": decode_headers(GENEVE, of("geneve"), lambda p: p.vni),
        "geneve encode": encode_headers(GENEVE, of("geneve"), 5, ("optionlen",)),
        "geneve with two options decode": decode_headers(GENEVE, of("geneve with two options"), lambda p: p.vni),
        "geneve with two options encode": encode_headers(GENEVE, of("geneve with two options"), 5, ("optionlen",)),
        "geneve decapsulate": decapsulate(geneve, GENEVE, lambda p: p.vni),
        "geneve decapsulate with two options": decapsulate(geneve_options, GENEVE, lambda p: p.vni),
        "geneve encapsulate": encapsulate(geneve, frames, 33, GENEVE, geneve_fields, zero),
        "geneve encapsulate with UDP checksum": encapsulate(geneve, frames, 33, GENEVE, geneve_fields, computed),
        "geneve encapsulate with two options": encapsulate(geneve_options, frames, 33, GENEVE, geneve_fields, zero),
        "nvgre decode": decode_headers(GRE, of("nvgre"), lambda p: p.key >> 8),
        "nvgre encode": encode_headers(GRE, of("nvgre"), 5),
        "gre decode": decode_headers(GRE, of("gre"), lambda p: p.key),
        "gre encode": encode_headers(GRE, of("gre"), 10),
        "nvgre decapsulate": decapsulate(of("nvgre packets"), GRE, lambda p: p.key >> 8),
        "nvgre encapsulate": encapsulate(of("nvgre packets"), frames, 25, GRE, gre_fields),
        "gre decapsulate": decapsulate(of("gre packets"), GRE, lambda p: p.key),
        "gre encapsulate": encapsulate(of("gre packets"), frames, 26, GRE, gre_fields),
    }


def run_batch(run, iterations):
    total = 0
    for i in range(iterations):
        total += run(i & (COUNT - 1))
    return total


def time_round(run, iterations):
    start = time.perf_counter_ns()
    run_batch(run, iterations)
    return (time.perf_counter_ns() - start) / iterations


def warm_up(run, ms):
    start = time.perf_counter_ns()
    iterations = 1
    while True:
        ns_per_op = time_round(run, iterations)
        if time.perf_counter_ns() - start >= ms * 1e6:
            return ns_per_op
        iterations *= 2


def main():
    known = operations(load(sys.argv[1]))
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "version":
            answer = {"version": scapy.VERSION}
        elif request["do"] == "warm":
            # Set up again each time: operations set what VXLAN carries.
            run = ready[request["operation"]] = known[request["operation"]]()
            answer = {"sum": run_batch(run, COUNT), "nsPerOp": warm_up(run, request["ms"])}
        else:
            answer = {"nsPerOp": time_round(ready[request["operation"]], request["iterations"])}
        print(json.dumps(answer), flush=True)


main()
