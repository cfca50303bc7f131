/** Performance of many traces: durations, errors and the slowest operations, all exact. */

import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
import type { DurationColumns, OperationNumbers } from "../model/trace-durations.ts";
import { meanOf, quantileOfSorted, sampleStandardDeviation } from "./quantile.ts";

/** Durations of one operation of one service. */
export interface OperationPerformance {
  readonly operation: string;
  readonly service: string;
  /** Spans. */
  readonly count: number;
  readonly avgMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Durations and errors of many traces; every number is 0 for no traces. */
export interface Performance {
  readonly totalTraces: number;
  /** Traces with a span in error / traces, 0 to 1. */
  readonly errorRate: number;
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
  readonly avgDurationMs: number;
  readonly medianDurationMs: number;
  /** With linear interpolation, as all percentiles here. */
  readonly p95DurationMs: number;
  readonly p99DurationMs: number;
  /** Of the sample (divisor n - 1); 0 for fewer than two traces. */
  readonly stdDevDurationMs: number;
  /** By p95, slowest first, then by service and operation. */
  readonly slowestOperations: readonly OperationPerformance[];
}

/** What performance needs of a trace. */
export type PerformanceTrace = Pick<Trace, "durationMs" | "errorCount"> & {
  readonly spans: readonly Pick<Span, "serviceName" | "name" | "durationMs">[];
};

/** How much an analysis tells. */
export interface PerformanceOptions {
  /** Most operations listed; an answer beyond that is for no reader. Default 1,000. */
  readonly maxOperations?: number;
}

const DEFAULT_MAX_OPERATIONS = 1_000;

/**
 * Performance of the given traces.
 *
 * @example
 * const { p95DurationMs, slowestOperations } = analyzeTraces(traces);
 */
export function analyzeTraces(
  traces: Iterable<PerformanceTrace>,
  options: PerformanceOptions = {},
): Performance {
  const collector = new PerformanceCollector();
  for (const trace of traces) collector.add(trace);
  return collector.performance(options);
}

/** Durations over many traces, before figures are made of them. */
export interface CollectedDurations {
  /** In milliseconds, one a trace; sorted in place by {@link performanceFrom}. */
  readonly traceDurationsMs: Float64Array;
  /** Traces with a span in error. */
  readonly errorTraces: number;
  readonly operations: Iterable<OperationDurations>;
}

/** Durations of one operation of one service, in milliseconds; sorted in place by {@link performanceFrom}. */
export interface OperationDurations {
  readonly service: string;
  readonly operation: string;
  readonly durationsMs: Float64Array;
}

/** Takes traces one at a time and keeps numbers only: 8 bytes a trace and a span. */
export class PerformanceCollector implements OperationNumbers {
  readonly #durations: number[] = [];
  readonly #numbers: Map<string, Map<string, number>> = new Map();
  /** By number. */
  readonly #operations: {
    readonly service: string;
    readonly operation: string;
    readonly durations: number[];
  }[] = [];
  #errorTraces = 0;
  #spanCount = 0;

  /** Spans added so far. */
  get spanCount(): number {
    return this.#spanCount;
  }

  /** Adds one trace. */
  add(trace: PerformanceTrace): void {
    this.addTrace(trace);
    this.addDurations({
      operations: Int32Array.from(trace.spans, (span) => this.numberOf(span.serviceName, span.name)),
      durationsMs: Float64Array.from(trace.spans, (span) => span.durationMs),
    });
  }

  /** Adds a trace without its spans. */
  addTrace({ durationMs, errorCount }: Pick<PerformanceTrace, "durationMs" | "errorCount">): void {
    this.#durations.push(durationMs);
    if (errorCount > 0) this.#errorTraces++;
  }

  /** Adds durations of spans of a trace added by {@link PerformanceCollector.addTrace}; operations are {@link numberOf}. */
  addDurations({ operations, durationsMs }: DurationColumns): void {
    this.#spanCount += operations.length;
    for (let at = 0; at < operations.length; at++) {
      this.#operations[operations[at] as number]?.durations.push(durationsMs[at] as number);
    }
  }

  /** The number of an operation of a service. */
  numberOf(service: string, operation: string): number {
    let byName = this.#numbers.get(service);
    if (byName === undefined) {
      byName = new Map();
      this.#numbers.set(service, byName);
    }
    let number = byName.get(operation);
    if (number === undefined) {
      number = this.#operations.length;
      byName.set(operation, number);
      this.#operations.push({ service, operation, durations: [] });
    }
    return number;
  }

  /** What was added so far; each reading of it is a copy. */
  collected(): CollectedDurations {
    return {
      traceDurationsMs: new Float64Array(this.#durations),
      errorTraces: this.#errorTraces,
      operations: this.#collectedOperations(),
    };
  }

  /** Performance of the traces added so far. */
  performance(options: PerformanceOptions = {}): Performance {
    return performanceFrom(this.collected(), options);
  }

  *#collectedOperations(): Generator<OperationDurations, void> {
    for (const { service, operation, durations } of this.#operations) {
      yield { service, operation, durationsMs: new Float64Array(durations) };
    }
  }
}

/** The figures of collected durations. */
export function performanceFrom(
  { traceDurationsMs, errorTraces, operations }: CollectedDurations,
  { maxOperations = DEFAULT_MAX_OPERATIONS }: PerformanceOptions = {},
): Performance {
  const sorted = traceDurationsMs.sort();
  const totalTraces = sorted.length;
  const slowest: OperationPerformance[] = [];
  for (const operation of operations) slowest.push(operationPerformance(operation));
  return {
    totalTraces,
    errorRate: totalTraces === 0 ? 0 : errorTraces / totalTraces,
    minDurationMs: sorted[0] ?? 0,
    maxDurationMs: sorted[totalTraces - 1] ?? 0,
    avgDurationMs: meanOf(sorted),
    medianDurationMs: quantileOfSorted(sorted, 0.5),
    p95DurationMs: quantileOfSorted(sorted, 0.95),
    p99DurationMs: quantileOfSorted(sorted, 0.99),
    stdDevDurationMs: sampleStandardDeviation(sorted),
    slowestOperations: slowest.sort(compareOperations).slice(0, maxOperations),
  };
}

function operationPerformance({ service, operation, durationsMs }: OperationDurations): OperationPerformance {
  const sorted = durationsMs.sort();
  return {
    operation,
    service,
    count: sorted.length,
    avgMs: meanOf(sorted),
    p95Ms: quantileOfSorted(sorted, 0.95),
    p99Ms: quantileOfSorted(sorted, 0.99),
    maxMs: sorted[sorted.length - 1] ?? 0,
  };
}

function compareOperations(left: OperationPerformance, right: OperationPerformance): number {
  if (left.p95Ms !== right.p95Ms) return right.p95Ms - left.p95Ms;
  if (left.service !== right.service) return left.service < right.service ? -1 : 1;
  return left.operation < right.operation ? -1 : 1;
}
