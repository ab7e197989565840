/** Numbers of OLD/1: lengths, limits, types, flags and codes. */

/** UDP port of lookup servers. */
export const PORT = 7461;
/** UDP port on which a host takes corrections (CORRECT). */
export const CONTROL_PORT = 7462;
/** First two octets of every datagram: `OD`. */
export const MAGIC = 0x4f44;
/** Version of the protocol. */
export const VERSION = 1;
/** Most octets of a datagram, so that no path fragments it. */
export const DATAGRAM_LENGTH_MAX = 1200;
/** Octets of the header. */
export const HEADER_LENGTH = 24;
/** Octets of the tag that ends an authenticated datagram. */
export const TAG_LENGTH = 16;
/** Octets of a cookie. */
export const COOKIE_LENGTH = 16;
/** Most questions in a datagram. */
export const QUESTIONS_MAX = 16;
/** Most changes in a datagram. */
export const CHANGES_MAX = 8;
/** Most locators of a mapping. */
export const LOCATORS_MAX = 8;
/** Longest life of an answer, in seconds. */
export const TTL_MAX = 86_400;
/** Life of a mapping whose owner says nothing, in seconds. */
export const TTL_DEFAULT = 300;
/** Largest tenant without `wideTenant`: what VXLAN and NetLord can carry. */
export const TENANT_MAX = 0xff_ffff;

/** Message types. */
export const TYPE = {
  LOOKUP: 1,
  LOOKUP_REPLY: 2,
  UPDATE: 3,
  UPDATE_REPLY: 4,
  CORRECT: 5,
  CORRECT_ACK: 6,
  STALE_REPORT: 7,
  PING: 8,
  PONG: 9,
  CHALLENGE: 10,
} as const;

/** Flags of the header. */
export const FLAG = {
  /** The datagram answers another and repeats its transaction id. */
  RESPONSE: 1,
  /** A tag ends the datagram. */
  AUTH: 2,
  /** The server has lost its store for longer than it may. */
  STALE: 4,
  /** Not all answers fit; ask for the rest again. */
  TRUNCATED: 8,
  /** A cookie follows the questions. */
  COOKIE: 16,
  /** The server is still loading its table. */
  SYNCING: 32,
} as const;

/** Kinds of keys and of locators' addresses. */
export const KIND = {
  /** Host without a tenant address; in a Source only. */
  INFRASTRUCTURE: 0,
  /** IPv4, in the last 4 of 16 octets. */
  IPV4: 1,
  /** IPv6, all 16 octets. */
  IPV6: 2,
  /** MAC, in the last 6 of 16 octets. As a locator: a NetLord edge switch. */
  MAC: 3,
} as const;

/** Encapsulations that a locator may ask for. Choice: 7 is Geneve, which the papers precede. */
export const ENCAPSULATION = { IP_IN_IP: 1, VXLAN: 2, STT: 3, GRE: 4, DOVE: 5, NETLORD: 6, GENEVE: 7 } as const;

/** Flags of a mapping. */
export const MAPPING_FLAG = {
  /** Pick one locator by the flow hash. */
  ANYCAST: 1,
  /** Send to all locators. */
  REPLICATE: 2,
  /** No owner check on updates. */
  STATIC: 4,
  /** The address is a gateway's. */
  GATEWAY: 8,
} as const;

/** Flags of a question. */
export const QUESTION_FLAG = {
  /** The answer must hold the MAC. */
  NEED_MAC: 1,
  /** The server must confirm with the store; honoured only with a tag. */
  FRESH: 2,
} as const;

/** What a change does. */
export const OPERATION = {
  PUT: 1,
  DELETE: 2,
  /** PUT if the mapping has the expected version; 0 expects none to be there. */
  PUT_IF: 3,
  /** DELETE if the mapping has the expected version. */
  DELETE_IF: 4,
  /** Replaces the locators and hands the mapping to a new owner. */
  MOVE: 5,
} as const;

/** Outcomes on the wire. */
export const CODE = {
  OK: 0,
  NOT_FOUND: 1,
  DENIED: 2,
  BAD_VERSION: 3,
  MALFORMED: 4,
  /** Local only: nobody answers what is not authenticated. */
  UNAUTHENTICATED: 5,
  CLOCK_SKEW: 6,
  VERSION_MISMATCH: 7,
  NOT_OWNER: 8,
  STORE_UNAVAILABLE: 9,
  OVERLOADED: 10,
  TOO_MANY_LOCATORS: 11,
  TENANT_UNKNOWN: 12,
  NOT_MODIFIED: 13,
  LIMIT: 14,
} as const;

/** True if `code` may stand on the wire: 0..14 but UNAUTHENTICATED, which is never sent. */
export function isWireCode(code: number): boolean {
  return code <= CODE.LIMIT && code !== CODE.UNAUTHENTICATED;
}
