/** Traces of one segment in view, newest first, out of columns where those tell all that a query reads. */

import { HeldPart } from "../../base/held-bytes.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import { viewSummary } from "../../filter/evaluator/view-summary.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { TraceInView, ViewScan } from "../trace-reader.ts";
import { BoundSql } from "./bound-sql.ts";
import { ColumnAppender } from "./column-appender.ts";
import type { ColumnSources } from "./column-sources.ts";
import { columnSources, readsColumnsOnly } from "./column-sources.ts";
import { ColumnTraceView } from "./column-trace-view.ts";
import type { ResourceMessages } from "./condition-sql.ts";
import { asksResources, ConditionSql } from "./condition-sql.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { traceConditions } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import { listedKeysOf } from "./segment-keys.ts";
import { PageColumn, pageColumns, SpanPage } from "./span-page.ts";
import type { RowSql } from "./sql-logic.ts";

/** Traces of the first page beyond those that are expected to be taken, and how pages grow while few of them match. */
const FIRST_PAGE_EXTRA = 8;
const PAGE_GROWTH = 8;
/** Traces of a page at most: some 100,000 spans, which is read in a quarter of a second. */
const MAX_PAGE_TRACES = 16_384;
/** Traces up to which a statement names those it wants; for more it looks them up in a table. */
const MAX_NAMED_TRACES = 512;
/** What a span takes in a page: its numbers, and its share of texts. */
const SPAN_BYTES = 160;
const NO_RESOURCES: ResourceMessages = new Map();

/** How the traces of a segment are found and read. */
export interface SegmentPlan {
  /** On a row of `traces.parquet`. */
  readonly where: RowSql;
  /** Undefined when whole spans have to be read. */
  readonly sources: ColumnSources | undefined;
  readonly resources: ResourceMessages;
}

/** Looks up what the plan for a segment depends on. */
export async function segmentPlan(
  { reading }: Pick<LakeSnapshot, "reading">,
  connection: ReadConnection,
  segment: Segment,
  { where, needs }: Pick<ViewScan, "where" | "needs">,
): Promise<SegmentPlan> {
  const mayBeColumns = readsColumnsOnly(needs);
  const listedKeys = mayBeColumns ? await listedKeysOf(connection, segment) : undefined;
  const sources = mayBeColumns ? columnSources(segment, needs, listedKeys) : undefined;
  const asks = sources?.needsResources === true || asksResources(where);
  const resources = asks ? await reading.origins.of(segment).messages(connection) : NO_RESOURCES;
  return {
    where: new ConditionSql(segment, resources).trace(where),
    sources: sources?.needsResources === true && resources === undefined ? undefined : sources,
    resources: resources ?? NO_RESOURCES,
  };
}

/** Files that {@link segmentPlan} and the pages after it read. */
export const VIEW_FILES: readonly string[] = Object.freeze([
  SegmentFile.SPANS,
  SegmentFile.TRACES,
  SegmentFile.RESOURCES,
  SegmentFile.ATTRIBUTES,
]);

/** Traces of a segment that lie nowhere else, out of its columns. */
export async function* columnViews(
  snapshot: LakeSnapshot,
  segment: Segment,
  query: TraceQuery,
  {
    plan,
    scan,
  }: { readonly plan: SegmentPlan & { readonly sources: ColumnSources }; readonly scan: ViewScan },
): AsyncGenerator<TraceInView, void> {
  const read = <T>(work: (connection: ReadConnection) => Promise<T>): Promise<T | undefined> =>
    snapshot.reader.read(segment, VIEW_FILES, scan.signal, work);
  const wanted = await read((connection) => wantedTraces(connection, segment, query, { plan, scan }));
  const slice = new TimeSlice(scan.signal);
  const left = wanted ?? new Uint32Array(0);
  let size = Math.min((scan.expected ?? scan.limit) + FIRST_PAGE_EXTRA, MAX_PAGE_TRACES);
  for (let start = 0; start < left.length; ) {
    const rows = left.subarray(start, start + size);
    start += rows.length;
    size = Math.min(size * PAGE_GROWTH, MAX_PAGE_TRACES);
    const held = new HeldPart(scan.held);
    const page = await read((connection) => readPage(connection, segment, rows, { plan, held }));
    for (const trace of page === undefined ? [] : tracesOf(page)) {
      if (slice.isOver(8)) await slice.rest();
      if (!snapshot.shared.has(trace.traceId)) yield trace;
    }
    held.release();
  }
}

