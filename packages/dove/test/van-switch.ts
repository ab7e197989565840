import { IpAddress, PacketBuffer, TunnelMetadata, parseMac, writeOctets } from '@overlane/wire';
import {
  type VanLimits,
  type VanMessage,
  type VanOptions,
  VanMembers,
  VanResolver,
  decode,
  encode,
  TYPE,
} from '../src/van/index.js';
import { SeededRandom } from '../src/van/simulation/index.js';

/** What a switch sent: a decoded message, or the octets of a frame. */
export interface Sent {
  readonly network: number;
  readonly to: string;
  readonly message?: VanMessage;
  readonly frame?: Uint8Array;
}

export const NETWORK = 0x0102a3;
export const OWN = '10.1.0.1';
export const LOCAL_MAC = '02:00:00:00:00:01';
export const REMOTE_MAC = '02:00:00:00:00:02';
/** The VM whose frames are sent, if nothing else is said. */
export const SENDER_MAC = '02:00:00:00:00:77';

/** A switch with a few words for tests: it knows 10.1.0.2 and 10.1.0.3 as members of NETWORK. */
export class TestSwitch {
  readonly members = new VanMembers({
    configured: new Map([[NETWORK, [IpAddress.parse('10.1.0.2'), IpAddress.parse('10.1.0.3')]]]),
  });
  readonly resolver: VanResolver;
  nowMs = 0;

  constructor(options: Partial<VanOptions> = {}) {
    const { members } = this;
    const random32 = new SeededRandom(7).word;
    this.resolver = new VanResolver({ address: IpAddress.parse(OWN), replicator: members, random32, ...options });
  }

  /** One with a VM that sends, and whose members don't come and go. */
  static withSender(limits: Partial<VanLimits> = {}): TestSwitch {
    const configured = new TestSwitch().members;
    const replicator = { targets: (network: number) => configured.targets(network) };
    const node = new TestSwitch({ ...limits, replicator });
    node.arrive(SENDER_MAC);
    node.arrive(SENDER_MAC, NETWORK + 1);
    node.sent();
    return node;
  }

  /** A frame from SENDER_MAC, or `from`, to `mac`. */
  static frame(mac = REMOTE_MAC, from = SENDER_MAC, payload = 0): Uint8Array {
    const frame = new Uint8Array(20).fill(payload, 14);
    writeOctets(frame, 0, parseMac(mac));
    writeOctets(frame, 6, parseMac(from));
    return frame;
  }

  /** A packet of any octets. */
  static packet(octets: Uint8Array): PacketBuffer {
    return PacketBuffer.from(octets);
  }

  /** Asks where the destination is; the text of the locator, or `pending`. */
  resolve(frame = TestSwitch.frame(), network = NETWORK): string {
    const answer = this.resolver.resolve(network, PacketBuffer.from(frame), this.nowMs);
    return answer === 'pending' ? answer : answer.address.toString();
  }

  arrive(mac = LOCAL_MAC, network = NETWORK): void {
    this.resolver.arrived(network, PacketBuffer.from(TestSwitch.frame(REMOTE_MAC, mac)), this.nowMs);
  }

  depart(mac = LOCAL_MAC, successor?: string): void {
    const to = successor === undefined ? undefined : IpAddress.parse(successor);
    this.resolver.departed(NETWORK, parseMac(mac), 0, this.nowMs, to);
  }

  misdeliver(source: string, mac = REMOTE_MAC): string {
    const frame = PacketBuffer.from(TestSwitch.frame(mac));
    return this.resolver.misdelivered(frame, tunnelFrom(source), this.nowMs);
  }

  /** Hands over a control message; the fault, if any. */
  take(source: string, message: Partial<VanMessage>, network = NETWORK): string | undefined {
    const whole = { ...EMPTY, ...message };
    return this.resolver.onControl(PacketBuffer.from(encode(whole)), tunnelFrom(source, network), this.nowMs);
  }

  /** Lets time pass until `nowMs`, with all ticks at their times. */
  wait(ms: number): void {
    const until = this.nowMs + ms;
    for (let next = this.resolver.nextTickMs; next <= until; next = this.resolver.nextTickMs) {
      this.nowMs = Math.max(this.nowMs, next);
      this.resolver.tick(this.nowMs);
    }
    this.nowMs = until;
  }

  /** Everything sent since the last call. */
  sent(): Sent[] {
    const all: Sent[] = [];
    for (let event = this.resolver.nextEvent(); event !== undefined; event = this.resolver.nextEvent()) {
      const octets = event.payload.copy();
      const what = event.kind === 'control' ? { message: decode(octets) } : { frame: octets };
      all.push({ network: event.network, to: event.destination.address.toString(), ...what });
    }
    return all;
  }

  /** The same without JOIN and LEAVE. */
  sentAboutVms(): Sent[] {
    return this.sent().filter(({ message }) => message === undefined || message.type <= TYPE.UNLEARN);
  }

  /** Learns REMOTE_MAC at `locator` and drops what was sent for it. */
  learn(locator = '10.1.0.2', generation = 5, lifetimeS = 300): void {
    this.resolve();
    const { message } = this.sentAboutVms().at(-1)!;
    const fault = this.take(locator, answer(message!, locator, generation, lifetimeS));
    if (fault !== undefined) throw new Error(fault);
    this.sent();
  }
}

/** What the outer headers say of a packet from `source`. */
export function tunnelFrom(source: string, network = NETWORK): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.network = network;
  tunnel.source.copy(IpAddress.parse(source));
  return tunnel;
}

/** A number for an address. */
export const locatorOf = (text: string): number => IpAddress.parse(text).word0 >>> 0;

export const EMPTY: VanMessage = {
  type: TYPE.LEARN_REQUEST,
  extensions: false,
  hint: false,
  proxy: false,
  transactionId: 0,
  mac: parseMac(REMOTE_MAC),
  lifetimeS: 0,
  locator: 0,
  generation: 0,
};

/** The LEARN_REPLY to a request. */
export function answer(request: VanMessage, locator: string, generation: number, lifetimeS = 300): VanMessage {
  return { ...request, type: TYPE.LEARN_REPLY, extensions: true, locator: locatorOf(locator), generation, lifetimeS };
}
