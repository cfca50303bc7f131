/** Analyses of large traces handed to a thread of their own: a trace of a million spans takes seconds. */

import type { Worker } from "node:worker_threads";
import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { bottleneckOf } from "../analysis/bottlenecks.ts";
import type { DependencyLink } from "../analysis/dependency-links.ts";
import type { CollectedDurations, Performance } from "../analysis/performance.ts";
import type { Metrics } from "../base/metrics.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { buffersOfTable, spanTable } from "../batch/span-table.ts";
import { startWorker, WorkerPool } from "../io/worker-pool.ts";
import type { AnalysisJob } from "./analysis-jobs.ts";
import { buffersOfDurations, packDurations } from "./packed-durations.ts";
import type { PathColumns, UnpackedPath } from "./path-columns.ts";
import { unpackPath } from "./path-columns.ts";

/** As many as queries may wait for their turn; each holds its table. */
const MAX_WAITING = 64;
const IDLE_MILLIS = 30_000;
/** Holds the spans, tree and path of a trace of 1,000,000 spans, the most that one answer may hold. */
const MAX_HEAP_MIB = 2_048;

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
  criticalPath(rows: readonly SpanRow[], signal?: AbortSignal): Promise<UnpackedPath>;
  /** What `identifyBottlenecks` gives for these spans, made while it is read. */
  bottlenecks(
    rows: readonly SpanRow[],
    question: BottleneckQuestion,
    signal?: AbortSignal,
  ): Promise<Iterable<Bottleneck>>;
  /** What `dependencyLinks` gives for these spans. */
  links(rows: readonly SpanRow[], signal?: AbortSignal): Promise<readonly DependencyLink[]>;
  /** What `performanceFrom` gives for durations over `spanCount` spans. */
  performance(collected: CollectedDurations, spanCount: number, signal?: AbortSignal): Promise<Performance>;
  /** Ends the thread; what it has not done fails with `unavailable`. */
  stop(): Promise<void>;
}

/** Makes the thread's owner; the thread itself starts with the first large analysis and ends when there is none. */
export function createAnalysisThread(metrics: Metrics): AnalysisThread {
  const pool = new WorkerPool({
    start: startAnalysisWorker,
    maxThreads: 1,
    maxWaiting: MAX_WAITING,
    idleMillis: IDLE_MILLIS,
  });
  const jobs = metrics.counter({
    name: "tracagg_analysis_thread_jobs_total",
    help: "Analyses of large traces done in a thread of their own.",
    labelNames: ["kind"],
  });
  metrics.gauge(
    { name: "tracagg_analysis_thread_waiting", help: "Analyses of large traces that wait for the thread." },
    () => pool.waiting,
  );
  const run = async (
    job: AnalysisJob,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal | undefined,
    onPart?: (part: unknown) => void,
  ): Promise<unknown> => {
    const answer = await pool.run(job, {
      transfer,
      ...(signal === undefined ? {} : { signal }),
      ...(onPart === undefined ? {} : { onPart }),
    });
    jobs.add(1, { kind: job.kind });
    return answer;
  };
  const tableOf = (rows: readonly SpanRow[], withLinkBodies: boolean, signal: AbortSignal | undefined) =>
    inSlices(spanTable(rows, { withLinkBodies }), new TimeSlice(signal));
  return {
    criticalPath: async (rows, signal) => {
      const table = await tableOf(rows, false, signal);
      const path = await run({ kind: "critical_path", table }, buffersOfTable(table), signal);
      return unpackPath(path as PathColumns, rows);
    },
    bottlenecks: async (rows, { thresholdMs, traceDurationMs }, signal) => {
      const table = await tableOf(rows, false, signal);
      const found = await run({ kind: "bottlenecks", table, thresholdMs }, buffersOfTable(table), signal);
      return {
        [Symbol.iterator]: () => bottlenecksOf(found as Int32Array, rows, traceDurationMs),
      };
    },
    links: async (rows, signal) => {
      const table = await tableOf(rows, true, signal);
      const links: DependencyLink[] = [];
      await run({ kind: "links", table }, buffersOfTable(table), signal, (part) => {
        links.push(...(part as readonly DependencyLink[]));
      });
      return links;
    },
    performance: async (collected, spanCount, signal) => {
      const durations = await inSlices(packDurations(collected, spanCount), new TimeSlice(signal));
      const job = { kind: "performance", durations } as const;
      return (await run(job, buffersOfDurations(durations), signal)) as Performance;
    },
    stop: () => pool.stop(),
  };
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
