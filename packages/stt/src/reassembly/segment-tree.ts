/**
 * The segments of one frame by their offset: a digital search tree. At depth d the d-th bit of the offset, from the
 * most significant, says where to go; a node holds any one offset of its part of the range. Offsets have 16 bits, so no
 * path is longer than 17 nodes, whatever order an attacker sends them in, without balancing and without randomness.
 *
 * Nodes are the records in the first cells of the segments; a tree is the cell of its root, or -1.
 */
import type { CellMemory } from './cells.js';

const TOP_BIT = 0x8000;
const NONE = -1;

/** Adds the segment that starts in `cell` and returns the root. Its offset must not be in the tree yet. */
export function insertSegment(cells: CellMemory, root: number, cell: number): number {
  if (root === NONE) return cell;
  const offset = cells.offsetOf(cell);
  let node = root;
  for (let bit = TOP_BIT; ; bit >>>= 1) {
    const side = (offset & bit) === 0 ? 0 : 1;
    const child = cells.child(node, side);
    if (child === NONE) {
      cells.setChild(node, side, cell);
      return root;
    }
    node = child;
  }
}

/** The segment with the largest offset that is not above `offset`, or -1. At most 33 nodes are looked at. */
export function findSegment(cells: CellMemory, root: number, offset: number): number {
  let best = NONE;
  let bestOffset = NONE;
  let below = NONE; // The nearest subtree whose offsets are all below the one searched for.
  let node = root;
  for (let bit = TOP_BIT; node !== NONE; bit >>>= 1) {
    const found = cells.offsetOf(node);
    if (found <= offset && found > bestOffset) {
      best = node;
      bestOffset = found;
    }
    const left = cells.child(node, 0);
    if ((offset & bit) === 0) {
      node = left;
    } else {
      if (left !== NONE) below = left;
      node = cells.child(node, 1);
    }
  }
  // Its largest offset lies on the path that goes right where it can.
  for (node = below; node !== NONE;) {
    const found = cells.offsetOf(node);
    if (found > bestOffset) {
      best = node;
      bestOffset = found;
    }
    const right = cells.child(node, 1);
    node = right === NONE ? cells.child(node, 0) : right;
  }
  return best;
}
