/** Rows of the trace window as the columns that analyses of whole traces read. */

import { HIGH_WORD, LOW_WORD, wordPairsOf, wordsOfBytes } from "../base/bytes.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { WindowRows } from "../window/window-rows.ts";
import { RowFlag } from "../window/window-rows.ts";
import type { OperationFrames } from "./operation-frames.ts";

const ID_BYTES = 8;
/** Rows that fit without growing; more than most traces have. */
const INITIAL_ROWS = 256;
const STATUS_ERROR = 2;
const TWO_TO_32 = 2 ** 32;

/** Columns, and the same memory as words. */
interface Scratch {
  readonly columns: Omit<TraceColumns, "traceId" | "rowCount">;
  readonly spanIds: Uint32Array;
  readonly parentIds: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Makes columns of one trace after the other in the same arrays. */
export class WindowColumns {
  readonly #rows: WindowRows;
  readonly #frames: OperationFrames;
  #scratch: Scratch = scratchOf(INITIAL_ROWS);

  constructor(rows: WindowRows, frames: OperationFrames) {
    this.#rows = rows;
    this.#frames = frames;
  }

  /** The columns of a trace's rows, in their order; they hold until the next call. */
  of(rows: Int32Array, traceId: string): TraceColumns {
    const { length } = this.#scratch.columns.frames;
    if (rows.length > length) this.#scratch = scratchOf(Math.max(rows.length, length * 2));
    const { columns, spanIds, parentIds, starts, ends } = this.#scratch;
    const from = this.#rows;
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number;
      copyPair(from.spanIds, row, spanIds, at);
      copyPair(from.parentIds, row, parentIds, at);
      const low = from.starts[row * 2] as number;
      const high = from.starts[row * 2 + 1] as number;
      const endLow = low + (from.durations[row] as number);
      const carry = Math.floor(endLow / TWO_TO_32);
      starts[at * 2 + LOW_WORD] = low;
      starts[at * 2 + HIGH_WORD] = high;
      ends[at * 2 + LOW_WORD] = endLow - carry * TWO_TO_32;
      ends[at * 2 + HIGH_WORD] = high + carry;
      const kind = from.kinds[row] as number;
      columns.kinds[at] = kind;
      columns.statusCodes[at] = ((from.flags[row] as number) & RowFlag.ERROR) === 0 ? 0 : STATUS_ERROR;
      columns.frames[at] = this.#frames.frameOf(from.operations[row] as number, kind);
    }
    return { traceId, rowCount: rows.length, ...columns };
  }
}

function copyPair(from: Uint32Array, row: number, to: Uint32Array, at: number): void {
  to[at * 2] = from[row * 2] as number;
  to[at * 2 + 1] = from[row * 2 + 1] as number;
}

function scratchOf(rows: number): Scratch {
  const columns = {
    spanIds: new Uint8Array(rows * ID_BYTES),
    parentSpanIds: new Uint8Array(rows * ID_BYTES),
    startTimesUnixNano: new BigUint64Array(rows),
    endTimesUnixNano: new BigUint64Array(rows),
    kinds: new Uint8Array(rows),
    statusCodes: new Uint8Array(rows),
    frames: new Int32Array(rows),
  };
  return {
    columns,
    spanIds: wordsOfBytes(columns.spanIds),
    parentIds: wordsOfBytes(columns.parentSpanIds),
    starts: wordPairsOf(columns.startTimesUnixNano),
    ends: wordPairsOf(columns.endTimesUnixNano),
  };
}
