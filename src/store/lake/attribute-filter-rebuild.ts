/** Makes the attribute filter of a segment again from its Parquet files. */

import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { resourceFrom } from "../../batch/row-envelope.ts";
import { AttributeFilter, AttributePlace } from "./attribute-filter.ts";
import { listedTextsOf } from "./attribute-pairs.ts";
import { quoteName } from "./column-appender.ts";
import type { ReaderPool } from "./reader-pool.ts";
import { SegmentFile } from "./segment-format.ts";
import type { SegmentMeta } from "./segment-meta.ts";

/** The filter over all attribute values of a finished segment. */
export function rebuiltAttributeFilter(
  pool: ReaderPool,
  directory: string,
  meta: SegmentMeta,
): Promise<AttributeFilter> {
  return pool.use(undefined, ({ raw }) => attributeFilterOfFiles(raw, directory, meta.attributeColumns));
}

async function attributeFilterOfFiles(
  connection: DuckDBConnection,
  directory: string,
  columns: SegmentMeta["attributeColumns"],
): Promise<AttributeFilter> {
  const values: [AttributePlace, key: string, text: string][] = [];
  for (const { key, column } of columns) {
    const name = quoteName(column);
    const rows = await valuesOf(
      connection,
      `SELECT DISTINCT ${name} FROM read_parquet($1) WHERE ${name} IS NOT NULL`,
      join(directory, SegmentFile.SPANS),
    );
    for (const [value] of rows) values.push([AttributePlace.COLUMN, key, String(value)]);
  }
  const listed = await valuesOf(
    connection,
    "SELECT DISTINCT key, value FROM read_parquet($1)",
    join(directory, SegmentFile.ATTRIBUTES),
  );
  for (const [key, value] of listed) values.push([AttributePlace.LIST, key as string, value as string]);
  const resources = await valuesOf(
    connection,
    "SELECT resource FROM read_parquet($1)",
    join(directory, SegmentFile.RESOURCES),
  );
  for (const [resource] of resources) {
    for (const [key, text] of resourceTexts(resource)) values.push([AttributePlace.RESOURCE, key, text]);
  }
  const filter = AttributeFilter.forValues(values.length);
  for (const [place, key, text] of values) filter.add(place, key, text);
  return filter;
}

async function valuesOf(connection: DuckDBConnection, sql: string, file: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql, [file])).getRows();
}

function* resourceTexts(resource: unknown): Generator<[key: string, text: string]> {
  if (!(resource instanceof DuckDBBlobValue)) return;
  const { attributes } = resourceFrom(new ProtobufReader(resource.bytes), "");
  for (const [key, value] of Object.entries(attributes)) {
    for (const text of listedTextsOf(value)) yield [key, text];
  }
}
