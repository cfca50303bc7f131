/** One column of a chunk on its way into DuckDB: filled cell by cell in typed arrays, handed over with a call or two. */

import type { DuckDBType } from "@duckdb/node-api";
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  ENUM,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { ByteSink } from "./byte-sink.ts";
import type { ColumnSpec } from "./segment-format.ts";
import { quoteSql } from "./sql-text.ts";

/** Rows of a DuckDB vector. */
export const CHUNK_ROWS = 2_048;
/** Size of a `duckdb_string_t`, and the longest string kept inside one (DuckDB C API, `duckdb_string_t`). */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;
/** Most members of a DuckDB enum whose codes take one byte, or two. */
const MAX_BYTE_CODES = 255;
const MAX_SHORT_CODES = 65_535;

/** Cells of fixed width; a `u64`, `i64` or `f64` is also there as two 32-bit words, so that no bigint is made. */
export type NumberArray = Uint32Array | Uint16Array | Uint8Array;

/** What every column of a chunk can do. */
export interface Cells {
  /** DuckDB's type for the vector. */
  readonly type: DuckDBType;
  /** The type in a `CREATE TABLE`. */
  readonly sqlType: string;
  /** Copies the first `rows` cells into the vector and starts anew. */
  writeTo(vector: duckdb.Vector, rows: number): void;
}

/** Which cells of a chunk hold a value; all do unless somebody says otherwise. */
class Validity {
  readonly #bits = new Uint8Array(CHUNK_ROWS / 8);

  setValid(row: number): void {
    this.#bits[row >>> 3]! |= 1 << (row & 7);
  }

  setNull(row: number): void {
    this.#bits[row >>> 3]! &= ~(1 << (row & 7));
  }

  writeTo(vector: duckdb.Vector): void {
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(
      vector,
      0,
      this.#bits.buffer as ArrayBuffer,
      0,
      this.#bits.byteLength,
    );
    this.#bits.fill(0);
  }
}

interface NumberForm {
  readonly type: DuckDBType;
  readonly sqlType: string;
  readonly bytes: 1 | 2 | 4 | 8;
}

const NUMBER_FORMS: Readonly<Record<string, NumberForm>> = Object.freeze({
  u64: { type: UBIGINT, sqlType: "UBIGINT", bytes: 8 },
  i64: { type: BIGINT, sqlType: "BIGINT", bytes: 8 },
  f64: { type: DOUBLE, sqlType: "DOUBLE", bytes: 8 },
  u32: { type: UINTEGER, sqlType: "UINTEGER", bytes: 4 },
  u16: { type: USMALLINT, sqlType: "USMALLINT", bytes: 2 },
  u8: { type: UTINYINT, sqlType: "UTINYINT", bytes: 1 },
  bool: { type: BOOLEAN, sqlType: "BOOLEAN", bytes: 1 },
});

/** Numbers, booleans and enum codes. */
export class NumberCells implements Cells {
  readonly type: DuckDBType;
  readonly sqlType: string;
  /** One element a cell; of 8-byte cells two, low word first. */
  readonly data: NumberArray;
  readonly #cellBytes: number;
  readonly #validity: Validity | undefined;

  constructor(form: NumberForm, isNullable: boolean) {
    this.type = form.type;
    this.sqlType = form.sqlType;
    this.#cellBytes = form.bytes;
    if (form.bytes === 1) this.data = new Uint8Array(CHUNK_ROWS);
    else if (form.bytes === 2) this.data = new Uint16Array(CHUNK_ROWS);
    else this.data = new Uint32Array((CHUNK_ROWS * form.bytes) / 4);
    this.#validity = isNullable ? new Validity() : undefined;
  }

  /** Says that a cell of a nullable column holds a value; the others of the chunk are NULL. */
  setValid(row: number): void {
    this.#validity?.setValid(row);
  }

  /** Takes that back. */
  setNull(row: number): void {
    this.#validity?.setNull(row);
  }

