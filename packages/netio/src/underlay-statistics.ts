import * as linux from './linux.js';

/** Counters of an `UnderlaySocket`, since it was opened. Fields in capitals count packets lost by the system's reason. */
export class UnderlayStatistics {
  /** Packets received. */
  received = 0;
  /** Octets in them, outer headers included. */
  receivedOctets = 0;
  /** Packets the kernel took. */
  sent = 0;
  /** Octets in them, outer headers included. */
  sentOctets = 0;
  /** Super-frames and super-datagrams received; the latter are handed out, and counted, as single packets. */
  receivedSuper = 0;
  /** Super-frames, and runs of datagrams as one super-datagram, that the kernel was given to cut. */
  sentSuper = 0;
  /** Packets that went with others in one super-datagram. */
  coalesced = 0;
  /** Super-datagrams that the system would not cut; their packets were sent one by one. */
  coalescingRefused = 0;
  /** Packets dropped on receipt because they ask for segments that cannot be. */
  badSegments = 0;
  /** Packets dropped on receipt because they were longer than a slot. */
  truncated = 0;
  /** Times receiving failed with anything but 'nothing there', such as an ICMP error put on the socket. */
  receiveErrors = 0;
  /** Packets lost on sending, for whatever reason; the sum of the fields below. */
  refused = 0;
  /** Packets that were no packet of the socket's family, or too long to be copied. */
  malformed = 0;
  /** Packets that are unfinished in a way that the port does not take, see `canFinish`. */
  unfinished = 0;
  /** The socket's send buffer was full. */
  EAGAIN = 0;
  /** No queue or memory for it: the interface is congested. */
  ENOBUFS = 0;
  /** Longer than the path MTU, and not to be fragmented. */
  EMSGSIZE = 0;
  /** A packet filter refused it. */
  EPERM = 0;
  /** No route, or the address is not local any more. */
  ENETUNREACH = 0;
  /** The next hop does not answer. */
  EHOSTUNREACH = 0;
  /** The interface is down or gone (ENETDOWN, ENXIO). */
  ENETDOWN = 0;
  /** Any other reason; `lastErrno` tells which. */
  otherErrors = 0;
  /** Error number of the last `otherErrors`. */
  lastErrno = 0;
  /** Packets copied on sending because they were not in this port's arena. */
  copied = 0;

  /** Counts one packet that the system refused. */
  countRefusal(errno: number): void {
    this.refused++;
    switch (errno) {
      case linux.EAGAIN:
        this.EAGAIN++;
        break;
      case linux.ENOBUFS:
        this.ENOBUFS++;
        break;
      case linux.EMSGSIZE:
        this.EMSGSIZE++;
        break;
      case linux.EPERM:
        this.EPERM++;
        break;
      case linux.ENETUNREACH:
        this.ENETUNREACH++;
        break;
      case linux.EHOSTUNREACH:
        this.EHOSTUNREACH++;
        break;
      case linux.ENETDOWN:
      case linux.ENXIO:
        this.ENETDOWN++;
        break;
      default:
        this.otherErrors++;
        this.lastErrno = errno;
    }
  }
}
