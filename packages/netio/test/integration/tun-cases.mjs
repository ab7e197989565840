// Underlays behind devices of their own, which the kernel forwards between. Each export is one case.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadSystemCalls, TunUnderlay } from '@overlane/netio';
import { ipv4, IpAddress, PacketBuffer, write16 } from '@overlane/wire';
import { offloadFrame } from '@overlane/wire/arbitraries';
import { addAddress, collect, errorOf, ip } from './support.mjs';

const ENDPOINTS = { 4: ['203.0.113.1', '203.0.113.2'], 6: ['2001:db8:7::1', '2001:db8:7::2'] };
const EINVAL = 22;
const TUNSETOFFLOAD = 0x400454d0;

const forwarding = (family, value) =>
  writeFileSync(`/proc/sys/net/${family === 4 ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding'}`, value);
const open = (address, options = {}) =>
  new TunUnderlay({ local: IpAddress.parse(address), transport: { protocol: 'udp', port: 4789 }, ...options });

/** A VXLAN packet between the endpoints, with a frame inside whose work is left to do. */
function tunnelPacket(family, fields) {
  const packet = offloadFrame(fields);
  packet.innerStart = packet.start;
  const length = packet.length + 16;
  packet.bytes.set([0xc0, 1, 0x12, 0xb5, length >>> 8, length, 0, 0, 8], packet.prepend(16));
  const [from, to] = ENDPOINTS[family].map((text) => IpAddress.parse(text));
  const at = packet.prepend(family === 4 ? 20 : 40);
  if (family === 4) packet.bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17], at);
  else packet.bytes.set([0x60, 0, 0, 0, length >>> 8, length, 17, 64], at);
  if (family === 4) write16(packet.bytes, at + 2, 20 + length);
  from.write(packet.bytes, at + (family === 4 ? 12 : 8));
  to.write(packet.bytes, at + (family === 4 ? 16 : 24));
  if (family === 4) ipv4.writeChecksum(packet.bytes, at);
  return packet;
}

/** From one device to the other: super-frames inside, a checksum inside, a whole packet. What stays, and what is lost. */
export function tunExchange() {
  const results = [];
  for (const family of [4, 6]) {
    if (family === 6) writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '0');
    forwarding(family, '1');
    const [near, far] = ENDPOINTS[family].map((address) => open(address));
    const whole = tunnelPacket(family, { payload: new Uint8Array(500).fill(3) });
    whole.clearOffload();
    const packets = [
      tunnelPacket(family, { payload: new Uint8Array(60_000).fill(1), segmentSize: 1200 }),
      tunnelPacket(family, { family: 6, payload: new Uint8Array(6000).fill(2), segmentSize: 1200 }),
      tunnelPacket(family, { payload: new Uint8Array(6000).fill(2), transport: 'udp', segmentSize: 1200 }),
      tunnelPacket(family, { payload: new Uint8Array(100).fill(3) }),
      whole,
    ];
    const inside = near.finishesInside;
    const sent = inside ? packets : [whole];
    for (const packet of sent) near.send(packet);
    const received = collect(far, sent.length);
    const same = received.map(({ bytes }, i) => {
      // Forwarding counts the hop, and with it changes the header's checksum.
      const expected = sent[i].copy();
      expected[family === 4 ? 8 : 7] -= 1;
      if (family === 4) ipv4.writeChecksum(expected, 0);
      return Buffer.compare(bytes, expected) === 0;
    });
    const kinds = received.map(({ checksum, segmentType, segmentSize }) => `${checksum} ${segmentType} ${segmentSize}`);
    results.push({ family, inside, lost: near.flush(), same, kinds });
    near.close();
    far.close();
  }
  return { release: readFileSync('/proc/sys/kernel/osrelease', 'utf8'), results };
}

/** What a kernel without tunnels in vnet headers gets. */
export function tunFallback() {
  forwarding(4, '1');
  const asked = [];
  const calls = loadSystemCalls();
  const system = Object.create(calls, {
    ioctl: {
      value: (fd, request, argument) => {
        if (request !== TUNSETOFFLOAD) return calls.ioctl(fd, request, argument);
        asked.push(argument);
        return argument > 0x7f ? -1 : calls.ioctl(fd, request, argument);
      },
    },
    errno: { value: () => (asked.at(-1) > 0x7f ? EINVAL : calls.errno()) },
  });
  const [near, far] = [open(ENDPOINTS[4][0], { system }), open(ENDPOINTS[4][1])];
  const frame = tunnelPacket(4, { payload: new Uint8Array(9000), segmentSize: 1200 });
  const whole = tunnelPacket(4, { payload: new Uint8Array(500) });
  whole.clearOffload();
  const result = { inside: near.finishesInside, takes: near.canFinish(frame) };
  near.send(new PacketBuffer(whole.copy()));
  const [received] = collect(far, 1);
  return { ...result, length: received?.bytes.length === whole.length, lost: near.flush() };
}

/** Errors when it is opened, and that nothing is left when it is closed. */
export function tunOpening() {
  forwarding(4, '0');
  const notForwarding = errorOf(() => open('203.0.113.1'));
  forwarding(4, '1');
  ip('link', 'set', 'lo', 'up');
  addAddress('lo', '203.0.113.9/32');
  const ofHost = errorOf(() => open('203.0.113.9'));
  const port = open('203.0.113.1', { device: 'vtep7' });
  const busy = errorOf(() => open('203.0.113.2', { device: 'vtep7' }));
  const route = () => ip('route', 'show', '203.0.113.1').toString().trim();
  const there = route();
  port.close();
  const gone = route();
  return { notForwarding: notForwarding.code, ofHost: ofHost.code, busy: busy.code, there, gone };
}
