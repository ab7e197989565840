// Packets for the child process of the integration tests, made by hand so that the library is not its own judge.

/** Internet checksum (RFC 1071) over any number of octets. */
export function checksum(bytes, initial = 0) {
  let sum = initial;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const dotted = (text) => text.split('.').map(Number);

/** An IPv4 packet with DF and identification 0x1234. */
export function ipv4({ source, destination, protocol, payload, tos = 0, ttl = 64 }) {
  const packet = Buffer.alloc(20 + payload.length);
  packet[0] = 0x45;
  packet[1] = tos;
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(0x1234, 4);
  packet.writeUInt16BE(0x4000, 6);
  packet[8] = ttl;
  packet[9] = protocol;
  packet.set(dotted(source), 12);
  packet.set(dotted(destination), 16);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  packet.set(payload, 20);
  return packet;
}

/** An IPv6 packet; addresses as 16 octets. */
export function ipv6({ source, destination, nextHeader, payload, trafficClass = 0, flowLabel = 0, hopLimit = 64 }) {
  const packet = Buffer.alloc(40 + payload.length);
  packet.writeUInt32BE(((6 << 28) | (trafficClass << 20) | flowLabel) >>> 0, 0);
  packet.writeUInt16BE(payload.length, 4);
  packet[6] = nextHeader;
  packet[7] = hopLimit;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet.set(payload, 40);
  return packet;
}

/** A UDP datagram without a checksum. */
export function udp(sourcePort, destinationPort, payload) {
  const datagram = Buffer.alloc(8 + payload.length);
  datagram.writeUInt16BE(sourcePort, 0);
  datagram.writeUInt16BE(destinationPort, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  datagram.set(payload, 8);
  return datagram;
}

/** A UDP datagram with the checksum that IPv6 asks for. */
export function udpOverIpv6(source, destination, sourcePort, destinationPort, payload) {
  const datagram = udp(sourcePort, destinationPort, payload);
  const pseudo = Buffer.alloc(40);
  pseudo.set(source, 0);
  pseudo.set(destination, 16);
  pseudo.writeUInt32BE(datagram.length, 32);
  pseudo[39] = 17;
  datagram.writeUInt16BE(checksum(Buffer.concat([pseudo, datagram])) || 0xffff, 6);
  return datagram;
}

/** An ARP request for `target` from `sender` with the hardware address `mac`, in an Ethernet broadcast. */
export function arpRequest(mac, sender, target) {
  const frame = Buffer.alloc(42);
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  frame.writeUInt16BE(0x0806, 12);
  frame.set([0, 1, 8, 0, 6, 4, 0, 1], 14);
  frame.set(mac, 22);
  frame.set(dotted(sender), 28);
  frame.set(dotted(target), 38);
  return frame;
}

/** An Ethernet frame with an ICMP echo request. */
export function echoRequest({ mac, gatewayMac, source, destination, data }) {
  const icmp = Buffer.alloc(8 + data.length);
  icmp[0] = 8;
  icmp.writeUInt32BE(0x00070001, 4);
  icmp.set(data, 8);
  icmp.writeUInt16BE(checksum(icmp), 2);
  const ethernet = Buffer.concat([Buffer.from(gatewayMac), Buffer.from(mac), Buffer.from([8, 0])]);
  return Buffer.concat([ethernet, ipv4({ source, destination, protocol: 1, payload: icmp })]);
}

/** A segment in TCP syntax (ACK set) with a right checksum, in an IPv4 packet. */
export function segmentOverIpv4(source, destination, port, payload) {
  const pseudo = Buffer.alloc(12);
  pseudo.set(dotted(source), 0);
  pseudo.set(dotted(destination), 4);
  pseudo[9] = 6;
  pseudo.writeUInt16BE(20 + payload.length, 10);
  return ipv4({ source, destination, protocol: 6, payload: segment(pseudo, port, payload) });
}

/** The same in an IPv6 packet; addresses as 16 octets. */
export function segmentOverIpv6(source, destination, port, payload) {
  const pseudo = Buffer.alloc(40);
  pseudo.set(source, 0);
  pseudo.set(destination, 16);
  pseudo.writeUInt32BE(20 + payload.length, 32);
  pseudo[39] = 6;
  return ipv6({ source, destination, nextHeader: 6, payload: segment(pseudo, port, payload) });
}

function segment(pseudo, port, payload) {
  const octets = Buffer.alloc(20 + payload.length);
  octets.writeUInt16BE(50_000, 0);
  octets.writeUInt16BE(port, 2);
  octets[12] = 0x50;
  octets[13] = 0x10;
  octets.set(payload, 20);
  octets.writeUInt16BE(checksum(Buffer.concat([pseudo, octets])), 16);
  return octets;
}
