/** The order in which a trace's rows are read, whatever order they came in: that of `spanForest`. */

import { HIGH_WORD, LOW_WORD } from "../../base/bytes.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { SpanStatus } from "../../model/span-status.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import type { FrameTable } from "./frame-table.ts";

/** Rank of each OTLP number among the words, which is how spans are compared. */
const KIND_RANKS: readonly number[] = ranksOf(SPAN_KIND_BY_NUMBER);
const STATUS_RANKS: readonly number[] = ranksOf([SpanStatus.UNSET, SpanStatus.OK, SpanStatus.ERROR]);

const ID_BYTES = 8;

/** Times of the rows as pairs of words: a bigint would be allocated for each. */
export interface TimeWords {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Writes the distinct rows into `order`, by start, span id, end, parent id, kind, service, operation and status, and
 * returns how many there are. Stores give rows by start and span id, so usually this is one look at each.
 */
export function orderRows(
  columns: TraceColumns,
  times: TimeWords,
  frames: FrameTable,
  order: Int32Array,
): number {
  const { rowCount } = columns;
  const { starts, ends } = times;
  let isSorted = true;
  for (let row = 0; row < rowCount; row++) {
    order[row] = row;
    if (row > 0 && isSorted && compareKeys(columns, starts, row - 1, row) >= 0) isSorted = false;
  }
  if (isSorted) return rowCount;
  const compare = (left: number, right: number): number =>
    compareKeys(columns, starts, left, right) ||
    comparePairs(ends, left, right) ||
    compareIds(columns.parentSpanIds, left, right) ||
    compareWords(columns, frames, left, right);
  order.subarray(0, rowCount).sort(compare);
  let distinct = 1;
  for (let at = 1; at < rowCount; at++) {
    const row = order[at] as number;
    if (compare(order[distinct - 1] as number, row) !== 0) order[distinct++] = row;
  }
  return distinct;
}

function compareKeys(columns: TraceColumns, starts: Uint32Array, left: number, right: number): number {
  return comparePairs(starts, left, right) || compareIds(columns.spanIds, left, right);
}

function comparePairs(pairs: Uint32Array, left: number, right: number): number {
  const high = (pairs[left * 2 + HIGH_WORD] as number) - (pairs[right * 2 + HIGH_WORD] as number);
  return high || (pairs[left * 2 + LOW_WORD] as number) - (pairs[right * 2 + LOW_WORD] as number);
}

/** A root's zeros come before every parent, as the absent parent id does. */
function compareIds(ids: Uint8Array, left: number, right: number): number {
  for (let byte = 0; byte < ID_BYTES; byte++) {
    const difference = (ids[left * ID_BYTES + byte] as number) - (ids[right * ID_BYTES + byte] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareWords(columns: TraceColumns, frames: FrameTable, left: number, right: number): number {
  const kind = rankAt(KIND_RANKS, columns.kinds, left) - rankAt(KIND_RANKS, columns.kinds, right);
  if (kind !== 0) return kind;
  const leftFrame = frames.frame(columns.frames[left] as number);
  const rightFrame = frames.frame(columns.frames[right] as number);
  if (leftFrame.service !== rightFrame.service) return leftFrame.service < rightFrame.service ? -1 : 1;
  if (leftFrame.operation !== rightFrame.operation) {
    return leftFrame.operation < rightFrame.operation ? -1 : 1;
  }
  return rankAt(STATUS_RANKS, columns.statusCodes, left) - rankAt(STATUS_RANKS, columns.statusCodes, right);
}

function rankAt(ranks: readonly number[], numbers: Uint8Array, row: number): number {
  return ranks[numbers[row] as number] ?? (ranks[0] as number);
}

function ranksOf(words: readonly string[]): readonly number[] {
  const sorted = [...words].sort();
  return words.map((word) => sorted.indexOf(word));
}
