/**
 * What a packet leaves on the heap on its way through two switches, as a line of JSON: `node garbage.mjs ENCAPSULATION WORK`. With
 * WORK `unfinished` all ports take packets whose checksum is left to do, also inside of tunnels; with `finished` none. A process of its own, because what the compiler makes of a function depends on all that it was ever called with.
 */
import { getHeapStatistics } from 'node:v8';
import { PacketBuffer, TCP_CHECKSUM_AT, checksum, ethernet, ipv4, tcp, write16, write32 } from '@overlane/wire';
import { parseSwitchConfig, planSwitch } from '../../dist/index.js';

const BATCH = 64;
const SLOT = 2048;
const HEADROOM = 194;
const ADDRESSES = ['192.0.2.1', '192.0.2.2'];
const NETWORK = 5001;
const IP_LENGTH = 1400;
/** Turns between two looks at the heap; looks in a row that must find nothing; looks at most, while compilers settle. */
const [TURNS, CLEAN, LOOKS] = [30, 3, 100];

/** A port that hands out what the other end has sent, in one array and without garbage, as real ones do. */
class Link {
  name;
  peer = this;
  finishesInside;
  #slots;
  #windows;
  #arrived = 0;

  constructor(name, bytes, slots, work) {
    this.name = name;
    this.finishesInside = work === 'unfinished';
    this.#slots = slots;
    this.#windows = Array.from({ length: BATCH }, () => new PacketBuffer(bytes));
  }

  receive() {
    const count = this.#arrived;
    this.#arrived = 0;
    return count;
  }

  packet(index) {
    return this.#windows[index];
  }

  canFinish() {
    return this.finishesInside;
  }

  /** Copies the packet to the other end, with what is left to do on it. */
  send(packet) {
    const { bytes, start, end } = packet;
    const { peer } = this;
    if (peer.#arrived === BATCH) return false;
    const at = peer.#slots + peer.#arrived * SLOT + HEADROOM;
    bytes.copyWithin(at, start, end);
    const window = peer.#windows[peer.#arrived++].reset(bytes, at, at + end - start);
    if (packet.checksum === 'partial') {
      window.checksum = 'partial';
      window.checksumStart = at + packet.checksumStart - start;
      window.checksumField = at + packet.checksumField - start;
    }
    return true;
  }

  flush() {
    return 0;
  }

  close() {}
}

/** A TCP segment from one station to the other, as its kernel makes it. */
function writeSegment(bytes, at, from, sequenceNumber, work) {
  const header = { tags: [], etherType: ethernet.ETHER_TYPE.IPV4 };
  const [source, destination] = [from, 3 - from].map((last) => Uint8Array.of(2, 0, 0, 0, 0, last));
  bytes.set(ethernet.encode({ ...header, source: source, destination: destination }), at);
  const network = at + ethernet.HEADER_LENGTH;
  const transport = network + ipv4.HEADER_LENGTH;
  bytes.set([0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, tcp.IP_PROTOCOL, 0, 0, 10, 0, 0, from, 10, 0, 0, 3 - from], network);
  write16(bytes, network + 2, IP_LENGTH);
  ipv4.writeChecksum(bytes, network);
  bytes.set([0x30, 0x39, 0x14, 0x51, 0, 0, 0, 0, 0, 0, 0, 1, 0x50, tcp.FLAG.ACK, 1, 0, 0, 0, 0, 0], transport);
  write32(bytes, transport + 4, sequenceNumber);
  const end = network + IP_LENGTH;
  const pseudoHeader = checksum.pseudoHeaderV4(bytes, network, tcp.IP_PROTOCOL, end - transport);
  const packet = new PacketBuffer(bytes, at, end);
  const field = transport + TCP_CHECKSUM_AT;
  if (work === 'finished') write16(bytes, field, checksum.compute(bytes, transport, end, pseudoHeader));
  else {
    write16(bytes, field, pseudoHeader);
    Object.assign(packet, { checksum: 'partial', checksumStart: transport, checksumField: field });
  }
  return packet;
}

/** Two switches of one kind; returns a turn of both, in which a batch goes from the first station to the second. */
function createWorld(type, work) {
  const bytes = new Uint8Array(32 << 20);
  let next = 0;
  const allocate = (octets) => {
    const start = next;
    next += Math.ceil(octets / 64) * 64;
    return new PacketBuffer(bytes, start, start + octets);
  };
  const linkOf = (name) => new Link(name, bytes, allocate(BATCH * SLOT).start, work);
  const join = (one, other) => void ([one.peer, other.peer] = [other, one]);
  const wires = [linkOf('wire1'), linkOf('wire2')];
  join(wires[0], wires[1]);
  const ends = ADDRESSES.map((address, i) => {
    const plan = planSwitch(
      parseSwitchConfig({
        encapsulation: { type },
        underlay: { address, mtu: 1600 },
        networks: [{ network: NETWORK, peers: [ADDRESSES[1 - i]] }],
        ports: [{ name: 'tap', network: NETWORK }],
      }),
      { random: () => 0.5, allocate },
    );
    const [near, far] = [linkOf(`port${i}`), linkOf(`station${i}`)];
    join(near, far);
    plan.switch.addUnderlay(wires[i], plan.address);
    plan.switch.addPort(near, NETWORK);
    return { station: far, switch: plan.switch };
  });
  const [one, two] = ends;
  const segments = Array.from({ length: BATCH }, (_, i) =>
    writeSegment(bytes, allocate(SLOT).start + 2, 1, i * 1360, work),
  );
  // The first switch learns where the second station is.
  two.station.send(writeSegment(bytes, allocate(SLOT).start + 2, 2, 0, work));
  for (const end of [two, one, two, one]) end.switch.turn(0);
  let delivered = 0;
  return {
    delivered: () => delivered,
    turn: () => {
      for (let i = 0; i < BATCH; i++) one.station.send(segments[i]);
      one.switch.turn(0);
      two.switch.turn(0);
      delivered += two.station.receive();
    },
  };
}

/** Octets left on the heap per packet: 0 as soon as a few looks in a row find less than one, else what the last look found. */
function measure(type, work) {
  const { turn, delivered } = createWorld(type, work);
  let looks = 0;
  let growth = Infinity;
  for (let clean = 0; clean < CLEAN && looks < LOOKS; looks++) {
    const before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < TURNS; i++) turn();
    growth = (getHeapStatistics().used_heap_size - before) / (TURNS * BATCH);
    // A collection makes it negative: that is no proof of anything.
    clean = growth >= 0 && growth < 1 ? clean + 1 : 0;
  }
  return { type, work, lost: looks * TURNS * BATCH - delivered(), left: looks < LOOKS ? 0 : growth };
}

console.log(JSON.stringify(measure(process.argv[2], process.argv[3])));
