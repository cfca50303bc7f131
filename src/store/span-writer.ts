/** The port through which spans enter a store. */

import type { SpanBatch } from "../batch/span-batch.ts";

/** A batch the ingest log already holds durably. */
export interface CommittedBatch {
  readonly batch: SpanBatch;
  /** Sequence number of its log record; ascending from call to call, gaps allowed. */
  readonly position: number;
  /** When it arrived, in milliseconds since the epoch: retention by age counts from here. */
  readonly arrivalUnixMillis: number;
}

/**
 * Writing side of a store.
 *
 * `append` is synchronous: when it returns, every reader of the same store finds the spans. The store may keep the
 * batch as long as it likes; nobody changes it. After `stop`, `append` throws `unavailable`.
 */
export interface SpanWriter {
  append(committed: CommittedBatch): void;
  /** The last log position whose spans this store holds durably by itself; -1 when none. The log may forget up to it. */
  coveredPosition(): number;
  /** Makes everything appended so far durable in the store itself (seals it). The memory store does nothing. */
  flush(): Promise<void>;
}
