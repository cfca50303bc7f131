/** A trace with what expressions may ask of it as a whole, worked out once and only when a query needs it. */

import { criticalPath } from "../../analysis/critical-path.ts";
import { selfTimes } from "../../analysis/self-time.ts";
import type { Steps } from "../../base/time-slice.ts";
import type { Span } from "../../model/span.ts";
import type { NestedSets } from "./nested-sets.ts";
import { nestedSetsOf } from "./nested-sets.ts";
import type { TraceView } from "./trace-view.ts";

/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 1_024;

/**
 * What {@link TraceFacts.prepare} can work out. `wholeSpans` is not worked out: it says that spans are read with everything
 * they have, so that columns of a store do not do.
 */
export type TraceFact = "nestedSets" | "whole" | "selfTimes" | "criticalPath" | "wholeSpans";

/** The trace as one. */
export interface WholeTrace {
  /** Latest end less earliest start; never negative. */
  readonly durationNanos: bigint;
  /** Of the earliest span without a parent, "" when there is none. */
  readonly rootName: string;
  /** Of the earliest span without a parent, "" when there is none. */
  readonly rootServiceName: string;
}

/** See the file's first line. Facts must be prepared before they are read. */
export class TraceFacts {
  readonly view: TraceView;
  #nestedSets: NestedSets | undefined;
  #whole: WholeTrace | undefined;
  #selfTimes: ReadonlyMap<Span, bigint> | undefined;
  #criticalPath: ReadonlyMap<Span, bigint> | undefined;

  constructor(view: TraceView) {
    this.view = view;
  }

  /** Works out what is not there yet. Self times and the critical path each take one step, however many spans. */
  *prepare(facts: Iterable<TraceFact>): Steps<void> {
    for (const fact of facts) {
      switch (fact) {
        case "nestedSets":
          this.#nestedSets ??= yield* nestedSetsOf(this.view);
          break;
        case "whole":
          this.#whole ??= yield* wholeOf(this.view);
          break;
        case "selfTimes":
          this.#selfTimes ??= selfTimesOf(yield* spansOf(this.view));
          yield this.view.spanCount;
          break;
        case "wholeSpans":
          break;
        case "criticalPath":
          this.#criticalPath ??= criticalPathOf(this.view.traceId, yield* spansOf(this.view));
          yield this.view.spanCount;
          break;
      }
    }
  }

  get nestedSets(): NestedSets {
    return prepared(this.#nestedSets);
  }
  get whole(): WholeTrace {
    return prepared(this.#whole);
  }

  /** Duration less what the children cover. Spans that differ in attributes alone share the time of one of them. */
  selfNanos(span: number): bigint {
    return prepared(this.#selfTimes).get(this.view.analysed(span)) ?? 0n;
  }

  /** Time of the critical path in this span. */
  criticalNanos(span: number): bigint {
    return prepared(this.#criticalPath).get(this.view.analysed(span)) ?? 0n;
  }
}

function prepared<T>(fact: T | undefined): T {
  if (fact === undefined) throw new RangeError("a fact of a trace must be prepared before it is read");
  return fact;
}

function* wholeOf(view: TraceView): Steps<WholeTrace> {
  let root = -1;
  const start = view.spanCount === 0 ? 0n : view.startTimeUnixNano(0);
  let end = start;
  for (let span = 0; span < view.spanCount; span++) {
    const ends = view.endTimeUnixNano(span);
    if (ends > end) end = ends;
    if (root === -1 && view.parentSpanId(span) === undefined) root = span;
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return {
    durationNanos: end - start,
    rootName: root === -1 ? "" : view.name(root),
    rootServiceName: root === -1 ? "" : view.serviceName(root),
  };
}

/** The spans, with the ids decoded that analyses ask for at every turn: in steps, unlike what they do then. */
function* spansOf(view: TraceView): Steps<Span[]> {
  const spans: Span[] = [];
  for (let span = 0; span < view.spanCount; span++) {
    const analysed = view.analysed(span);
    void analysed.spanId;
    void analysed.parentSpanId;
    spans.push(analysed);
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return spans;
}

function selfTimesOf(spans: readonly Span[]): Map<Span, bigint> {
  return new Map(selfTimes({ spans }).map(({ span, selfNanos }) => [span, selfNanos]));
}

function criticalPathOf(traceId: string, spans: readonly Span[]): Map<Span, bigint> {
  const nanos = new Map<Span, bigint>();
  for (const { span, durationNanos } of criticalPath({ traceId, spans }).segments) {
    if (span !== undefined) nanos.set(span, (nanos.get(span) ?? 0n) + durationNanos);
  }
  return nanos;
}