/** Rows of `traces.parquet`, newest first. */
async function wantedTraces(
  connection: ReadConnection,
  segment: Segment,
  query: TraceQuery,
  { plan, scan }: { readonly plan: SegmentPlan; readonly scan: ViewScan },
): Promise<Uint32Array> {
  const sql = new BoundSql();
  const file = sql.bind(segment.path(SegmentFile.TRACES));
  // What is asked of spans is in the plan, and better.
  const { serviceName: _, ...ofTrace } = query;
  const conditions = traceConditions(sql, ofTrace, scan.after);
  if (plan.where === false) return new Uint32Array(0);
  if (plan.where !== true) conditions.push(plan.where(sql));
  if (conditions.length === 0)
    return Uint32Array.from({ length: segment.meta.traceCount }, (_each, row) => row);
  const text = `SELECT file_row_number::UINTEGER FROM read_parquet(${file}, file_row_number = true)
    WHERE ${conditions.join(" AND ")}`;
  const rows: number[] = [];
  for await (const chunk of connection.chunks(text, sql.values)) {
    const numbers = chunk.getColumnVector(0);
    for (let row = 0; row < chunk.rowCount; row++) rows.push(numbers.getItem(row) as number);
  }
  return Uint32Array.from(rows).sort();
}

async function readPage(
  connection: ReadConnection,
  segment: Segment,
  rows: Uint32Array,
  {
    plan,
    held,
  }: { readonly plan: SegmentPlan & { readonly sources: ColumnSources }; readonly held: HeldPart },
): Promise<SpanPage> {
  const sql = new BoundSql();
  const file = sql.bind(segment.path(SegmentFile.SPANS));
  const condition = await pageCondition(connection, sql, rows);
  const page = new SpanPage(plan.sources, plan.resources);
  const text = `SELECT ${pageColumns(plan.sources)} FROM read_parquet(${file}) WHERE ${condition}`;
  for await (const chunk of connection.chunks(text, sql.values)) {
    held.add(chunk.rowCount * SPAN_BYTES);
    page.add(chunk);
  }
  return page;
}

/** Which spans belong to the traces of a page: by name, or by a table where they are many. */
async function pageCondition(connection: ReadConnection, sql: BoundSql, rows: Uint32Array): Promise<string> {
  const first = rows[0]!;
  const last = rows.at(-1)!;
  const range = (): string => `trace_row BETWEEN ${sql.bind(first)} AND ${sql.bind(last)}`;
  if (last - first + 1 === rows.length) return range();
  if (rows.length <= MAX_NAMED_TRACES) return `trace_row IN (${[...rows].join(", ")})`;
  const columns = [{ name: "trace_row", type: "u32" }] as const;
  const wanted = await ColumnAppender.create(connection.raw, { table: "wanted_rows", columns }, true);
  for (const row of rows) {
    wanted.setNumber(0, row);
    wanted.endRow();
  }
  wanted.close();
  return `${range()} AND trace_row IN (SELECT trace_row FROM wanted_rows)`;
}

/** The traces of a page, newest first; the rows of one lie side by side. */
function* tracesOf(page: SpanPage): Generator<TraceInView, void> {
  const firsts: number[] = [];
  const traceRows: number[] = [];
  for (let row = 0; row < page.rowCount; row++) {
    const traceRow = page.cell(PageColumn.TRACE_ROW, row) as number;
    if (traceRow === traceRows.at(-1)) continue;
    firsts.push(row);
    traceRows.push(traceRow);
  }
  const order = Array.from(firsts, (_, index) => index);
  order.sort((one, other) => traceRows[one]! - traceRows[other]!);
  for (const index of order) {
    const first = firsts[index]!;
    const end = firsts[index + 1] ?? page.rowCount;
    const view = new ColumnTraceView(page, first, end - first);
    yield {
      traceId: view.traceId,
      startTimeUnixNano: view.startTimeUnixNano(0),
      view,
      summary: () => viewSummary(view),
    };
  }
}
