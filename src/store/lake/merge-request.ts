/** What the store tells its merging thread, and what it hears back. */

import type { SegmentMeta } from "./segment-meta.ts";
import type { FailedAnswer } from "./thread-answer.ts";

/** A segment that goes into a merged one. */
export interface MergeInput {
  readonly name: string;
  readonly directory: string;
  readonly meta: SegmentMeta;
}

/** What a merged segment is made from. */
export interface MergeRequest {
  /** Empty folder to write into, on the same file system as the segments. */
  readonly directory: string;
  /** Where DuckDB may put what does not fit into its memory. */
  readonly temporaryDirectory: string;
  /** Empty folder for what is written on the way; whoever asked removes it. */
  readonly workDirectory: string;
  readonly memoryLimitBytes: number;
  readonly name: string;
  readonly writtenBy: string;
  /** By log position, oldest first. */
  readonly inputs: readonly MergeInput[];
  /** Attribute keys whose columns go before all others. */
  readonly attributeKeys: readonly string[];
  /** Content of `splits.bin`: which traces segments before the inputs hold spans of too. */
  readonly splits: Uint8Array;
  /** Spans of a trace that lies in several inputs, above which the merge is refused: they are decoded all at once. */
  readonly maxReunitedSpans: number;
  /** Spans that are sorted at once. */
  readonly spansSortedAtOnce: number;
  /** Traces that are not taken over, 16 bytes an id. */
  readonly leftOutTraceIds: Uint8Array;
  /** Shared memory whose first number is 1 once nobody wants the result; absent: the merge goes on to its end. */
  readonly cancelled?: Int32Array;
}

/** The thread's one answer. */
export type MergeAnswer =
  | { readonly kind: "merged"; readonly meta: SegmentMeta; readonly cpuMicros: number }
  | MergeRefusal
  | FailedAnswer;

/** These inputs hold something that a merge does not take on; asking again gives the same answer. */
export interface MergeRefusal {
  readonly kind: "refused";
  readonly reason: string;
  /** Names of the inputs that are better left alone. */
  readonly inputs: readonly string[];
}
