/** Makes the summary of a segment's attributes again from its Parquet files. */

import { join } from "node:path";
import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { AttributeCounter } from "../../batch/attribute-counter.ts";
import { encodeSummary } from "./attribute-summary.ts";
import { encodedText } from "./encoded-text.ts";
import type { ReadConnection } from "./reader-pool.ts";
import { SegmentFile } from "./segment-format.ts";
import { blobs } from "./stored-rows.ts";

/** Runs while it may: lets others run, and throws when nobody wants the summary any more. */
export type Rest = (spans: number) => Promise<void>;

/**
 * The bytes of `attribute-summary.bin` for the spans in a folder.
 *
 * @param rest called after each chunk of spans
 */
export async function rebuiltSummary(
  connection: ReadConnection,
  directory: string,
  rest: Rest = () => Promise.resolve(),
): Promise<Uint8Array> {
  const counter = new AttributeCounter();
  const spans = join(directory, SegmentFile.SPANS);
  const [newest] = await connection.rows("SELECT max(start_time_unix_nano) FROM read_parquet($1)", [spans]);
  if (typeof newest?.[0] === "bigint") counter.noteStart(newest[0]);
  await countNames(connection, spans, counter);
  await countOrigins(connection, directory, "resource", (body, service, count) =>
    counter.addResource(body, 0, body.length, service, count),
  );
  await countOrigins(connection, directory, "scope", (body, _name, count) =>
    counter.addScope(body, 0, body.length, count),
  );
  for await (const chunk of connection.chunks("SELECT rest FROM read_parquet($1)", [spans])) {
    const bodies = blobs(chunk, 0);
    for (let row = 0; row < chunk.rowCount; row++) {
      const body = bodies.getItemBytes(row);
      if (body !== null && body !== undefined) counter.addSpanBody(body, 0, body.length);
    }
    await rest(chunk.rowCount);
  }
  return encodeSummary([counter]);
}

async function countNames(
  connection: ReadConnection,
  spans: string,
  counter: AttributeCounter,
): Promise<void> {
  const sql = `SELECT encode(name), encode(service_name), spans, roots FROM (
    SELECT name, service_name, count(*)::INTEGER AS spans,
      (count(*) FILTER (WHERE parent_span_id IS NULL))::INTEGER AS roots
    FROM read_parquet($1) GROUP BY name, service_name)`;
  for await (const [name, service, count, roots] of rowsOf(connection, sql, [spans])) {
    counter.addText("span:name", encodedText(name), count as number);
    counter.addRoot(encodedText(name), encodedText(service), roots as number);
  }
}

async function countOrigins(
  connection: ReadConnection,
  directory: string,
  what: "resource" | "scope",
  count: (body: Uint8Array, name: string, spans: number) => void,
): Promise<void> {
  const [file, name] =
    what === "resource" ? [SegmentFile.RESOURCES, "service_name"] : [SegmentFile.SCOPES, "name"];
  const sql = `SELECT origin.${what}, encode(origin.${name}), spans
    FROM (SELECT ${what}_id, count(*)::INTEGER AS spans FROM read_parquet($1) GROUP BY ${what}_id) AS counted
    JOIN read_parquet($2) AS origin ON origin.${what}_id = counted.${what}_id`;
  const files = [join(directory, SegmentFile.SPANS), join(directory, file)];
  for await (const [body, text, spans] of rowsOf(connection, sql, files))
    if (body instanceof DuckDBBlobValue) count(body.bytes, encodedText(text), spans as number);
}

async function* rowsOf(
  connection: ReadConnection,
  sql: string,
  files: readonly string[],
): AsyncGenerator<DuckDBValue[], void> {
  for await (const chunk of connection.chunks(sql, files)) yield* chunk.getRows();
}
