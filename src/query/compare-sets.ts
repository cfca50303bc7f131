/** A selection of the traces a filter finds against the rest of them. */

import { Cohort } from "../analysis/compare/cohort.ts";
import type { CohortComparison } from "../analysis/compare/compare-cohorts.ts";
import { compareCohortsInSteps } from "../analysis/compare/compare-cohorts.ts";
import { AttributeFacts, ResourceFacts, traceTimes } from "../analysis/compare/trace-facts.ts";
import type { TraceSides } from "../analysis/compare/trace-sides.ts";
import { failedTraces, slowTraces, splitTraces, tracesAfter } from "../analysis/compare/trace-sides.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { visitResourceAttributes, visitSpanAttributes } from "../batch/row-attributes.ts";
import { resourceEntryOf } from "../batch/row-names.ts";
import type { ResourceEntry, SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { spanMatcher } from "../filter/evaluate.ts";
import type { Span } from "../model/span.ts";
import { unixNanoFromText } from "./moment-text.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** Rows whose attributes are read between two chances for others to run. */
const ROWS_PER_STEP = 256;
/** What reading the attributes of a span costs beside looking at its columns. */
const ATTRIBUTE_STEPS = 8;

/**
 * Which of the traces are the selection; the rest is the baseline.
 *
 * - `errors`: traces with a span in error.
 * - `slow`: the slowest `percent` by root duration.
 * - `attribute`: traces with a span that has the attribute, on itself or else on its resource.
 * - `after`: traces that start at the moment or later.
 */
export type SetSelection =
  | { readonly kind: "errors" }
  | { readonly kind: "slow"; readonly percent: number }
  | { readonly kind: "attribute"; readonly key: string; readonly value: string }
  | { readonly kind: "after"; readonly moment: string };

/** Which traces, and how they are divided. */
export interface CompareSetsRequest {
  readonly filter: TraceFilter;
  readonly selection: SetSelection;
}

/** How the sets differ, and which traces were looked at. */
export interface SetComparison {
  readonly comparison: CohortComparison;
  /** True when more traces match than were compared, the newest. */
  readonly truncated: boolean;
  /** Traces of more than 4,096 spans, which are not compared. */
  readonly leftOutCount: number;
  readonly range: CoveredRange;
}

/**
 * Compares a selection of the matching traces with the rest, newest first, up to the limits on traces and spans of one
 * answer.
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations, or the moment, make no sense.
 */
export async function compareSets(
  context: QueryContext,
  { filter, selection }: CompareSetsRequest,
  running: RunningQuery,
): Promise<SetComparison> {
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  const moment =
    selection.kind === "after" ? unixNanoFromText(selection.moment, "splitAt", nowMillis) : undefined;
  const read = await readCohort(context, { query: traceQueryFrom(filter, range), selection }, running);
  const { cohort, truncated, leftOutCount, latestStart } = read;
  const sides = sidesOf(selection, read, moment);
  const excludedKeys = selection.kind === "attribute" ? [selection.key] : [];
  const steps = compareCohortsInSteps(cohort, sides, { excludedKeys });
  return {
    comparison: await inSlices(steps, new TimeSlice(running.signal)),
    truncated,
    leftOutCount,
    range: coveredRange(range, nowMillis, latestStart),
  };
}

interface ReadCohort {
  readonly cohort: Cohort;
  /** Whether each trace has the attribute that was asked for. */
  readonly marks: readonly boolean[];
  readonly truncated: boolean;
  readonly leftOutCount: number;
  readonly latestStart: bigint;
}

async function readCohort(
  context: QueryContext,
  request: { readonly query: ReturnType<typeof traceQueryFrom>; readonly selection: SetSelection },
  { signal, held }: RunningQuery,
): Promise<ReadCohort> {
  const { maxTracesAnalysed, maxSpansCompared } = context.answerLimits;
  const collector = new RowCollector(request.selection);
  const slice = new TimeSlice(signal);
  let traces = 0;
  let spans = 0;
  let truncated = false;
  let leftOutCount = 0;
  let latestStart = 0n;
  // One trace more than is compared says whether there are more.
  for await (const { summary, rows } of context.reader.scan(request.query, {
    limit: maxTracesAnalysed + 1,
    signal,
    held,
  })) {
    spans += rows.length;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansCompared && traces > 0);
    if (truncated) break;
    traces++;
    if (summary.startTimeUnixNano > latestStart) latestStart = summary.startTimeUnixNano;
    if (rows.length > MAX_SPANS_AT_ONCE) leftOutCount++;
    else held.add(await inSlices(collector.add(rows), slice));
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return { cohort: collector.cohort, marks: collector.marks, truncated, leftOutCount, latestStart };
}

function sidesOf(
  selection: SetSelection,
  { cohort, marks }: ReadCohort,
  moment: bigint | undefined,
): TraceSides {
  switch (selection.kind) {
    case "errors":
      return failedTraces(cohort);
    case "slow":
      return slowTraces(cohort, selection.percent / 100);
    case "attribute":
      return splitTraces(cohort, (trace) => marks[trace] === true);
    case "after":
      return tracesAfter(cohort, moment as bigint);
  }
}

/** Facts of traces from their rows: attributes are read from the bytes, those of a resource once. */
class RowCollector {
  readonly cohort: Cohort = new Cohort();
  readonly marks: boolean[] = [];
  readonly #resources = new WeakMap<ResourceEntry, ResourceFacts>();
  readonly #isMarked: (row: SpanRow) => boolean;

  constructor(selection: SetSelection) {
    const isAttribute = selection.kind === "attribute";
    this.#isMarked = isAttribute ? spanMatcher({ attributes: [selection] }) : () => false;
  }

  /** Adds a trace; the bytes by which the facts have grown. Work that can be done in slices. */
  *add(rows: readonly SpanRow[]): Steps<number> {
    const before = this.cohort.byteSize;
    const spans = rows.map(lazySpan);
    const times = traceTimes(this.cohort, spans);
    const attributes = new AttributeFacts(this.cohort.attributes);
    for (const [at, row] of rows.entries()) {
      const nanos = times.criticalNanos.get(spans[at] as Span) ?? 0;
      visitSpanAttributes(row, (key, value) => attributes.add(key, value, nanos));
      attributes.addResource(this.#resourceFacts(row), nanos);
      if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP * ATTRIBUTE_STEPS;
    }
    this.cohort.add({ ...times, ...attributes.facts() });
    this.marks.push(rows.some(this.#isMarked));
    return this.cohort.byteSize - before;
  }

  #resourceFacts(row: SpanRow): ResourceFacts {
    const entry = resourceEntryOf(row);
    const known = this.#resources.get(entry);
    if (known !== undefined) return known;
    const facts = new ResourceFacts(this.cohort.attributes);
    visitResourceAttributes(row, (key, value) => facts.add(key, value));
    this.#resources.set(entry, facts);
    return facts;
  }
}
