/**
 * A `DataView` of the array that packets are coming in on. One 32-bit read through it costs a quarter of four octets read
 * and shifted, but making a view costs more than parsing a packet with it. A data path keeps all packets of a worker in
 * one array (an arena), so the view of the last array is kept; an array gets one only when it is met a second time in a
 * row, so packets in arrays of their own never pay for it. Keeps that one array alive until another takes its place.
 */

let met: Uint8Array = new Uint8Array(0);
let viewed: Uint8Array = met;

/** View of the array for which `hasRecentView` was last true; the same offsets as in that array. */
export let recentView = new DataView(met.buffer);

/** True if `recentView` is that of `bytes`; false the first time an array is met after another. */
export function hasRecentView(bytes: Uint8Array): boolean {
  return bytes === viewed || isMetAgain(bytes);
}

function isMetAgain(bytes: Uint8Array): boolean {
  if (bytes !== met) {
    met = bytes;
    return false;
  }
  viewed = bytes;
  recentView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return true;
}
