/** Analyses of large traces handed to a thread of their own: a trace of a million spans takes seconds. */

import type { Worker } from "node:worker_threads";
import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { bottleneckOf } from "../analysis/bottlenecks.ts";
import type { ClockSkew, ClockSkewOptions } from "../analysis/clock-skew.ts";
import type { TraceDiff, TraceDiffOptions } from "../analysis/compare/trace-diff.ts";
import type { TraceShape } from "../analysis/compare/trace-shape.ts";
import type { LazyCriticalPath } from "../analysis/critical-path.ts";
import type { DependencyLink } from "../analysis/dependency-links.ts";
import type { TraceFindings } from "../analysis/findings/finding.ts";
import { withSpans } from "../analysis/findings/trace-findings.ts";
import type { CollectedDurations, Performance } from "../analysis/performance.ts";
import type { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import { profileFromBytesInSteps } from "../analysis/profile/profile-bytes.ts";
import type { ClockOptions } from "../analysis/trace-clocks.ts";
import type { WhatIf, WhatIfTarget } from "../analysis/what-if/what-if.ts";
import type { Metrics } from "../base/metrics.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { SpanTable } from "../batch/span-table.ts";
import { buffersOfTable, spanTable } from "../batch/span-table.ts";
import { startWorker } from "../io/worker-pool.ts";
import type { AnalysisJob, ProfileBytes } from "./analysis-jobs.ts";
import { JobThread } from "./job-thread.ts";
import { buffersOfDurations, packDurations } from "./packed-durations.ts";
import type { PathColumns } from "./path-columns.ts";
import { unpackPath } from "./path-columns.ts";

/** As many as queries may wait for their turn; each holds its table. */
const MAX_WAITING = 64;
/** Holds the spans, tree and path of a trace of 1,000,000 spans, the most that one answer may hold. */
const MAX_HEAP_MIB = 2_048;

/** The profile of one trace. */
export interface OneProfile {
  readonly profile: CallPathProfile;
  /** True when the clock of a host was set. */
  readonly isCorrected: boolean;
}

/** What is asked besides rows. */
export interface BottleneckQuestion {
  readonly thresholdMs: number;
  readonly traceDurationMs: number;
}

/**
 * The analysis thread. Rows are the distinct rows of one trace, by start, then span id; they are copied in slices and
 * stay the caller's. Every method rejects with `cancelled` when the signal aborts, which ends the work at once, with
 * `overloaded` when too many analyses wait, and with `too_large` when the work does not fit into the thread's memory.
 */
export interface AnalysisThread {
  /** What `criticalPath` gives for these spans; segments and shares are made while they are read. */
  criticalPath(
    rows: readonly SpanRow[],
    signal?: AbortSignal,
    options?: ClockOptions,
  ): Promise<LazyCriticalPath>;
  /** What `identifyBottlenecks` gives for these spans, made while it is read. */
  bottlenecks(
    rows: readonly SpanRow[],
    question: BottleneckQuestion,
    signal?: AbortSignal,
  ): Promise<Iterable<Bottleneck>>;
  /** What `dependencyLinks` gives for these spans. */
  links(rows: readonly SpanRow[], signal?: AbortSignal): Promise<readonly DependencyLink[]>;
  /** What `traceFindings` gives for these spans. */
  findings(rows: readonly SpanRow[], signal?: AbortSignal, options?: ClockOptions): Promise<TraceFindings>;
  /** What `whatIf` gives for these spans. */
  whatIf(
    rows: readonly SpanRow[],
    target: WhatIfTarget,
    signal?: AbortSignal,
    options?: ClockOptions,
  ): Promise<WhatIf>;
  /** What `clockSkew` gives for these spans. */
  clockSkew(rows: readonly SpanRow[], options: ClockSkewOptions, signal?: AbortSignal): Promise<ClockSkew>;
  /** What `performanceFrom` gives for durations over `spanCount` spans. */
  performance(collected: CollectedDurations, spanCount: number, signal?: AbortSignal): Promise<Performance>;
  /** What `traceShape` gives for these spans. */
  traceShape(rows: readonly SpanRow[], signal?: AbortSignal): Promise<TraceShape>;
  /** What `traceDiff` gives for these spans. */
  traceDiff(
    traces: { readonly reference: readonly SpanRow[]; readonly subject: readonly SpanRow[] },
    options: TraceDiffOptions,
    signal?: AbortSignal,
  ): Promise<TraceDiff>;
  /** A `CallPathProfile` of this one trace, counted with a weight. */
  profile(
    rows: readonly SpanRow[],
    weight: number,
    signal?: AbortSignal,
    options?: ClockOptions,
  ): Promise<OneProfile>;
  /** Ends the thread; what it has not done fails with `unavailable`. */
  stop(): Promise<void>;
}

/** Makes the thread's owner; the thread itself starts with the first large analysis and ends when there is none. */
export function createAnalysisThread(metrics: Metrics): AnalysisThread {
  const thread = new JobThread<AnalysisJob>({
    metrics,
    name: "analysis",
    jobs: "Analyses of large traces",
    start: startAnalysisWorker,
    maxWaiting: MAX_WAITING,
  });
  return {
    criticalPath: async (rows, signal, options) => {
      const table = await tableOf(rows, false, signal, isCorrected(options));
      const path = await thread.run(
        { kind: "critical_path", table },
        { transfer: buffersOfTable(table), signal },
      );
      return unpackPath(path as PathColumns, rows);
    },
    bottlenecks: async (rows, { thresholdMs, traceDurationMs }, signal) => {
      const table = await tableOf(rows, false, signal);
      const found = await thread.run(
        { kind: "bottlenecks", table, thresholdMs },
        { transfer: buffersOfTable(table), signal },
      );
      return {
        [Symbol.iterator]: () => bottlenecksOf(found as Int32Array, rows, traceDurationMs),
      };
    },
    links: async (rows, signal) => {
      const table = await tableOf(rows, true, signal);
      const links: DependencyLink[] = [];
      const onPart = (part: unknown): void => {
        links.push(...(part as readonly DependencyLink[]));
      };
      await thread.run({ kind: "links", table }, { transfer: buffersOfTable(table), signal, onPart });
      return links;
    },
    findings: async (rows, signal, options) => {
      const table = await tableOf(rows, true, signal, isCorrected(options));
      const found = await thread.run(
        { kind: "findings", table },
        { transfer: buffersOfTable(table), signal },
      );
      return withSpans(found as TraceFindings<number>, (index) => lazySpan(rows[index] as SpanRow));
    },
    whatIf: async (rows, target, signal, options) => {
      const table = await tableOf(rows, false, signal, isCorrected(options));
      const transfer = buffersOfTable(table);
      const answer = (await thread.run(
        { kind: "what_if", table, target },
        { transfer, signal },
      )) as WhatIf<number>;
      const spans = answer.spans.map((slack) => ({ ...slack, span: lazySpan(rows[slack.span] as SpanRow) }));
      return { ...answer, spans };
    },
    clockSkew: async (rows, options, signal) => {
      const table = await tableOf(rows, false, signal, true);
      const transfer = buffersOfTable(table);
      return (await thread.run({ kind: "clock_skew", table, options }, { transfer, signal })) as ClockSkew;
    },
    performance: async (collected, spanCount, signal) => {
      const durations = await inSlices(packDurations(collected, spanCount), new TimeSlice(signal));
      const transfer = buffersOfDurations(durations);
      return (await thread.run({ kind: "performance", durations }, { transfer, signal })) as Performance;
    },
    ...comparisonsIn(thread),
    profile: async (rows, weight, signal, options) => {
      const table = await tableOf(rows, false, signal, isCorrected(options));
      const transfer = buffersOfTable(table);
      const made = (await thread.run(
        { kind: "profile", table, weight },
        { transfer, signal },
      )) as ProfileBytes;
      const profile = await inSlices(profileFromBytesInSteps(made.bytes), new TimeSlice(signal));
      return { profile, isCorrected: made.isCorrected };
    },
    stop: () => thread.stop(),
  };
}

function comparisonsIn(thread: JobThread<AnalysisJob>): Pick<AnalysisThread, "traceShape" | "traceDiff"> {
  return {
    traceShape: async (rows, signal) => {
      const table = await tableOf(rows, false, signal, true);
      const transfer = buffersOfTable(table);
      return (await thread.run({ kind: "trace_shape", table }, { transfer, signal })) as TraceShape;
    },
    traceDiff: async ({ reference, subject }, options, signal) => {
      const tables = {
        reference: await tableOf(reference, false, signal, true),
        subject: await tableOf(subject, false, signal, true),
      };
      const transfer = [...buffersOfTable(tables.reference), ...buffersOfTable(tables.subject)];
      return (await thread.run(
        { kind: "trace_diff", ...tables, options },
        { transfer, signal },
      )) as TraceDiff;
    },
  };
}

/** Without hosts all spans of a table are of one clock. */
function isCorrected({ clock }: ClockOptions = {}): boolean {
  return clock !== "raw";
}

function tableOf(
  rows: readonly SpanRow[],
  withLinkBodies: boolean,
  signal: AbortSignal | undefined,
  withHosts = false,
): SpanTable | Promise<SpanTable> {
  return inSlices(spanTable(rows, { withLinkBodies, withHosts }), new TimeSlice(signal));
}

function* bottlenecksOf(
  found: Int32Array,
  rows: readonly SpanRow[],
  traceDurationMs: number,
): Generator<Bottleneck, void> {
  for (const index of found) yield bottleneckOf(lazySpan(rows[index] as SpanRow), traceDurationMs);
}

function startAnalysisWorker(): Worker {
  return startWorker("tracagg-analysis", {
    askedFrom: import.meta.url,
    inDist: "../../dist/src/threads/analysis-worker.js",
    maxHeapMib: MAX_HEAP_MIB,
  });
}
