/** A selection of the traces a filter finds against the rest of them. */

import { NO_PAIR } from "../analysis/compare/attribute-pairs.ts";
import { Cohort } from "../analysis/compare/cohort.ts";
import type { CohortComparison } from "../analysis/compare/compare-cohorts.ts";
import { compareCohortsInSteps } from "../analysis/compare/compare-cohorts.ts";
import type { AttributeFact } from "../analysis/compare/trace-facts.ts";
import { AttributeFacts, attributeFact, ResourceFacts, traceTimes } from "../analysis/compare/trace-facts.ts";
import type { TraceSides } from "../analysis/compare/trace-sides.ts";
import { failedTraces, slowTraces, splitTraces, tracesAfter } from "../analysis/compare/trace-sides.ts";
import type { VersionPick } from "../analysis/compare/version-sides.ts";
import { pickVersions, tracesByVersion } from "../analysis/compare/version-sides.ts";
import { ByteMemo } from "../base/byte-memo.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import {
  attributeAt,
  resourceAttribute,
  visitResourceAttributes,
  visitSpanAttributeBytes,
} from "../batch/row-attributes.ts";
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
/** Bytes of the attributes that are decoded once: some 100,000 of usual length. */
const MAX_KNOWN_BYTES = 4 * 1024 * 1024;
/** Attribute of a resource that says which version of its service runs. */
const VERSION_KEY = "service.version";

/**
 * Which of the traces are the selection; the rest is the baseline.
 *
 * - `errors`: traces with a span in error.
 * - `slow`: the slowest `percent` by root duration.
 * - `attribute`: traces with a span that has the attribute, on itself or else on its resource.
 * - `after`: traces that start at the moment or later.
 * - `version`: traces in which the service ran in one version; the baseline are those of another, the rest is left out.
 */
export type SetSelection =
  | { readonly kind: "errors" }
  | { readonly kind: "slow"; readonly percent: number }
  | { readonly kind: "attribute"; readonly key: string; readonly value: string }
  | { readonly kind: "after"; readonly moment: string }
  | { readonly kind: "version"; readonly service: string; readonly named: Partial<VersionPick> };

/** Which versions were compared. */
export interface ComparedVersions extends VersionPick {
  readonly service: string;
  /** Traces on neither side: of other versions, of several, or of none that is known. */
  readonly otherCount: number;
}

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
  /** Traces in which the clock of a host was set. */
  readonly correctedTraces: number;
  readonly range: CoveredRange;
  /** Absent unless versions were compared. */
  readonly versions?: ComparedVersions | undefined;
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
  const query = traceQueryFrom(withService(filter, selection), range);
  const read = await readCohort(context, { query, selection }, running);
  const { truncated, leftOutCount, correctedTraces, latestStart } = read;
  const slice = new TimeSlice(running.signal);
  const divided = await divide(read, { selection, moment }, slice);
  const steps = compareCohortsInSteps(divided.cohort, divided.sides, {
    excludedKeys: excludedKeys(selection),
  });
  return {
    comparison: await inSlices(steps, slice),
    truncated,
    leftOutCount,
    correctedTraces,
    range: coveredRange(range, nowMillis, latestStart),
    versions: divided.versions,
  };
}

/** Traces without the service could be on neither side. */
function withService(filter: TraceFilter, selection: SetSelection): TraceFilter {
  if (selection.kind !== "version" || filter.serviceName !== undefined) return filter;
  return { ...filter, serviceName: selection.service };
}

/** Keys that the selection was made by. */
function excludedKeys(selection: SetSelection): readonly string[] {
  if (selection.kind === "version") return [VERSION_KEY];
  return selection.kind === "attribute" ? [selection.key] : [];
}

interface ReadCohort {
  readonly cohort: Cohort;
  /** Whether each trace has the attribute that was asked for. */
  readonly marks: readonly boolean[];
  /** Version of the service that was asked for in each trace. */
  readonly versions: readonly (string | undefined)[];
  readonly truncated: boolean;
  readonly leftOutCount: number;
  readonly correctedTraces: number;
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
  const { cohort, marks, versions, correctedTraces } = collector;
  return { cohort, marks, versions, correctedTraces, truncated, leftOutCount, latestStart };
}

/** The traces that are compared, and on which side each of them is. */
interface DividedCohort {
  readonly cohort: Cohort;
  readonly sides: TraceSides;
  readonly versions: ComparedVersions | undefined;
}

