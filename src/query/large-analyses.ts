/** The port for analyses of large traces, which would hold up everything else if they were done here. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import type { ClockSkew, ClockSkewOptions } from "../analysis/clock-skew.ts";
import type { TraceDiff, TraceDiffOptions } from "../analysis/compare/trace-diff.ts";
import type { TraceShape } from "../analysis/compare/trace-shape.ts";
import type { LazyCriticalPath } from "../analysis/critical-path.ts";
import type { TraceFindings } from "../analysis/findings/finding.ts";
import type { CollectedDurations, Performance } from "../analysis/performance.ts";
import type { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import type { ClockOptions } from "../analysis/trace-clocks.ts";
import type { WhatIf, WhatIfTarget } from "../analysis/what-if/what-if.ts";
import type { SpanRow } from "../batch/span-batch.ts";

/** The profile of one trace. */
export interface OneProfile {
  readonly profile: CallPathProfile;
  /** True when the clock of a host was set. */
  readonly isCorrected: boolean;
}

/**
 * Does analyses somewhere else than on the event loop. Rows are the distinct rows of one trace, by start, then span
 * id. Every method gives what the function of `src/analysis` it names would give, rejects with `cancelled` when the
 * signal aborts, and then works on nothing any more.
 */
export interface LargeAnalyses {
  /** `criticalPath`. */
  criticalPath(
    rows: readonly SpanRow[],
    signal: AbortSignal,
    options?: ClockOptions,
  ): Promise<LazyCriticalPath>;
  /** `identifyBottlenecks`. */
  bottlenecks(
    rows: readonly SpanRow[],
    question: { readonly thresholdMs: number; readonly traceDurationMs: number },
    signal: AbortSignal,
  ): Promise<Iterable<Bottleneck>>;
  /** `traceFindings`. */
  findings(rows: readonly SpanRow[], signal: AbortSignal, options?: ClockOptions): Promise<TraceFindings>;
  /** `whatIf`. */
  whatIf(
    rows: readonly SpanRow[],
    target: WhatIfTarget,
    signal: AbortSignal,
    options?: ClockOptions,
  ): Promise<WhatIf>;
  /** `clockSkew`. */
  clockSkew(rows: readonly SpanRow[], options: ClockSkewOptions, signal: AbortSignal): Promise<ClockSkew>;
  /** `performanceFrom`, over durations of `spanCount` spans. */
  performance(collected: CollectedDurations, spanCount: number, signal: AbortSignal): Promise<Performance>;
  /** `traceShape`. */
  traceShape(rows: readonly SpanRow[], signal: AbortSignal): Promise<TraceShape>;
  /** `traceDiff`. */
  traceDiff(
    traces: { readonly reference: readonly SpanRow[]; readonly subject: readonly SpanRow[] },
    options: TraceDiffOptions,
    signal: AbortSignal,
  ): Promise<TraceDiff>;
  /** A `CallPathProfile` of this one trace, counted with a weight. */
  profile(
    rows: readonly SpanRow[],
    weight: number,
    signal: AbortSignal,
    options?: ClockOptions,
  ): Promise<OneProfile>;
}
