import { FLOW_SCHEMA, FlowKey } from '@overlane/classifier';

const wordOf = (name: string, within = 0): number => (FLOW_SCHEMA.field(name).offset >>> 5) + within;
const SOURCE = wordOf('ip_src', 3);
const DESTINATION = wordOf('ip_dst', 3);
const PROTOCOL = wordOf('ip_proto');
const PORTS = wordOf('l4_src');
const TRANSPORT = wordOf('l4_present');
/** Words kept of a packet. */
const STRIDE = 5;

/**
 * The packets of a row: the words in which their keys differ, side by side, and one key that is filled with each in turn. So
 * a key is as near to the processor as one that has just been parsed, as in a switch, which has one key and not thousands.
 */
export class Packets {
  /** The key of the packet loaded last. */
  readonly key: FlowKey;
  readonly #fields: Int32Array;

  /** These packets, at least one. They may differ in IPv4 addresses, protocol and ports, and in nothing else. */
  constructor(keys: readonly FlowKey[]) {
    this.key = new FlowKey();
    this.key.copy(keys[0]!);
    this.#fields = new Int32Array(STRIDE * keys.length);
    keys.forEach(({ words }, i) => {
      this.#fields.set(
        [words[SOURCE]!, words[DESTINATION]!, words[PROTOCOL]!, words[PORTS]!, words[TRANSPORT]!],
        STRIDE * i,
      );
    });
  }

  /** Makes `key` the key of a packet. */
  load(packet: number): void {
    const fields = this.#fields;
    const { words } = this.key;
    const at = STRIDE * packet;
    words[SOURCE] = fields[at]!;
    words[DESTINATION] = fields[at + 1]!;
    words[PROTOCOL] = fields[at + 2]!;
    words[PORTS] = fields[at + 3]!;
    words[TRANSPORT] = fields[at + 4]!;
  }
}
