/** The rows of a trace as the columns that analyses of many traces read. */

import { wordPairsOf } from "../base/bytes.ts";
import type { FrameNumbers, TraceColumns } from "../model/trace-columns.ts";
import { textsOf } from "./packed-texts.ts";
import { hostKeyOfRow } from "./row-host.ts";
import { traceIdOf } from "./row-ids.ts";
import { nameOf, serviceNameOf } from "./row-names.ts";
import type { SpanBatch, SpanRow } from "./span-batch.ts";
import type { SpanTable } from "./span-table.ts";

const ID_BYTES = 8;
/** Rows that fit without growing; more than most traces have. */
const INITIAL_ROWS = 256;

/** Times as pairs of words: a bigint would be allocated for each. */
interface TimeWords {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Makes columns of one trace after the other in the same arrays: none is allocated for a trace no longer than before. */
export class RowColumns {
  readonly #frames: FrameNumbers;
  #columns = emptyColumns(INITIAL_ROWS);
  #times: TimeWords = timeWordsOf(this.#columns);
  /** The batch read last: rows of a trace come from few. */
  #batch: SpanBatch | undefined;
  #batchTimes: TimeWords = this.#times;

  readonly #hosts: string[] | undefined;

  /** @param frames gives the numbers of frames */
  constructor(frames: FrameNumbers, { withHosts = false }: { readonly withHosts?: boolean } = {}) {
    this.#frames = frames;
    this.#hosts = withHosts ? [] : undefined;
  }

  /** The columns of one trace's rows, in their order; they hold until the next call. */
  of(rows: readonly SpanRow[]): TraceColumns {
    if (rows.length > this.#columns.frames.length) {
      this.#columns = emptyColumns(Math.max(rows.length, this.#columns.frames.length * 2));
      this.#times = timeWordsOf(this.#columns);
    }
    for (let at = 0; at < rows.length; at++) this.#put(rows[at] as SpanRow, at);
    this.#batch = undefined;
    const traceId = rows[0] === undefined ? "" : traceIdOf(rows[0]);
    return { traceId, rowCount: rows.length, ...this.#columns, hosts: this.#hosts };
  }

  #put(row: SpanRow, at: number): void {
    const { batch, row: from } = row;
    const columns = this.#columns;
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#batchTimes = timeWordsOf(batch);
    }
    copyWords(this.#batchTimes.starts, from, this.#times.starts, at);
    copyWords(this.#batchTimes.ends, from, this.#times.ends, at);
    copyId(batch.spanIds, from, columns.spanIds, at);
    copyId(batch.parentSpanIds, from, columns.parentSpanIds, at);
    const kind = batch.kinds[from] as number;
    columns.kinds[at] = kind;
    columns.statusCodes[at] = batch.statusCodes[from] as number;
    columns.frames[at] = this.#frames.numberOf(serviceNameOf(row), nameOf(row), kind);
    if (this.#hosts !== undefined) this.#hosts[at] = hostKeyOfRow(row);
  }
}

/** The columns of a table, which are the table's own but for the frame numbers. */
export function columnsOfTable(table: SpanTable, frames: FrameNumbers): TraceColumns {
  const texts = textsOf(table.texts);
  const numbers = new Int32Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row++) {
    const service = texts[table.serviceTexts[row] as number] as string;
    const operation = texts[table.nameTexts[row] as number] as string;
    numbers[row] = frames.numberOf(service, operation, table.kinds[row] as number);
  }
  const { hostTexts } = table;
  const hosts = hostTexts === undefined ? undefined : Array.from(hostTexts, (text) => texts[text] as string);
  return { ...table, frames: numbers, hosts };
}

function emptyColumns(rows: number): Omit<TraceColumns, "traceId" | "rowCount"> {
  return {
    spanIds: new Uint8Array(rows * ID_BYTES),
    parentSpanIds: new Uint8Array(rows * ID_BYTES),
    startTimesUnixNano: new BigUint64Array(rows),
    endTimesUnixNano: new BigUint64Array(rows),
    kinds: new Uint8Array(rows),
    statusCodes: new Uint8Array(rows),
    frames: new Int32Array(rows),
  };
}

function timeWordsOf(columns: Pick<TraceColumns, "startTimesUnixNano" | "endTimesUnixNano">): TimeWords {
  return { starts: wordPairsOf(columns.startTimesUnixNano), ends: wordPairsOf(columns.endTimesUnixNano) };
}

function copyWords(from: Uint32Array, fromRow: number, to: Uint32Array, toRow: number): void {
  to[toRow * 2] = from[fromRow * 2] as number;
  to[toRow * 2 + 1] = from[fromRow * 2 + 1] as number;
}

function copyId(from: Uint8Array, fromRow: number, to: Uint8Array, toRow: number): void {
  for (let byte = 0; byte < ID_BYTES; byte++) {
    to[toRow * ID_BYTES + byte] = from[fromRow * ID_BYTES + byte] as number;
  }
}
