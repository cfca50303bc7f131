/** Makes the attribute filter of a segment again from its Parquet files. */

import { join } from "node:path";
import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { resourceFrom } from "../../batch/row-envelope.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import type { AttributeFilter } from "./attribute-filter.ts";
import { AttributeFilterValues, AttributePlace } from "./attribute-filter.ts";
import { listedTextsOf } from "./attribute-pairs.ts";
import { quoteName } from "./column-appender.ts";
import { encodedText } from "./encoded-text.ts";
import type { ReadConnection } from "./reader-pool.ts";
import { SegmentFile } from "./segment-format.ts";

/** The filter over all attribute values in the Parquet files of a segment. */
export async function rebuiltAttributeFilter(
  connection: ReadConnection,
  directory: string,
  columns: readonly AttributeColumn[],
): Promise<AttributeFilter> {
  const values = new AttributeFilterValues();
  const spans = join(directory, SegmentFile.SPANS);
  for (const { key, column, type } of columns) {
    const name = quoteName(column);
    const selected = type === "text" ? "encode(value)" : "value";
    const distinct = `SELECT DISTINCT ${name} AS value FROM read_parquet($1) WHERE ${name} IS NOT NULL`;
    const sql = `SELECT ${selected} FROM (${distinct})`;
    for await (const [value] of rowsOf(connection, sql, spans))
      values.add(AttributePlace.COLUMN, key, type === "text" ? encodedText(value) : String(value));
  }
  const listed = "SELECT encode(key), encode(value) FROM (SELECT DISTINCT key, value FROM read_parquet($1))";
  for await (const [key, value] of rowsOf(connection, listed, join(directory, SegmentFile.ATTRIBUTES)))
    values.add(AttributePlace.LIST, encodedText(key), encodedText(value));
  const resources = "SELECT resource FROM read_parquet($1)";
  for await (const [resource] of rowsOf(connection, resources, join(directory, SegmentFile.RESOURCES))) {
    for (const [key, text] of resourceTexts(resource)) values.add(AttributePlace.RESOURCE, key, text);
  }
  return values.filter();
}

async function* rowsOf(
  connection: ReadConnection,
  sql: string,
  file: string,
): AsyncGenerator<DuckDBValue[], void> {
  for await (const chunk of connection.chunks(sql, [file])) yield* chunk.getRows();
}

function* resourceTexts(resource: unknown): Generator<[key: string, text: string]> {
  if (!(resource instanceof DuckDBBlobValue)) return;
  const { attributes } = resourceFrom(new ProtobufReader(resource.bytes), "");
  for (const [key, value] of Object.entries(attributes)) {
    for (const text of listedTextsOf(value)) yield [key, text];
  }
}
