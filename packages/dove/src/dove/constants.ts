/** Bits, types and limits of the DOVE header and its extensions. All are this package's choice; see the README. */

/** The version with extensions; 0 is plain OTV. */
export const VERSION = 1;
/** F flag in the first octet: a Fragment extension follows, so the payload is a piece of a frame. */
export const FLAG_FRAGMENT = 0x04;
/** C flag in the first octet: the payload is a message of the control protocol. */
export const FLAG_CONTROL = 0x02;

/** Types of extensions. */
export const EXTENSION = { NONE: 0, FRAGMENT: 1, OPTIONS: 2 } as const;
/** Types from here on may be stepped over by whoever doesn't know them; lower ones must be understood. */
export const SKIPPABLE = 0x80;
/** Most extensions of a packet. */
export const EXTENSIONS_MAX = 8;
/** Most octets of extensions in a packet. */
export const EXTENSIONS_LENGTH_MAX = 256;
/** Octets in front of an extension's body: the type of the next extension, and the length in 4-octet units. */
export const EXTENSION_HEADER_LENGTH = 2;
/** Octets of the Fragment extension. */
export const FRAGMENT_LENGTH = 8;
/** Fragment offsets count units of so many octets. */
export const FRAGMENT_UNIT = 8;
/** Octets that a fragmented payload may have. */
export const DATAGRAM_LENGTH_MAX = 0xffff;

/** Types of options. */
export const OPTION = { PAD: 0, POLICY_TAG: 1, LOSS_CLASS: 2 } as const;
/** Octets in front of an option's value: type and length. */
export const OPTION_HEADER_LENGTH = 2;
/** Largest policy tag: 32 bits. */
export const POLICY_TAG_MAX = 0xffff_ffff;
/** Largest loss class of zOVN: three bits. */
export const LOSS_CLASS_MAX = 7;
