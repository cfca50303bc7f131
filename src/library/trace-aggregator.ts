/** Collects spans into traces, in memory. */

import type { ServiceStatistics } from "../analysis/service-statistics.ts";
import { ServiceStatisticsCollector } from "../analysis/service-statistics.ts";
import { TracAggError } from "../base/errors.ts";
import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
import { HeldTrace } from "./held-trace.ts";
import type { TraceSampler } from "./samplers.ts";

/** Bounds and sampling of a {@link TraceAggregator}. */
export interface TraceAggregatorOptions {
  /** Most traces held, completed or not. Default 10,000. */
  readonly maxTraces?: number;
  /** Most spans held over all traces. Default 500,000, about half a gigabyte of usual spans. */
  readonly maxSpans?: number;
  /** Decides at completion what is kept. Default: everything. */
  readonly sampler?: TraceSampler;
}

/** What to look for; an absent condition holds always. */
export interface TraceConditions {
  /** A span of this service, and, with `operationName`, the same span of that name. */
  readonly serviceName?: string | undefined;
  readonly operationName?: string | undefined;
  /** Of the trace, inclusive. */
  readonly minDurationMs?: number | undefined;
  /** Of the trace, inclusive. */
  readonly maxDurationMs?: number | undefined;
  /** True: a span of the trace has status ERROR; false: none has. */
  readonly hasErrors?: boolean | undefined;
  /** Most traces given. Default 100. */
  readonly limit?: number | undefined;
}

/**
 * What happened to the spans so far. Every span ingested is in one place:
 * `ingestedSpans = heldSpans + duplicateSpans + refusedSpans + evictedSpans + sampledOutSpans`.
 */
export interface AggregatorCounters {
  readonly ingestedSpans: number;
  readonly heldSpans: number;
  readonly heldTraces: number;
  /** Equal to a span already held; counted in no statistics. */
  readonly duplicateSpans: number;
  /** Of a trace that alone reached `maxSpans`. */
  readonly refusedSpans: number;
  /** Let go with the oldest traces to stay within the bounds. */
  readonly evictedSpans: number;
  readonly evictedTraces: number;
  /** Completed, but not wanted by the sampler. */
  readonly sampledOutSpans: number;
  readonly sampledOutTraces: number;
  /** In no statistics, because there were too many service names. */
  readonly uncountedSpans: number;
}

const DEFAULT_MAX_TRACES = 10_000;
const DEFAULT_MAX_SPANS = 500_000;
const DEFAULT_QUERY_LIMIT = 100;

/**
 * Collects spans of many services into traces, answers queries over the completed ones and keeps statistics.
 *
 * Memory is bounded: beyond `maxTraces` or `maxSpans` the traces first seen longest ago go first, completed or not,
 * and {@link TraceAggregator.counters} tells how many.
 *
 * @example
 * const aggregator = new TraceAggregator();
 * aggregator.ingestSpans([apiSpan, userSpan]);
 * const trace = aggregator.completeTrace(traceId);
 */
export class TraceAggregator {
  readonly #maxTraces: number;
  readonly #maxSpans: number;
  readonly #sampler: TraceSampler | undefined;
  readonly #statistics: ServiceStatisticsCollector = new ServiceStatisticsCollector();
  /** By trace id, in the order first seen. */
  readonly #held: Map<string, HeldTrace> = new Map();
  #heldSpans = 0;
  #ingestedSpans = 0;
  #duplicateSpans = 0;
  #refusedSpans = 0;
  #evictedSpans = 0;
  #evictedTraces = 0;
  #sampledOutSpans = 0;
  #sampledOutTraces = 0;

  /** @throws TracAggError `invalid_argument` when a bound is no whole number of 1 or more. */
  constructor(options: TraceAggregatorOptions = {}) {
    this.#maxTraces = atLeastOne("maxTraces", options.maxTraces ?? DEFAULT_MAX_TRACES);
    this.#maxSpans = atLeastOne("maxSpans", options.maxSpans ?? DEFAULT_MAX_SPANS);
    this.#sampler = options.sampler;
  }

  /**
   * Takes one span in. An equal span that is held already is counted and ignored; a span of a completed trace joins
   * that trace.
   */
  ingestSpan(span: Span): void {
    this.#ingestedSpans++;
    let held = this.#held.get(span.traceId);
    if (held?.has(span)) {
      this.#duplicateSpans++;
      return;
    }
    this.#statistics.add(span);
    this.#makeRoom(held);
    if (this.#heldSpans >= this.#maxSpans) {
      this.#refusedSpans++;
      return;
    }
    if (held === undefined) {
      held = new HeldTrace();
      this.#held.set(span.traceId, held);
    }
    held.add(span);
    this.#heldSpans++;
  }

