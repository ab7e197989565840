/** A frame or message that the last packet of several has completed, for `dissect`. */
export interface PutTogether {
  /** Protocol of its first octet, as the dissector names it. */
  readonly protocol: string;
  /** Its octets; valid until the next packet is taken. */
  readonly bytes: Uint8Array;
  /** Numbers of the packets that it came in, in order of arrival. */
  readonly packets: readonly number[];
}
