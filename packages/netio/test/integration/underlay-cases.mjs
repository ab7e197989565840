// Underlay sockets. Each export is one case and returns what the test asserts on.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { Arena, bringInterfaceUp, setInterfaceMtu, UnderlaySocket } from '@overlane/netio';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import { checksum, ipv4, ipv6, segmentOverIpv4, segmentOverIpv6, udp, udpOverIpv6 } from './packets.mjs';
import { addAddress, collect, errorOf, hex, LOOPBACK_6, openFiles, underlay } from './support.mjs';

/** UDP between two addresses, over IPv4: the headers that arrive are those that were sent. */
export function udp4() {
  bringInterfaceUp('lo');
  const a = underlay('127.0.0.1');
  const b = underlay('127.0.0.2');
  const payload = Buffer.from('0123456789');
  const sent = [];
  for (let i = 0; i < 3; i++) {
    const datagram = udp(50_000 + i, 4789, payload.subarray(i));
    const fields = { source: '127.0.0.1', destination: '127.0.0.2', protocol: 17, tos: 0xb9 + i, ttl: 17 + i };
    const packet = ipv4({ ...fields, payload: datagram });
    a.send(PacketBuffer.from(packet));
    packet.writeUInt16BE(0, 4); // the identification is not told to sockets
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
    sent.push(hex(packet));
  }
  const refused = a.flush();
  const packets = collect(b, 3);
  const backwards = PacketBuffer.from(
    ipv4({ source: '127.0.0.2', destination: '127.0.0.1', protocol: 17, payload: udp(9, 4789, payload) }),
  );
  b.send(backwards);
  b.flush();
  return {
    refused,
    sent,
    received: packets.map(({ bytes }) => hex(bytes)),
    checksum: packets.map((packet) => packet.checksum),
    alignment: packets.map((packet) => packet.alignment),
    back: collect(a, 1).length,
    statistics: { ...a.statistics },
    names: [a.name, b.name],
  };
}

/** The same over IPv6, with flow label; and datagrams without a checksum, refused and accepted. */
export function udp6() {
  bringInterfaceUp('lo');
  addAddress('lo', 'fd00::2/128');
  const far = IpAddress.parse('fd00::2');
  const farOctets = new Uint8Array(16);
  far.write(farOctets, 0);
  const a = underlay('::1');
  const open = (policy) => underlay('fd00::2', { zeroChecksumIpv6: policy });
  const payload = Buffer.from('abcdefg');
  const fields = {
    source: LOOPBACK_6,
    destination: farOctets,
    nextHeader: 17,
    trafficClass: 0x2e,
    flowLabel: 0xabcde,
    hopLimit: 33,
  };
  const good = ipv6({ ...fields, payload: udpOverIpv6(LOOPBACK_6, farOctets, 49_152, 4789, payload) });
  const zero = ipv6({ ...fields, payload: udp(49_153, 4789, payload) });
  const exchange = (policy) => {
    const b = open(policy);
    for (const packet of [zero, good]) a.send(PacketBuffer.from(packet));
    const refused = a.flush();
    const packets = collect(b, policy === 'accepted' ? 2 : 1);
    b.close();
    return { refused, received: packets.map(({ bytes }) => hex(bytes)), checksum: packets.map((p) => p.checksum) };
  };
  const expected = Buffer.from(good);
  expected.writeUInt16BE(0, 46);
  return {
    zero: hex(zero),
    good: hex(expected),
    refuse: exchange('refused'),
    accept: exchange('accepted'),
    name: a.name,
  };
}

/** Packets that fail in mid-batch are counted by reason, the others arrive; more than a batch is sent in turns. */
export function refusals() {
  bringInterfaceUp('lo');
  setInterfaceMtu('lo', 1500);
  const a = underlay('127.0.0.1', { batch: 4 });
  const b = underlay('127.0.0.2', { batch: 16 });
  const packet = (length, destination = '127.0.0.2') =>
    PacketBuffer.from(
      ipv4({ source: '127.0.0.1', destination, protocol: 17, payload: udp(7, 4789, Buffer.alloc(length)) }),
    );
  // 203.0.113.1 has no route here. The 2,000 octets fit the slot and exceed the MTU.
  const outcomes = [100, 2000, 101, 102].map((length) => a.send(packet(length)));
  a.send(packet(103, '203.0.113.1'));
  a.send(packet(104));
  a.send(PacketBuffer.from(new Uint8Array(12).fill(0x45)));
  a.send(PacketBuffer.from(new Uint8Array(40).fill(0x60)));
  const refused = a.flush();
  const lengths = collect(b, 4).map(({ bytes }) => bytes.length - 28);
  return { outcomes, refused, lengths, again: a.flush(), statistics: { ...a.statistics } };
}

/** Datagrams longer than a slot are dropped and counted. */
export async function truncation() {
  bringInterfaceUp('lo');
  const b = underlay('127.0.0.2');
  const socket = createSocket('udp4');
  const send = (length) => new Promise((done) => socket.send(Buffer.alloc(length, 1), 4789, '127.0.0.2', done));
  for (const length of [10, 5000, 2082, 2083, 20]) await send(length);
  const lengths = collect(b, 3).map(({ bytes }) => bytes.length - 28);
  socket.close();
  return { lengths, truncated: b.statistics.truncated, received: b.statistics.received };
}

