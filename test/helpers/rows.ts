/** Rows of batches. */

import type { SpanBatch, SpanRow } from "../../src/batch/span-batch.ts";

/** Every row of a batch, in order. */
export function allRows(batch: SpanBatch): SpanRow[] {
  return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
}
