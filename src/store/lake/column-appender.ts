/** Typed arrays into a DuckDB table, a chunk at a time: no JavaScript value and no native call per cell. */

import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import type { NumberCells, TextCells } from "./column-cells.ts";
import { CHUNK_ROWS, cellsFor } from "./column-cells.ts";
import type { TableSpec } from "./segment-format.ts";

/** Rows after which the appender hands its rows to the table; more would hold them twice for longer. */
const FLUSH_ROWS = 20 * CHUNK_ROWS;

/**
 * Appends rows to one new table. For every row: set every column, then `endRow()`; or fill the cells of up to
 * {@link CHUNK_ROWS} rows column by column, then `endRows(count)`.
 *
 * Only on little-endian machines, as DuckDB's own builds for Node are.
 */
export class ColumnAppender {
  readonly #appender: DuckDBAppender;
  readonly #columns: readonly (NumberCells | TextCells)[];
  readonly #chunk: DuckDBDataChunk;
  #row = 0;
  #unflushedRows = 0;

  private constructor(appender: DuckDBAppender, columns: readonly (NumberCells | TextCells)[]) {
    this.#appender = appender;
    this.#columns = columns;
    this.#chunk = DuckDBDataChunk.create(columns.map(({ type }) => type));
  }

  /** Creates the table and an appender for it. */
  static async create(
    connection: DuckDBConnection,
    { table, columns }: Pick<TableSpec, "table" | "columns">,
    temporary = false,
  ): Promise<ColumnAppender> {
    const cells = columns.map(cellsFor);
    const list = columns.map(({ name }, index) => `${quoteName(name)} ${cells[index]!.sqlType}`).join(", ");
    await connection.run(`CREATE OR REPLACE ${temporary ? "TEMP " : ""}TABLE ${table} (${list})`);
    return new ColumnAppender(await connection.createAppender(table), cells);
  }

  /** Place in the chunk of the row that is being set. */
  get rowInChunk(): number {
    return this.#row;
  }

  /** The cells of a column. */
  cells(column: number): NumberCells | TextCells {
    return this.#columns[column]!;
  }

  /** The cells of a number column, for filling whole chunks. */
  numbers(column: number): NumberCells {
    return this.#columns[column] as NumberCells;
  }

  /** The cells of a `bytes` or `text` column, for filling whole chunks. */
  texts(column: number): TextCells {
    return this.#columns[column] as TextCells;
  }

  /** Sets a `u32` or `u8` cell, or the code of an enum. */
  setNumber(column: number, value: number): void {
    (this.#columns[column] as NumberCells).data[this.#row] = value;
  }

  /** Sets a `bytes` or `text` cell to `source[start, end)`; text is UTF-8. */
  setBytes(column: number, source: Uint8Array, start = 0, end: number = source.length): void {
    const cells = this.#columns[column] as TextCells;
    cells.sink.append(source, start, end);
    cells.endCell(this.#row);
  }

  endRow(): void {
    this.endRows(1);
  }

  /** Ends rows whose cells are filled; together no more than {@link CHUNK_ROWS} since the last full chunk. */
  endRows(count: number): void {
    this.#row += count;
    if (this.#row === CHUNK_ROWS) this.#appendChunk();
  }

  /** Hands over what is left. */
  close(): void {
    if (this.#row > 0) this.#appendChunk();
    this.#appender.closeSync();
  }

  #appendChunk(): void {
    const rows = this.#row;
    const chunk = this.#chunk;
    chunk.reset();
    chunk.rowCount = rows;
    for (const [index, column] of this.#columns.entries()) {
      column.writeTo(duckdb.data_chunk_get_vector(chunk.chunk, index), rows);
    }
    this.#appender.appendDataChunk(chunk);
    this.#row = 0;
    this.#unflushedRows += rows;
    if (this.#unflushedRows >= FLUSH_ROWS) {
      this.#appender.flushSync();
      this.#unflushedRows = 0;
    }
  }
}

/** A name as SQL takes any. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
