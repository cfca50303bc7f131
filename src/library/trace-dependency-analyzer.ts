/** Dependencies between services by the original design, with the exact answers beside them. */

import type { CriticalPath } from "../analysis/critical-path.ts";
import { criticalPath } from "../analysis/critical-path.ts";
import type { DependencyLink } from "../analysis/dependency-links.ts";
import { longestPath } from "../analysis/longest-path.ts";
import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
import { dependencyLinks } from "./dependency-links-of-trace.ts";

/** Calls from one service to another. */
export interface ServiceDependency {
  readonly fromService: string;
  readonly toService: string;
  readonly callCount: number;
}

/** Bounds of a {@link TraceDependencyAnalyzer}. */
export interface TraceDependencyAnalyzerOptions {
  /** Most pairs of services told apart. Default 100,000: more than people can look at, small enough to hold. */
  readonly maxDependencies?: number;
}

/**
 * Adds up who calls whom over the traces it is given, by the original design: a dependency is a span whose direct
 * parent belongs to another service. Uninstrumented peers, message brokers and calls of a service to itself are not in
 * it; {@link TraceDependencyAnalyzer.dependencyLinks} has them.
 *
 * @example
 * const analyzer = new TraceDependencyAnalyzer();
 * for (const trace of aggregator.completedTraces) analyzer.analyzeTrace(trace);
 * analyzer.getServiceGraph(); // { "api-gateway": ["order-service"] }
 */
export class TraceDependencyAnalyzer {
  readonly #maxDependencies: number;
  readonly #counts: Map<string, Map<string, number>> = new Map();
  #pairs = 0;
  #uncountedCalls = 0;

  constructor(options: TraceDependencyAnalyzerOptions = {}) {
    this.#maxDependencies = options.maxDependencies ?? 100_000;
  }

  /** Calls of pairs beyond `maxDependencies`, which are in no answer. */
  get uncountedCalls(): number {
    return this.#uncountedCalls;
  }

  /** Adds the dependencies of a trace; a trace given twice counts twice. */
  analyzeTrace(trace: Trace): void {
    const serviceById = new Map(trace.spans.map((span) => [span.spanId, span.serviceName]));
    for (const span of trace.spans) {
      if (span.parentSpanId === undefined) continue;
      const fromService = serviceById.get(span.parentSpanId);
      if (fromService === undefined || fromService === span.serviceName) continue;
      this.#count(fromService, span.serviceName);
    }
  }

  /** All dependencies so far, sorted by caller, then callee. */
  getDependencies(): ServiceDependency[] {
    const dependencies: ServiceDependency[] = [];
    for (const [fromService, callees] of sortedEntries(this.#counts)) {
      for (const [toService, callCount] of sortedEntries(callees)) {
        dependencies.push({ fromService, toService, callCount });
      }
    }
    return dependencies;
  }

  /** Called services by calling service, both sorted; services that call nobody are no keys. */
  getServiceGraph(): Record<string, string[]> {
    return Object.fromEntries(
      sortedEntries(this.#counts).map(([from, callees]) => [from, [...callees.keys()].sort()]),
    );
  }

  /**
   * The original design's critical path: from the root to the child with the largest summed duration, and so on. Empty
   * for a trace without a root. What the answer really waited for is {@link TraceDependencyAnalyzer.criticalPath}.
   */
  findCriticalPath(trace: Trace): Span[] {
    return longestPath(trace);
  }

  /** The exact dependency links of one trace, as the server finds them. Adds nothing to this analyzer. */
  dependencyLinks(trace: Trace): DependencyLink[] {
    return dependencyLinks(trace);
  }

  /** The exact critical path of one trace, as the server finds it. */
  criticalPath(trace: Trace): CriticalPath {
    return criticalPath(trace);
  }

  #count(fromService: string, toService: string): void {
    let callees = this.#counts.get(fromService);
    const before = callees?.get(toService);
    if (before === undefined && this.#pairs >= this.#maxDependencies) {
      this.#uncountedCalls++;
      return;
    }
    if (callees === undefined) {
      callees = new Map();
      this.#counts.set(fromService, callees);
    }
    if (before === undefined) this.#pairs++;
    callees.set(toService, (before ?? 0) + 1);
  }
}

function sortedEntries<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}
