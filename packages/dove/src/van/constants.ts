/** Lengths, types and bits of the VAN control message. */

/** Octets of a control message. Longer ones are read too; what is past the 24th octet is ignored. */
export const MESSAGE_LENGTH = 24;

/** Message types. */
export const TYPE = {
  /** "Who hosts this VM?", to all switches of the instance. */
  LEARN_REQUEST: 1,
  /** "I do", to the switch that asked; with transaction 0 an announcement to all. */
  LEARN_REPLY: 2,
  /** "It is not here", to a switch that sends to it. */
  UNLEARN: 3,
  /** "This instance has a switch at the locator." */
  JOIN: 4,
  /** "It has none any more." */
  LEAVE: 5,
} as const;

/** A message type. */
export type VanType = (typeof TYPE)[keyof typeof TYPE];

/** Flag bits in octet 1. */
export const FLAG = {
  /** E: the sender understands extension headers, and so fragments. */
  EXTENSIONS: 0x01,
  /** H: the locator is a hint where the VM went (UNLEARN). */
  HINT: 0x02,
  /** P: the locator is a proxy. */
  PROXY: 0x04,
} as const;

/** Largest lifetime, in seconds. 0 means until un-learned. */
export const LIFETIME_MAX_S = 0xffff;
