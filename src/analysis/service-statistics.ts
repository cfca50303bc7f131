/** Sums over the spans of each service. */

import type { Span } from "../model/span.ts";
import { durationNanosOf } from "./span-forest.ts";

/** What is known of one service. */
export interface ServiceStatistics {
  readonly spanCount: number;
  /** Spans with status ERROR. */
  readonly errorCount: number;
  readonly avgDurationMs: number;
  readonly totalDurationMs: number;
  /** Distinct span names, sorted. */
  readonly operations: readonly string[];
}

/** What service statistics need of a span. */
export type StatisticsSpan = Pick<
  Span,
  "serviceName" | "name" | "status" | "startTimeUnixNano" | "endTimeUnixNano"
>;

/** Bounds of a {@link ServiceStatisticsCollector}. */
export interface ServiceStatisticsLimits {
  /** Most services told apart. Default 10,000: far more than any system has, far less than random names would make. */
  readonly maxServices?: number;
  /** Most operations listed for one service. Default 1,000, for the same reason. */
  readonly maxOperationsPerService?: number;
}

interface Sums {
  spanCount: number;
  errorCount: number;
  totalNanos: bigint;
  readonly operations: Set<string>;
}

/** Adds spans up by service, one at a time; durations are summed as whole nanoseconds, so order does not matter. */
export class ServiceStatisticsCollector {
  readonly #sums: Map<string, Sums> = new Map();
  readonly #maxServices: number;
  readonly #maxOperations: number;
  #uncountedSpans = 0;
  #unlistedOperationSpans = 0;

  constructor(limits: ServiceStatisticsLimits = {}) {
    this.#maxServices = limits.maxServices ?? 10_000;
    this.#maxOperations = limits.maxOperationsPerService ?? 1_000;
  }

  /** Spans of services beyond `maxServices`, which are in no sum. */
  get uncountedSpans(): number {
    return this.#uncountedSpans;
  }

  /** Spans that are summed but whose operation is beyond `maxOperationsPerService` and so not listed. */
  get unlistedOperationSpans(): number {
    return this.#unlistedOperationSpans;
  }

  /** Adds one span. */
  add(span: StatisticsSpan): void {
    const sums = this.#sumsOf(span.serviceName);
    if (sums === undefined) {
      this.#uncountedSpans++;
      return;
    }
    sums.spanCount++;
    if (span.status === "ERROR") sums.errorCount++;
    sums.totalNanos += durationNanosOf(span);
    if (sums.operations.has(span.name)) return;
    if (sums.operations.size < this.#maxOperations) sums.operations.add(span.name);
    else this.#unlistedOperationSpans++;
  }

  /** Statistics by service name, sorted; only of `serviceName` when given, then empty if it is unknown. */
  statistics(serviceName?: string): Record<string, ServiceStatistics> {
    const names = serviceName === undefined ? [...this.#sums.keys()].sort() : [serviceName];
    const entries: [string, ServiceStatistics][] = [];
    for (const name of names) {
      const sums = this.#sums.get(name);
      if (sums !== undefined) entries.push([name, statisticsFrom(sums)]);
    }
    return Object.fromEntries(entries);
  }

  #sumsOf(serviceName: string): Sums | undefined {
    let sums = this.#sums.get(serviceName);
    if (sums === undefined && this.#sums.size < this.#maxServices) {
      sums = { spanCount: 0, errorCount: 0, totalNanos: 0n, operations: new Set() };
      this.#sums.set(serviceName, sums);
    }
    return sums;
  }
}

function statisticsFrom(sums: Sums): ServiceStatistics {
  const totalDurationMs = Number(sums.totalNanos) / 1e6;
  return {
    spanCount: sums.spanCount,
    errorCount: sums.errorCount,
    avgDurationMs: totalDurationMs / sums.spanCount,
    totalDurationMs,
    operations: [...sums.operations].sort(),
  };
}
