/** Traces of one segment in view, newest first, out of columns where those tell all that a query reads. */

import { hexFromBytes } from "../../base/bytes.ts";
import { HeldPart } from "../../base/held-bytes.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import { certainLeaves } from "../../filter/conditions/candidate-query.ts";
import type { TraceCondition } from "../../filter/conditions/condition.ts";
import { viewSummary } from "../../filter/evaluator/view-summary.ts";
import type { SpanSummer } from "../../filter/series/span-summer.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { TraceInView, ViewScan } from "../trace-reader.ts";
import { BoundSql } from "./bound-sql.ts";
import { ColumnAppender } from "./column-appender.ts";
import type { ColumnSources } from "./column-sources.ts";
import { columnSources, keyInSegment, readsColumnsOnly } from "./column-sources.ts";
import { ColumnTraceView } from "./column-trace-view.ts";
import type { ResourceMessages } from "./condition-sql.ts";
import { asksResources, ConditionSql } from "./condition-sql.ts";
import type { SegmentAttributes } from "./exact-sql.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { traceConditions } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import { listedKeysOf } from "./segment-keys.ts";
import type { SpanSumsPlan } from "./segment-span-sums.ts";
import { spanSumsPlan } from "./segment-span-sums.ts";
import { PageColumn, pageColumns, SpanPage } from "./span-page.ts";
import type { RowSql } from "./sql-logic.ts";
import { blobs } from "./stored-rows.ts";

/** Traces of the first page beyond those that are expected to be taken, and how pages grow while few of them match. */
const FIRST_PAGE_EXTRA = 8;
const PAGE_GROWTH = 8;
/** Traces of a page at most: some 100,000 spans, which is read in a quarter of a second. */
const MAX_PAGE_TRACES = 16_384;
/** Traces up to which a statement names those it wants; for more it looks them up in a table. */
const MAX_NAMED_TRACES = 512;
/** What a span takes in a page: its numbers, and its share of texts. */
const SPAN_BYTES = 160;
const NO_BYTES = new Uint8Array(0);
const NO_RESOURCES: ResourceMessages = new Map();

/** How the traces of a segment are found and read. */
export interface SegmentPlan {
  /** On a row of `traces.parquet`. */
  readonly where: RowSql;
  /** On a row of `spans.parquet`; undefined when more is asked of a trace than one such span. */
  readonly oneSpan: RowSql | undefined;
  /** Undefined when whole spans have to be read. */
  readonly sources: ColumnSources | undefined;
  readonly resources: ResourceMessages;
  /** One for each of the scan's summers, when the store can do all of their work; else none. */
  readonly sums: readonly SpanSumsPlan[];
}

/** Looks up what the plan for a segment depends on. */
export async function segmentPlan(
  { reading }: Pick<LakeSnapshot, "reading">,
  connection: ReadConnection,
  segment: Segment,
  { where, needs, summers = [] }: Pick<ViewScan, "where" | "needs" | "summers">,
): Promise<SegmentPlan> {
  const mayBeColumns = readsColumnsOnly(needs);
  const listedKeys = mayBeColumns ? await listedKeysOf(connection, segment) : undefined;
  const sources = mayBeColumns ? columnSources(segment, needs, listedKeys) : undefined;
  const asks = sources?.needsResources === true || asksResources(where);
  const keyOf = (key: string) => keyInSegment(segment.meta, key, listedKeys);
  const resources = asks ? await reading.origins.of(segment).messages(connection) : NO_RESOURCES;
  const conditions = new ConditionSql(segment, resources);
  const oneSpan = where.node === "someSpan" ? conditions.span(where.condition) : undefined;
  return {
    where: oneSpan === undefined ? conditions.trace(where) : conditions.someSpan(oneSpan),
    oneSpan,
    sources: sources?.needsResources === true && resources === undefined ? undefined : sources,
    resources: resources ?? NO_RESOURCES,
    sums: sumsPlans(summers, { keyOf, resources }),
  };
}

