import type { PacketBuffer } from '@overlane/wire';

const NOTHING: readonly PacketBuffer[] = [];

/**
 * Frames that wait for the answer to a question, by its number. They are copies, because their buffers go back to the port:
 * the one place on the way of a frame that allocates. Memory: `octets`, and per frame the headroom and some 100 octets.
 */
export class HeldFrames {
  readonly #framesPerQuestion: number;
  readonly #octetsMax: number;
  readonly #headroom: number;
  readonly #queues: (PacketBuffer[] | undefined)[];
  #octets = 0;

  /** No frames yet. `octets` bounds all of them; `headroom` is kept free in front of each. */
  constructor(questions: number, framesPerQuestion: number, octets: number, headroom: number) {
    this.#framesPerQuestion = framesPerQuestion;
    this.#octetsMax = octets;
    this.#headroom = headroom;
    this.#queues = new Array<PacketBuffer[] | undefined>(questions).fill(undefined);
  }

  /** Keeps a copy of `frame`; false if there is no room for it. */
  hold(question: number, frame: PacketBuffer): boolean {
    const queue = (this.#queues[question] ??= []);
    if (queue.length >= this.#framesPerQuestion || this.#octets + frame.length > this.#octetsMax) return false;
    this.#octets += frame.length;
    queue.push(frame.clone(this.#headroom));
    return true;
  }

  /** Lets go of the question's frames, oldest first; they are the caller's now. */
  release(question: number): readonly PacketBuffer[] {
    const queue = this.#queues[question] ?? NOTHING;
    this.#queues[question] = undefined;
    for (const frame of queue) this.#octets -= frame.length;
    return queue;
  }
}
