/** What a row keeps in memory. */

import type { SpanRow } from "./span-batch.ts";

/** Columns of a batch, the row object and its places in lists. */
const ROW_BYTES = 110;

/** About how many bytes a row keeps alive beside its fellows: its span, its columns, the object. */
export function bytesOfRow({ batch, row }: SpanRow): number {
  return ROW_BYTES + (batch.spanEnds[row] as number) - (batch.spanStarts[row] as number);
}

/** Sum of {@link bytesOfRow}. */
export function bytesOfRows(rows: readonly SpanRow[]): number {
  let bytes = 0;
  for (const row of rows) bytes += bytesOfRow(row);
  return bytes;
}
