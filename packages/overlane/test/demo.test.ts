/** The demonstration's judgement, and the parts that run anywhere. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINKTYPE_RAW, encodePcapHeader, encodePcapRecord, readCapture } from '@overlane/capture';
import { ENCAPSULATION_NAMES, createMemoryLink } from '@overlane/switch';
import { PacketBuffer, arp, ethernet, ipv4, parseIpv4, parseMac, read16 } from '@overlane/wire';
import { checkIsolation, checkPings } from '../src/demo/checks.js';
import { checkCapture, explainLayers } from '../src/demo/demo-capture.js';
import { MemoryStation } from '../src/demo/memory-station.js';
import { Report } from '../src/demo/report.js';
import { runDemo } from '../src/demo/run-demo.js';
import { type Probe, STATIONS, type Station, TENANTS, triesAcross } from '../src/demo/topology.js';
import type { World } from '../src/demo/world.js';

const [RED] = TENANTS;
const named = (name: string): Station => STATIONS.find((station) => station.name === name)!;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'overlane-demo-unit-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A world that answers as told, and delivers each request to the stations told. */
function pretend(answer: (probe: Probe) => number, deliver: (probe: Probe) => readonly Station[]): World {
  const seen = new Map(STATIONS.map((station) => [station, 0]));
  return {
    mode: 'memory',
    steps: [],
    ping: (probe) => {
      for (const station of deliver(probe)) seen.set(station, seen.get(station)! + probe.count);
      return Promise.resolve(answer(probe));
    },
    pinNeighbor: () => Promise.resolve(),
    echoRequests: () => Promise.resolve(new Map(seen)),
    stopSwitches: () => Promise.resolve(new Map()),
    close: () => undefined,
  };
}

describe('checks', () => {
  it('pass where each ping is answered, by its owner alone', async () => {
    const { failures, strays } = await checkPings(
      pretend(
        ({ count }) => count,
        ({ owner }) => [owner],
      ),
      RED,
      'vxlan',
    );
    expect(failures).toEqual([]);
    expect(strays).toBe(0);
  });

  it('fail where an answer comes from the other tenant', async () => {
    const wrong = pretend(
      ({ count }) => count,
      ({ owner }) => [named(owner.name.replace('red', 'blue'))],
    );
    const { failures, strays } = await checkPings(wrong, RED, 'vxlan');
    expect(failures).toContain('ping in red: red2 saw 0 echo requests, must be 6');
    expect(failures).toContain('ping in red: blue2 saw 6 echo requests, must be 0');
    expect(strays).toBe(9);
  });

  it('fail where requests reach both tenants, though all are answered', async () => {
    const leaky = pretend(
      ({ count }) => count,
      () => [named('red1'), named('red2'), named('blue2')],
    );
    expect((await checkPings(leaky, RED, 'vxlan')).failures).toContain(
      'ping in red: blue2 saw 9 echo requests, must be 0',
    );
  });

  it('fail where a ping is lost', async () => {
    const lossy = pretend(
      ({ count, address }) => (address === '10.0.0.1' ? count - 1 : count),
      ({ owner }) => [owner],
    );
    expect((await checkPings(lossy, RED, 'vxlan')).failures).toEqual([
      'ping in red: red2 to 10.0.0.1 was answered 2 times, must be 3',
    ]);
  });

  it('fail where a try across is answered, or only seen', async () => {
    const open = await checkIsolation(
      pretend(
        ({ count }) => count,
        () => [],
      ),
    );
    expect(open.failures).toHaveLength(triesAcross().length);
    const seen = await checkIsolation(
      pretend(
        () => 0,
        ({ owner }) => [owner],
      ),
    );
    expect(seen.strays).toBe(12);
    expect(seen.failures).toContain('isolation: blue2 saw 4 echo requests, must be 0');
  });

  it('tries only addresses that the other tenant alone has', () => {
    for (const { from, owner, address } of triesAcross()) {
      expect(owner.tenant).not.toBe(from.tenant);
      expect(STATIONS.filter(({ addresses }) => addresses.includes(address))).toEqual([owner]);
    }
  });
});