function sumsPlans(summers: readonly SpanSummer[], segment: SegmentAttributes): readonly SpanSumsPlan[] {
  const plans = summers.flatMap((summer) => spanSumsPlan(summer, segment) ?? []);
  return plans.length === summers.length ? plans : [];
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
    only,
  }: {
    readonly plan: SegmentPlan & { readonly sources: ColumnSources };
    readonly scan: ViewScan;
    /** Rows of `traces.parquet`, ascending: no others are given. */
    readonly only?: Uint32Array;
  },
): AsyncGenerator<TraceInView, void> {
  const read = <T>(work: (connection: ReadConnection) => Promise<T>): Promise<T | undefined> =>
    snapshot.reader.read(segment, VIEW_FILES, scan.signal, work);
  const wanted =
    only ?? (await read((connection) => wantedTraces(connection, segment, query, { plan, scan })));
  const slice = new TimeSlice(scan.signal);
  const left = wanted ?? new Uint32Array(0);
  let size = Math.min((scan.expected ?? scan.limit) + FIRST_PAGE_EXTRA, MAX_PAGE_TRACES);
  for (let start = 0; start < left.length; ) {
    const rows = left.subarray(start, start + size);
    start += rows.length;
    size = Math.min(size * PAGE_GROWTH, MAX_PAGE_TRACES);
    const held = new HeldPart(scan.held);
    const page = await read(async (connection) => ({
      ids: await traceIds(connection, segment, rows),
      spans: await readPage(connection, segment, rows, { plan, held }),
    }));
    for (const trace of page === undefined ? [] : tracesOf(page.spans, page.ids)) {
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
  if (plan.where === false) return new Uint32Array(0);
  const sql = new BoundSql();
  const ofTraces = traceConditions(sql, notAskedOfSpans(query, scan.where), scan.after);
  if (plan.where === true && ofTraces.length === 0) {
    return Uint32Array.from({ length: segment.meta.traceCount }, (_, row) => row);
  }
  const { oneSpan, where } = plan;
  const text =
    typeof oneSpan === "function" && ofTraces.length === 0
      ? tracesOfSpans(sql, segment, oneSpan)
      : tracesWhere(sql, segment, where === true ? ofTraces : [...ofTraces, where(sql)]);
  const rows: number[] = [];
  for await (const chunk of connection.chunks(text, sql.values)) {
    const numbers = chunk.getColumnVector(0);
    for (let row = 0; row < chunk.rowCount; row++) rows.push(numbers.getItem(row) as number);
  }
  return Uint32Array.from(rows).sort();
}

function tracesOfSpans(sql: BoundSql, segment: Segment, condition: (sql: BoundSql) => string): string {
  const file = sql.bind(segment.path(SegmentFile.SPANS));
  return `SELECT DISTINCT trace_row FROM read_parquet(${file}) WHERE ${condition(sql)}`;
}

function tracesWhere(sql: BoundSql, segment: Segment, conditions: readonly string[]): string {
  const file = sql.bind(segment.path(SegmentFile.TRACES));
  return `SELECT file_row_number::UINTEGER FROM read_parquet(${file}, file_row_number = true)
    WHERE ${conditions.join(" AND ")}`;
}

/** What a query asks of a trace that is not asked of its spans anyway: the conditions on those say more. */
function notAskedOfSpans(query: TraceQuery, where: TraceCondition): TraceQuery {
  const { serviceName: _service, hasErrors, minDurationNanos, ...rest } = query;
  const certain = where.node === "someSpan" ? certainLeaves(where.condition) : [];
  const asked = new Set(certain.map(({ node }) => node));
  return {
    ...rest,
    ...(hasErrors === undefined || asked.has("status") ? {} : { hasErrors }),
    ...(minDurationNanos === undefined || (asked.has("duration") && !asked.has("traceDuration"))
      ? {}
      : { minDurationNanos }),
  };
}

/** Ids by row of `traces.parquet`: there they take a fraction of what they take in `spans.parquet`. */
async function traceIds(
  connection: ReadConnection,
  segment: Segment,
  rows: Uint32Array,
): Promise<ReadonlyMap<number, string>> {
  const sql = new BoundSql();
  const file = sql.bind(segment.path(SegmentFile.TRACES));
  const condition = await pageCondition(connection, sql, rows, "file_row_number");
  const text = `SELECT file_row_number::UINTEGER, trace_id FROM read_parquet(${file}, file_row_number = true)
    WHERE ${condition}`;
  const ids = new Map<number, string>();
  for await (const chunk of connection.chunks(text, sql.values)) {
    const numbers = chunk.getColumnVector(0);
    const bytes = blobs(chunk, 1);
    for (let row = 0; row < chunk.rowCount; row++) {
      ids.set(numbers.getItem(row) as number, hexFromBytes(bytes.getItemBytes(row) ?? NO_BYTES));
    }
  }
  return ids;
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
  const condition = await pageCondition(connection, sql, rows, "trace_row");
  const page = new SpanPage(plan.sources, plan.resources);
  const text = `SELECT ${pageColumns(plan.sources)} FROM read_parquet(${file}) WHERE ${condition}`;
  for await (const chunk of connection.chunks(text, sql.values)) {
    held.add(chunk.rowCount * SPAN_BYTES);
    page.add(chunk);
  }
  return page;
}

/** Which spans belong to the traces of a page: by name, or by a table where they are many. */
async function pageCondition(
  connection: ReadConnection,
  sql: BoundSql,
  rows: Uint32Array,
  column: "trace_row" | "file_row_number",
): Promise<string> {
  const first = rows[0]!;
  const last = rows.at(-1)!;
  const range = (): string => `${column} BETWEEN ${sql.bind(first)} AND ${sql.bind(last)}`;
  if (last - first + 1 === rows.length) return range();
  if (rows.length <= MAX_NAMED_TRACES) return `${column} IN (${[...rows].join(", ")})`;
  const columns = [{ name: "trace_row", type: "u32" }] as const;
  const wanted = await ColumnAppender.create(connection.raw, { table: "wanted_rows", columns }, true);
  for (const row of rows) {
    wanted.setNumber(0, row);
    wanted.endRow();
  }
  wanted.close();
  return `${range()} AND ${column} IN (SELECT trace_row FROM wanted_rows)`;
}

/** The traces of a page, newest first; the rows of one lie side by side. */
function* tracesOf(page: SpanPage, ids: ReadonlyMap<number, string>): Generator<TraceInView, void> {
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
    const traceId = ids.get(traceRows[index]!) ?? "";
    const view = new ColumnTraceView(page, { traceId, first, spanCount: end - first });
    yield {
      traceId,
      startTimeUnixNano: view.startTimeUnixNano(0),
      view,
      summary: () => viewSummary(view),
    };
  }
}
