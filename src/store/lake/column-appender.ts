/** Typed arrays into a DuckDB table, a chunk at a time: no JavaScript value and no native call per cell. */

import type { DuckDBAppender, DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { BLOB, DuckDBDataChunk, UBIGINT, UINTEGER, UTINYINT, VARCHAR } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { ByteSink } from "./byte-sink.ts";
import type { ColumnSpec, ColumnType, TableSpec } from "./segment-format.ts";

/** Rows of a DuckDB vector. */
const CHUNK_ROWS = 2_048;
/** Rows after which the appender hands its rows to the table; more would hold them twice for longer. */
const FLUSH_ROWS = 20 * CHUNK_ROWS;
/** Size of a `duckdb_string_t`, and the longest string kept inside one (DuckDB C API, `duckdb_string_t`). */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;

const SQL_TYPES: Readonly<Record<ColumnType, string>> = Object.freeze({
  bytes: "BLOB",
  text: "VARCHAR",
  u64: "UBIGINT",
  u32: "UINTEGER",
  u8: "UTINYINT",
});

const CHUNK_TYPES: Readonly<Record<ColumnType, DuckDBType>> = Object.freeze({
  bytes: BLOB,
  text: VARCHAR,
  u64: UBIGINT,
  u32: UINTEGER,
  u8: UTINYINT,
});

/** A cell's bytes. */
class BytesColumn {
  readonly #heap = new ByteSink();
  readonly #ends = new Uint32Array(CHUNK_ROWS);
  readonly #strings = new Uint8Array(CHUNK_ROWS * STRING_BYTES);
  readonly #stringView = new DataView(this.#strings.buffer);

  /** Where the bytes of the next cell go; the cell ends with {@link BytesColumn.endCell}. */
  get sink(): ByteSink {
    return this.#heap;
  }

  endCell(row: number): void {
    this.#ends[row] = this.#heap.length;
  }

  /**
   * Copies all cells into the vector with one call: the whole heap goes in as the string of row 0, DuckDB then tells
   * (in that row's `duckdb_string_t`) where its own copy lies, and every row is made to point into that copy.
   */
  writeTo(vector: duckdb.Vector, rows: number): void {
    while (this.#heap.length <= INLINE_BYTES) this.#heap.appendByte(0);
    duckdb.vector_assign_string_element_len(vector, 0, this.#heap.bytes.subarray(0, this.#heap.length));
    const first = duckdb.vector_get_data(vector, STRING_BYTES);
    const address = new DataView(first.buffer, first.byteOffset, STRING_BYTES).getBigUint64(8, true);
    const { bytes } = this.#heap;
    let start = 0;
    for (let row = 0; row < rows; row++) {
      const end = this.#ends[row]!;
      this.#writeString(row * STRING_BYTES, bytes, start, end, address);
      start = end;
    }
    duckdb.copy_data_to_vector(vector, 0, this.#strings.buffer as ArrayBuffer, 0, rows * STRING_BYTES);
    this.#heap.clear();
  }

  #writeString(at: number, bytes: Uint8Array, start: number, end: number, address: bigint): void {
    const length = end - start;
    this.#stringView.setUint32(at, length, true);
    const inline = length <= INLINE_BYTES ? length : 4;
    for (let index = 0; index < inline; index++) this.#strings[at + 4 + index] = bytes[start + index]!;
    if (length > INLINE_BYTES) {
      this.#stringView.setBigUint64(at + 8, address + BigInt(start), true);
      return;
    }
    // DuckDB compares short strings as whole words: what is not text must be zero.
    for (let index = length; index < INLINE_BYTES; index++) this.#strings[at + 4 + index] = 0;
  }
}

type NumberColumn = BigUint64Array | Uint32Array | Uint8Array;

function newNumberColumn(type: ColumnType): NumberColumn {
  if (type === "u64") return new BigUint64Array(CHUNK_ROWS);
  return type === "u32" ? new Uint32Array(CHUNK_ROWS) : new Uint8Array(CHUNK_ROWS);
}

/**
 * Appends rows to one new table. For every row: set every column, then `endRow()`.
 *
 * Only on little-endian machines, as DuckDB's own builds for Node are.
 */
export class ColumnAppender {
  readonly #appender: DuckDBAppender;
  readonly #specs: readonly ColumnSpec[];
  readonly #columns: readonly (BytesColumn | NumberColumn)[];
  readonly #types: readonly DuckDBType[];
  #row = 0;
  #unflushedRows = 0;

  private constructor(appender: DuckDBAppender, specs: readonly ColumnSpec[]) {
    this.#appender = appender;
    this.#specs = specs;
    this.#types = specs.map(({ type }) => CHUNK_TYPES[type]);
    this.#columns = specs.map(({ type }) =>
      type === "bytes" || type === "text" ? new BytesColumn() : newNumberColumn(type),
    );
  }

  /** Creates the table and an appender for it. */
  static async create(
    connection: DuckDBConnection,
    { table, columns }: Pick<TableSpec, "table" | "columns">,
    temporary = false,
  ): Promise<ColumnAppender> {
    const list = columns.map(({ name, type }) => `${name} ${SQL_TYPES[type]}`).join(", ");
    await connection.run(`CREATE OR REPLACE ${temporary ? "TEMP " : ""}TABLE ${table} (${list})`);
    return new ColumnAppender(await connection.createAppender(table), columns);
  }

  /** Sets a `u64` cell. */
  setU64(column: number, value: bigint): void {
    (this.#columns[column] as BigUint64Array)[this.#row] = value;
  }

  /** Sets a `u32` or `u8` cell. */
  setNumber(column: number, value: number): void {
    (this.#columns[column] as Uint32Array | Uint8Array)[this.#row] = value;
  }

  /** Sets a `bytes` or `text` cell to `source[start, end)`; text is UTF-8. */
  setBytes(column: number, source: Uint8Array, start = 0, end: number = source.length): void {
    const cells = this.#columns[column] as BytesColumn;
    cells.sink.append(source, start, end);
    cells.endCell(this.#row);
  }

  /** Sets a `bytes` cell to whatever `write` appends. */
  writeBytes(column: number, write: (sink: ByteSink) => void): void {
    const cells = this.#columns[column] as BytesColumn;
    write(cells.sink);
    cells.endCell(this.#row);
  }

  endRow(): void {
    this.#row++;
    if (this.#row === CHUNK_ROWS) this.#appendChunk();
  }

  /** Hands over what is left. */
  close(): void {
    if (this.#row > 0) this.#appendChunk();
    this.#appender.closeSync();
  }

  #appendChunk(): void {
    const rows = this.#row;
    const chunk = DuckDBDataChunk.create(this.#types, rows);
    for (const [index, column] of this.#columns.entries()) {
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, index);
      if (column instanceof BytesColumn) column.writeTo(vector, rows);
      else {
        const bytes = rows * column.BYTES_PER_ELEMENT;
        duckdb.copy_data_to_vector(vector, 0, column.buffer as ArrayBuffer, column.byteOffset, bytes);
      }
    }
    this.#appender.appendDataChunk(chunk);
    this.#row = 0;
    this.#unflushedRows += rows;
    if (this.#unflushedRows >= FLUSH_ROWS) {
      this.#appender.flushSync();
      this.#unflushedRows = 0;
    }
  }

  /** The columns in order, for messages. */
  get columnNames(): readonly string[] {
    return this.#specs.map(({ name }) => name);
  }
}
