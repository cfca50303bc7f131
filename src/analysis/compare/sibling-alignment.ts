/** Which of repeated calls on one side is which on the other. */

/** Indexes of two lists that belong together; both ascend from pair to pair. */
export type AlignedPair = readonly [left: number, right: number];

/** Entries of the table for the longest common subsequence; longer lists are aligned by position: 4 MiB, some 10 ms. */
const MAX_TABLE_ENTRIES = 1 << 20;

/**
 * Aligns two lists of like calls by their order: calls of the same shape first (a longest common subsequence), then
 * what lies between two such pairs by position. As many pairs as the shorter list is long at most.
 *
 * Swapping the lists swaps the pairs: of several longest subsequences the same one is taken both ways round.
 *
 * @param left numbers that stand for the shape of each call.
 * @param hashOf an order of shapes that does not depend on their numbers.
 */
export function alignedPairs(
  left: readonly number[],
  right: readonly number[],
  hashOf: (shape: number) => string,
): AlignedPair[] {
  if (comesFirst(left, right, hashOf)) return pairsOf(left, right);
  return pairsOf(right, left).map(([second, first]) => [first, second]);
}

/** True when `left` is to be looked at first; either answer will do for equal lists. */
function comesFirst(
  left: readonly number[],
  right: readonly number[],
  hashOf: (shape: number) => string,
): boolean {
  if (left.length !== right.length) return left.length < right.length;
  const at = left.findIndex((shape, index) => shape !== right[index]);
  return at === -1 || hashOf(left[at] as number) < hashOf(right[at] as number);
}

function pairsOf(left: readonly number[], right: readonly number[]): AlignedPair[] {
  const shorter = Math.min(left.length, right.length);
  let before = 0;
  while (before < shorter && left[before] === right[before]) before++;
  let after = 0;
  while (after < shorter - before && left[left.length - 1 - after] === right[right.length - 1 - after]) {
    after++;
  }
  const ends: AlignedPair = [left.length - after, right.length - after];
  const anchors = anchorsBetween(left, right, [before, before], ends);
  const pairs: AlignedPair[] = [];
  for (let at = 0; at < before; at++) pairs.push([at, at]);
  addBetween(pairs, [before, before], ends, anchors);
  for (let at = 0; at < after; at++) pairs.push([ends[0] + at, ends[1] + at]);
  return pairs;
}

/** The pairs of a longest common subsequence of two stretches; none when the stretches are too long. */
function anchorsBetween(
  left: readonly number[],
  right: readonly number[],
  [leftStart, rightStart]: AlignedPair,
  [leftEnd, rightEnd]: AlignedPair,
): AlignedPair[] {
  const rows = leftEnd - leftStart;
  const columns = rightEnd - rightStart;
  const width = columns + 1;
  if (rows === 0 || columns === 0 || (rows + 1) * width > MAX_TABLE_ENTRIES) return [];
  // lengths[row * width + column]: of the longest common subsequence of what is left from there on.
  const lengths = new Uint32Array((rows + 1) * width);
  const isSame = (row: number, column: number): boolean =>
    left[leftStart + row] === right[rightStart + column];
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const at = row * width + column;
      lengths[at] = isSame(row, column)
        ? (lengths[at + width + 1] as number) + 1
        : Math.max(lengths[at + width] as number, lengths[at + 1] as number);
    }
  }
  const anchors: AlignedPair[] = [];
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    const at = row * width + column;
    if (isSame(row, column)) anchors.push([leftStart + row++, rightStart + column++]);
    else if ((lengths[at + width] as number) >= (lengths[at + 1] as number)) row++;
    else column++;
  }
  return anchors;
}

/** Adds the anchors, and before each of them what lies between it and the one before, by position. */
function addBetween(
  pairs: AlignedPair[],
  [leftStart, rightStart]: AlignedPair,
  ends: AlignedPair,
  anchors: readonly AlignedPair[],
): void {
  let left = leftStart;
  let right = rightStart;
  for (const [leftAnchor, rightAnchor] of anchors) {
    while (left < leftAnchor && right < rightAnchor) pairs.push([left++, right++]);
    pairs.push([leftAnchor, rightAnchor]);
    left = leftAnchor + 1;
    right = rightAnchor + 1;
  }
  while (left < ends[0] && right < ends[1]) pairs.push([left++, right++]);
}