describe('a demonstration in memory', () => {
  it('holds, and its capture is what the checks ask for', async () => {
    const captureFile = join(folder, 'demo.pcap');
    let told = '';
    const report = new Report({ write: (text) => (told += text) }, () => 0);
    const { summary, failures } = await runDemo({ mode: 'memory', encapsulation: 'vxlan', captureFile }, report);
    expect(failures).toEqual([]);
    expect(summary).toEqual({
      ok: true,
      mode: 'memory',
      encapsulation: 'vxlan',
      pings: { expected: 18, answered: 18 },
      isolation: { tried: 12, leaked: 0 },
      flows: { microflowHits: expect.any(Number), megaflowHits: expect.any(Number), misses: expect.any(Number) },
      capture: captureFile,
    });
    expect(told).toContain('vni 5001');
    // Of some hundred packets most have a flow: three echo requests and answers in a row, and ARP for several addresses.
    expect(summary.flows.microflowHits).toBeGreaterThan(10);
    expect(summary.flows.megaflowHits).toBeGreaterThan(10);
    expect(told).toMatch(/in_port=1,.*eth_dst=[0-9a-f:]+ -> tunnel to 192\.0\.2\.2/);

    const { example, packets } = checkCapture(captureFile, 'vxlan');
    expect(packets).toBe(readCapture(readFileSync(captureFile)).length);
    expect(explainLayers(example!).map((line) => line.split(/ {2,}/)[3])).toEqual([
      'ipv4',
      'udp',
      'vxlan',
      'ethernet',
      'ipv4',
      'icmpv4',
      'data',
    ]);
  });

  it.each([
    ['geneve', 18, 'udp geneve ethernet'],
    ['nvgre', 18, 'nvgre ethernet'],
    ['gre', 18, 'gre ethernet'],
    // Two longer pings, one a tenant, that take several segments each.
    ['stt', 20, 'stt stt-frame ethernet'],
    ['dove', 18, 'udp dove ethernet'],
  ] as const)('holds with %s, and one packet is explained', async (encapsulation, expected, headers) => {
    const captureFile = join(folder, `${encapsulation}.pcap`);
    const report = new Report({ write: () => true }, () => 0);
    const { summary, failures } = await runDemo({ mode: 'memory', encapsulation, captureFile }, report);
    expect(failures).toEqual([]);
    expect(summary).toMatchObject({ ok: true, encapsulation, pings: { expected, answered: expected } });
    const { example } = checkCapture(captureFile, encapsulation);
    expect(example!.map(({ protocol }) => protocol).join(' ')).toBe(`ipv4 ${headers} ipv4 icmpv4 data`);
    expect(explainLayers(example!).join()).toMatch(/(vni|vsid|key|contextId|instanceId) 500[12]/);
  });

  it('is a failure where stt never had to cut', async () => {
    const whole = readCapture(readFileSync(join(folder, 'stt.pcap')));
    const options = { linkType: LINKTYPE_RAW };
    // Behind 20 octets of IPv4 and as many of segment header stands the whole frame, if its length says so.
    const short = whole.filter(({ bytes }) => read16(bytes, 24) === bytes.length - 40);
    const records = short.map(({ bytes }) => encodePcapRecord({ bytes, timestampNs: 0n }, options));
    const file = join(folder, 'uncut.pcap');
    writeFileSync(file, Buffer.concat([encodePcapHeader(options), ...records]));
    expect(short.length).toBeLessThan(whole.length);
    expect(checkCapture(file, 'stt').failures).toContain('capture: no frame came in several packets');
  });

  it('covers every encapsulation of the switch', () => {
    expect(ENCAPSULATION_NAMES).toEqual(['vxlan', 'geneve', 'nvgre', 'gre', 'stt', 'dove']);
  });

  it('names what a capture lacks', async () => {
    const whole = readCapture(readFileSync(join(folder, 'demo.pcap')));
    const write = (packets: readonly Uint8Array[]): string => {
      const file = join(folder, 'part.pcap');
      const options = { linkType: LINKTYPE_RAW };
      const records = packets.map((bytes) => encodePcapRecord({ bytes, timestampNs: 0n }, options));
      writeFileSync(file, Buffer.concat([encodePcapHeader(options), ...records]));
      return file;
    };
    const { failures, example } = checkCapture(write([]), 'vxlan');
    expect(failures).toContain('capture: no packet of network 5002 from 192.0.2.2');
    expect(failures).toHaveLength(4);
    expect(example).toBeUndefined();

    const broken = whole.map(({ bytes }) => bytes.slice());
    broken[0]![28] = 0;
    expect(checkCapture(write(broken), 'vxlan').failures).toEqual([
      'capture: packet 1 does not unwrap: E_VXLAN_VNI_NOT_VALID',
    ]);
    const strange = whole.map(({ bytes }) => bytes.slice());
    strange[0]![34] = 0;
    // 5001 is 0x001389, here without its last octet.
    expect(checkCapture(write(strange), 'vxlan').failures).toEqual([
      'capture: packet 1 does not unwrap: E_VXLAN_UNKNOWN_VNI',
    ]);
    const foreign = whole.map(({ bytes }) => bytes.slice());
    // Source address 192.0.2.9, and the header checksum that goes with it.
    foreign.forEach((bytes) => bytes.set([192, 0, 2, 9], 12));
    foreign.forEach((bytes) => ipv4.writeChecksum(bytes, 0));
    expect(checkCapture(write(foreign), 'vxlan').failures).toContain(
      "capture: a packet of network 5001 from 192.0.2.9, which is nobody's",
    );
  });

  it('is a failure, not a crash, where the capture can not be written', async () => {
    const report = new Report({ write: () => true }, () => 0);
    const captureFile = join(folder, 'missing', 'demo.pcap');
    const { summary, failures } = await runDemo({ mode: 'memory', encapsulation: 'vxlan', captureFile }, report);
    expect(summary).toMatchObject({ ok: false, pings: { expected: 18, answered: 0 }, isolation: { tried: 0 } });
    expect(failures[0]).toContain('ENOENT');
  });
});

