/** Performance of many traces: durations, errors and the slowest operations, all exact. */

import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
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

/** Takes traces one at a time and keeps numbers only: 8 bytes a trace and a span. */
export class PerformanceCollector {
  readonly #durations: number[] = [];
  readonly #operations: Map<string, Map<string, number[]>> = new Map();
  #errorTraces = 0;

  /** Adds one trace. */
  add(trace: PerformanceTrace): void {
    this.#durations.push(trace.durationMs);
    if (trace.errorCount > 0) this.#errorTraces++;
    for (const span of trace.spans) this.#durationsOf(span.serviceName, span.name).push(span.durationMs);
  }

  /** Performance of the traces added so far. */
  performance(options: PerformanceOptions = {}): Performance {
    const sorted = Float64Array.from(this.#durations).sort();
    const totalTraces = sorted.length;
    return {
      totalTraces,
      errorRate: totalTraces === 0 ? 0 : this.#errorTraces / totalTraces,
      minDurationMs: sorted[0] ?? 0,
      maxDurationMs: sorted[totalTraces - 1] ?? 0,
      avgDurationMs: meanOf(sorted),
      medianDurationMs: quantileOfSorted(sorted, 0.5),
      p95DurationMs: quantileOfSorted(sorted, 0.95),
      p99DurationMs: quantileOfSorted(sorted, 0.99),
      stdDevDurationMs: sampleStandardDeviation(sorted),
      slowestOperations: this.#slowestOperations(options.maxOperations ?? DEFAULT_MAX_OPERATIONS),
    };
  }

  #slowestOperations(limit: number): OperationPerformance[] {
    const operations: OperationPerformance[] = [];
    for (const [service, byName] of this.#operations) {
      for (const [operation, durations] of byName) {
        operations.push(operationPerformance(service, operation, durations));
      }
    }
    return operations.sort(compareOperations).slice(0, limit);
  }

  #durationsOf(service: string, operation: string): number[] {
    let byName = this.#operations.get(service);
    if (byName === undefined) {
      byName = new Map();
      this.#operations.set(service, byName);
    }
    let durations = byName.get(operation);
    if (durations === undefined) {
      durations = [];
      byName.set(operation, durations);
    }
    return durations;
  }
}

function operationPerformance(
  service: string,
  operation: string,
  durations: readonly number[],
): OperationPerformance {
  const sorted = Float64Array.from(durations).sort();
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
