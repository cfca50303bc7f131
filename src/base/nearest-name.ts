/** The name somebody probably meant. */

/** Lower case without separators, so that `max_request_bytes` is near `maxRequestBytes`. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Edits (insert, delete, replace, swap of neighbours) from one text to the other: optimal string alignment. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) edits = Math.min(edits, (beforeLast[column - 2] as number) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] as number;
}

/**
 * The candidate nearest to `name`, compared without case and separators; undefined when none is within two edits or
 * a third of the length. Names over 200 characters have no neighbour.
 *
 * @example
 * nearestName("retenton", ["retention", "receivers"]); // "retention"
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 200) return undefined;
  const plain = plainName(name);
  let nearest: string | undefined;
  let fewest = Math.max(2, Math.floor(plain.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = plainName(candidate);
    const edits = editDistance(plain, other);
    if (edits < fewest && edits < Math.max(plain.length, other.length)) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}
