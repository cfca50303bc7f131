/** Batches that wait in the order they came; each is let go of when it is its turn. */

import type { CommittedBatch } from "./committed-batch.ts";

/** A queue that knows how much waits in it. */
export class BatchQueue {
  #batches: CommittedBatch[] = [];
  /** Those before were taken. */
  #start = 0;
  #spanCount = 0;
  #byteCount = 0;

  /** Spans that wait. */
  get spanCount(): number {
    return this.#spanCount;
  }

  /** Encoded bytes that wait. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.#start === this.#batches.length;
  }

  /** Adds a batch at the end. */
  push(committed: CommittedBatch): void {
    this.#batches.push(committed);
    this.#spanCount += committed.batch.rowCount;
    this.#byteCount += committed.batch.payload.length;
  }

  /** Takes the first; undefined when nothing waits. */
  shift(): CommittedBatch | undefined {
    const committed = this.#batches[this.#start];
    if (committed === undefined) return undefined;
    this.#start++;
    if (this.#start * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#start);
      this.#start = 0;
    }
    this.#spanCount -= committed.batch.rowCount;
    this.#byteCount -= committed.batch.payload.length;
    return committed;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#batches = [];
    this.#start = 0;
    this.#spanCount = 0;
    this.#byteCount = 0;
  }
}
