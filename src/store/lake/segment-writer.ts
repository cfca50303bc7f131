/** Writes one segment folder from a batch: all files are there, but neither synced nor under their final name. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { NameCatalogue } from "../name-catalogue.ts";
import { LinkShapes } from "./link-shapes.ts";
import { formatOperations } from "./operations-file.ts";
import type { SealRequest } from "./seal-request.ts";
import { sealRowsOf } from "./seal-rows.ts";
import { FILE_TABLES, SEGMENT_FORMAT_VERSION, SegmentFile } from "./segment-format.ts";
import type { SegmentFileMeta, SegmentMeta } from "./segment-meta.ts";
import { formatSegmentMeta } from "./segment-meta.ts";
import type { SegmentContent } from "./segment-tables.ts";
import { fillSegmentTables } from "./segment-tables.ts";
import { encodeSplits } from "./split-file.ts";
import { findSplits } from "./split-finder.ts";
import { TraceFilter } from "./trace-filter.ts";
import { withWritingDatabase } from "./writing-database.ts";
import { copyStatement, writeHelperFiles, writtenFile } from "./written-file.ts";

/**
 * Sorts the spans and writes all files of a segment into `request.directory`. Syncing them is the caller's.
 *
 * @param shapes - what earlier seals of the same thread worked out
 */
export async function writeSegment(
  request: SealRequest,
  batch: SpanBatch,
  shapes: LinkShapes = new LinkShapes(),
): Promise<SegmentMeta> {
  return withWritingDatabase(request, async (connection) => {
    const tables = await writeTables(connection, batch, { ...request, shapes });
    const splits = await findSplits(connection, request, tables.content);
    const helpers = writeHelperFiles(request.directory, [
      [SegmentFile.TRACE_FILTER, TraceFilter.of(tables.content).encode()],
      [SegmentFile.ATTRIBUTE_FILTER, tables.content.attributeFilter.encode()],
      [SegmentFile.ATTRIBUTE_SUMMARY, tables.content.attributeSummary],
      [SegmentFile.SPLITS, encodeSplits(splits)],
      [SegmentFile.OPERATIONS, await formatOperations(namesOf(batch))],
    ]);
    const meta = metaOf(request, tables.content, { ...tables.files, ...helpers });
    writeFileSync(join(request.directory, SegmentFile.META), formatSegmentMeta(meta));
    return meta;
  });
}

/** The Parquet files of a segment and what is in them. */
export interface WrittenTables {
  readonly content: SegmentContent;
  readonly files: Readonly<Record<string, SegmentFileMeta>>;
}

/** Writes the Parquet files for a batch into `directory`; leaves a transaction open that is never committed. */
export async function writeTables(
  connection: DuckDBConnection,
  batch: SpanBatch,
  {
    directory,
    attributeKeys,
    shapes,
  }: Pick<SealRequest, "directory" | "attributeKeys"> & { readonly shapes: LinkShapes },
): Promise<WrittenTables> {
  // Never committed: what an appender hands over is then read where it lies, not copied into the table once more.
  await connection.run("BEGIN TRANSACTION");
  const content = await fillSegmentTables(connection, sealRowsOf(batch), {
    namedKeys: attributeKeys,
    shapes,
  });
  const files: Record<string, SegmentFileMeta> = {};
  for (const table of FILE_TABLES) {
    const path = join(directory, table.file);
    await connection.run(copyStatement(table.table, path, table));
    await connection.run(`DROP TABLE ${table.table}`);
    files[table.file] = writtenFile(path);
  }
  return { content, files };
}

function namesOf(batch: SpanBatch): NameCatalogue {
  const names = new NameCatalogue();
  names.addBatch(batch);
  return names;
}

function metaOf(
  request: SealRequest,
  content: SegmentContent,
  files: Readonly<Record<string, SegmentFileMeta>>,
): SegmentMeta {
  let minTraceStartUnixNano = content.traceStarts[0] ?? 0n;
  let maxTraceStartUnixNano = minTraceStartUnixNano;
  for (const start of content.traceStarts) {
    if (start < minTraceStartUnixNano) minTraceStartUnixNano = start;
    if (start > maxTraceStartUnixNano) maxTraceStartUnixNano = start;
  }
  return {
    formatVersion: SEGMENT_FORMAT_VERSION,
    writtenBy: request.writtenBy,
    firstPosition: request.firstPosition,
    lastPosition: request.lastPosition,
    firstArrivalUnixMillis: request.firstArrivalUnixMillis,
    lastArrivalUnixMillis: request.lastArrivalUnixMillis,
    spanCount: content.spanCount,
    traceCount: content.traceCount,
    minTraceStartUnixNano,
    maxTraceStartUnixNano,
    replaces: [],
    spanColumns: content.spanColumns,
    attributeColumns: content.attributeColumns,
    ...(content.otherAttributeKeys === undefined ? {} : { otherAttributeKeys: content.otherAttributeKeys }),
    files,
  };
}
