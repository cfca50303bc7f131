/** What the store tells its sealing thread, and what it hears back. */

import type { PackedBatch } from "../../batch/packed-batch.ts";
import type { SharedFilter } from "./block-filter.ts";
import type { SegmentMeta } from "./segment-meta.ts";

/** A segment that is already in place, for finding traces that lie in both. */
export interface OlderSegment {
  readonly name: string;
  readonly directory: string;
  readonly filter: SharedFilter;
}

/** What a segment is to hold, beside the spans. */
export interface SealRequest {
  /** Empty folder to write into, on the same file system as the segments. */
  readonly directory: string;
  /** Where DuckDB may put what does not fit into its memory. */
  readonly temporaryDirectory: string;
  readonly memoryLimitBytes: number;
  readonly name: string;
  readonly writtenBy: string;
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly firstArrivalUnixMillis: number;
  readonly lastArrivalUnixMillis: number;
  /** Attribute keys that get a column whenever a span has them. */
  readonly attributeKeys: readonly string[];
  readonly olderSegments: readonly OlderSegment[];
}

/** What the thread is sent; the buffers of the batch change hands. */
export interface SealMessage {
  readonly request: SealRequest;
  /** Everything to be sealed, in log order. */
  readonly batch: PackedBatch;
}

/** The thread's one answer to a seal. */
export type SealAnswer =
  | { readonly kind: "sealed"; readonly meta: SegmentMeta; readonly cpuMicros: number }
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined };
