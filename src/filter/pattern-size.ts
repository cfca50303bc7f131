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

/** What can begin or end a range beyond ASCII. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ends of ASCII
const WIDE_IN_CLASS = /[^\u0000-\u007f]|\\[xpP]/g;
/** Compiling a range over much of Unicode without regard to case takes milliseconds: every character is folded. */
const WIDE_RANGE_STEPS = 200;
/** `\p{L}` is some hundred ranges. */
const CATEGORY_STEPS = 20;

function countSteps(count: Count, steps: number, end: number): number {
  count.last = steps;
  count.size += steps;
  return end;
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
    case "[": {
      const end = classEnd(pattern, at);
      const wide = pattern.slice(at, end).match(WIDE_IN_CLASS)?.length ?? 0;
      return countSteps(count, 1 + wide * WIDE_RANGE_STEPS, end);
    }
    case "\\": {
      const category = pattern[at + 1] === "p" || pattern[at + 1] === "P";
      return countSteps(count, category ? CATEGORY_STEPS : 1, at + 2);
    }
    default:
      return countSteps(count, 1, at + 1);
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
