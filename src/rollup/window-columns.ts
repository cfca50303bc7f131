/** Rows of the trace window as the columns that analyses of whole traces read. */

import { HIGH_WORD, LOW_WORD, wordPairsOf, wordsOfBytes } from "../base/bytes.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { TraceTable } from "../window/trace-table.ts";
import type { TraceWindow } from "../window/trace-window.ts";
import type { WindowRows } from "../window/window-rows.ts";
import { RowFlag } from "../window/window-rows.ts";
import type { OperationFrames } from "./operation-frames.ts";

const ID_BYTES = 8;
/** Rows that fit without growing; more than most traces have. */
const INITIAL_ROWS = 256;
const STATUS_ERROR = 2;
const TWO_TO_32 = 2 ** 32;

/** One trace's columns, and the same memory as words. The id is made when it is asked for, which is seldom. */
class WindowTrace implements TraceColumns {
  readonly spanIds: Uint8Array;
  readonly parentSpanIds: Uint8Array;
  readonly startTimesUnixNano: BigUint64Array;
  readonly endTimesUnixNano: BigUint64Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
  readonly frames: Int32Array;
  readonly spanIdWords: Uint32Array;
  readonly parentIdWords: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  rowCount = 0;
  /** Its number in the table of trace ids. */
  trace = 0;
  /** Undefined until it is asked for. */
  id: string | undefined;
  readonly #table: TraceTable;

  constructor(rows: number, table: TraceTable) {
    this.#table = table;
    this.spanIds = new Uint8Array(rows * ID_BYTES);
    this.parentSpanIds = new Uint8Array(rows * ID_BYTES);
    this.startTimesUnixNano = new BigUint64Array(rows);
    this.endTimesUnixNano = new BigUint64Array(rows);
    this.kinds = new Uint8Array(rows);
    this.statusCodes = new Uint8Array(rows);
    this.frames = new Int32Array(rows);
    this.spanIdWords = wordsOfBytes(this.spanIds);
    this.parentIdWords = wordsOfBytes(this.parentSpanIds);
    this.starts = wordPairsOf(this.startTimesUnixNano);
    this.ends = wordPairsOf(this.endTimesUnixNano);
  }

  get traceId(): string {
    this.id ??= this.#table.hex(this.trace);
    return this.id;
  }
}

/** Makes columns of one trace after the other in the same arrays. */
export class WindowColumns {
  readonly #rows: WindowRows;
  readonly #table: TraceTable;
  readonly #frames: OperationFrames;
  #columns: WindowTrace;

  constructor({ spans, table }: TraceWindow, frames: OperationFrames) {
    this.#rows = spans.columns;
    this.#table = table;
    this.#frames = frames;
    this.#columns = new WindowTrace(INITIAL_ROWS, table);
  }

  /** The columns of a trace's rows, in their order; they hold until the next call. */
  of(rows: Int32Array, trace: number): TraceColumns {
    const { length } = this.#columns.frames;
    if (rows.length > length) this.#columns = new WindowTrace(Math.max(rows.length, length * 2), this.#table);
    const columns = this.#columns;
    columns.rowCount = rows.length;
    columns.trace = trace;
    columns.id = undefined;
    const from = this.#rows;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      copyPair(from.spanIds, row, columns.spanIdWords, at);
      copyPair(from.parentIds, row, columns.parentIdWords, at);
      this.#putTimes(row, at);
      const kind = from.kinds[row] as number;
      columns.kinds[at] = kind;
      columns.statusCodes[at] = ((from.flags[row] as number) & RowFlag.ERROR) === 0 ? 0 : STATUS_ERROR;
      columns.frames[at] = this.#frames.frameOf(from.operations[row] as number, kind);
    }
    return columns;
  }

  #putTimes(row: number, at: number): void {
    const { starts, ends } = this.#columns;
    const low = this.#rows.starts[row * 2] as number;
    const high = this.#rows.starts[row * 2 + 1] as number;
    const endLow = low + (this.#rows.durations[row] as number);
    const carry = Math.floor(endLow / TWO_TO_32);
    starts[at * 2 + LOW_WORD] = low;
    starts[at * 2 + HIGH_WORD] = high;
    ends[at * 2 + LOW_WORD] = endLow - carry * TWO_TO_32;
    ends[at * 2 + HIGH_WORD] = high + carry;
  }
}

function copyPair(from: Uint32Array, row: number, to: Uint32Array, at: number): void {
  to[at * 2] = from[row * 2] as number;
  to[at * 2 + 1] = from[row * 2 + 1] as number;
}
