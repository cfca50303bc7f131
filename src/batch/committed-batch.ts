/** A batch with its place in the ingest log: what travels from ingest into a store. */

import type { SpanBatch } from "./span-batch.ts";

/** A batch the ingest log already holds durably. */
export interface CommittedBatch {
  readonly batch: SpanBatch;
  /** Sequence number of its log record; ascending from call to call, gaps allowed. */
  readonly position: number;
  /** When it arrived, in milliseconds since the epoch: retention by age counts from here. */
  readonly arrivalUnixMillis: number;
}
