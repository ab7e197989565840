/** Lengths, ports and limits that both headers of STT share. */

/** TCP destination port of STT (draft-davie-stt-08 §3.2, IANA). */
export const PORT = 7471;
/** Octets of the segment header, which has TCP's syntax, without options (draft-davie-stt-08 §3.2). */
export const SEGMENT_HEADER_LENGTH = 20;
/** Octets of the frame header, once per frame (draft-davie-stt-08 §3.1). */
export const FRAME_HEADER_LENGTH = 18;
/** Longest STT frame, frame header included: the length field has 16 bits. */
export const FRAME_LENGTH_MAX = 0xffff;
/** Longest inner Ethernet frame: 65,517 octets. */
export const INNER_LENGTH_MAX = FRAME_LENGTH_MAX - FRAME_HEADER_LENGTH;
/** Octets of an Ethernet header: the shortest inner frame. */
export const INNER_LENGTH_MIN = 14;
