/** Lengths, operations and bits of the NL-ARP message. The paper names the messages; the layout is ours. */

/** Octets of a message. What follows it is padding. */
export const MESSAGE_LENGTH = 24;
/** The only version there is. */
export const VERSION = 1;

/** Operations. */
export const OPERATION = {
  /** "This VM lives here": broadcast when it arrives, unicast as an answer. */
  HERE: 1,
  /** "Where does this VM live?", broadcast. */
  WHERE: 2,
  /** "It does not live here", unicast to a sender that was misinformed. */
  NOTHERE: 3,
} as const;

/** An operation. */
export type NlArpOperation = (typeof OPERATION)[keyof typeof OPERATION];

/** Flag bits of octet 1. */
export const FLAG = {
  /** U: the answer to a question, sent to who asked. */
  UNICAST: 0x01,
  /** D: the VM has stopped; forget it (HERE only). */
  STOPPED: 0x02,
} as const;

/** EtherType of a broadcast message: the first that IEEE 802 sets aside for experiments. */
export const ETHER_TYPE = 0x88b5;
/** Octets of a broadcast in front of the message: Ethernet with a tag. */
export const BROADCAST_HEADER_LENGTH = 18;
/** Octets of a broadcast: the least frame, without FCS. */
export const BROADCAST_LENGTH = 60;
