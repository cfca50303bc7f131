/** The port through which spans enter a store. */

import type { CommittedBatch } from "../batch/committed-batch.ts";

export type { CommittedBatch } from "../batch/committed-batch.ts";

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
  /** True while the store holds more unsealed spans than it should: admission then refuses retryably. Absent = never. */
  isOverloaded?(): boolean;
}