/** A raw protocol in both families. */
export function gre() {
  bringInterfaceUp('lo');
  addAddress('lo', 'fd00::2/128');
  const open = (address) => new UnderlaySocket({ local: IpAddress.parse(address), transport: { protocol: 47 } });
  const [a4, b4, a6, b6] = ['127.0.0.1', '127.0.0.2', '::1', 'fd00::2'].map(open);
  const payload = Buffer.from('200065580000010a0011223344', 'hex');
  const four = ipv4({ source: '127.0.0.1', destination: '127.0.0.2', protocol: 47, tos: 0x0a, ttl: 9, payload });
  const farOctets = new Uint8Array(16);
  IpAddress.parse('fd00::2').write(farOctets, 0);
  const fields = { trafficClass: 0x0a, flowLabel: 0x54321, hopLimit: 9 };
  const six = ipv6({ source: LOOPBACK_6, destination: farOctets, nextHeader: 47, ...fields, payload });
  a4.send(PacketBuffer.from(four));
  a6.send(PacketBuffer.from(six));
  const refused = a4.flush() + a6.flush();
  const packets = [...collect(b4, 1), ...collect(b6, 1)];
  return {
    refused,
    sent: [hex(four), hex(six)],
    received: packets.map(({ bytes }) => hex(bytes)),
    checksum: packets.map((packet) => packet.checksum),
    name: b6.name,
  };
}

/** Segments in TCP syntax to one port, in both families: they arrive as sent, others don't, and TCP answers none. */
export function segments() {
  bringInterfaceUp('lo');
  addAddress('lo', 'fd00::2/128');
  const open = (address) =>
    new UnderlaySocket({ local: IpAddress.parse(address), transport: { protocol: 'tcp-syntax', port: 7471 } });
  const [a4, b4, a6, b6] = ['127.0.0.1', '127.0.0.2', '::1', 'fd00::2'].map(open);
  const far = new Uint8Array(16);
  IpAddress.parse('fd00::2').write(far, 0);
  const four = (port) => segmentOverIpv4('127.0.0.1', '127.0.0.2', port, Buffer.from('four'));
  const six = (port) => segmentOverIpv6(LOOPBACK_6, far, port, Buffer.from('six'));
  const resetsBefore = tcpResets();
  for (const port of [7471, 7471]) {
    a4.send(PacketBuffer.from(four(port)));
    a6.send(PacketBuffer.from(six(port)));
  }
  const refused = a4.flush() + a6.flush();
  const packets = [...collect(b4, 2), ...collect(b6, 2)];
  const resets = tcpResets() - resetsBefore;
  // Without a guard the kernel's TCP answers: the test of the test.
  a4.send(PacketBuffer.from(four(7472)));
  a6.send(PacketBuffer.from(six(7472)));
  a4.flush();
  a6.flush();
  return {
    refused,
    sent: [hex(four(7471)), hex(six(7471))],
    received: packets.map(({ bytes }) => hex(bytes)),
    checksum: packets.map((packet) => packet.checksum),
    resets,
    resetsElsewhere: tcpResets() - resetsBefore - resets,
    others: b4.receive() + b6.receive(),
    name: a4.name,
    taken: errorOf(() => open('127.0.0.1')),
  };
}

/** Addresses that are taken, absent or no unicast addresses; nothing leaks; ports close twice. */
export function underlayErrors() {
  bringInterfaceUp('lo');
  const first = underlay('127.0.0.1');
  const before = openFiles();
  const result = {
    inUse: errorOf(() => underlay('127.0.0.1')),
    absent: errorOf(() => underlay('192.0.2.1')),
    absent6: errorOf(() => underlay('2001:db8::1')),
    wildcard: errorOf(() => underlay('0.0.0.0')),
    multicast: errorOf(() => underlay('ff02::1')),
    badPort: errorOf(() => underlay('127.0.0.1', { transport: { protocol: 'udp', port: 0 } })),
    noMemory: errorOf(() => underlay('127.0.0.3', { arena: Arena.map(65_536) })),
    noDevice: errorOf(() => bringInterfaceUp('nothere')),
  };
  const leaked = openFiles() - before;
  first.close();
  first.close();
  underlay('127.0.0.1').close();
  return { ...result, leaked, closed: before - openFiles() };
}

/** Some hundred thousand packets through slots and tables leave the heap as it was. */
export function heap() {
  bringInterfaceUp('lo');
  const a = underlay('127.0.0.1');
  const b = underlay('127.0.0.2');
  // A packet in the arena, as the data path has it.
  a.send(
    PacketBuffer.from(
      ipv4({ source: '127.0.0.1', destination: '127.0.0.1', protocol: 17, payload: udp(1, 4789, Buffer.alloc(50)) }),
    ),
  );
  a.flush();
  if (a.receive() !== 1) return { received: 0 };
  const packet = a.packet(0);
  packet.bytes.set([127, 0, 0, 2], packet.start + 16);
  const turn = () => {
    for (let i = 0; i < 64; i++) a.send(packet);
    a.flush();
    while (b.receive() > 0);
  };
  for (let i = 0; i < 1000; i++) turn();
  // The compiler works at the same heap now and then, so the quietest of three rounds tells.
  let octetsPerPacket = Infinity;
  let received = 0;
  for (let round = 0; round < 3; round++) {
    global.gc();
    const before = process.memoryUsage().heapUsed;
    const earlier = b.statistics.received;
    for (let i = 0; i < 1600; i++) turn();
    const packets = b.statistics.received - earlier;
    octetsPerPacket = Math.min(octetsPerPacket, (process.memoryUsage().heapUsed - before) / packets);
    received += packets;
  }
  return { received, octetsPerPacket };
}

/** Resets that the kernel's TCP has sent in this namespace, both families. */
function tcpResets() {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('OutRsts')]);
}
