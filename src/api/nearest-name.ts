/** "Did you mean": the valid name nearest to one that is not. */

/** Case and separators say nothing about what was meant. */
function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, "");
}

/** Insertions, deletions and replacements between two words (Levenshtein). */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (above[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    above = current;
  }
  return above[right.length] as number;
}

/**
 * The name that was probably meant; undefined when none is near (more than a third of the letters differ).
 *
 * @example
 * nearestName("min_duration", ["service", "minDurationMs"]); // "minDurationMs"
 */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const word = normalised(wanted.slice(0, 64));
  let nearest: string | undefined;
  let least = Math.max(2, Math.ceil(word.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word, normalised(name));
    if (distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}
