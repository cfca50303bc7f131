/** The port for sums over many traces. */

import type { DependencyLink } from "../analysis/dependency-links.ts";
import type { HeldBytes } from "../base/held-bytes.ts";

/** Time range over trace starts: `startTimeUnixNano` inclusive, `endTimeUnixNano` exclusive; absent = open. */
export interface StatisticsRange {
  readonly startTimeUnixNano?: bigint;
  readonly endTimeUnixNano?: bigint;
  readonly signal?: AbortSignal;
  /** Told what the work holds; what it throws ends the work. */
  readonly held?: HeldBytes;
}

/** Sums over the distinct spans of one service. */
export interface ServiceStatistics {
  readonly serviceName: string;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly totalDurationNanos: bigint;
  /** Distinct span names, sorted, at most 1,000 (then `operationsTruncated`). */
  readonly operations: readonly string[];
  readonly operationsTruncated: boolean;
}

/** Exact sums: every distinct span counts once, in the trace it belongs to. */
export interface TraceStatistics {
  /** By service name; only `serviceName` when given. */
  serviceStatistics(
    range: StatisticsRange & { readonly serviceName?: string },
  ): Promise<readonly ServiceStatistics[]>;
  /** Summed over traces by (from, to, type), sorted by from, to, type. */
  dependencies(range: StatisticsRange): Promise<readonly DependencyLink[]>;
}
