/** One trace, or those of its spans that a filter keeps. */

import { TracAggError } from "../base/errors.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { rowSummary } from "../batch/row-summary.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { rowTraceView } from "../filter/evaluator/row-trace-view.ts";
import type { TraceView } from "../filter/evaluator/trace-view.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { matchOf } from "./run-pipeline.ts";
import { prepareQuery } from "./search-traceql.ts";
import type { StoredTrace } from "./stored-trace.ts";
import { traceRows } from "./stored-trace.ts";

/** What is kept of a trace. */
export interface SpanFilter {
  /** One spanset filter of TraceQL. */
  readonly q: string;
  /** Keeps what stands above a span that is kept, up to the root. */
  readonly keepHierarchy: boolean;
  /** Levels kept below a span that matches. */
  readonly matchDepth: number;
  /** Most levels kept above a span that matches; undefined: all of them with `keepHierarchy`, none without. */
  readonly ancestorDepth: number | undefined;
}

/** Which trace, and how much of it. */
export interface FilteredTraceRequest {
  readonly traceId: string;
  readonly filter?: SpanFilter | undefined;
  /** True: of a trace of more spans than an answer may hold the first ones are given, in place of a refusal. */
  readonly cutLarge?: boolean;
}

/** A trace, or what was kept of it. */
export interface FilteredTrace {
  /** Undefined when no span was kept. */
  readonly trace: StoredTrace | undefined;
  /** Why spans are missing that were asked for; undefined when none is. */
  readonly cut: string | undefined;
}

/** Rows looked at between two chances for others to run. */
const ROWS_PER_STEP = 2_048;

/**
 * Reads a trace and filters it.
 *
 * @throws what `storedTrace` throws, and what `searchTraceQl` throws for a query; TracAggError `invalid_argument` for a
 * query that is more than one spanset filter.
 */
export async function filteredTrace(
  context: QueryContext,
  { traceId, filter, cutLarge = false }: FilteredTraceRequest,
  running: RunningQuery,
): Promise<FilteredTrace> {
  const prepared = filter === undefined ? undefined : prepareFilter(filter.q);
  const { rows, cut } = await traceRows(context, { traceId, cutLarge }, running);
  const slice = new TimeSlice(running.signal);
  const summaryOf = async (kept: readonly SpanRow[]) => await inSlices(rowSummary(kept), slice);
  const summary = await summaryOf(rows);
  if (filter === undefined || prepared === undefined) return { trace: { summary, rows }, cut };
  const view = rowTraceView(rows);
  const match = await matchOf(prepared.q, prepared.compiled, { traceId: summary.traceId, view }, slice);
  const matched = match?.spansets.flatMap(({ spans }) => spans) ?? [];
  const kept = await inSlices(keptRows(rows, matched, filter), slice);
  if (kept.length === 0) return { trace: undefined, cut };
  return { trace: { summary: await summaryOf(kept), rows: kept }, cut };
}

function prepareFilter(q: string): ReturnType<typeof prepareQuery> {
  const prepared = prepareQuery(q);
  const { stages } = prepared.pipeline;
  if (stages.length === 1 && stages[0]?.node === "filter") return prepared;
  throw new TracAggError(
    "invalid_argument",
    "q: expected one spanset filter, such as { status = error }, since the spans of one trace are filtered",
    { field: "q" },
  );
}

function* keptRows(
  rows: readonly SpanRow[],
  matched: readonly number[],
  { keepHierarchy, matchDepth, ancestorDepth }: SpanFilter,
): Steps<readonly SpanRow[]> {
  const levelsAbove = ancestorDepth ?? (keepHierarchy ? Number.POSITIVE_INFINITY : 0);
  if (levelsAbove === 0 && matchDepth === 0) return matched.map((at) => rows[at] as SpanRow);
  const { parents, children } = yield* relativesIn(rowTraceView(rows));
  const kept = new Set(matched);
  const levelsLeft = new Map<number, number>();
  for (const at of matched) keepAbove(at, levelsAbove);
  yield rows.length;
  let level: readonly number[] = matched;
  const descended = new Set<number>();
  for (let depth = 0; depth < matchDepth && level.length > 0; depth++) {
    const below = level.flatMap((at) => (descended.has(at) ? [] : (children.get(at) ?? [])));
    for (const at of level) descended.add(at);
    for (const at of below) kept.add(at);
    level = below;
    yield below.length;
  }
  return rows.filter((_, at) => kept.has(at));

  /** Ends where an earlier walk got as far, also when spans are one another's parents. */
  function keepAbove(from: number, levels: number): void {
    let left = levels;
    for (let at = parents[from]; at !== undefined && left > 0; at = parents[at]) {
      if ((levelsLeft.get(at) ?? 0) >= left) return;
      levelsLeft.set(at, left);
      kept.add(at);
      left--;
    }
  }
}

interface Relatives {
  readonly parents: readonly (number | undefined)[];
  readonly children: ReadonlyMap<number, readonly number[]>;
}

function* relativesIn(view: TraceView): Steps<Relatives> {
  const byId = new Map<string, number>();
  for (let at = 0; at < view.spanCount; at++) {
    byId.set(view.spanId(at), at);
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  const parents: (number | undefined)[] = [];
  const children = new Map<number, number[]>();
  for (let at = 0; at < view.spanCount; at++) {
    const parentId = view.parentSpanId(at);
    const parent = parentId === undefined ? undefined : byId.get(parentId);
    parents.push(parent);
    if (parent !== undefined) {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [at]);
      else siblings.push(at);
    }
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  return { parents, children };
}
