/** Wishes about how a query is worked out: `with(name = value, ...)`. */

import type { FilterValue, Hint } from "../filter/query-model.ts";
import type { Cursor } from "./cursor.ts";
import { parseLiteral, parseSignedNumber } from "./field-parser.ts";
import { MAX_EXEMPLARS } from "./limits.ts";

/** What a hint takes, and whether a value is that. */
interface HintRule {
  readonly takes: string;
  fits(value: FilterValue): boolean;
}

const SWITCH: HintRule = { takes: "`true` or `false`", fits: (value) => value.type === "boolean" };

const SAMPLE: HintRule = {
  takes: "`true`, `false` or a share above 0 and up to 1",
  fits: (value) =>
    value.type === "boolean" ||
    ((value.type === "int" || value.type === "float") && Number(value.value) > 0 && Number(value.value) <= 1),
};

const EXEMPLARS: HintRule = {
  takes: `\`true\`, \`false\` or a whole number up to ${MAX_EXEMPLARS}`,
  fits: (value) =>
    value.type === "boolean" ||
    (value.type === "int" && value.value >= 0n && value.value <= BigInt(MAX_EXEMPLARS)),
};

/** Hints that are followed. */
export const SAFE_HINTS: ReadonlyMap<string, HintRule> = new Map([
  ["sample", SAMPLE],
  ["span_sample", SAMPLE],
  ["trace_sample", SAMPLE],
  ["exemplars", EXEMPLARS],
  ["most_recent", SWITCH],
  ["extrapolate", SWITCH],
]);

/** Hints of other engines about their inner workings: accepted and not followed, besides those with `debug` in front. */
const IGNORED_HINTS: ReadonlySet<string> = new Set([
  "job_size",
  "time_overlap_cutoff",
  "concurrent_blocks",
  "spanonly_fetch",
  "skip_ast_transformations",
  "info",
]);

function isIgnored(name: string): boolean {
  return IGNORED_HINTS.has(name) || name.startsWith("debug");
}

/** Reads `with(...)`. */
export function parseHints(cursor: Cursor): Hint[] {
  cursor.next();
  cursor.expect("(");
  const hints: Hint[] = [];
  do hints.push(parseHint(cursor, hints));
  while (cursor.take(","));
  cursor.expect(")", "`,` or `)`");
  return hints;
}

function parseHint(cursor: Cursor, before: readonly Hint[]): Hint {
  const { start, word: name } = cursor;
  const rule = SAFE_HINTS.get(name);
  if (cursor.kind !== "word" || (rule === undefined && !isIgnored(name))) {
    cursor.fail("the name of a hint", [...SAFE_HINTS.keys(), ...IGNORED_HINTS]);
  }
  if (before.some((hint) => hint.name === name)) cursor.fail(`\`${name}\` once`);
  cursor.next();
  cursor.expect("=");
  const { value, ...range } = cursor.kind === "-" ? parseSignedNumber(cursor) : parseLiteral(cursor);
  if (rule !== undefined && !rule.fits(value)) cursor.failAt(range, rule.takes);
  const hint = { name, value, start, end: cursor.previousEnd };
  return rule === undefined ? { ...hint, ignored: true } : hint;
}
