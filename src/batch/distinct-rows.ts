/** Rows of one trace without repeats. */

import type { Steps } from "../base/time-slice.ts";
import { atOnce } from "../base/time-slice.ts";
import { spanContent } from "../model/span-content.ts";
import { lazySpan } from "./lazy-span.ts";
import { RowKeys } from "./row-keys.ts";
import type { SpanRow } from "./span-batch.ts";

/** Rows looked at between two chances for others to run. */
const ROWS_PER_STEP = 1_024;
/** What decoding a span costs beside looking at its columns. */
const DECODE_STEPS = 16;

/**
 * The distinct spans of one trace, by start time, then span id; of equal spans the first one given stays. Equal means
 * equal content after decoding, so the same span under another encoding counts once, and spans that share an id but
 * differ in anything both stay.
 */
export function distinctRows(rows: Iterable<SpanRow>): SpanRow[] {
  return atOnce(distinctRowsInSteps([...rows]));
}

/** {@link distinctRows} as work that can be done in slices. The rows must stay as they are meanwhile. */
export function* distinctRowsInSteps(rows: readonly SpanRow[]): Steps<SpanRow[]> {
  if (rows.length < 2) return [...rows];
  const keys = new RowKeys(rows.length);
  for (const [index, row] of rows.entries()) {
    keys.set(index, row);
    if (index % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  const order = yield* keys.order();
  const distinct: SpanRow[] = [];
  let steps = 0;
  for (let at = 0; at < order.length; ) {
    // Equal spans have equal keys, so they lie side by side.
    let end = at + 1;
    while (end < order.length && keys.isSame(order[at] as number, order[end] as number)) end++;
    if (end === at + 1) distinct.push(rows[order[at] as number] as SpanRow);
    else yield* addWithoutRepeats(rows, order.subarray(at, end), distinct);
    steps += end - at;
    at = end;
    if (steps >= ROWS_PER_STEP) {
      yield steps;
      steps = 0;
    }
  }
  return distinct;
}

function* addWithoutRepeats(
  rows: readonly SpanRow[],
  indexes: Uint32Array,
  distinct: SpanRow[],
): Steps<void> {
  const seen = new Set<string>();
  let decoded = 0;
  for (const index of indexes) {
    const row = rows[index] as SpanRow;
    const content = spanContent(lazySpan(row));
    if (!seen.has(content)) distinct.push(row);
    seen.add(content);
    if (++decoded % 64 === 0) yield 64 * DECODE_STEPS;
  }
}
