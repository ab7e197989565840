/** Unwraps every tunnel packet of a capture. */
import { LINKTYPE_ETHERNET } from '@overlane/capture';
import { PacketBuffer, SoftwareOffload, TunnelMetadata } from '@overlane/wire';
import { CaptureClock } from './capture-clock.js';
import { type Carrier, findCarrier } from './find-carrier.js';
import { LINK_LAYERS, nameLinkType } from './link-layer.js';
import { type RewriteOutcome, type RewritePacket, rewriteCapture } from './rewrite-capture.js';
import type { TunnelEndpoint } from './tunnel-protocols.js';

/** A tunnel that packets may come out of. */
export interface TunnelEnd {
  /** Protocol number of the outer IP header. */
  readonly ipProtocol: number;
  /** Destination port; `undefined` for a protocol without ports. */
  readonly port: number | undefined;
  /** What unwraps. */
  readonly encapsulation: TunnelEndpoint;
}

/** What to unwrap. */
export interface DecapJob {
  /** Path of the capture, or `-`. */
  readonly inputPath: string;
  /** Path of the pcap file to write, or `-`. */
  readonly outputPath: string;
  /** The tunnels; the first that fits a packet takes it. */
  readonly tunnels: readonly TunnelEnd[];
}

/** Writes the inner frames, one level of tunnel removed. @throws OutcomeError as {@link rewriteCapture} */
export async function decapCapture({ inputPath, outputPath, tunnels }: DecapJob): Promise<RewriteOutcome> {
  const outcome = await rewriteCapture({
    inputPath,
    outputPath,
    refuse: (linkType) => (LINK_LAYERS.has(linkType) ? undefined : refusal(linkType)),
    rewrite: unwrapWith(tunnels),
  });
  for (const { encapsulation } of tunnels) outcome.summary.incompleteFrames += countIncomplete(encapsulation);
  return outcome;
}

function countIncomplete({ reassembly }: TunnelEndpoint): number {
  return reassembly === undefined ? 0 : reassembly.size + reassembly.timedOut + reassembly.evicted;
}

function unwrapWith(tunnels: readonly TunnelEnd[]): RewritePacket {
  const metadata = new TunnelMetadata();
  const window = new PacketBuffer(new Uint8Array(0));
  const clock = new CaptureClock();
  const offload = new SoftwareOffload();
  return ({ bytes, linkType, timeUs }, add) => {
    const link = LINK_LAYERS.get(linkType);
    // A pcapng file may hold several link types; `refuse` has seen the first only.
    if (link === undefined) return 'E_CAPTURE_LINK_TYPE_MISMATCH';
    const ip = link.findIp(bytes);
    const carrier = ip === undefined ? undefined : findCarrier(bytes, ip);
    const isEthernet = linkType === LINKTYPE_ETHERNET;
    const tunnel = carrier === undefined ? undefined : tunnels.find((end) => isFor(end, carrier, isEthernet));
    if (ip === undefined || tunnel === undefined) return 'skipped';
    const start = tunnel.encapsulation.startsWith === 'ethernet' ? 0 : ip;
    window.reset(bytes, start, bytes.length);
    const result = tunnel.encapsulation.decapsulate(window, metadata, clock.advance(timeUs));
    // Held for reassembly: the frame comes with a later packet.
    if (result === 'incomplete') return undefined;
    if (result !== undefined) return result;
    // A control message is no frame.
    if (metadata.control) return 'skipped';
    // What the sender left to the far end's network card, a file's reader would miss: segmentation, and checksums.
    return offload.run(window, (frame) => add(frame.view()));
  };
}

function isFor({ ipProtocol, port, encapsulation }: TunnelEnd, carrier: Carrier, isEthernet: boolean): boolean {
  if (encapsulation.startsWith === 'ethernet' && !isEthernet) return false;
  return ipProtocol === carrier.protocol && (port === undefined || port === carrier.port);
}

function refusal(linkType: number): string {
  const known = [...LINK_LAYERS.keys()].map(nameLinkType).join(', ');
  return `decap knows the link types ${known}; got ${nameLinkType(linkType)}`;
}
