/** Room for requests between their first byte and their answer. */

import { TracAggError } from "../base/errors.ts";
import type { Reservation } from "./span-sink.ts";

/** Limits of {@link InFlight}. */
export interface InFlightLimits {
  /** Bytes of all requests together. */
  readonly maxBytes: number;
  /** Requests at once, however small. */
  readonly maxRequests: number;
}

/** Which limit was hit. */
export type InFlightLimit = "bytes" | "requests";

/** When to come again after a limit was hit: a group commit takes milliseconds, so a second is ample. */
const RETRY_AFTER_MILLIS = 1_000;

/**
 * Counts what is in flight and refuses what would be too much.
 *
 * A request that is alone is always let in, whatever its size: its size has a limit of its own, and refusing it
 * retryably would make its sender try for ever.
 */
export class InFlight {
  readonly #limits: InFlightLimits;
  readonly #onLimit: (limit: InFlightLimit) => void;
  #bytes = 0;
  #requests = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(limits: InFlightLimits, onLimit: (limit: InFlightLimit) => void = () => {}) {
    this.#limits = limits;
    this.#onLimit = onLimit;
  }

  /** Bytes reserved now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reservations held now. */
  get requests(): number {
    return this.#requests;
  }

  /** @throws TracAggError `overloaded` */
  reserve(bytes: number): Reservation {
    if (this.#requests >= this.#limits.maxRequests) throw this.#overloaded("requests");
    this.#take(bytes, this.#requests === 0);
    this.#requests++;
    let held = bytes;
    let released = false;
    return {
      grow: (toBytes) => {
        if (released || toBytes <= held) return;
        this.#take(toBytes - held, this.#requests === 1);
        held = toBytes;
      },
      release: () => {
        if (released) return;
        released = true;
        this.#bytes -= held;
        this.#requests--;
        if (this.#requests === 0) this.#wakeIdleWaiters();
      },
    };
  }

  /** Resolves once nothing is reserved. */
  idle(): Promise<void> {
    if (this.#requests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  #take(bytes: number, isAlone: boolean): void {
    if (!isAlone && this.#bytes + bytes > this.#limits.maxBytes) throw this.#overloaded("bytes");
    this.#bytes += bytes;
  }

  #overloaded(limit: InFlightLimit): TracAggError {
    this.#onLimit(limit);
    const most =
      limit === "bytes" ? `${this.#limits.maxBytes} bytes` : `${this.#limits.maxRequests} requests`;
    return new TracAggError("overloaded", `more than ${most} in flight; send again after the delay given`, {
      retryAfterMillis: RETRY_AFTER_MILLIS,
    });
  }

  #wakeIdleWaiters(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
