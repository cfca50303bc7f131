/** The columns of a batch: filled in scratch that a decoder keeps, then copied out at the size they came to. */

import { wordAt } from "../../base/protobuf-reader.ts";
import type { BatchColumns } from "../../batch/batch-columns.ts";
import { COLUMN_BYTES_PER_ROW, columnsIn } from "../../batch/batch-columns.ts";

/** Rows of scratch to begin with, and after a larger request: what usual requests hold, 264 KiB. */
const USUAL_ROWS = 4_096;
/** Columns of small batches share buffers of this size: a buffer each would cost more to make and to collect. */
const SHARED_BYTES = 64 * 1024;
/** Columns up to this size share a buffer. */
const MAX_SHARED_BYTES = 8 * 1024;

/** Scratch for the columns of one request after the other. Whoever fills a row writes every column of it. */
export class ColumnScratch {
  /** Times as low and high words, so that no bigint is made while filling. */
  startTimeWords: Uint32Array = new Uint32Array(0);
  endTimeWords: Uint32Array = new Uint32Array(0);
  spanStarts: Uint32Array = new Uint32Array(0);
  spanEnds: Uint32Array = new Uint32Array(0);
  nameIds: Uint32Array = new Uint32Array(0);
  scopeIndexes: Uint32Array = new Uint32Array(0);
  traceIds: Uint8Array = new Uint8Array(0);
  spanIds: Uint8Array = new Uint8Array(0);
  parentSpanIds: Uint8Array = new Uint8Array(0);
  kinds: Uint8Array = new Uint8Array(0);
  statusCodes: Uint8Array = new Uint8Array(0);
  #shared: ArrayBuffer = new ArrayBuffer(0);
  #sharedUsed = 0;

  constructor() {
    this.#resize(USUAL_ROWS);
  }

  /** Rows there is room for. */
  get capacity(): number {
    return this.kinds.length;
  }

  /** Makes more room; what is filled stays. */
  grow(): void {
    this.#resize(this.capacity * 2);
  }

  /** The first `rowCount` rows as columns of their own; the scratch may then be filled anew. */
  take(rowCount: number): BatchColumns {
    const { buffer, offset } = this.#bufferFor(rowCount * COLUMN_BYTES_PER_ROW);
    const columns = columnsIn(buffer, offset, rowCount);
    const { startTimesUnixNano: starts, endTimesUnixNano: ends } = columns;
    new Uint32Array(buffer, starts.byteOffset, rowCount * 2).set(
      firstWords(this.startTimeWords, rowCount * 2),
    );
    new Uint32Array(buffer, ends.byteOffset, rowCount * 2).set(firstWords(this.endTimeWords, rowCount * 2));
    columns.spanStarts.set(firstWords(this.spanStarts, rowCount));
    columns.spanEnds.set(firstWords(this.spanEnds, rowCount));
    columns.nameIds.set(firstWords(this.nameIds, rowCount));
    columns.scopeIndexes.set(firstWords(this.scopeIndexes, rowCount));
    columns.traceIds.set(this.traceIds.subarray(0, rowCount * 16));
    columns.spanIds.set(this.spanIds.subarray(0, rowCount * 8));
    columns.parentSpanIds.set(this.parentSpanIds.subarray(0, rowCount * 8));
    columns.kinds.set(this.kinds.subarray(0, rowCount));
    columns.statusCodes.set(this.statusCodes.subarray(0, rowCount));
    if (this.capacity > USUAL_ROWS) this.#resize(USUAL_ROWS);
    return columns;
  }

  #bufferFor(byteLength: number): { readonly buffer: ArrayBuffer; readonly offset: number } {
    if (byteLength > MAX_SHARED_BYTES) return { buffer: new ArrayBuffer(byteLength), offset: 0 };
    if (this.#sharedUsed + byteLength > this.#shared.byteLength) {
      this.#shared = new ArrayBuffer(SHARED_BYTES);
      this.#sharedUsed = 0;
    }
    const offset = this.#sharedUsed;
    // The widest column needs offsets that are multiples of eight.
    this.#sharedUsed = (offset + byteLength + 7) & ~7;
    return { buffer: this.#shared, offset };
  }

  #resize(rows: number): void {
    this.startTimeWords = resizedWords(this.startTimeWords, rows * 2);
    this.endTimeWords = resizedWords(this.endTimeWords, rows * 2);
    this.spanStarts = resizedWords(this.spanStarts, rows);
    this.spanEnds = resizedWords(this.spanEnds, rows);
    this.nameIds = resizedWords(this.nameIds, rows);
    this.scopeIndexes = resizedWords(this.scopeIndexes, rows);
    this.traceIds = resizedBytes(this.traceIds, rows * 16);
    this.spanIds = resizedBytes(this.spanIds, rows * 8);
    this.parentSpanIds = resizedBytes(this.parentSpanIds, rows * 8);
    this.kinds = resizedBytes(this.kinds, rows);
    this.statusCodes = resizedBytes(this.statusCodes, rows);
  }
}

function firstWords(column: Uint32Array, count: number): Uint32Array {
  return count === column.length ? column : column.subarray(0, count);
}

function resizedWords(column: Uint32Array, length: number): Uint32Array {
  const resized = new Uint32Array(length);
  resized.set(column.length > length ? column.subarray(0, length) : column);
  return resized;
}

function resizedBytes(column: Uint8Array, length: number): Uint8Array {
  const resized = new Uint8Array(length);
  resized.set(column.length > length ? column.subarray(0, length) : column);
  return resized;
}

/** Copies eight little-endian bytes into element `row` of a 64-bit column seen as words; -1 stands for 0. */
export function copyTime(words: Uint32Array, row: number, bytes: Uint8Array, start: number): void {
  words[row * 2] = start === -1 ? 0 : wordAt(bytes, start);
  words[row * 2 + 1] = start === -1 ? 0 : wordAt(bytes, start + 4);
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
