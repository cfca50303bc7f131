/** Batches between their acknowledgement and their place in the statistics. */

import type { CommittedBatch } from "../batch/committed-batch.ts";

/** Spans that may wait. What is over is counted by whoever brings it: some tens of milliseconds of work, and no more. */
const MAX_WAITING_SPANS = 8_192;

/**
 * Counts batches after the turn of the event loop in which they came, one a turn: requests are answered first, and what
 * comes at once is not counted at once.
 */
export class WaitingBatches {
  readonly #count: (committed: CommittedBatch) => void;
  #batches: CommittedBatch[] = [];
  #start = 0;
  #spanCount = 0;
  #isScheduled = false;

  /** @param count takes a batch into the statistics; must not throw */
  constructor(count: (committed: CommittedBatch) => void) {
    this.#count = count;
  }

  /** Spans that wait. */
  get spanCount(): number {
    return this.#spanCount;
  }

  /** Lets a batch wait for its turn; batches are counted in the order they came. */
  push(committed: CommittedBatch): void {
    this.#batches.push(committed);
    this.#spanCount += committed.batch.rowCount;
    while (this.#spanCount > MAX_WAITING_SPANS) this.#countFirst();
    this.#schedule();
  }

  /** Counts everything that waits. */
  catchUp(): void {
    while (this.#start < this.#batches.length) this.#countFirst();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#start === this.#batches.length) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#start < this.#batches.length) this.#countFirst();
      this.#schedule();
    });
  }

  #countFirst(): void {
    const committed = this.#batches[this.#start++] as CommittedBatch;
    if (this.#start === this.#batches.length) {
      this.#batches = [];
      this.#start = 0;
    }
    this.#spanCount -= committed.batch.rowCount;
    this.#count(committed);
  }
}
