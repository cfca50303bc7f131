/** The memory of all queries together. */

import { TracAggError } from "../base/errors.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { Counter, Metrics } from "../base/metrics.ts";

/** Limit of a {@link QueryMemory}. */
export interface QueryMemoryOptions {
  /**
   * Bytes that all queries may hold together: rows, their spans, tables of analyses, also of answers still being
   * written. Default 512 MiB: a trace of 1,000,000 usual spans and its critical path.
   */
  readonly maxHeldBytes?: number;
  readonly metrics: Metrics;
}

const DEFAULT_MAX_HELD_BYTES = 512 * 1024 * 1024;
const RETRY_AFTER_MILLIS = 1_000;

/** What one query holds, from its start until its answer is written or dropped. */
export interface QueryHold extends HeldBytes {
  /** Called when the query has to end because others need the memory; replaced once its work is done. */
  onEnd: (error: TracAggError) => void;
  /** Gives everything back. Idempotent. */
  close(): void;
}

/**
 * Counts what queries hold. When it becomes too much, the query that holds most is ended, be it the one that asks for
 * more or another: small ones go on beside a huge one. What an ended query holds counts until it has let go of it, but
 * ends nobody else.
 */
export class QueryMemory {
  readonly #maxHeldBytes: number;
  readonly #ended: Counter;
  readonly #holds = new Set<Hold>();

  constructor({ maxHeldBytes = DEFAULT_MAX_HELD_BYTES, metrics }: QueryMemoryOptions) {
    this.#maxHeldBytes = maxHeldBytes;
    this.#ended = metrics.counter({
      name: "tracagg_queries_ended_for_memory_total",
      help: "Queries ended because all together would have held more than query.maxHeldBytes.",
    });
    metrics.gauge(
      { name: "tracagg_query_held_bytes", help: "Bytes that queries and their unwritten answers hold." },
      () => this.#sum(() => true),
    );
  }

  /** Begins to count for one query. */
  open(): QueryHold {
    const hold = new Hold(
      (bytes) => this.#makeRoom(hold, bytes),
      () => this.#holds.delete(hold),
    );
    this.#holds.add(hold);
    return hold;
  }

  /** @throws TracAggError when the hold itself is the one to end. */
  #makeRoom(hold: Hold, bytes: number): void {
    for (;;) {
      if (hold.endedBy !== undefined) throw hold.endedBy;
      if (this.#sum(({ endedBy }) => endedBy === undefined) + bytes <= this.#maxHeldBytes) return;
      const most = this.#largest(hold, bytes);
      most.end(this.#tooMuch(most.bytes + (most === hold ? bytes : 0)));
      this.#ended.add(1);
    }
  }

  #largest(asking: Hold, bytes: number): Hold {
    let largest = asking;
    let most = asking.bytes + bytes;
    for (const hold of this.#holds) {
      if (hold.endedBy !== undefined || hold.bytes <= most || hold === asking) continue;
      largest = hold;
      most = hold.bytes;
    }
    return largest;
  }

  #sum(isCounted: (hold: Hold) => boolean): number {
    let bytes = 0;
    for (const hold of this.#holds) if (isCounted(hold)) bytes += hold.bytes;
    return bytes;
  }

  #tooMuch(bytes: number): TracAggError {
    const limit = `all queries together may hold ${this.#maxHeldBytes} (query.maxHeldBytes)`;
    if (bytes > this.#maxHeldBytes) {
      return new TracAggError(
        "too_large",
        `the query holds ${bytes} bytes of spans, ${limit}; ask for a shorter time range or a smaller trace`,
      );
    }
    const others = `the query holds ${bytes} bytes of spans, more than any other, and ${limit}`;
    return new TracAggError(
      "overloaded",
      `${others}; ask again in a second, or for a shorter time range or a smaller trace`,
      { retryAfterMillis: RETRY_AFTER_MILLIS },
    );
  }
}

class Hold implements QueryHold {
  readonly #makeRoom: (bytes: number) => void;
  readonly #forget: () => void;
  bytes = 0;
  endedBy: TracAggError | undefined;
  onEnd: (error: TracAggError) => void = () => {};

  constructor(makeRoom: (bytes: number) => void, forget: () => void) {
    this.#makeRoom = makeRoom;
    this.#forget = forget;
  }

  add(bytes: number): void {
    if (bytes > 0) this.#makeRoom(bytes);
    this.bytes += bytes;
  }

  end(error: TracAggError): void {
    this.endedBy = error;
    this.onEnd(error);
  }

  close(): void {
    this.#forget();
  }
}
