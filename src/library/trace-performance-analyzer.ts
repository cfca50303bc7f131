/** Performance of traces by the original design, with answers remembered. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { identifyBottlenecks } from "../analysis/bottlenecks.ts";
import type { Performance } from "../analysis/performance.ts";
import { analyzeTraces } from "../analysis/performance.ts";
import type { Trace } from "../model/trace.ts";

/** Bounds of a {@link TracePerformanceAnalyzer}. */
export interface TracePerformanceAnalyzerOptions {
  /** Most answers remembered, for lists of traces and for the thresholds of one trace. Default 16. */
  readonly maxCachedAnswers?: number;
}

/**
 * Durations, percentiles, error rates and slowest operations of traces.
 *
 * Answers are remembered by version of the traces they are about: a trace that spans joined is another object, so an
 * answer never outlives what it was worked out from. Traces are not kept alive by it.
 *
 * @example
 * const analyzer = new TracePerformanceAnalyzer();
 * const { errorRate, slowestOperations } = analyzer.analyzeTraces(aggregator.completedTraces);
 */
export class TracePerformanceAnalyzer {
  readonly #maxCachedAnswers: number;
  readonly #versions: WeakMap<Trace, number> = new WeakMap();
  readonly #bottlenecks: WeakMap<Trace, Map<number, readonly Bottleneck[]>> = new WeakMap();
  /** Newest last. */
  readonly #answers: { readonly versions: readonly number[]; readonly performance: Performance }[] = [];
  #nextVersion = 0;

  constructor(options: TracePerformanceAnalyzerOptions = {}) {
    this.#maxCachedAnswers = options.maxCachedAnswers ?? 16;
  }

  /** Performance of the traces; all zeros for none. The answer is frozen, and the same object for the same traces. */
  analyzeTraces(traces: readonly Trace[]): Performance {
    const versions = traces.map((trace) => this.#versionOf(trace));
    const known = this.#answers.find((answer) => isSameList(answer.versions, versions));
    if (known !== undefined) return known.performance;
    const performance = analyzeTraces(traces);
    Object.freeze(performance.slowestOperations);
    Object.freeze(performance);
    this.#answers.push({ versions, performance });
    if (this.#answers.length > this.#maxCachedAnswers) this.#answers.shift();
    return performance;
  }

  /** Spans of the trace longer than `thresholdMs`, longest first. The answer is frozen. */
  identifyBottlenecks(trace: Trace, thresholdMs: number): readonly Bottleneck[] {
    let byThreshold = this.#bottlenecks.get(trace);
    if (byThreshold === undefined) {
      byThreshold = new Map();
      this.#bottlenecks.set(trace, byThreshold);
    }
    let bottlenecks = byThreshold.get(thresholdMs);
    if (bottlenecks === undefined) {
      bottlenecks = Object.freeze(identifyBottlenecks(trace, thresholdMs));
      if (byThreshold.size >= this.#maxCachedAnswers) byThreshold.clear();
      byThreshold.set(thresholdMs, bottlenecks);
    }
    return bottlenecks;
  }

  #versionOf(trace: Trace): number {
    let version = this.#versions.get(trace);
    if (version === undefined) {
      version = this.#nextVersion++;
      this.#versions.set(trace, version);
    }
    return version;
  }
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
