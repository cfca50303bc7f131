/** Regular expressions of a structured filter: RE2 syntax, found anywhere in a text, upper and lower case apart. */

import { RE2JS } from "re2js";
import { patternSize } from "../../filter/pattern-size.ts";
import { filterFault } from "./filter-ast-terms.ts";

/** Steps of all patterns of one filter, as TraceQL allows a query: compiling them takes some milliseconds. */
const MAX_PATTERN_STEPS = 2_000;
/** What starting the compiler costs, in steps of a pattern. */
const COMPILER_STEPS = 20;

/** What the patterns of one filter may still take. */
export interface PatternRoom {
  steps: number;
}

/** All of it. */
export function newPatternRoom(): PatternRoom {
  return { steps: MAX_PATTERN_STEPS };
}

/**
 * Prepares a regular expression.
 *
 * @param path place of the pattern in the filter
 * @throws TracAggError `invalid_argument` when it is none, or the patterns of the filter are too large.
 */
export function regexTest(pattern: string, path: string, room: PatternRoom): (text: string) => boolean {
  room.steps -= patternSize(pattern) + COMPILER_STEPS;
  if (room.steps < 0) {
    throw filterFault(
      path,
      `expected regular expressions of at most ${MAX_PATTERN_STEPS} steps in a filter, each ${COMPILER_STEPS} and one a character; a{100} has 100`,
    );
  }
  try {
    const machine = RE2JS.compile(pattern);
    return (text) => machine.test(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw filterFault(path, `expected a regular expression (RE2 syntax): ${reason}`);
  }
}
