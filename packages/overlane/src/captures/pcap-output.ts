/** Writes Ethernet frames into a pcap file as they come. */
import { type PcapOptions, LINKTYPE_ETHERNET, encodePcapHeader, encodePcapRecord } from '@overlane/capture';
import { type Fault, CodecError } from '@overlane/wire';
import { BufferedOutput } from './buffered-output.js';
import type { CaptureInput } from './capture-input.js';

/** A pcap file of Ethernet frames. */
export class PcapOutput {
  /** Where its octets go: call `drain` between packets. */
  readonly output: BufferedOutput;
  readonly #options: PcapOptions;

  private constructor(output: BufferedOutput, options: PcapOptions) {
    this.output = output;
    this.#options = options;
  }

  /** Creates or overwrites the file at `path` (`-`: standard output), with the timestamp resolution of `input`. */
  static async create(path: string, { resolution }: CaptureInput): Promise<PcapOutput> {
    const options: PcapOptions = { linkType: LINKTYPE_ETHERNET, resolution };
    const pcap = new PcapOutput(await BufferedOutput.open(path), options);
    pcap.output.add(encodePcapHeader(options));
    return pcap;
  }

  /**
   * Adds a copy of `frame`. A packet without a time gets 1970-01-01. Returns the fault if pcap can't say the time
   * (before 1970, after 2106) or the length.
   */
  add(frame: Uint8Array, timestampNs: bigint | undefined): Fault | undefined {
    try {
      this.output.add(encodePcapRecord({ bytes: frame, timestampNs: timestampNs ?? 0n }, this.#options));
      return undefined;
    } catch (error) {
      if (CodecError.is(error)) return error.code;
      throw error;
    }
  }
}
