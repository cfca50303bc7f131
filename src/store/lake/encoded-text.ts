/** Texts out of DuckDB as they were sent. */

import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { textFromUtf8 } from "../../base/utf8.ts";

/**
 * The text of a value selected as `encode(column)`: as VARCHAR, a byte order mark at its start would be lost, since
 * DuckDB's bindings take it for a sign of the encoding.
 */
export function encodedText(value: DuckDBValue | undefined): string {
  return value instanceof DuckDBBlobValue ? textFromUtf8(value.bytes, 0, value.bytes.length) : "";
}
