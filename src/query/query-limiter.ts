/** How many queries run at once, how many wait, and how long one may take. */

import { errorFrom, TracAggError } from "../base/errors.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";
import type { QueryHold, QueryMemoryOptions } from "./query-memory.ts";
import { QueryMemory } from "./query-memory.ts";

/** Limits of a {@link QueryLimiter}. */
export interface QueryLimiterOptions extends QueryMemoryOptions {
  /** Queries running at once. Default 8: a few per core keeps the disk busy without starving ingest. */
  readonly maxRunning?: number;
  /** Queries waiting for their turn; further ones are refused with `overloaded`. Default 64. */
  readonly maxWaiting?: number;
  /** Longest time from asking to answering, waiting included, in milliseconds. Default 30,000. */
  readonly timeLimitMillis?: number;
  readonly metrics: Metrics;
}

/** Who asks. */
export interface QueryCaller {
  /** Aborts when the caller has left, or has had the whole answer. */
  readonly signal: AbortSignal;
  /** Called when an answer that was given may not be held any longer, because others need the memory. */
  readonly end: (error: TracAggError) => void;
}

/** What a query runs with. */
export interface RunningQuery {
  /** Aborts when the caller leaves, time is up, or the query has to end for its memory. */
  readonly signal: AbortSignal;
  /** Counts what the query holds. */
  readonly held: HeldBytes;
}

/** What {@link QueryLimiter.run} is told besides the work. */
export interface RunOptions {
  /** Name of the use case, in metrics. */
  readonly useCase: string;
  readonly caller?: QueryCaller | undefined;
  /** Waited for before a place is taken: whoever waits for it holds nobody up. As many may wait as for a place. */
  readonly before?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** True for an answer that holds rows: they count until the caller has had it, or at once without a caller. */
  readonly answerHoldsRows?: boolean;
}

/** Seconds after which a refused query may be asked again: about the time one slow query takes. */
const RETRY_AFTER_MILLIS = 1_000;

const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Waiter {
  readonly admit: () => void;
}

/** Runs queries within limits and counts them by use case and result. */
export class QueryLimiter {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #timeLimitMillis: number;
  readonly #durations: Histogram;
  readonly #results: Counter;
  readonly #memory: QueryMemory;
  readonly #waiting: Waiter[] = [];
  #running = 0;
  #waitingBefore = 0;

  constructor(options: QueryLimiterOptions) {
    this.#memory = new QueryMemory(options);
    this.#maxRunning = options.maxRunning ?? 8;
    this.#maxWaiting = options.maxWaiting ?? 64;
    this.#timeLimitMillis = options.timeLimitMillis ?? 30_000;
    this.#durations = options.metrics.histogram({
      name: "tracagg_query_duration_seconds",
      help: "Time from asking to having the answer, waiting included, by use case.",
      labelNames: ["use_case"],
      buckets: DURATION_BUCKETS,
    });
    this.#results = options.metrics.counter({
      name: "tracagg_queries_total",
      help: "Queries by use case and result (ok or an error code).",
      labelNames: ["use_case", "result"],
    });
    const gauge = (name: string, help: string, read: () => number) =>
      options.metrics.gauge({ name, help }, read);
    gauge("tracagg_queries_running", "Queries running now.", () => this.#running);
    gauge(
      "tracagg_queries_waiting",
      "Queries waiting for their turn.",
      () => this.#waiting.length + this.#waitingBefore,
    );
  }

  /**
   * Runs `work` when its turn comes. Its signal aborts when the caller's does or time is up; a query that does not heed
   * it keeps its place until it ends, though its caller is answered at once.
   *
   * @throws TracAggError `overloaded` when too many wait or queries hold too much memory, `too_large` when this one
   * alone does, `deadline_exceeded` when time is up, `cancelled` when the caller leaves, or what `work` throws.
   */
  async run<Result>(options: RunOptions, work: (running: RunningQuery) => Promise<Result>): Promise<Result> {
    const startedAtMillis = performance.now();
    let result = "ok";
    try {
      return await this.#withinTime(options, work);
    } catch (thrown) {
      const error = errorFrom(thrown);
      result = error.code;
      throw error;
    } finally {
      this.#durations.observe((performance.now() - startedAtMillis) / 1_000, { use_case: options.useCase });
      this.#results.add(1, { use_case: options.useCase, result });
    }
  }

  async #withinTime<Result>(
    { caller, answerHoldsRows, before }: RunOptions,
    work: (running: RunningQuery) => Promise<Result>,
  ): Promise<Result> {
    const stop = new AbortController();
    const leave = () => stop.abort(cancelled());
    if (caller?.signal.aborted) leave();
    caller?.signal.addEventListener("abort", leave, { once: true });
    const timer = setTimeout(() => stop.abort(this.#tooLate()), this.#timeLimitMillis);
    timer.unref();
    const stopped = new Promise<never>((_resolve, reject) => {
      if (stop.signal.aborted) reject(stop.signal.reason);
      stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
    });
    const hold = this.#memory.open();
    hold.onEnd = (error) => stop.abort(error);
    const done = this.#inTurn(stop.signal, before, () => work({ signal: stop.signal, held: hold }));
    try {
      const answer = await Promise.race([stopped, done]);
      if (answerHoldsRows === true && caller !== undefined) holdUntilGone(hold, caller);
      else hold.close();
      return answer;
    } catch (thrown) {
      // Work that is still under way holds what it holds until it heeds its signal.
      void done.catch(() => {}).finally(() => hold.close());
      throw thrown;
    } finally {
      clearTimeout(timer);
      caller?.signal.removeEventListener("abort", leave);
    }
  }

  async #inTurn<Result>(
    signal: AbortSignal,
    before: RunOptions["before"],
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (before !== undefined) await this.#after(before, signal);
    await this.#turn(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.admit();
    }
  }

  async #after(before: NonNullable<RunOptions["before"]>, signal: AbortSignal): Promise<void> {
    if (this.#waitingBefore >= this.#maxWaiting) throw this.#tooMany();
    this.#waitingBefore++;
    try {
      await before(signal);
    } finally {
      this.#waitingBefore--;
    }
  }

  /** Resolves with a place taken. */
  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#maxRunning) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#maxWaiting) return Promise.reject(this.#tooMany());
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener("abort", giveUp);
          this.#running++;
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #tooMany(): TracAggError {
    const limits = `${this.#maxRunning} queries run and ${this.#maxWaiting} wait already`;
    return new TracAggError("overloaded", `${limits}; ask again in a second`, {
      retryAfterMillis: RETRY_AFTER_MILLIS,
    });
  }

  #tooLate(): TracAggError {
    const message = `no answer within ${this.#timeLimitMillis} ms; ask for a shorter time range or fewer results`;
    return new TracAggError("deadline_exceeded", message, { retryAfterMillis: RETRY_AFTER_MILLIS });
  }
}

function holdUntilGone(hold: QueryHold, { signal, end }: QueryCaller): void {
  hold.onEnd = end;
  if (signal.aborted) hold.close();
  else signal.addEventListener("abort", () => hold.close(), { once: true });
}

function cancelled(): TracAggError {
  return new TracAggError("cancelled", "the client went away before the answer was ready");
}
