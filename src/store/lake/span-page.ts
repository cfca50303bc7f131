/** Columns of many spans of one segment as the database hands them over: a cell is read when it is asked for. */

import type { DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";
import { DuckDBBlobVector } from "@duckdb/node-api";
import { ByteMemo } from "../../base/byte-memo.ts";
import { textFromUtf8 } from "../../base/utf8.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import { PairType } from "./attribute-pairs.ts";
import { quoteName } from "./column-appender.ts";
import type { ColumnSources } from "./column-sources.ts";
import type { ResourceMessages } from "./condition-sql.ts";

/** Numbers of the columns that every page has, in the order of {@link pageColumns}. */
export const PageColumn: {
  readonly TRACE_ROW: 0;
  readonly SPAN_ID: 1;
  readonly PARENT: 2;
  readonly START: 3;
  readonly DURATION: 4;
  readonly END: 5;
  readonly KIND: 6;
  readonly STATUS: 7;
  readonly NAME: 8;
  readonly SERVICE: 9;
  readonly RESOURCE_ID: 10;
} = Object.freeze({
  TRACE_ROW: 0,
  SPAN_ID: 1,
  PARENT: 2,
  START: 3,
  DURATION: 4,
  END: 5,
  KIND: 6,
  STATUS: 7,
  NAME: 8,
  SERVICE: 9,
  RESOURCE_ID: 10,
});
const FIRST_ATTRIBUTE = 11;

/** Bytes of names that texts are kept for: they come again and again. */
const MAX_MEMO_BYTES = 256 * 1024;

/** The select list of a page. */
export function pageColumns({ attributes }: ColumnSources): string {
  const own = [...attributes.values()].flatMap(({ column, type, typeColumn }) => [
    type === "text" ? `encode(${quoteName(column)})` : quoteName(column),
    ...(typeColumn === undefined ? [] : [quoteName(typeColumn)]),
  ]);
  return [
    "trace_row, span_id, parent_span_id, start_time_unix_nano, duration_nanos, end_time_unix_nano",
    "kind, status_code, encode(name), encode(service_name), resource_id",
    ...own,
  ].join(", ");
}

interface PageChunk {
  readonly start: number;
  readonly end: number;
  readonly vectors: readonly DuckDBVector[];
  /** Kept, since the vectors point into its memory and do not keep it themselves. */
  readonly chunk: DuckDBDataChunk | undefined;
}

/** Numbers of the columns of an attribute. */
interface AttributePlaces {
  readonly value: number;
  readonly type: number | undefined;
}

interface Text {
  readonly text: string;
}

/** Spans by number, in the order of the file: trace by trace, by start, then span id. */
export class SpanPage {
  readonly resources: ResourceMessages;
  readonly #places: ReadonlyMap<string, AttributePlaces>;
  readonly #chunks: PageChunk[] = [];
  readonly #texts = new ByteMemo<Text>(MAX_MEMO_BYTES);
  #current: PageChunk = { start: 0, end: 0, vectors: [], chunk: undefined };
  rowCount = 0;

  constructor({ attributes }: ColumnSources, resources: ResourceMessages) {
    this.resources = resources;
    const places = new Map<string, AttributePlaces>();
    let next = FIRST_ATTRIBUTE;
    for (const [key, { typeColumn }] of attributes) {
      places.set(key, { value: next, type: typeColumn === undefined ? undefined : next + 1 });
      next += typeColumn === undefined ? 1 : 2;
    }
    this.#places = places;
  }

  add(chunk: DuckDBDataChunk): void {
    const end = this.rowCount + chunk.rowCount;
    const vectors = Array.from({ length: chunk.columnCount }, (_, column) => chunk.getColumnVector(column));
    this.#chunks.push({ start: this.rowCount, end, vectors, chunk });
    this.rowCount = end;
  }

  /** A cell as the database has it; null for NULL. */
  cell(column: number, row: number): unknown {
    const { start, vectors } = this.#chunkOf(row);
    return vectors[column]!.getItem(row - start);
  }

  /** A cell of a column of texts, selected encoded. */
  text(column: number, row: number): string | undefined {
    const { start, vectors } = this.#chunkOf(row);
    const vector = vectors[column];
    const bytes = vector instanceof DuckDBBlobVector ? vector.getItemBytes(row - start) : null;
    if (bytes === null) return undefined;
    const { length } = bytes;
    const known = this.#texts.find(bytes, 0, length);
    if (known !== undefined) return known.text;
    return this.#texts.keep({ text: textFromUtf8(bytes, 0, length) }, bytes, 0, length).text;
  }

  /** The attribute of a span; undefined when it has none of this key. */
  attribute(key: string, row: number): AttributeValue | undefined {
    const places = this.#places.get(key);
    if (places === undefined) return undefined;
    const { vectors } = this.#chunkOf(row);
    if (!(vectors[places.value] instanceof DuckDBBlobVector)) {
      return (this.cell(places.value, row) ?? undefined) as AttributeValue | undefined;
    }
    const text = this.text(places.value, row);
    if (text === undefined || places.type === undefined) return text;
    return valueFromText(text, this.cell(places.type, row) as number);
  }

  #chunkOf(row: number): PageChunk {
    if (row >= this.#current.start && row < this.#current.end) return this.#current;
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.end <= row) low = middle + 1;
      else high = middle;
    }
    this.#current = this.#chunks[low]!;
    return this.#current;
  }
}

/** The value whose text stands in a column of several types; `type` is a number of {@link PairType}. */
export function valueFromText(text: string, type: number): AttributeValue {
  switch (type) {
    case PairType.INT:
      return BigInt(text);
    case PairType.DOUBLE:
      return Number(text);
    case PairType.BOOL:
      return text === "true";
    default:
      return text;
  }
}
