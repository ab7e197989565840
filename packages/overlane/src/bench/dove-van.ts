/** The control plane of `@overlane/dove` at scale: known stations, learning, and the copies of a broadcast. */
import { DoveEncapsulation, van } from '@overlane/dove';
import { IpAddress, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { FRAME_LENGTH } from './inputs.js';
import { INPUTS, type Operation } from './measure.js';
import { required } from './required.js';

/** Stations that a switch of a large tenant knows: 1,000 hosts with 20 each. */
export const STATIONS = 20_000;
/** Endpoints that get a copy of each broadcast. */
export const MEMBERS = 255;

const NETWORK = 1;
const OURS = IpAddress.parse('10.9.9.9');
const PEER = IpAddress.parse('10.1.0.1');
const MAC_LENGTH = 6;
/** Longer than any timer or limit of VAN. */
const FAR_APART_MS = 60_000;
const FLAGS = { extensions: true, hint: false, proxy: false };

/** Frames to `count` stations, one behind the other in another order than they are learned in. */
function createFrames(count: number): Uint8Array {
  const bytes = new Uint8Array(count * FRAME_LENGTH);
  for (let i = 0; i < count; i++) bytes.set([...macOf((i * 7919) % count), ...macOf(count)], i * FRAME_LENGTH);
  return bytes;
}

function macOf(station: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, station >>> 16, (station >>> 8) & 255, station & 255);
}

function createResolver(): van.VanResolver {
  let state = 5;
  const random32 = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const limits = { stations: 2 * STATIONS, stationsPerInstance: 2 * STATIONS };
  const replicator = new van.VanMembers({ configured: new Map([[NETWORK, [PEER]]]) });
  return new van.VanResolver({ ...limits, address: OURS, replicator, random32 });
}

/** A message about `mac`, as it arrives from the peer. */
function createMessage(type: van.VanType, mac: Uint8Array, generation: number): Uint8Array {
  const place = { transactionId: 0, mac, lifetimeS: 0, locator: PEER.word0, generation };
  return van.encode({ type, ...FLAGS, ...place });
}

/** What decapsulation says of a packet from the peer. */
function createTunnelFromPeer(): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.network = NETWORK;
  tunnel.source.copy(PEER);
  return tunnel;
}

function drain(resolver: van.VanResolver): number {
  let events = 0;
  while (resolver.nextEvent() !== undefined) events++;
  return events;
}

/** Answers where a known station is. Value: 1, as every station is at the one peer. */
export function resolveKnown(): Operation {
  const resolver = createResolver();
  const fromPeer = createTunnelFromPeer();
  const bytes = createFrames(STATIONS);
  const frame = new PacketBuffer(bytes);
  for (let i = 0; i < STATIONS; i++) {
    frame.reset(bytes, i * FRAME_LENGTH, (i + 1) * FRAME_LENGTH);
    resolver.resolve(NETWORK, frame, 0);
    const reply = createMessage(van.TYPE.LEARN_REPLY, bytes.slice(frame.start, frame.start + MAC_LENGTH), 1);
    required(resolver.onControl(PacketBuffer.from(reply), fromPeer, 0));
    drain(resolver);
  }
  return walk(bytes, frame, () => (resolver.resolve(NETWORK, frame, 1) === 'pending' ? 0 : 1));
}

/** The same out of a `Map` with text keys. */
export function resolveInMap(): Operation {
  const bytes = createFrames(STATIONS);
  const frame = new PacketBuffer(bytes);
  const keyOf = (at: number): string => `${NETWORK}/${String.fromCharCode(...bytes.subarray(at, at + MAC_LENGTH))}`;
  const places = new Map<string, IpAddress>();
  for (let i = 0; i < STATIONS; i++) places.set(keyOf(i * FRAME_LENGTH), PEER);
  return walk(bytes, frame, () => (places.has(keyOf(frame.start)) ? 1 : 0));
}

/** Goes through all stations in turn, not only those that fit the inputs. */
function walk(bytes: Uint8Array, frame: PacketBuffer, look: () => number): Operation {
  let at = 0;
  return () => {
    frame.reset(bytes, at, at + FRAME_LENGTH);
    at += FRAME_LENGTH;
    if (at === bytes.length) at = 0;
    return look();
  };
}

/**
 * Learns where a station is and forgets it again: the frame is held, the question goes out, the answer comes, the frame is
 * let go, and an UNLEARN takes it all back. Value: 2, the events of each turn.
 */
export function learn(): Operation {
  const resolver = createResolver();
  const fromPeer = createTunnelFromPeer();
  const bytes = createFrames(INPUTS);
  const frame = new PacketBuffer(bytes);
  const messages = (type: van.VanType): PacketBuffer[] =>
    Array.from({ length: INPUTS }, (_, i) => {
      const at = i * FRAME_LENGTH;
      return PacketBuffer.from(createMessage(type, bytes.slice(at, at + MAC_LENGTH), 1));
    });
  const replies = messages(van.TYPE.LEARN_REPLY);
  const unlearns = messages(van.TYPE.UNLEARN);
  let nowMs = 0;
  return (i) => {
    nowMs += FAR_APART_MS;
    frame.reset(bytes, i * FRAME_LENGTH, (i + 1) * FRAME_LENGTH);
    if (resolver.resolve(NETWORK, frame, nowMs) !== 'pending') throw new Error('the station was known');
    const questions = drain(resolver);
    required(resolver.onControl(replies[i]!, fromPeer, nowMs));
    const frames = drain(resolver);
    required(resolver.onControl(unlearns[i]!, fromPeer, nowMs));
    drain(resolver);
    return questions + frames;
  };
}

/** Sends a broadcast of 1,400 octets to all members, each copy in headers of its own. Value: copies. */
export function replicate(): Operation {
  const members = Array.from({ length: MEMBERS }, (_, i) => IpAddress.parse(`10.1.0.${i + 1}`));
  const replicator = new van.VanMembers({ configured: new Map([[NETWORK, members]]) });
  const endpoint = new DoveEncapsulation();
  const packet = PacketBuffer.from(new Uint8Array(FRAME_LENGTH).fill(255, 0, MAC_LENGTH));
  const tunnel = new TunnelMetadata();
  tunnel.network = NETWORK;
  tunnel.source.copy(OURS);
  let copies = 0;
  const emit = (): void => {
    copies++;
  };
  return () => {
    copies = 0;
    for (const { address } of replicator.targets(NETWORK)) {
      tunnel.destination.copy(address);
      required(endpoint.encapsulate(packet, tunnel, emit));
    }
    return copies;
  };
}
