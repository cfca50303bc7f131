/** The main figures, between two marks of another page. */

import { TracAggError } from "../../src/base/errors.ts";
import type { BenchResults } from "../bench-results.ts";
import { GOALS } from "./goals.ts";
import { conditionsText } from "./performance-page.ts";
import { markdownTable, numberText } from "./table.ts";

const START_MARK = "<!-- bench: written by npm run bench, see docs/performance.md -->";
const END_MARK = "<!-- /bench -->";

/** A few rows and where they were measured. */
export function quoteLines(results: BenchResults): string[] {
  return [
    ...conditionsText(results.conditions),
    "",
    ...markdownTable(
      ["what", "measured", "x Collector"],
      GOALS.filter(({ isQuoted }) => isQuoted).map((goal) => [
        goal.what,
        numberText(goal.value(results), goal.digits),
        numberText(goal.timesCollector?.(results), 2) ?? "",
      ]),
    ),
  ];
}

/**
 * The page with other lines between its marks.
 *
 * @throws TracAggError invalid_argument when the page has no marks
 */
export function withQuote(page: string, lines: readonly string[]): string {
  const start = page.indexOf(START_MARK);
  const end = page.indexOf(END_MARK, start);
  if (start === -1 || end === -1) {
    throw new TracAggError("invalid_argument", `--quote: expected the lines ${START_MARK} and ${END_MARK}`);
  }
  return `${page.slice(0, start + START_MARK.length)}\n\n${lines.join("\n")}\n\n${page.slice(end)}`;
}
