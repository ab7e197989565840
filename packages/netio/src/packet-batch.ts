import type { PacketBuffer } from '@overlane/wire';
import type { DatagramSplitter } from './datagram-splitter.js';

/** Where a {@link PacketBatch} takes its packets from. */
export interface MessageSource {
  /** Asks the kernel for messages, and returns how many came; the ones before are no longer needed. */
  fetch(): number;
  /** The packet in message `index`; `undefined` if it is dropped, or given to the splitter. Called once per message. */
  open(index: number): PacketBuffer | undefined;
}

/** What a batch counts. */
interface ReceiveCounters {
  received: number;
  receivedOctets: number;
}

/**
 * Makes batches of at most `size` packets out of messages that may hold many packets each: what does not fit one batch
 * begins the next, before the kernel is asked again.
 */
export class PacketBatch {
  readonly #source: MessageSource;
  readonly #size: number;
  readonly #splitter: DatagramSplitter | undefined;
  readonly #statistics: ReceiveCounters;
  readonly #packets: PacketBuffer[] = [];
  #arrived = 0;
  #next = 0;

  /** Packets of super-datagrams come from `splitter`, which has `size` slots. */
  constructor(
    source: MessageSource,
    size: number,
    splitter: DatagramSplitter | undefined,
    statistics: ReceiveCounters,
  ) {
    this.#source = source;
    this.#size = size;
    this.#splitter = splitter;
    this.#statistics = statistics;
  }

  /** Makes the next batch and returns how many packets it has. */
  receive(): number {
    const splitter = this.#splitter;
    const statistics = this.#statistics;
    if (this.#next === this.#arrived && splitter?.isBusy !== true) {
      this.#arrived = this.#source.fetch();
      this.#next = 0;
    }
    let count = 0;
    while (count < this.#size) {
      let packet: PacketBuffer | undefined;
      if (splitter?.isBusy === true) packet = splitter.take(count);
      else if (this.#next === this.#arrived) break;
      else packet = this.#source.open(this.#next++);
      if (packet === undefined) continue;
      statistics.receivedOctets += packet.end - packet.start;
      this.#packets[count++] = packet;
    }
    statistics.received += count;
    return count;
  }

  /** Packet `index` of the last batch. */
  packet(index: number): PacketBuffer {
    return this.#packets[index]!;
  }
}
