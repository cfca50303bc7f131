/** Durations of a trace as columns: what statistics read that look at nothing else of many traces. */

import type { TraceSummary } from "./trace-summary.ts";

/** The durations of a trace's distinct spans, in any order. */
export interface DurationColumns {
  /** Number of each span's service and operation, as {@link OperationNumbers} gives them. */
  readonly operations: Int32Array;
  /** end - start of each span in milliseconds, 0 where the end lies before the start. */
  readonly durationsMs: Float64Array;
}

/** A trace: its summary and the durations of its spans. */
export interface TraceDurations {
  readonly summary: TraceSummary;
  readonly durations: DurationColumns;
}

/** Numbers for combinations of service and operation. */
export interface OperationNumbers {
  /** The number of a combination. */
  numberOf(service: string, operation: string): number;
}