  /** Takes spans in, of one trace or many. */
  ingestSpans(spans: Iterable<Span>): void {
    for (const span of spans) this.ingestSpan(span);
  }

  /**
   * Says that a trace is complete, so that queries find it if the sampler keeps it. May be called again: spans that
   * came in between are in the trace.
   *
   * @returns the trace, also when the sampler does not keep it; undefined when the id is unknown.
   */
  completeTrace(traceId: string): Trace | undefined {
    const held = this.#held.get(traceId);
    if (held === undefined) return undefined;
    const trace = held.trace();
    if (this.#sampler === undefined || this.#sampler.shouldKeep(trace)) {
      held.isCompleted = true;
      return trace;
    }
    this.#held.delete(traceId);
    this.#heldSpans -= held.spanCount;
    this.#sampledOutSpans += held.spanCount;
    this.#sampledOutTraces++;
    return trace;
  }

  /** Completed traces that are held, in the order first seen. A trace is a new object after spans joined it. */
  get completedTraces(): readonly Trace[] {
    const traces: Trace[] = [];
    for (const held of this.#held.values()) if (held.isCompleted) traces.push(held.trace());
    return traces;
  }

  /**
   * Completed traces that meet all conditions, newest start first.
   *
   * @throws TracAggError `invalid_argument` when the limit is no whole number of 1 or more.
   */
  queryTraces(conditions: TraceConditions = {}): Trace[] {
    const limit = atLeastOne("limit", conditions.limit ?? DEFAULT_QUERY_LIMIT);
    return this.completedTraces
      .filter((trace) => isMatch(trace, conditions))
      .sort(compareNewestFirst)
      .slice(0, limit);
  }

  /**
   * Statistics by service name over every distinct span ever ingested, also of traces that are not completed, were
   * evicted or sampled out: they say what happened, not what is still held. Of one service when `serviceName` is
   * given; then empty if that is unknown.
   */
  getServiceStatistics(serviceName?: string): Record<string, ServiceStatistics> {
    return this.#statistics.statistics(serviceName);
  }

  /** What happened to the spans so far. */
  get counters(): AggregatorCounters {
    return {
      ingestedSpans: this.#ingestedSpans,
      heldSpans: this.#heldSpans,
      heldTraces: this.#held.size,
      duplicateSpans: this.#duplicateSpans,
      refusedSpans: this.#refusedSpans,
      evictedSpans: this.#evictedSpans,
      evictedTraces: this.#evictedTraces,
      sampledOutSpans: this.#sampledOutSpans,
      sampledOutTraces: this.#sampledOutTraces,
      uncountedSpans: this.#statistics.uncountedSpans,
    };
  }

  /** Lets the oldest traces go until one more span fits; never the trace it is for. */
  #makeRoom(growing: HeldTrace | undefined): void {
    const maxOthers = growing === undefined ? this.#maxTraces - 1 : this.#maxTraces;
    for (const [traceId, held] of this.#held) {
      if (this.#held.size <= maxOthers && this.#heldSpans < this.#maxSpans) return;
      if (held === growing) continue;
      this.#held.delete(traceId);
      this.#heldSpans -= held.spanCount;
      this.#evictedSpans += held.spanCount;
      this.#evictedTraces++;
    }
  }
}

function atLeastOne(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TracAggError("invalid_argument", `${field}: expected a whole number of 1 or more, got ${value}`, {
    field,
  });
}

function isMatch(trace: Trace, conditions: TraceConditions): boolean {
  const { serviceName, operationName, minDurationMs, maxDurationMs, hasErrors } = conditions;
  if (minDurationMs !== undefined && trace.durationMs < minDurationMs) return false;
  if (maxDurationMs !== undefined && trace.durationMs > maxDurationMs) return false;
  if (hasErrors !== undefined && trace.errorCount > 0 !== hasErrors) return false;
  if (serviceName === undefined && operationName === undefined) return true;
  return trace.spans.some(
    (span) =>
      (serviceName === undefined || span.serviceName === serviceName) &&
      (operationName === undefined || span.name === operationName),
  );
}

function compareNewestFirst(left: Trace, right: Trace): number {
  if (left.startTimeUnixNano !== right.startTimeUnixNano) {
    return left.startTimeUnixNano > right.startTimeUnixNano ? -1 : 1;
  }
  return left.traceId > right.traceId ? -1 : 1;
}
