// Ethernet underlays on the two ends of a veth pair, whose far end is in another namespace. Each export is one case.
import { EthernetUnderlay } from '@overlane/netio';
import { PacketBuffer, parseMac } from '@overlane/wire';
import { vethPair } from './packet-cases.mjs';
import { collect, errorOf, hex } from './support.mjs';

const TYPES = { etherTypes: [0x88b5], ipProtocols: [253, 254] };
const EVERYBODY = parseMac('ff:ff:ff:ff:ff:ff');
const STRANGER = parseMac('02:99:00:00:00:01');
const SWITCH = parseMac('02:e0:00:00:00:01');

const frame = (destination, words, length = 60) => {
  const bytes = new Uint8Array(length).fill(0x5a);
  bytes.set([...destination, ...SWITCH, ...words]);
  return bytes;
};
const ipv4 = (protocol) => [
  0x08,
  0x00,
  0x45,
  0,
  0,
  40,
  0,
  101,
  0x40,
  0,
  1,
  protocol,
  0,
  0,
  0,
  0,
  0,
  7,
  12,
  0,
  0xab,
  0xcd,
];
const tag = (vlan, priority = 0) => [0x81, 0x00, priority << 5, vlan];

/** Frames of all kinds, with and without tags: who gets which, octet by octet; and what does not pass. */
export async function ethernetFrames() {
  const pair = await vethPair(9000);
  try {
    const near = new EthernetUnderlay({ device: 'near', types: TYPES, mtu: 9000 });
    const far = pair.there(() => new EthernetUnderlay({ device: 'far', types: TYPES, mtu: 9000 }));
    const [link] = JSON.parse(pair.peer.run('ip', '-json', 'link', 'show', 'far'));
    const server = parseMac(link.address);
    const wanted = [
      frame(EVERYBODY, [0x88, 0xb5]),
      frame(EVERYBODY, [...tag(101, 5), 0x88, 0xb5]),
      frame(server, ipv4(253)),
      frame(server, [...tag(7), ...ipv4(254)]),
      frame(server, ipv4(253), 9014),
      frame(server, [...tag(4094), ...ipv4(253)], 9018),
    ];
    const unwanted = [
      frame(STRANGER, ipv4(253)),
      frame(STRANGER, [...tag(101), 0x88, 0xb5]),
      frame(server, ipv4(252)),
      frame(EVERYBODY, [0x88, 0xb6]),
    ];
    for (const bytes of [...unwanted, ...wanted]) near.send(PacketBuffer.from(bytes));
    const lost = near.flush();
    const arrived = collect(far, wanted.length);
    near.send(PacketBuffer.from(new Uint8Array(9100)));
    near.send(PacketBuffer.from(new Uint8Array(13)));
    const refused = near.flush();
    const more = collect(far, 1, 100).length;
    const counted = { near: { ...near.statistics }, far: { ...far.statistics } };
    far.send(PacketBuffer.from(wanted[1]));
    far.flush();
    const back = collect(near, 1);
    near.close();
    far.close();
    return {
      same: arrived.map(({ bytes }, at) => hex(bytes) === hex(wanted[at])),
      ...{ lost, refused, more, counted },
      back: hex(back[0].bytes) === hex(wanted[1]),
      none: errorOf(() => new EthernetUnderlay({ device: 'nowhere', types: TYPES })),
    };
  } finally {
    await pair.close();
  }
}
