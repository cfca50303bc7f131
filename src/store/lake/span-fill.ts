/** Fills the columns of `spans.parquet`, a chunk of rows at a time. */

import { bigEndian32 } from "../../base/bytes.ts";
import { utf8FromText } from "../../base/utf8.ts";
import type { AttributeColumns } from "./attribute-columns.ts";
import type { ColumnAppender } from "./column-appender.ts";
import { TextCells } from "./column-cells.ts";
import type { ResourceTable } from "./resource-table.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { SealRows } from "./seal-rows.ts";
import { appendRemainder } from "./span-remainder.ts";

/** Numbers of the columns of `spansTable`. */
const Column = {
  TRACE_ID: 0,
  TRACE_ROW: 1,
  SPAN_ID: 2,
  PARENT: 3,
  START: 4,
  DURATION: 5,
  END: 6,
  KIND: 7,
  STATUS: 8,
  NAME: 9,
  SERVICE: 10,
  RESOURCE_ID: 11,
  SCOPE_ID: 12,
  REST: 13,
  FIRST_ATTRIBUTE: 14,
} as const;

/** Kinds that do not fit their column are 0 there and in the rest of the bytes. */
const NO_KIND = 0;

/** What goes into the columns besides the rows. */
export interface SpanFillSources {
  readonly origins: ResourceTable;
  readonly attributes: RowAttributes;
  readonly columns: AttributeColumns;
}

/** Fills one table. */
export class SpanFill {
  readonly #rows: SealRows;
  readonly #spans: ColumnAppender;
  readonly #origins: ResourceTable;
  readonly #restStarts: Uint32Array;
  readonly #fillAttributes: (rows: Uint32Array) => void;
  readonly #fillNames: (cell: number, row: number) => void;
  readonly #fillServices: (cell: number, row: number) => void;
  /** 1 for a name that may stand for bytes that are no UTF-8: those stay in the rest. */
  readonly #isLossy: Uint8Array;

  constructor(rows: SealRows, spans: ColumnAppender, { origins, attributes, columns }: SpanFillSources) {
    this.#rows = rows;
    this.#spans = spans;
    this.#origins = origins;
    this.#restStarts = attributes.restStarts;
    this.#fillAttributes = columns.filler(spans, Column.FIRST_ATTRIBUTE);
    const { names, nameIds, services, serviceIds, originIds } = rows;
    this.#fillNames = textFiller(spans, Column.NAME, names, (row) => nameIds[row]!);
    this.#fillServices = textFiller(spans, Column.SERVICE, services, (row) => serviceIds[originIds[row]!]!);
    this.#isLossy = Uint8Array.from(names, (name) => (name.includes("\uFFFD") ? 1 : 0));
  }

  /** Appends the next rows; `traceRows` are their numbers in `traces.parquet`. */
  chunk(rows: Uint32Array, traceRows: Uint32Array): void {
    this.#ids(rows);
    this.#times(rows);
    this.#codes(rows);
    this.#spans.numbers(Column.TRACE_ROW).data.set(traceRows);
    const rest = this.#spans.texts(Column.REST);
    for (let cell = 0; cell < rows.length; cell++) this.#rest(rest, cell, rows[cell]!);
    this.#fillAttributes(rows);
    this.#spans.endRows(rows.length);
  }

  #ids(rows: Uint32Array): void {
    const { traceIds, spanIds, parentSpanIds } = this.#rows;
    const traces = this.#spans.texts(Column.TRACE_ID);
    const spanCells = this.#spans.numbers(Column.SPAN_ID);
    const parents = this.#spans.numbers(Column.PARENT);
    for (let cell = 0; cell < rows.length; cell++) {
      const row = rows[cell]!;
      traces.sink.append(traceIds, row * 16, row * 16 + 16);
      traces.endCell(cell);
      spanCells.data[cell * 2 + 1] = bigEndian32(spanIds, row * 8);
      spanCells.data[cell * 2] = bigEndian32(spanIds, row * 8 + 4);
      const high = bigEndian32(parentSpanIds, row * 8);
      const low = bigEndian32(parentSpanIds, row * 8 + 4);
      parents.data[cell * 2 + 1] = high;
      parents.data[cell * 2] = low;
      if (high !== 0 || low !== 0) parents.setValid(cell);
    }
  }

  /** A duration where the span ends after it starts, its end where it does not. */
  #times(rows: Uint32Array): void {
    const { startWords, endWords } = this.#rows;
    const starts = this.#spans.numbers(Column.START).data;
    const durations = this.#spans.numbers(Column.DURATION).data;
    const ends = this.#spans.numbers(Column.END);
    for (let cell = 0; cell < rows.length; cell++) {
      const at = rows[cell]! * 2;
      const low = startWords[at]!;
      const high = startWords[at + 1]!;
      const endLow = endWords[at]!;
      const endHigh = endWords[at + 1]!;
      starts[cell * 2] = low;
      starts[cell * 2 + 1] = high;
      const isForward = endHigh > high || (endHigh === high && endLow >= low);
      durations[cell * 2] = isForward ? endLow - low : 0;
      durations[cell * 2 + 1] = isForward ? endHigh - high - (endLow < low ? 1 : 0) : 0;
      if (isForward) continue;
      ends.data[cell * 2] = endLow;
      ends.data[cell * 2 + 1] = endHigh;
      ends.setValid(cell);
    }
  }

  #codes(rows: Uint32Array): void {
    const { kinds, statusCodes, batch } = this.#rows;
    const kindCells = this.#spans.numbers(Column.KIND).data;
    const statusCells = this.#spans.numbers(Column.STATUS).data;
    const resourceIds = this.#spans.numbers(Column.RESOURCE_ID).data;
    const scopeIds = this.#spans.numbers(Column.SCOPE_ID).data;
    for (let cell = 0; cell < rows.length; cell++) {
      const row = rows[cell]!;
      const origin = this.#origins.idsOf(batch, row);
      kindCells[cell] = kinds[row]!;
      statusCells[cell] = statusCodes[row]!;
      resourceIds[cell] = origin.resourceId;
      scopeIds[cell] = origin.scopeId;
      this.#fillNames(cell, row);
      this.#fillServices(cell, row);
    }
  }

  #rest(rest: TextCells, cell: number, row: number): void {
    const { bytes, spanStarts, spanEnds, nameIds, kinds } = this.#rows;
    const isLossy = this.#isLossy[nameIds[row]!] === 1;
    const start = this.#restStarts[row]!;
    if (start > 0 && !isLossy && kinds[row] !== NO_KIND) rest.sink.append(bytes, start, spanEnds[row]!);
    else appendRemainder(bytes, spanStarts[row]!, spanEnds[row]!, isLossy, rest.sink);
    rest.endCell(cell);
  }
}

/** Sets cells of a column that holds codes when its texts are few, and the texts themselves when they are many. */
export function textFiller(
  appender: ColumnAppender,
  column: number,
  texts: readonly string[],
  textIdOf: (row: number) => number,
): (cell: number, row: number) => void {
  const cells = appender.cells(column);
  if (!(cells instanceof TextCells)) {
    const { data } = cells;
    return (cell, row) => {
      data[cell] = textIdOf(row);
    };
  }
  const encoded = texts.map(utf8FromText);
  return (cell, row) => {
    cells.sink.append(encoded[textIdOf(row)]!);
    cells.endCell(cell);
  };
}
