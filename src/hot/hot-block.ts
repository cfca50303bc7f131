/** One generation of the hot set: a run of committed batches with an index from trace id to rows. */

import { wordPairsOf, wordsOfBytes } from "../base/bytes.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import { COLUMN_BYTES_PER_ROW } from "../batch/batch-columns.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import { bytesOfRow } from "../batch/row-bytes.ts";
import type { SpanBatch, SpanRow } from "../batch/span-batch.ts";
import { TraceColumns } from "./trace-columns.ts";
import type { TraceIdWords } from "./trace-index.ts";
import { TraceIndex } from "./trace-index.ts";

const STATUS_ERROR = 2;
/** Rows collected between two chances for others to run. */
const ROWS_PER_STEP = 2_048;
/** About what a resource or scope entry weighs as an object with its strings. */
const ENTRY_BYTES = 200;

/** Bytes a batch keeps in memory: payload, columns, resource and scope entries. */
export function batchByteSize(batch: SpanBatch): number {
  return (
    batch.payload.byteLength +
    batch.rowCount * COLUMN_BYTES_PER_ROW +
    (batch.resources.length + batch.scopes.length) * ENTRY_BYTES
  );
}

/** What a reader may ask of a block; later appends do not change the answers. */
export interface HotBlockView {
  /** Distinct traces, numbered 0 to traceCount - 1. */
  readonly traceCount: number;
  /** Id words of all traces, four a number. */
  readonly traceIdWords: TraceIdWords;
  readonly columns: TraceColumns;
  /** The number of a trace in this block, or -1. */
  find(words: TraceIdWords, at: number): number;
  /** Adds the rows of trace number `trace` to `into`, newest first, equal spans as often as they came. */
  collectRows(trace: number, into: SpanRow[], held?: HeldBytes): Steps<void>;
}

/** A run of batches in log order. Rows of one trace are chained, newest first, through one number a row. */
export class HotBlock {
  readonly #index: TraceIndex;
  readonly #columns: TraceColumns = new TraceColumns(512);
  readonly #batches: CommittedBatch[] = [];
  /** Number of the first row of each batch within the block. */
  readonly #firstRows: number[] = [];
  #next: Int32Array = new Int32Array(1_024);
  #rowCount = 0;
  #batchBytes = 0;
  /** Summed at each append, since it is asked for several times in between. */
  #byteSize = 0;
  #oldestArrivalUnixMillis = Number.POSITIVE_INFINITY;
  #newestArrivalUnixMillis = Number.NEGATIVE_INFINITY;
  #view: HotBlockView | undefined;
  #isClosed = false;

  constructor(seed: number) {
    this.#index = new TraceIndex(seed);
  }

  /** The batches with their log positions, oldest first. */
  get batches(): readonly CommittedBatch[] {
    return this.#batches;
  }

  /** Spans held, copies included. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** Bytes of payloads, columns and index. */
  get byteSize(): number {
    return this.#byteSize;
  }

  /** Position of the first batch; -1 when there is none. */
  get firstPosition(): number {
    return this.#batches[0]?.position ?? -1;
  }

  /** Position of the last batch; -1 when there is none. */
  get lastPosition(): number {
    return this.#batches.at(-1)?.position ?? -1;
  }

  /** Earliest arrival of a batch; infinite when there is none. */
  get oldestArrivalUnixMillis(): number {
    return this.#oldestArrivalUnixMillis;
  }

  /** Latest arrival of a batch; minus infinity when there is none. */
  get newestArrivalUnixMillis(): number {
    return this.#newestArrivalUnixMillis;
  }

  /** Takes a batch in. Cost: one hash lookup for each change of trace id, a few stores a row. */
  append(committed: CommittedBatch): void {
    const { batch } = committed;
    this.#view = undefined;
    this.#firstRows.push(this.#rowCount);
    this.#batches.push(committed);
    this.#batchBytes += batchByteSize(batch);
    this.#oldestArrivalUnixMillis = Math.min(this.#oldestArrivalUnixMillis, committed.arrivalUnixMillis);
    this.#newestArrivalUnixMillis = Math.max(this.#newestArrivalUnixMillis, committed.arrivalUnixMillis);
    this.#reserve(this.#rowCount + batch.rowCount);
    this.#indexRows(batch);
    this.#rowCount += batch.rowCount;
    this.#byteSize = this.#batchBytes + this.#index.byteSize + this.#columns.byteSize + this.#next.byteLength;
  }

