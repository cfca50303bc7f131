/** How large the program of a regular expression becomes, found without compiling it. */

/** Offset behind a class such as `[^]a-z]`. */
function classEnd(pattern: string, open: number): number {
  let at = open + 1;
  if (pattern[at] === "^") at++;
  // A bracket in front is one of the class.
  if (pattern[at] === "]") at++;
  while (at < pattern.length && pattern[at] !== "]") at += pattern[at] === "\\" ? 2 : 1;
  return at + 1;
}

const REPEAT = /\{(\d{1,9})(?:,(\d{0,9}))?\}/y;

/** Counts of an open bracket, and of what stands around it. */
interface Count {
  readonly outer: number[];
  size: number;
  /** Size of what a repetition would repeat. */
  last: number;
}

/** Counts what stands at `at` and returns where the pattern goes on. */
function countPart(pattern: string, at: number, count: Count): number {
  switch (pattern[at]) {
    case "(":
      count.outer.push(count.size);
      count.size = 0;
      return at + 1;
    case ")":
      count.last = count.size + 1;
      count.size = (count.outer.pop() ?? 0) + count.last;
      return at + 1;
    default:
      count.last = 1;
      count.size++;
      if (pattern[at] === "[") return classEnd(pattern, at);
      return at + (pattern[at] === "\\" ? 2 : 1);
  }
}

/**
 * About how many steps a regular expression has when its counted repetitions are written out: `(ab){100}` has 300.
 * Brackets that do not match are no matter here: the compiler refuses them.
 */
export function patternSize(pattern: string): number {
  const count: Count = { outer: [], size: 0, last: 0 };
  for (let at = 0; at < pattern.length; ) {
    REPEAT.lastIndex = at;
    const repeat = pattern[at] === "{" ? REPEAT.exec(pattern) : null;
    if (repeat === null) {
      at = countPart(pattern, at, count);
      continue;
    }
    const times = Math.max(Number(repeat[1]), Number(repeat[2] || 0), 1);
    count.size += count.last * (times - 1);
    count.last *= times;
    at = REPEAT.lastIndex;
  }
  return count.outer.reduce((sum, part) => sum + part, count.size);
}
