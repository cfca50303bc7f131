/** The columns of a batch while they are being filled. */

import { wordAt } from "../../base/protobuf-reader.ts";

/** Bytes of all columns of one row. */
const ROW_BYTES = 8 + 8 + 4 + 4 + 4 + 4 + 16 + 8 + 8 + 1 + 1;

/** The columns of a `SpanBatch`, as views of one buffer. */
export interface SpanColumns {
  readonly startTimesUnixNano: BigUint64Array;
  readonly endTimesUnixNano: BigUint64Array;
  /** The same memory as the times, as low and high words, so that no bigint is made while filling. */
  readonly startTimeWords: Uint32Array;
  readonly endTimeWords: Uint32Array;
  readonly spanStarts: Uint32Array;
  readonly spanEnds: Uint32Array;
  readonly nameIds: Uint32Array;
  readonly scopeIndexes: Uint32Array;
  readonly traceIds: Uint8Array;
  readonly spanIds: Uint8Array;
  readonly parentSpanIds: Uint8Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
}

/** Columns for `rowCount` rows, all zero. */
export function createSpanColumns(rowCount: number): SpanColumns {
  const buffer = new ArrayBuffer(rowCount * ROW_BYTES);
  return {
    startTimesUnixNano: new BigUint64Array(buffer, 0, rowCount),
    endTimesUnixNano: new BigUint64Array(buffer, rowCount * 8, rowCount),
    startTimeWords: new Uint32Array(buffer, 0, rowCount * 2),
    endTimeWords: new Uint32Array(buffer, rowCount * 8, rowCount * 2),
    spanStarts: new Uint32Array(buffer, rowCount * 16, rowCount),
    spanEnds: new Uint32Array(buffer, rowCount * 20, rowCount),
    nameIds: new Uint32Array(buffer, rowCount * 24, rowCount),
    scopeIndexes: new Uint32Array(buffer, rowCount * 28, rowCount),
    traceIds: new Uint8Array(buffer, rowCount * 32, rowCount * 16),
    spanIds: new Uint8Array(buffer, rowCount * 48, rowCount * 8),
    parentSpanIds: new Uint8Array(buffer, rowCount * 56, rowCount * 8),
    kinds: new Uint8Array(buffer, rowCount * 64, rowCount),
    statusCodes: new Uint8Array(buffer, rowCount * 65, rowCount),
  };
}

/** The first `rowCount` rows. */
export function firstRows(columns: SpanColumns, rowCount: number): SpanColumns {
  if (columns.kinds.length === rowCount) return columns;
  return {
    startTimesUnixNano: columns.startTimesUnixNano.subarray(0, rowCount),
    endTimesUnixNano: columns.endTimesUnixNano.subarray(0, rowCount),
    startTimeWords: columns.startTimeWords.subarray(0, rowCount * 2),
    endTimeWords: columns.endTimeWords.subarray(0, rowCount * 2),
    spanStarts: columns.spanStarts.subarray(0, rowCount),
    spanEnds: columns.spanEnds.subarray(0, rowCount),
    nameIds: columns.nameIds.subarray(0, rowCount),
    scopeIndexes: columns.scopeIndexes.subarray(0, rowCount),
    traceIds: columns.traceIds.subarray(0, rowCount * 16),
    spanIds: columns.spanIds.subarray(0, rowCount * 8),
    parentSpanIds: columns.parentSpanIds.subarray(0, rowCount * 8),
    kinds: columns.kinds.subarray(0, rowCount),
    statusCodes: columns.statusCodes.subarray(0, rowCount),
  };
}

/** Copies eight little-endian bytes into element `row` of a 64-bit column seen as words. */
export function copyTime(words: Uint32Array, row: number, bytes: Uint8Array, start: number): void {
  words[row * 2] = wordAt(bytes, start);
  words[row * 2 + 1] = wordAt(bytes, start + 4);
}

/** Copies an id of `length` bytes into row `row` of its column; true when any byte of it is not zero. */
export function copyId(
  column: Uint8Array,
  row: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  let any = 0;
  const target = row * length;
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] as number;
    column[target + index] = byte;
    any |= byte;
  }
  return any !== 0;
}