async function divide(
  read: ReadCohort,
  { selection, moment }: { readonly selection: SetSelection; readonly moment: bigint | undefined },
  slice: TimeSlice,
): Promise<DividedCohort> {
  const { cohort } = read;
  if (selection.kind !== "version") {
    return { cohort, sides: sidesOf(selection, read, moment), versions: undefined };
  }
  const { service, named } = selection;
  const traces = read.versions.map((version, trace) => ({
    version,
    startTimeUnixNano: cohort.startTimesUnixNano[trace] as bigint,
  }));
  const pick = pickVersions(traces, named);
  const { isCompared, sides } = tracesByVersion(traces, pick);
  const otherCount = traces.length - sides.sides.length;
  return {
    cohort:
      otherCount === 0
        ? cohort
        : await inSlices(
            cohort.only((trace) => isCompared[trace] === true),
            slice,
          ),
    sides,
    versions: { ...pick, service, otherCount },
  };
}

function sidesOf(
  selection: Exclude<SetSelection, { readonly kind: "version" }>,
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
  readonly versions: (string | undefined)[] = [];
  correctedTraces = 0;
  readonly #versionOf: (rows: readonly SpanRow[]) => string | undefined;
  readonly #resources = new WeakMap<ResourceEntry, ResourceFacts>();
  readonly #facts = new ByteMemo<AttributeFact>(MAX_KNOWN_BYTES);
  readonly #isMarked: (row: SpanRow) => boolean;

  constructor(selection: SetSelection) {
    const isAttribute = selection.kind === "attribute";
    this.#isMarked = isAttribute ? spanMatcher({ attributes: [selection] }) : () => false;
    this.#versionOf = selection.kind === "version" ? versionReader(selection.service) : () => undefined;
  }

  /** Adds a trace; the bytes by which the facts have grown. Work that can be done in slices. */
  *add(rows: readonly SpanRow[]): Steps<number> {
    const before = this.cohort.byteSize + this.#facts.byteSize;
    const spans = rows.map(lazySpan);
    const times = traceTimes(this.cohort, spans);
    if (times.isCorrected) this.correctedTraces++;
    const attributes = new AttributeFacts(this.cohort.attributes);
    for (const [at, row] of rows.entries()) {
      const nanos = times.criticalNanos.get(spans[at] as Span) ?? 0;
      visitSpanAttributeBytes(row, (bytes, start, end) =>
        attributes.addKnown(this.#factAt(bytes, start, end), nanos),
      );
      attributes.addResource(this.#resourceFacts(row), nanos);
      if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP * ATTRIBUTE_STEPS;
    }
    this.cohort.add({ ...times, ...attributes.facts() });
    this.marks.push(rows.some(this.#isMarked));
    this.versions.push(this.#versionOf(rows));
    return this.cohort.byteSize + this.#facts.byteSize - before;
  }

  /** Attributes that are sent in the same bytes again and again are decoded once. */
  #factAt(bytes: Uint8Array, start: number, end: number): AttributeFact {
    const known = this.#facts.find(bytes, start, end);
    if (known !== undefined) return known;
    const { key, value } = attributeAt(bytes, start, end);
    const fact = attributeFact(this.cohort.attributes, key, value);
    // What is not kept is counted each time.
    return fact.pair === NO_PAIR ? fact : this.#facts.keep(fact, bytes, start, end);
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

/** Tells in which version a service ran in a trace; undefined where it ran in none that is known, or in several. */
function versionReader(service: string): (rows: readonly SpanRow[]) => string | undefined {
  const known = new WeakMap<ResourceEntry, string>();
  const versionOf = (row: SpanRow, entry: ResourceEntry): string => {
    let version = known.get(entry);
    if (version === undefined) {
      const value = resourceAttribute(row, VERSION_KEY);
      version = typeof value === "string" ? value : "";
      known.set(entry, version);
    }
    return version;
  };
  return (rows) => {
    let found = "";
    for (const row of rows) {
      const entry = resourceEntryOf(row);
      if (entry.serviceName !== service) continue;
      const version = versionOf(row, entry);
      if (version === "" || version === found) continue;
      if (found !== "") return undefined;
      found = version;
    }
    return found === "" ? undefined : found;
  };
}
