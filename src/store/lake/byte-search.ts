/** Attribute conditions on segments of format 1, whose attributes lie in no column: a search through their bytes. */

import { typedText } from "../../filter/attribute-text.ts";
import type { AttributeCondition } from "../../filter/trace-query.ts";
import type { BoundSql } from "./bound-sql.ts";

/**
 * "The bytes in `column` hold the key, and the value where its bytes are known from its text": what every match has.
 * Also asked of `resources.parquet` of any format.
 */
export function holdsAttribute(column: string, sql: BoundSql, { key, value }: AttributeCondition): string {
  const conditions: string[] = [];
  // Values first: they are rarer than keys.
  const values = possibleBytes(value);
  if (values.length > 0) {
    conditions.push(`(${values.map((bytes) => contains(column, sql, bytes)).join(" OR ")})`);
  }
  // A replacement character may stand for bytes that are no UTF-8; then the bytes asked for are unknown.
  if (!key.includes("\uFFFD")) conditions.push(contains(column, sql, Buffer.from(key)));
  return conditions.length === 0 ? "true" : `(${conditions.join(" AND ")})`;
}

/** DuckDB searches text only, so both sides are compared as hex; a match at half a byte is a false one more. */
function contains(column: string, sql: BoundSql, bytes: Uint8Array): string {
  return `contains(hex(${column}), ${sql.bind(Buffer.from(bytes).toString("hex").toUpperCase())})`;
}

/** The bytes of which a matching value must hold some; empty when a match may look like anything. */
function possibleBytes(value: string): Uint8Array[] {
  const { integer, double } = typedText(value);
  const isNumberOrFlag =
    integer !== undefined || double !== undefined || value === "true" || value === "false";
  if (isNumberOrFlag || value === "" || value.includes("\uFFFD")) return [];
  const bytes = [Buffer.from(value)];
  const decoded = Buffer.from(value, "base64");
  if (value.length % 4 === 0 && decoded.toString("base64") === value) bytes.push(decoded);
  return bytes;
}
