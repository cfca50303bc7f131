/** The columns of a batch in one buffer: made, given away and collected as one. */

import type { SpanBatch } from "./span-batch.ts";

/** The columns of a {@link SpanBatch}. */
export type BatchColumns = Pick<
  SpanBatch,
  | "traceIds"
  | "spanIds"
  | "parentSpanIds"
  | "startTimesUnixNano"
  | "endTimesUnixNano"
  | "kinds"
  | "statusCodes"
  | "nameIds"
  | "scopeIndexes"
  | "spanStarts"
  | "spanEnds"
>;

/** Bytes of all columns of one row. */
export const COLUMN_BYTES_PER_ROW: number = 8 + 8 + 4 + 4 + 4 + 4 + 16 + 8 + 8 + 1 + 1;

/**
 * Views of `rowCount` rows in a buffer, which has {@link COLUMN_BYTES_PER_ROW} bytes a row from `offset` on.
 *
 * @param offset - A multiple of eight.
 */
export function columnsIn(buffer: ArrayBuffer, offset: number, rowCount: number): BatchColumns {
  const at = (bytesPerRow: number): number => offset + rowCount * bytesPerRow;
  return {
    startTimesUnixNano: new BigUint64Array(buffer, at(0), rowCount),
    endTimesUnixNano: new BigUint64Array(buffer, at(8), rowCount),
    spanStarts: new Uint32Array(buffer, at(16), rowCount),
    spanEnds: new Uint32Array(buffer, at(20), rowCount),
    nameIds: new Uint32Array(buffer, at(24), rowCount),
    scopeIndexes: new Uint32Array(buffer, at(28), rowCount),
    traceIds: new Uint8Array(buffer, at(32), rowCount * 16),
    spanIds: new Uint8Array(buffer, at(48), rowCount * 8),
    parentSpanIds: new Uint8Array(buffer, at(56), rowCount * 8),
    kinds: new Uint8Array(buffer, at(64), rowCount),
    statusCodes: new Uint8Array(buffer, at(65), rowCount),
  };
}
