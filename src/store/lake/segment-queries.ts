/** The questions asked of one segment, as SQL over its Parquet files. */

import type { DuckDBDataChunk, DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import type { DependencyLink, DependencyType } from "../../analysis/dependency-links.ts";
import { bytesFromHex, hexFromBytes } from "../../base/bytes.ts";
import type { HeldBytes } from "../../base/held-bytes.ts";
import { bytesOfRows } from "../../batch/row-bytes.ts";
import { traceIdOf } from "../../batch/row-ids.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { TraceKey } from "../trace-reader.ts";
import type { ServiceStatistics, StatisticsRange } from "../trace-statistics.ts";
import { BoundSql } from "./bound-sql.ts";
import { ColumnAppender } from "./column-appender.ts";
import { encodedText } from "./encoded-text.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment, StoredSegment } from "./segment.ts";
import type { SpanPlan } from "./segment-conditions.ts";
import { startRange, traceConditions } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import type { OriginCache } from "./segment-origins.ts";
import type { SegmentTraces } from "./segment-tables.ts";
import type { SharedRowCache } from "./shared-row-cache.ts";
import type { RowSql } from "./sql-logic.ts";
import { STORED_ROW_COLUMNS, StoredRows } from "./stored-rows.ts";

/** Rows or bytes after which stored rows are decoded: small enough that one decode is no stall. */
const DECODE_ROWS = 4_096;
const DECODE_BYTES = 2 * 1024 * 1024;

/** Numbers of the resources of a segment that meet a condition: few, so they are found before the spans are. */
export async function resourceIdsWhere(
  connection: ReadConnection,
  segment: Segment,
  condition: (sql: BoundSql) => string,
): Promise<readonly number[]> {
  const sql = new BoundSql();
  const file = sql.bind(segment.path(SegmentFile.RESOURCES));
  const text = `SELECT resource_id FROM read_parquet(${file}) WHERE ${condition(sql)}`;
  const rows = await connection.rows(text, sql.values);
  return rows.map(([id]) => id as number);
}

/** Trace summaries of a segment that may match, newest first, strictly after `after`. */
export async function candidateSummaries(
  connection: ReadConnection,
  segment: Segment,
  query: TraceQuery,
  options: {
    readonly plan: SpanPlan;
    /** On a row that is read with its `file_row_number`. */
    readonly where?: RowSql;
    readonly after?: TraceKey | undefined;
    readonly limit: number;
  },
): Promise<TraceSummary[]> {
  const { where = true } = options;
  if (where === false) return [];
  const sql = new BoundSql();
  const hasTraceRows = segment.meta.formatVersion > 1 && (options.plan.needsSpans || where !== true);
  const traces = sql.bind(segment.path(SegmentFile.TRACES));
  const conditions = traceConditions(sql, query, options.after);
  if (options.plan.needsSpans) {
    const spans = sql.bind(segment.path(SegmentFile.SPANS));
    const [own, other] = hasTraceRows ? ["file_row_number", "trace_row"] : ["trace_id", "trace_id"];
    const inSpans = options.plan.conditions(sql).join(" AND ");
    conditions.push(`${own} IN (SELECT ${other} FROM read_parquet(${spans}) WHERE ${inSpans})`);
  }
  if (where !== true) conditions.push(where(sql));
  const rows = await connection.rows(
    `SELECT trace_id, start_time_unix_nano, end_time_unix_nano, span_count, error_count, encode(root_service_name),
       encode(root_operation_name), services
     FROM read_parquet(${traces}${hasTraceRows ? ", file_row_number = true" : ""}) ${whereOf(conditions)}
     ORDER BY start_time_unix_nano DESC, trace_id DESC LIMIT ${Math.ceil(options.limit)}`,
    sql.values,
  );
  return rows.map(summaryFromRow);
}

function summaryFromRow(row: readonly DuckDBValue[]): TraceSummary {
  const [traceId, start, end, spanCount, errorCount, rootService, rootOperation, services] = row;
  const shares = JSON.parse(services as string) as [string, number, number][];
  return {
    traceId: hexOf(traceId),
    rootServiceName: encodedText(rootService),
    rootOperationName: encodedText(rootOperation),
    startTimeUnixNano: start as bigint,
    endTimeUnixNano: end as bigint,
    spanCount: spanCount as number,
    errorCount: errorCount as number,
    services: shares.map(([name, shareSpans, shareErrors]) => ({
      name,
      spanCount: shareSpans,
      errorCount: shareErrors,
    })),
  };
}

function hexOf(value: DuckDBValue | undefined): string {
  return value instanceof DuckDBBlobValue ? hexFromBytes(value.bytes) : "";
}

/** What stored rows are decoded with. */
export interface RowReading {
  readonly decoder: OtlpRequestDecoder;
  readonly origins: OriginCache;
  /** Rows of traces that lie in several segments. */
  readonly cache: SharedRowCache;
}

/**
 * The rows of some traces in one segment, trace by trace (ids ascending), by start within a trace. With `only`, of
 * every trace just the rows that its span conditions let through.
 */
export async function* segmentRows(
  connection: ReadConnection,
  segment: StoredSegment,
  traceIds: readonly string[],
  reading: Omit<RowReading, "cache">,
  only?: SpanPlan,
): AsyncGenerator<SpanRow[], void> {
  const sql = new BoundSql();
  const spans = sql.bind(segment.path(SegmentFile.SPANS));
  const ids = traceIds.map((traceId) => sql.bindTraceId(traceId));
  const conditions = [ids.length === 1 ? `trace_id = ${ids[0]}` : `trace_id IN (${ids.join(", ")})`];
  if (only !== undefined) conditions.push(...only.conditions(sql));
  const text = `SELECT ${STORED_ROW_COLUMNS} FROM read_parquet(${spans}) WHERE ${conditions.join(" AND ")}`;
  const stored = new StoredRows(reading.decoder);
  const origins = reading.origins.of(segment);
  for await (const chunk of connection.chunks(text, sql.values)) {
    stored.add(chunk);
    if (stored.count < DECODE_ROWS && stored.byteSize < DECODE_BYTES) continue;
    yield await decodeRows(connection, stored, origins);
  }
  if (stored.count > 0) yield await decodeRows(connection, stored, origins);
}

async function decodeRows(
  connection: ReadConnection,
  stored: StoredRows,
  origins: ReturnType<OriginCache["of"]>,
): Promise<SpanRow[]> {
  await origins.load(connection, stored.originIds());
  return stored.decode(origins);
}

/** The rows of {@link segmentRows} by trace id; `held` is told of them, and they stay counted. */
export async function rowsByTrace(
  connection: ReadConnection,
  segment: Segment,
  traceIds: readonly string[],
  reading: RowReading,
  { held, only }: { readonly held: HeldBytes; readonly only?: SpanPlan | undefined },
): Promise<Map<string, SpanRow[]>> {
  const byTrace = new Map<string, SpanRow[]>();
  const onlyId = traceIds.length === 1 ? traceIds[0] : undefined;
  for await (const rows of segmentRows(connection, segment, traceIds, reading, only)) {
    held.add(bytesOfRows(rows));
    for (const row of rows) {
      const traceId = onlyId ?? traceIdOf(row);
      const known = byTrace.get(traceId);
      if (known === undefined) byTrace.set(traceId, [row]);
      else known.push(row);
    }
  }
  return byTrace;
}

/** Of some trace ids those that really are in a segment, with their start there. */
export async function tracePlaces(
  connection: ReadConnection,
  segment: Segment,
  traceIds: Iterable<string>,
): Promise<Map<string, bigint>> {
  await fillIds(connection, traceIds);
  const rows = await connection.rows(
    "SELECT trace_id, start_time_unix_nano FROM read_parquet($1) WHERE trace_id IN (SELECT trace_id FROM ids)",
    [segment.path(SegmentFile.TRACES)],
  );
  return new Map(rows.map(([traceId, start]) => [hexOf(traceId), start as bigint]));
}

/** Fills the connection's own table `ids`. */
async function fillIds(connection: ReadConnection, traceIds: Iterable<string>): Promise<void> {
  const columns = [{ name: "trace_id", type: "bytes" }] as const;
  const ids = await ColumnAppender.create(connection.raw, { table: "ids", columns }, true);
  for (const traceId of traceIds) {
    ids.setBytes(0, bytesFromHex(traceId)!);
    ids.endRow();
  }
  ids.close();
}

/** Which traces of a segment a sum is over. */
export interface SumScope {
  readonly range: StatisticsRange;
  /** Traces left out: they are added as a whole elsewhere. */
  readonly except: ReadonlySet<string>;
}

/** True when the range takes in every trace of the segment. */
export function coversSegment(
  segment: Segment,
  { startTimeUnixNano, endTimeUnixNano }: StatisticsRange,
): boolean {
  const { minTraceStartUnixNano, maxTraceStartUnixNano } = segment.meta;
  return (
    (startTimeUnixNano === undefined || startTimeUnixNano <= minTraceStartUnixNano) &&
    (endTimeUnixNano === undefined || endTimeUnixNano > maxTraceStartUnixNano)
  );
}

async function exceptCondition(connection: ReadConnection, except: ReadonlySet<string>): Promise<string[]> {
  if (except.size === 0) return [];
  await fillIds(connection, except);
  return ["NOT EXISTS (SELECT 1 FROM ids WHERE ids.trace_id = stored.trace_id)"];
}

/** "The trace of the span is none of these", on a row of `spans.parquet`; ids are compared where they are few. */
export async function notInTraces(
  connection: ReadConnection,
  segment: Segment,
  except: ReadonlySet<string>,
): Promise<RowSql> {
  if (except.size === 0) return true;
  await fillIds(connection, except);
  return (sql) => {
    const file = sql.bind(segment.path(SegmentFile.TRACES));
    return `trace_row NOT IN (SELECT file_row_number FROM read_parquet(${file}, file_row_number = true)
      WHERE trace_id IN (SELECT trace_id FROM ids))`;
  };
}

/** Sums by service and span name; one item for each pair. */
export async function* serviceSums(
  connection: ReadConnection,
  segment: Segment,
  serviceName: string | undefined,
  { range, except }: SumScope,
): AsyncGenerator<ServiceStatistics, void> {
  const sql = new BoundSql();
  const spans = sql.bind(segment.path(SegmentFile.SPANS));
  const conditions = await exceptCondition(connection, except);
  if (serviceName !== undefined) conditions.push(`service_name = ${sql.bind(serviceName)}`);
  if (!coversSegment(segment, range)) {
    const traces = sql.bind(segment.path(SegmentFile.TRACES));
    const inRange = traceConditions(sql, startRange(range), undefined);
    conditions.push(
      `trace_id IN (SELECT trace_id FROM read_parquet(${traces}) WHERE ${inRange.join(" AND ")})`,
    );
  }
  const text = `SELECT encode(service_name), encode(name), count(*), count(*) FILTER (status_code = 2), sum(duration_nanos)
    FROM read_parquet(${spans}) AS stored ${whereOf(conditions)} GROUP BY service_name, name`;
  for await (const chunk of connection.chunks(text, sql.values)) {
    for (const [service, name, spanCount, errorCount, duration] of chunk.getRows()) {
      yield {
        serviceName: encodedText(service),
        spanCount: Number(spanCount),
        errorCount: Number(errorCount),
        totalDurationNanos: duration as bigint,
        operations: [encodedText(name)],
        operationsTruncated: false,
      };
    }
  }
}

/** Dependency links summed by caller, callee and type. */
export async function linkSums(
  connection: ReadConnection,
  segment: Segment,
  scope: SumScope,
): Promise<DependencyLink[]> {
  const sql = new BoundSql();
  const links = sql.bind(segment.path(SegmentFile.LINKS));
  const conditions =
    segment.meta.formatVersion === 1
      ? await firstFormatLinkConditions(connection, segment, sql, scope)
      : await linkConditions(connection, segment, sql, scope);
  const rows = await connection.rows(
    `SELECT encode(from_service), encode(to_service), type, sum(call_count), sum(error_count)
     FROM read_parquet(${links}) AS stored ${whereOf(conditions)} GROUP BY from_service, to_service, type`,
    sql.values,
  );
  return rows.map(([fromService, toService, type, callCount, errorCount]) => ({
    fromService: encodedText(fromService),
    toService: encodedText(toService),
    type: type as DependencyType,
    callCount: Number(callCount),
    errorCount: Number(errorCount),
  }));
}

/** Links name their trace by its row in `traces.parquet`. */
async function linkConditions(
  connection: ReadConnection,
  segment: Segment,
  sql: BoundSql,
  { range, except }: SumScope,
): Promise<string[]> {
  const inTraces = await exceptCondition(connection, except);
  if (!coversSegment(segment, range)) inTraces.push(...traceConditions(sql, startRange(range), undefined));
  if (inTraces.length === 0) return [];
  const traces = sql.bind(segment.path(SegmentFile.TRACES));
  return [
    `trace_row IN (SELECT file_row_number FROM read_parquet(${traces}, file_row_number = true) AS stored
       ${whereOf(inTraces)})`,
  ];
}

async function firstFormatLinkConditions(
  connection: ReadConnection,
  segment: Segment,
  sql: BoundSql,
  { range, except }: SumScope,
): Promise<string[]> {
  const conditions = await exceptCondition(connection, except);
  if (coversSegment(segment, range)) return conditions;
  const inRange = traceConditions(sql, startRange(range), undefined);
  return [...conditions, ...inRange.map((text) => text.replace("start_time", "trace_start_time"))];
}

/** Ids and starts of all traces, ids ascending, for files that have to be made again. */
export async function allTraces(connection: ReadConnection, tracesFile: string): Promise<SegmentTraces> {
  const chunks: DuckDBDataChunk[] = [];
  let traceCount = 0;
  for await (const chunk of connection.chunks(
    "SELECT trace_id, start_time_unix_nano FROM read_parquet($1) ORDER BY trace_id",
    [tracesFile],
  )) {
    chunks.push(chunk);
    traceCount += chunk.rowCount;
  }
  const traceIds = new Uint8Array(traceCount * 16);
  const traceStarts = new BigUint64Array(traceCount);
  let trace = 0;
  for (const [traceId, start] of chunks.flatMap((chunk) => chunk.getRows())) {
    if (traceId instanceof DuckDBBlobValue) traceIds.set(traceId.bytes, trace * 16);
    traceStarts[trace++] = start as bigint;
  }
  return { traceCount, traceIds, traceStarts };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
