/** Sums of many calls: how many, in error on which side, and their durations as each side saw them. */

import type { CallFacts } from "./call-facts.ts";
import { LatencySketch } from "./latency-sketch.ts";
import { stepsOfWeight, weightOfSteps } from "./weight-steps.ts";

/** Plain sums of calls. Weighted, in steps that add up exactly. */
export const CALL_COUNTS = [
  "calls",
  "errors",
  "clientErrors",
  "serverErrors",
  "pairedCalls",
  "retries",
  "clampedGaps",
] as const;
/** One of {@link CALL_COUNTS}. */
export type CallCount = (typeof CALL_COUNTS)[number];

/** Sketches of calls. */
export const CALL_SKETCHES = ["client", "server", "gap", "delay"] as const;
/** One of {@link CALL_SKETCHES}. */
export type CallSketch = (typeof CALL_SKETCHES)[number];

/** A call, or several of one kind. */
export interface CountedCall {
  readonly callCount: number;
  readonly errorCount: number;
  readonly facts: CallFacts;
}

/** What adds up of calls, in any order. */
export class CallSums {
  readonly counts: Record<CallCount, number> = {
    calls: 0,
    errors: 0,
    clientErrors: 0,
    serverErrors: 0,
    pairedCalls: 0,
    retries: 0,
    clampedGaps: 0,
  };
  /** Durations by the caller, by the callee, between the two, and waiting of messages; undefined while nothing was added. */
  readonly sketches: Record<CallSketch, LatencySketch | undefined> = {
    client: undefined,
    server: undefined,
    gap: undefined,
    delay: undefined,
  };

  /** True when nothing was added, or all that was is taken back. */
  get isEmpty(): boolean {
    return this.counts.calls === 0;
  }

  /** Adds a call, or several of one kind; with sign -1 takes back what was added so. */
  add(call: CountedCall, weight: number, sign: 1 | -1): void {
    const { counts } = this;
    const { facts } = call;
    const once = sign * weightOfSteps(stepsOfWeight(weight));
    counts.calls += once * call.callCount;
    counts.errors += once * call.errorCount;
    if (facts.isClientError) counts.clientErrors += once;
    if (facts.isServerError) counts.serverErrors += once;
    if (facts.clientNanos >= 0 && facts.serverNanos >= 0) counts.pairedCalls += once;
    if (facts.isRetry) counts.retries += once;
    if (facts.isGapClamped) counts.clampedGaps += once;
    this.#addDurations(facts, weight, sign);
  }

  /** Adds what other sums hold. */
  mergeSums(other: CallSums): void {
    const { counts } = this;
    counts.calls += other.counts.calls;
    counts.errors += other.counts.errors;
    counts.clientErrors += other.counts.clientErrors;
    counts.serverErrors += other.counts.serverErrors;
    counts.pairedCalls += other.counts.pairedCalls;
    counts.retries += other.counts.retries;
    counts.clampedGaps += other.counts.clampedGaps;
    for (const name of CALL_SKETCHES) {
      const sketch = other.sketches[name];
      if (sketch !== undefined) this.sketch(name).merge(sketch);
    }
  }

  /** The sketch of that name, made when it is not there. */
  protected sketch(name: CallSketch): LatencySketch {
    const sketch = this.sketches[name] ?? new LatencySketch();
    this.sketches[name] = sketch;
    return sketch;
  }

  /** By name, not by key: four names at one place in the code cost more than the sketches do. */
  #addDurations(
    { clientNanos, serverNanos, gapNanos, delayNanos }: CallFacts,
    weight: number,
    sign: 1 | -1,
  ): void {
    const { sketches } = this;
    if (clientNanos >= 0) {
      sketches.client ??= new LatencySketch();
      change(sketches.client, clientNanos, weight, sign);
    }
    if (serverNanos >= 0) {
      sketches.server ??= new LatencySketch();
      change(sketches.server, serverNanos, weight, sign);
    }
    if (gapNanos >= 0) {
      sketches.gap ??= new LatencySketch();
      change(sketches.gap, gapNanos, weight, sign);
    }
    if (delayNanos >= 0) {
      sketches.delay ??= new LatencySketch();
      change(sketches.delay, delayNanos, weight, sign);
    }
  }
}

function change(sketch: LatencySketch, nanos: number, weight: number, sign: 1 | -1): void {
  if (sign === 1) sketch.add(nanos, weight);
  else sketch.remove(nanos, weight);
}
