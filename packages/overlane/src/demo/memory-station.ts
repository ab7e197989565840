/** A tenant's machine in memory: it answers ARP and ICMP echo, and pings. Built from the codecs of `@overlane/wire`. */
import { MAC_LENGTH, PacketBuffer, type Port, arp, ethernet, icmpv4, ipv4, parseIpv4, parseMac } from '@overlane/wire';
import type { Station } from './topology.js';

const BROADCAST = new Uint8Array(MAC_LENGTH).fill(0xff);
const UNKNOWN_MAC = new Uint8Array(MAC_LENGTH);
/** Octets behind the echo header, as `ping` sends. */
const ECHO_DATA_LENGTH = 56;

/** One machine on a link. It does nothing by itself: `turn` reads what has arrived. */
export class MemoryStation {
  /** Echo requests received for one of its addresses. */
  echoRequests = 0;
  readonly #port: Port;
  readonly #mac: Uint8Array;
  readonly #addresses: ReadonlySet<number>;
  readonly #source: number;
  readonly #neighbors = new Map<number, Uint8Array>();
  readonly #answers = new Map<number, number>();

  /** The machine that `station` describes, on `port`. */
  constructor(station: Station, port: Port) {
    const addresses = station.addresses.map(parseIpv4);
    this.#port = port;
    this.#mac = parseMac(station.mac);
    this.#addresses = new Set(addresses);
    this.#source = addresses[0]!;
  }

  /** Replies to `echo` requests under `identifier` so far. */
  answers(identifier: number): number {
    return this.#answers.get(identifier) ?? 0;
  }

  /** Takes `mac` for the MAC of `address`; `undefined` forgets it. */
  setNeighbor(address: number, mac: Uint8Array | undefined): void {
    if (mac === undefined) this.#neighbors.delete(address);
    else this.#neighbors.set(address, mac);
  }

  /** Asks who has `address`, unless it knows. */
  ask(address: number): void {
    if (this.#neighbors.has(address)) return;
    this.#sendArp(arp.OPERATION.REQUEST, BROADCAST, UNKNOWN_MAC, address);
  }

  /** Sends an echo request with `dataLength` octets of data. Does nothing while the MAC of `address` is unknown, like any machine. */
  sendEcho(address: number, identifier: number, sequenceNumber: number, dataLength = ECHO_DATA_LENGTH): void {
    const mac = this.#neighbors.get(address);
    if (mac === undefined) return;
    const rest = ((identifier << 16) | sequenceNumber) >>> 0;
    const header = icmpv4.encode({ type: icmpv4.TYPE.ECHO_REQUEST, code: 0, checksum: 0, rest });
    const message = new Uint8Array(header.length + dataLength);
    message.set(header);
    this.#sendEchoMessage(mac, this.#source, address, message);
  }

  /** Reads what has arrived and answers it. Returns how many frames there were. */
  turn(): number {
    const count = this.#port.receive();
    for (let i = 0; i < count; i++) this.#receive(this.#port.packet(i).view());
    return count;
  }

  #receive(frame: Uint8Array): void {
    if (ethernet.check(frame) !== undefined) return;
    const { destination, source, etherType } = ethernet.decode(frame);
    if (!same(destination, this.#mac) && !same(destination, BROADCAST)) return;
    const offset = ethernet.readHeaderLength(frame, 0);
    if (etherType === ethernet.ETHER_TYPE.ARP) this.#receiveArp(frame, offset);
    if (etherType === ethernet.ETHER_TYPE.IPV4) this.#receiveIpv4(frame, offset, source);
  }

  #receiveArp(frame: Uint8Array, offset: number): void {
    if (arp.check(frame, offset) !== undefined) return;
    const { operation, senderMac, senderIp, targetIp } = arp.decode(frame, offset);
    if (!this.#addresses.has(targetIp)) return;
    this.#neighbors.set(senderIp, senderMac);
    if (operation === arp.OPERATION.REQUEST) {
      this.#sendArp(arp.OPERATION.REPLY, senderMac, senderMac, senderIp, targetIp);
    }
  }

  #receiveIpv4(frame: Uint8Array, offset: number, sourceMac: Uint8Array): void {
    if (ipv4.check(frame, offset) !== undefined) return;
    const { protocol, source, destination, totalLength } = ipv4.decode(frame, offset);
    if (protocol !== icmpv4.IP_PROTOCOL || !this.#addresses.has(destination)) return;
    const start = offset + ipv4.readHeaderLength(frame, offset);
    const end = offset + totalLength;
    if (icmpv4.check(frame, start, end) !== undefined) return;
    if (icmpv4.checkChecksum(frame, start, end) !== undefined) return;
    const type = icmpv4.readType(frame, start);
    if (type === icmpv4.TYPE.ECHO_REQUEST) {
      this.echoRequests++;
      const message = frame.slice(start, end);
      message[0] = icmpv4.TYPE.ECHO_REPLY;
      this.#sendEchoMessage(sourceMac, destination, source, message);
    }
    if (type === icmpv4.TYPE.ECHO_REPLY) {
      const identifier = icmpv4.readIdentifier(frame, start);
      this.#answers.set(identifier, this.answers(identifier) + 1);
    }
  }

  #sendArp(
    operation: number,
    destination: Uint8Array,
    targetMac: Uint8Array,
    targetIp: number,
    senderIp = this.#source,
  ): void {
    const message = arp.encode({ operation, senderMac: this.#mac, senderIp, targetMac, targetIp });
    this.#send(destination, ethernet.ETHER_TYPE.ARP, message);
  }

  #sendEchoMessage(mac: Uint8Array, source: number, destination: number, message: Uint8Array): void {
    icmpv4.writeChecksum(message, 0, message.length);
    const header = ipv4.encode({
      dscp: 0,
      ecn: 0,
      totalLength: ipv4.HEADER_LENGTH + message.length,
      identification: 0,
      dontFragment: true,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: 64,
      protocol: icmpv4.IP_PROTOCOL,
      source,
      destination,
      options: new Uint8Array(),
    });
    this.#send(mac, ethernet.ETHER_TYPE.IPV4, header, message);
  }

  #send(destination: Uint8Array, etherType: number, ...parts: readonly Uint8Array[]): void {
    const header = ethernet.encode({ destination, source: this.#mac, tags: [], etherType });
    this.#port.send(PacketBuffer.from(Uint8Array.from([header, ...parts].flatMap((part) => [...part]))));
    this.#port.flush();
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((octet, i) => octet === b[i]);
}