describe('a station in memory', () => {
  const [port, far] = createMemoryLink(['near', 'far']);
  const station = new MemoryStation(named('red2'), port);
  const mac = parseMac('02:00:00:00:00:99');
  const send = (etherType: number, payload: Uint8Array, destination = parseMac('ff:ff:ff:ff:ff:ff')): number => {
    const header = ethernet.encode({ destination, source: mac, tags: [], etherType });
    far.send(PacketBuffer.from(Buffer.concat([header, payload])));
    station.turn();
    return far.receive();
  };
  const ask = (address: string): Uint8Array =>
    arp.encode({
      operation: arp.OPERATION.REQUEST,
      senderMac: mac,
      senderIp: parseIpv4('10.0.0.9'),
      targetMac: new Uint8Array(6),
      targetIp: parseIpv4(address),
    });

  it.each(['10.0.0.2', '10.0.0.20'])('answers ARP for its address %s', (address) => {
    expect(send(ethernet.ETHER_TYPE.ARP, ask(address))).toBe(1);
    const reply = far.packet(0).view();
    expect(arp.decode(reply, ethernet.HEADER_LENGTH)).toMatchObject({
      operation: arp.OPERATION.REPLY,
      senderIp: parseIpv4(address),
      senderMac: parseMac('02:00:00:00:00:02'),
      targetMac: mac,
    });
  });

  it('is silent about other addresses, other stations and broken frames', () => {
    expect(send(ethernet.ETHER_TYPE.ARP, ask('10.0.0.30'))).toBe(0);
    expect(send(ethernet.ETHER_TYPE.ARP, ask('10.0.0.2'), parseMac('02:00:00:00:00:77'))).toBe(0);
    expect(send(ethernet.ETHER_TYPE.ARP, ask('10.0.0.2').slice(0, 20))).toBe(0);
    expect(send(ethernet.ETHER_TYPE.IPV4, new Uint8Array(40))).toBe(0);
    expect(station.echoRequests).toBe(0);
  });
});
