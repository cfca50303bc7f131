/** Durations of rows as columns. */

import type { Steps } from "../base/time-slice.ts";
import { durationMsBetween } from "../model/time.ts";
import type { DurationColumns, OperationNumbers } from "../model/trace-durations.ts";
import { nameOf, serviceNameOf } from "./row-names.ts";
import type { SpanRow } from "./span-batch.ts";

/** Rows looked at between two chances for others to run. */
const ROWS_PER_STEP = 1_024;

/** The durations of the distinct rows of one trace, in their order. Work that can be done in slices. */
export function* rowDurations(rows: readonly SpanRow[], numbers: OperationNumbers): Steps<DurationColumns> {
  const operations = new Int32Array(rows.length);
  const durationsMs = new Float64Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const { startTimesUnixNano, endTimesUnixNano } = row.batch;
    const start = startTimesUnixNano[row.row] as bigint;
    operations[at] = numbers.numberOf(serviceNameOf(row), nameOf(row));
    durationsMs[at] = durationMsBetween(start, endTimesUnixNano[row.row] as bigint);
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  return { operations, durationsMs };
}
