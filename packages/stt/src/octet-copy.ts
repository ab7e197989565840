/** Below this many octets a loop costs less than a native copy. */
const SHORT = 48;
const { copyWithin, set } = Uint8Array.prototype;

/**
 * Copies `from[start..end)` to `to[at..]`; the two may be one array, and overlap. Within one array nothing is allocated;
 * between two a view is, because octet by octet would cost ten times as much.
 */
export function copyInto(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  if (from === to) copyWithin.call(to, at, start, end);
  else if (end - start < SHORT) for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
  // Not `subarray`, which asks for the species first: 10 ns.
  else set.call(to, new Uint8Array(from.buffer, from.byteOffset + start, end - start), at);
}
