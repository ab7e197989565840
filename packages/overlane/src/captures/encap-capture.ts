/** Wraps every frame of a capture into tunnel packets. */
import { LINKTYPE_ETHERNET, MAX_SNAP_LENGTH } from '@overlane/capture';
import { EcmpPath } from '@overlane/switch';
import { type Encapsulation, type TunnelMetadata, PacketBuffer, flowHash } from '@overlane/wire';
import { nameLinkType } from './link-layer.js';
import { type RewriteOutcome, type RewritePacket, rewriteCapture } from './rewrite-capture.js';

/** What to wrap, and how. */
export interface EncapJob {
  /** Path of the capture, or `-`. */
  readonly inputPath: string;
  /** Path of the pcap file to write, or `-`. */
  readonly outputPath: string;
  /** What wraps. */
  readonly encapsulation: Encapsulation;
  /** Network, addresses, TTL and DSCP of every packet; the entropy follows from the inner frame. */
  readonly tunnel: TunnelMetadata;
  /** The outer Ethernet header; empty for an encapsulation that writes it. */
  readonly outerEthernet: Uint8Array;
}

/** Room for the outer headers of any encapsulation. */
const HEADROOM = 256;

/** Writes the wrapped frames. @throws OutcomeError as {@link rewriteCapture} */
export function encapCapture(job: EncapJob): Promise<RewriteOutcome> {
  const { inputPath, outputPath } = job;
  return rewriteCapture({
    inputPath,
    outputPath,
    refuse: (linkType) =>
      linkType === LINKTYPE_ETHERNET
        ? undefined
        : `encap needs Ethernet frames (link type ${nameLinkType(LINKTYPE_ETHERNET)}), got link type ${nameLinkType(linkType)}`,
    rewrite: wrapWith(job),
  });
}

function wrapWith({ encapsulation, tunnel, outerEthernet }: EncapJob): RewritePacket {
  const path = new EcmpPath();
  const locator = { address: tunnel.destination };
  const arena = new Uint8Array(HEADROOM + MAX_SNAP_LENGTH);
  const window = new PacketBuffer(arena);
  return ({ bytes, linkType }, add) => {
    // A pcapng file may hold several link types; `refuse` has seen the first only.
    if (linkType !== LINKTYPE_ETHERNET) return 'E_CAPTURE_LINK_TYPE_MISMATCH';
    arena.set(bytes, HEADROOM);
    window.reset(arena, HEADROOM, HEADROOM + bytes.length);
    path.select(flowHash(arena, window.start, window.end), locator, tunnel);
    return encapsulation.encapsulate(window, tunnel, (outer) => {
      const frame = new Uint8Array(outerEthernet.length + outer.length);
      frame.set(outerEthernet);
      frame.set(outer.view(), outerEthernet.length);
      add(frame);
    });
  };
}
