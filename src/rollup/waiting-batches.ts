/** Batches between their acknowledgement and their place in the statistics. */

import { BatchQueue } from "../batch/batch-queue.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";

/** Spans that may wait. What is over is counted by whoever brings it: some tens of milliseconds of work, and no more. */
const MAX_WAITING_SPANS = 8_192;

/**
 * Counts batches after the turn of the event loop in which they came, one a turn: requests are answered first, and what
 * comes at once is not counted at once.
 */
export class WaitingBatches {
  readonly #count: (committed: CommittedBatch) => void;
  readonly #queue = new BatchQueue();
  #isScheduled = false;

  /** @param count takes a batch into the statistics; must not throw */
  constructor(count: (committed: CommittedBatch) => void) {
    this.#count = count;
  }

  /** Spans that wait. */
  get spanCount(): number {
    return this.#queue.spanCount;
  }

  /** Lets a batch wait for its turn; batches are counted in the order they came. */
  push(committed: CommittedBatch): void {
    this.#queue.push(committed);
    while (this.spanCount > MAX_WAITING_SPANS) this.#countFirst();
    this.#schedule();
  }

  /** Counts everything that waits. */
  catchUp(): void {
    while (!this.#queue.isEmpty) this.#countFirst();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.isEmpty) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#countFirst();
      this.#schedule();
    });
  }

  #countFirst(): void {
    const committed = this.#queue.shift();
    if (committed !== undefined) this.#count(committed);
  }
}
