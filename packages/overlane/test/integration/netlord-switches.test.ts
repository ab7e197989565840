/**
 * The kernel as NetLord's switches, configured by the commands that `overlane netlord edge-config` prints, against the model of
 * such switches: what one server sends, the other must get from both, octet by octet.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { edge, frame, header } from '@overlane/netlord';
import { PacketBuffer, type Port, parseMac } from '@overlane/wire';
import { requires } from '../../../../tools/testing/requirements.js';
import { MemoryFabric } from '../../src/demo/memory-fabric.js';
import { EDGE_MACS, FABRIC, HOST_PLACES, SWITCH_CONFIGS } from '../../src/demo/netlord-plan.js';
import { toHex } from '../command-line.js';
import { PrivateWorld, type WorldProcess } from './support/private-world.js';
import { until } from './support/until.js';

const TIME_LIMIT_MS = 120_000;
const [NEAR, FAR] = EDGE_MACS.map(parseMac) as [Uint8Array, Uint8Array];
const TENANT = 0xabcd;
/** 1.0.0.7: routers let it pass as a source. */
const MAC_AS_ID = 0x0100_0007;

/** Prints what comes in at e0, a frame per line; says `ready` first. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('e0', 0))
print('ready', flush=True)
while True:
    data, place = s.recvfrom(4096)
    if place[2] != 4: print(data.hex(), flush=True)
`;
/** Sends the frames on its standard input, one per line, by e0. */
const SENDER = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('e0', 0))
for line in sys.stdin: s.send(bytes.fromhex(line.strip()))
`;

let world: PrivateWorld | undefined;
let receiver: WorldProcess;

/** A packet of the first server's, with an inner frame of `n` octets more than the least. */
function packet(vlan: number, n: number, change: Partial<header.NetlordHeader> = {}): Uint8Array {
  const inner = Uint8Array.from({ length: 46 + n }, (_, i) => (i * 7 + n) & 0xff);
  const headers = frame.encode({
    destination: FAR,
    source: NEAR,
    isTagged: true,
    header: {
      ...{ dscp: n % 64, ecn: n % 4, totalLength: 20 + inner.length, tci: vlan, ttl: 2, protocol: 253 },
      ...{ macAsId: MAC_AS_ID, port: HOST_PLACES['h2']!.port, tenantId: TENANT + n },
      ...change,
    },
  });
  return Uint8Array.from([...headers, ...inner]);
}

/** What the model of the fabric lets the second server have of `frames`. */
function carriedByModel(frames: readonly Uint8Array[]): string[] {
  const fabric = new MemoryFabric();
  const [near, far] = ['h1', 'h2'].map((host) => fabric.attach(host)) as [Port, Port];
  const got: string[] = [];
  for (const one of frames) {
    near.send(PacketBuffer.from(one));
    fabric.turn(0);
    const count = far.receive();
    for (let i = 0; i < count; i++) got.push(toHex(far.packet(i).view()));
  }
  return got;
}

describe('the kernel, configured by our commands', () => {
  const native = requires('namespaces', 'bridge', 'nft', 'scapy');

  beforeAll(async () => {
    if (native.it === it.skip) return;
    const built = (world = await PrivateWorld.open());
    built.addNamespaces('h1', 'h2', ...SWITCH_CONFIGS.map(({ name }) => name));
    const trial = ['ip', '-n', 'h1', 'link', 'add', 'link', 'lo', 'name', 'lo.2', 'type', 'vlan', 'id', '2'];
    const dialect = built.attempt('', trial).status === 0 ? 'vlan-devices' : 'nftables';
    FABRIC.links.forEach(({ a, b }, link) =>
      built.ip('', `link add l${link} netns ${a} type veth peer name l${link} netns ${b}`),
    );
    for (const [host, { edge: at, port, mac }] of Object.entries(HOST_PLACES)) {
      built.ip('', `link add p${port} netns ${at} type veth peer name e0 address ${mac} netns ${host}`);
      built.ip(host, 'link set e0 up');
    }
    for (const config of SWITCH_CONFIGS) {
      built.run(config.name, ['sh', '-e'], edge.shellScript(edge.linuxCommands(config, dialect)));
    }
    receiver = built.start('h2', ['/usr/bin/python3', '-c', RECEIVER]);
    await until(() => receiver.lines.includes('ready'), 'the receiver');
  }, TIME_LIMIT_MS);

  afterAll(() => world?.close());

  native.it(
    'carries and routes what the model does, octet by octet, and drops what it drops',
    async () => {
      const broken = packet(2, 5);
      broken[28]! ^= 1;
      const frames = [
        // Every VLAN, every length modulo 4, several service classes.
        ...[1, 2, 3].flatMap((vlan) => [0, 1, 2, 3, 700].map((n) => packet(vlan, n))),
        broken,
        packet(2, 6, { ttl: 1 }),
        packet(2, 7, { port: 99 }),
        packet(77, 8),
        packet(3, 9, { tenantId: 0xff_ffff }),
        packet(3, 10, { tenantId: 0, macAsId: 0xdfff_ffff }),
      ];
      world!.run('h1', ['/usr/bin/python3', '-c', SENDER], frames.map((one) => `${toHex(one)}\n`).join(''));
      const wanted = carriedByModel(frames);
      expect(wanted).toHaveLength(17);
      // The kernel's own protocols may speak, too; NetLord's packets are IPv4 from an edge switch to this server.
      const isOurs = (line: string): boolean => line.slice(12, 28) === `${toHex(FAR)}0800`;
      const got = (): string[] => receiver.lines.filter(isOurs);
      await until(() => got().includes(wanted.at(-1)!), 'the last packet');
      expect([...got()].sort()).toEqual([...wanted].sort());
    },
    TIME_LIMIT_MS,
  );

  native.it('lets core switches learn edge switches alone', () => {
    for (const { name } of SWITCH_CONFIGS.filter(({ kind }) => kind === 'core')) {
      const table = world!.run(name, ['bridge', 'fdb', 'show']);
      const learned = table.split('\n').filter((line) => line.includes(' master ') && !line.includes('permanent'));
      expect(learned.length).toBeGreaterThan(0);
      for (const line of learned) expect(EDGE_MACS).toContain(line.split(' ')[0]);
    }
  });
});