  writeTo(vector: duckdb.Vector, rows: number): void {
    const { buffer, byteOffset } = this.data;
    duckdb.copy_data_to_vector(vector, 0, buffer as ArrayBuffer, byteOffset, rows * this.#cellBytes);
    this.#validity?.writeTo(vector);
  }
}

/** Text and bytes. */
export class TextCells implements Cells {
  readonly type: DuckDBType;
  readonly sqlType: string;
  readonly #heap = new ByteSink();
  readonly #ends = new Uint32Array(CHUNK_ROWS);
  readonly #strings = new Uint8Array(CHUNK_ROWS * STRING_BYTES);
  readonly #words = new Uint32Array(this.#strings.buffer);
  readonly #validity: Validity | undefined;

  constructor(isText: boolean, isNullable: boolean) {
    this.type = isText ? VARCHAR : BLOB;
    this.sqlType = isText ? "VARCHAR" : "BLOB";
    this.#validity = isNullable ? new Validity() : undefined;
  }

  /** Where the bytes of the next cell go; the cell ends with {@link TextCells.endCell}. */
  get sink(): ByteSink {
    return this.#heap;
  }

  /** Ends a cell; rows are ended in order, every one of them. */
  endCell(row: number): void {
    this.#ends[row] = this.#heap.length;
  }

  /** As {@link NumberCells.setValid}. */
  setValid(row: number): void {
    this.#validity?.setValid(row);
  }

  /**
   * Copies all cells into the vector with one call: the whole heap goes in as the string of row 0, DuckDB then tells
   * (in that row's `duckdb_string_t`) where its own copy lies, and every row is made to point into that copy.
   */
  writeTo(vector: duckdb.Vector, rows: number): void {
    const heap = this.#heap;
    while (heap.length <= INLINE_BYTES) heap.appendByte(0);
    duckdb.vector_assign_string_element_len(vector, 0, heap.bytes.subarray(0, heap.length));
    const first = duckdb.vector_get_data(vector, STRING_BYTES);
    const address = new DataView(first.buffer, first.byteOffset, STRING_BYTES);
    const place = { low: address.getUint32(8, true), high: address.getUint32(12, true) };
    let start = 0;
    for (let row = 0; row < rows; row++) {
      const end = this.#ends[row]!;
      this.#writeString(row, start, end, place);
      start = end;
    }
    duckdb.copy_data_to_vector(vector, 0, this.#strings.buffer as ArrayBuffer, 0, rows * STRING_BYTES);
    this.#validity?.writeTo(vector);
    heap.clear();
  }

  #writeString(
    row: number,
    start: number,
    end: number,
    place: { readonly low: number; readonly high: number },
  ): void {
    const { bytes } = this.#heap;
    const at = row * STRING_BYTES;
    const length = end - start;
    this.#words[row * 4] = length;
    const inline = length <= INLINE_BYTES ? length : 4;
    for (let index = 0; index < inline; index++) this.#strings[at + 4 + index] = bytes[start + index]!;
    if (length > INLINE_BYTES) {
      const low = place.low + start;
      this.#words[row * 4 + 2] = low;
      this.#words[row * 4 + 3] = place.high + (low > 0xffff_ffff ? 1 : 0);
      return;
    }
    // DuckDB compares short strings as whole words: what is not text must be zero.
    for (let index = length; index < INLINE_BYTES; index++) this.#strings[at + 4 + index] = 0;
  }
}

/** The cells for a column. */
export function cellsFor({ type, isNullable = false, members = [] }: ColumnSpec): NumberCells | TextCells {
  if (type === "bytes" || type === "text") return new TextCells(type === "text", isNullable);
  if (type !== "enum") return new NumberCells(NUMBER_FORMS[type]!, isNullable);
  // As DuckDB chooses the width of an enum's codes.
  const bytes = members.length <= MAX_BYTE_CODES ? 1 : members.length <= MAX_SHORT_CODES ? 2 : 4;
  const sqlType = `ENUM(${members.map(quoteSql).join(", ")})`;
  return new NumberCells({ type: ENUM(members), sqlType, bytes }, isNullable);
}
