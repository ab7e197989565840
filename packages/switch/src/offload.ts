/** What network cards do for their hosts, done here where a port can't: checksums, cutting and joining of segments. */
import {
  type Encapsulation,
  PacketBuffer,
  type Port,
  SoftwareOffload,
  TCP_CHECKSUM_AT,
  UDP_CHECKSUM_AT,
  ethernet,
  ipv4,
  tcp,
  udp,
} from '@overlane/wire';

/** Gives memory of so many octets for good; in the array of the ports' packets, segments are copied without garbage. */
export type Allocate = (octets: number) => PacketBuffer;

/** Octets for segments under way, in each direction: ten super-frames and more between two flushes. */
const SCRATCH_LENGTH = 1 << 20;
/** Room in front of segments for what ports add themselves: Ethernet and vnet headers. */
export const PORT_HEADROOM = 64;
/** The software behind the ports of one switch: what a packet asks for, it does. */
export class Offload {
  /** For frames, towards tenants and into tunnels. */
  readonly frames: SoftwareOffload;
  /** For tunnel packets. */
  readonly packets: SoftwareOffload;

  /** Calls `flush`, which hands all packets over, before memory of segments is used again. */
  constructor(encapsulation: Encapsulation, flush: () => void, allocate?: Allocate) {
    const { startsWith = 'ip' } = encapsulation;
    const headroom = Math.max(encapsulation.overhead(4), encapsulation.overhead(6)) + PORT_HEADROOM;
    const scratch = allocate?.(SCRATCH_LENGTH);
    const memory = { headroom, beforeReuse: flush };
    this.frames = new SoftwareOffload({ ...memory, ...(scratch && { scratch }) });
    const outer = allocate?.(SCRATCH_LENGTH);
    this.packets = new SoftwareOffload({ ...memory, startsWith, ...(outer && { scratch: outer }) });
  }
}

/** Whether `port` would take a frame of many segments of that kind: shows it one of two. */
export function takesSegments(port: Port, kind: 'tcp4' | 'udp'): boolean {
  if (port.canFinish === undefined) return false;
  const isTcp = kind === 'tcp4';
  const transport = ethernet.HEADER_LENGTH + ipv4.HEADER_LENGTH;
  const headerLength = isTcp ? tcp.HEADER_LENGTH : udp.HEADER_LENGTH;
  const frame = new Uint8Array(transport + headerLength + 2);
  frame.set([ethernet.ETHER_TYPE.IPV4 >>> 8], ethernet.HEADER_LENGTH - 2);
  frame.set([0x45, 0, 0, frame.length - ethernet.HEADER_LENGTH], ethernet.HEADER_LENGTH);
  frame[ethernet.HEADER_LENGTH + 9] = isTcp ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  ipv4.writeChecksum(frame, ethernet.HEADER_LENGTH);
  if (isTcp) frame[transport + 12] = (headerLength >>> 2) << 4;
  else frame[transport + 5] = headerLength + 2;
  const packet = new PacketBuffer(frame);
  packet.checksum = 'partial';
  packet.checksumStart = transport;
  packet.checksumField = transport + (isTcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
  packet.segmentType = kind;
  packet.segmentSize = 1;
  return port.canFinish(packet);
}
