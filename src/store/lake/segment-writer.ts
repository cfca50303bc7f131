/** Writes one segment folder from a batch: all files are there, but neither synced nor under their final name. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { NameCatalogue } from "../name-catalogue.ts";
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
import { quoteSql } from "./sql-text.ts";
import { TraceFilter } from "./trace-filter.ts";

/** Sorts the spans and writes all files of a segment into `request.directory`. Syncing them is the caller's. */
export async function writeSegment(request: SealRequest, batch: SpanBatch): Promise<SegmentMeta> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${Math.ceil(request.memoryLimitBytes / (1024 * 1024))}MiB`,
    temp_directory: request.temporaryDirectory,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    // Never committed: what an appender hands over is then read where it lies, not copied into the table once more.
    await connection.run("BEGIN TRANSACTION");
    return await writeFiles(request, connection, batch);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function writeFiles(
  request: SealRequest,
  connection: DuckDBConnection,
  batch: SpanBatch,
): Promise<SegmentMeta> {
  const content = await fillSegmentTables(connection, sealRowsOf(batch), request.attributeKeys);
  const files: Record<string, SegmentFileMeta> = {};
  for (const table of FILE_TABLES) {
    const path = join(request.directory, table.file);
    // DuckDB 1.5 asks the Bloom filter of a BLOB column for another hash than it wrote: equal ids are then not found.
    await connection.run(
      `COPY (FROM ${table.table}${table.orderBy === undefined ? "" : ` ORDER BY ${table.orderBy}`})
       TO ${quoteSql(path)}
       (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${table.rowGroupRows}, WRITE_BLOOM_FILTER false)`,
    );
    await connection.run(`DROP TABLE ${table.table}`);
    files[table.file] = fileMeta(path);
  }
  const splits = await findSplits(connection, request, content);
  const rest: readonly (readonly [string, Uint8Array | string])[] = [
    [SegmentFile.TRACE_FILTER, TraceFilter.of(content).encode()],
    [SegmentFile.ATTRIBUTE_FILTER, content.attributeFilter.encode()],
    [SegmentFile.SPLITS, encodeSplits(splits)],
    [SegmentFile.OPERATIONS, await formatOperations(namesOf(batch))],
  ];
  for (const [name, bytes] of rest) {
    writeFileSync(join(request.directory, name), bytes);
    files[name] = fileMeta(join(request.directory, name));
  }
  const meta = metaOf(request, content, files);
  writeFileSync(join(request.directory, SegmentFile.META), formatSegmentMeta(meta));
  return meta;
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
    files,
  };
}

/** Size and checksum of a file just written. */
function fileMeta(path: string): SegmentFileMeta {
  const content = readFileSync(path);
  return { bytes: content.length, crc32: crc32(content) };
}
