/** Traces in view over the whole lake, newest first: columns where they tell enough, whole spans elsewhere. */

import { throwIfAborted } from "../../base/time-slice.ts";
import { leavesIn } from "../../filter/conditions/condition.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import { rowsInView } from "../row-view.ts";
import type { TraceInView, ViewScan } from "../trace-reader.ts";
import { newViewTally } from "../trace-reader.ts";
import type { FoundTrace, LakeSearchOptions } from "./lake-search.ts";
import { lakeSources, segmentTraces } from "./lake-search.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { SortedSource } from "./newest-first.ts";
import { mergeNewestFirst } from "./newest-first.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { tracesWithDoubledIds } from "./segment-keys.ts";
import { notInTraces } from "./segment-queries.ts";
import { addSpanSums } from "./segment-span-sums.ts";
import type { SegmentPlan } from "./segment-views.ts";
import { columnViews, segmentPlan, VIEW_FILES } from "./segment-views.ts";
import type { RowSql } from "./sql-logic.ts";
import { allSql } from "./sql-logic.ts";

/** Traces of a snapshot, as `TraceReader.scanViews` says. */
export async function* viewLake(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  scan: ViewScan,
): AsyncGenerator<TraceInView, void> {
  const { after, signal, held, limit, expected = limit } = scan;
  const options = { after, signal, held, expected, withRows: true };
  const { hot, shared, segments } = lakeSources(snapshot, query, options);
  const ofSegments = segments.map((segment) => ({
    newestStart: segment.meta.maxTraceStartUnixNano,
    open: () => segmentViews(snapshot, segment, { query, scan, options }),
  }));
  const sources = [sourceInView(hot), sourceInView(shared), ...ofSegments];
  let left = limit;
  for await (const trace of mergeNewestFirst(sources, (each) => each)) {
    throwIfAborted(signal);
    yield trace;
    if (--left <= 0) return;
  }
}

function sourceInView({ newestStart, open }: SortedSource<FoundTrace>): SortedSource<TraceInView> {
  return { newestStart, open: () => inView(open()) };
}

async function* inView(traces: AsyncGenerator<FoundTrace, void>): AsyncGenerator<TraceInView, void> {
  for await (const { summary, rows = [] } of traces) yield rowsInView({ summary, rows });
}

interface SegmentQuestion {
  readonly query: TraceQuery;
  readonly scan: ViewScan;
  readonly options: LakeSearchOptions;
}

async function* segmentViews(
  snapshot: LakeSnapshot,
  segment: Segment,
  { query, scan, options }: SegmentQuestion,
): AsyncGenerator<TraceInView, void> {
  const tally = scan.tally ?? newViewTally();
  const plan = await planOf(snapshot, segment, scan);
  const { where = true, sources } = plan ?? {};
  if (where === false) {
    tally.segmentsPassedOver++;
    return;
  }
  if (plan === undefined || sources === undefined) {
    tally.segmentsByRows++;
    yield* inView(segmentTraces(snapshot, segment, query, options, where));
    return;
  }
  if (plan.sums.length > 0) {
    const left = await summed(snapshot, segment, plan, scan);
    tally.segmentsBySums++;
    tally.spansBySums += left.spans;
    if (left.rows.length > 0)
      yield* columnViews(snapshot, segment, query, { plan: { ...plan, sources }, scan, only: left.rows });
    return;
  }
  tally.segmentsByColumns++;
  for await (const trace of columnViews(snapshot, segment, query, { plan: { ...plan, sources }, scan })) {
    tally.tracesByColumns++;
    yield trace;
  }
}

/** Undefined for a damaged segment, and for one of format 1: its spans have neither attribute columns nor trace rows. */
async function planOf(
  snapshot: LakeSnapshot,
  segment: Segment,
  scan: ViewScan,
): Promise<SegmentPlan | undefined> {
  if (segment.meta.formatVersion === 1) return undefined;
  return await snapshot.reader.read(segment, VIEW_FILES, scan.signal, (connection) =>
    segmentPlan(snapshot, connection, segment, scan),
  );
}

/** Sums a segment up, but for traces that lie elsewhere too, and those in which a root is not what it seems. */
async function summed(
  snapshot: LakeSnapshot,
  segment: Segment,
  { sums }: SegmentPlan,
  { signal }: ViewScan,
): Promise<{ readonly spans: number; readonly rows: Uint32Array }> {
  const asksRoots = sums.some(({ summer }) =>
    leavesIn(summer.request.condition).some(({ node }) => node === "root"),
  );
  const shared = snapshot.sharedIn(segment);
  const done = await snapshot.reader.read(segment, VIEW_FILES, signal, async (connection) => {
    const rows = asksRoots ? await tracesWithDoubledIds(connection, segment) : new Uint32Array(0);
    const isKept = await keptSpans(connection, segment, shared, rows);
    let spans = 0;
    for (const plan of sums) spans += await addSpanSums(connection, segment, plan, { isKept, signal });
    return { spans, rows };
  });
  return done ?? { spans: 0, rows: new Uint32Array(0) };
}

/** "The span is of no trace that is left out." */
async function keptSpans(
  connection: ReadConnection,
  segment: Segment,
  shared: ReadonlySet<string>,
  rows: Uint32Array,
): Promise<RowSql> {
  const notShared = await notInTraces(connection, segment, shared);
  const notDoubled: RowSql = rows.length === 0 || (() => `trace_row NOT IN (${rows.join(", ")})`);
  return allSql(notShared, notDoubled);
}
