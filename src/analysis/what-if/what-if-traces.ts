/** What if an operation were faster, over many traces. */

import type { Span } from "../../model/span.ts";
import { meanOf, quantileOfSorted } from "../quantile.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { WhatIf, WhatIfTarget } from "./what-if.ts";
import { whatIf } from "./what-if.ts";

/** Durations of roots; percentiles with linear interpolation, every number 0 for no traces. */
export interface DurationDistribution {
  readonly minMs: number;
  readonly avgMs: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Many traces as they were, and as they would have been. */
export interface WhatIfDistribution {
  readonly totalTraces: number;
  /** Traces with a span of the operation. */
  readonly matchingTraces: number;
  readonly matchingSpans: number;
  /** Over all traces. */
  readonly before: DurationDistribution;
  /** Over the same traces. */
  readonly after: DurationDistribution;
  /** Sum of the savings. */
  readonly savingNanos: bigint;
  /** Sum of the bounds on them. */
  readonly mostSavingNanos: bigint;
  /** Saving / sum of durations, 0 to 1. */
  readonly savedShare: number;
}

/** Takes one answer of {@link whatIf} after the other, all to the same question, and keeps two numbers of each. */
export class WhatIfCollector {
  readonly #before: number[] = [];
  readonly #after: number[] = [];
  #durationNanos = 0n;
  #savingNanos = 0n;
  #mostSavingNanos = 0n;
  #matchingTraces = 0;
  #matchingSpans = 0;

  /** Adds one trace. */
  add(answer: Omit<WhatIf<unknown>, "spans" | "traceId">): void {
    this.#before.push(Number(answer.durationNanos) / 1e6);
    this.#after.push(Number(answer.newDurationNanos) / 1e6);
    this.#durationNanos += answer.durationNanos;
    this.#savingNanos += answer.savingNanos;
    this.#mostSavingNanos += answer.mostSavingNanos;
    this.#matchingSpans += answer.matchingSpans;
    if (answer.matchingSpans > 0) this.#matchingTraces++;
  }

  /** The traces added so far. */
  distribution(): WhatIfDistribution {
    return {
      totalTraces: this.#before.length,
      matchingTraces: this.#matchingTraces,
      matchingSpans: this.#matchingSpans,
      before: distributionOf(this.#before),
      after: distributionOf(this.#after),
      savingNanos: this.#savingNanos,
      mostSavingNanos: this.#mostSavingNanos,
      savedShare: this.#durationNanos === 0n ? 0 : Number(this.#savingNanos) / Number(this.#durationNanos),
    };
  }
}

/**
 * How the durations of many traces would have been distributed.
 *
 * @throws what {@link whatIf} throws.
 */
export function whatIfOverTraces<S extends ForestSpan = Span>(
  traces: Iterable<{ readonly traceId: string; readonly spans: readonly S[] }>,
  target: WhatIfTarget,
): WhatIfDistribution {
  const collector = new WhatIfCollector();
  for (const trace of traces) collector.add(whatIf(trace, target, { maxSpans: 0 }));
  return collector.distribution();
}

function distributionOf(durationsMs: readonly number[]): DurationDistribution {
  const sorted = Float64Array.from(durationsMs).sort();
  return {
    minMs: sorted[0] ?? 0,
    avgMs: meanOf(sorted),
    medianMs: quantileOfSorted(sorted, 0.5),
    p90Ms: quantileOfSorted(sorted, 0.9),
    p95Ms: quantileOfSorted(sorted, 0.95),
    p99Ms: quantileOfSorted(sorted, 0.99),
    maxMs: sorted[sorted.length - 1] ?? 0,
  };
}