  /** Says that nothing will be appended any more; views then need no copy. */
  close(): void {
    this.#isClosed = true;
    this.#view = undefined;
  }

  /** The block as it is now. Cheap for a block that no longer changes: the view is made once. */
  view(): HotBlockView {
    this.#view ??= this.#makeView();
    return this.#view;
  }

  /**
   * Adds the rows of a trace to `into`, newest first; for lookups of one trace, without a view. Which rows these are is
   * settled when this returns, whatever is appended or dropped before the steps are done.
   */
  collectRowsOf(words: TraceIdWords, into: SpanRow[], held?: HeldBytes): Steps<void> {
    const trace = this.#index.find(words, 0);
    return this.#collectFrom(trace >= 0 ? this.#columns.head(trace) : -1, into, held);
  }

  /** True when a span of the trace is here. */
  has(words: TraceIdWords): boolean {
    return this.#index.find(words, 0) >= 0;
  }

  #indexRows(batch: SpanBatch): void {
    const words = wordsOfBytes(batch.traceIds);
    const starts = wordPairsOf(batch.startTimesUnixNano);
    const ends = wordPairsOf(batch.endTimesUnixNano);
    let trace = -1;
    for (let row = 0; row < batch.rowCount; row++) {
      const at = row * 4;
      if (row === 0 || !isSameAsBefore(words, at)) trace = this.#index.add(words, at);
      const blockRow = this.#rowCount + row;
      const isError = batch.statusCodes[row] === STATUS_ERROR;
      this.#next[blockRow] = this.#columns.add(trace, blockRow, starts, ends, row, isError);
    }
  }

  #makeView(): HotBlockView {
    const index = this.#index;
    const traceCount = index.count;
    const columns = this.#isClosed ? this.#columns : this.#columns.copy(traceCount);
    return {
      traceCount,
      traceIdWords: index.words(),
      columns,
      find: (words, at) => {
        const trace = index.find(words, at);
        return trace < traceCount ? trace : -1;
      },
      collectRows: (trace, into, held) => this.#collectFrom(columns.head(trace), into, held),
    };
  }

  *#collectFrom(head: number, into: SpanRow[], held: HeldBytes | undefined): Steps<void> {
    let place = this.#batches.length - 1;
    let steps = 0;
    let bytes = 0;
    for (let blockRow = head; blockRow >= 0; blockRow = this.#next[blockRow] as number) {
      place = this.#placeOf(blockRow, place);
      const committed = this.#batches[place] as CommittedBatch;
      const row = { batch: committed.batch, row: blockRow - (this.#firstRows[place] as number) };
      into.push(row);
      bytes += bytesOfRow(row);
      if (++steps % ROWS_PER_STEP !== 0) continue;
      held?.add(bytes);
      bytes = 0;
      yield ROWS_PER_STEP;
    }
    held?.add(bytes);
  }

  /** Index of the batch that holds a row; at most `last`, since a chain only goes back. */
  #placeOf(blockRow: number, last: number): number {
    if ((this.#firstRows[last] as number) <= blockRow) return last;
    let low = 0;
    let high = last - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#firstRows[middle] as number) <= blockRow) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #reserve(rows: number): void {
    if (rows <= this.#next.length) return;
    const grown = new Int32Array(Math.max(rows, this.#next.length * 2));
    grown.set(this.#next);
    this.#next = grown;
  }
}

function isSameAsBefore(words: TraceIdWords, at: number): boolean {
  return (
    words[at] === words[at - 4] &&
    words[at + 1] === words[at - 3] &&
    words[at + 2] === words[at - 2] &&
    words[at + 3] === words[at - 1]
  );
}
