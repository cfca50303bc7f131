/** Reads a follower of the log what it missed, beside the requests that come meanwhile. */

import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import { TimeSlice } from "../base/time-slice.ts";
import { BatchQueue } from "../batch/batch-queue.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import type { IngestLog } from "../log/ingest-log.ts";
import { LogEntryDecoder } from "./log-entry-decoder.ts";

/** Payload that may wait for what came before it: as much as the largest request, a second or two of full load. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Takes committed batches in besides the store. */
export interface LogFollowing {
  /** Position of the first record it wants to hear of again. */
  readonly nextPosition: number;
  /** Never throws. */
  append(committed: CommittedBatch): void;
  /** Says that what comes from now on was not in the log when the process started. */
  endOfLog(): void;
}

/** What a {@link LogCatchUp} works with. */
export interface LogCatchUpOptions {
  /** Started. */
  readonly log: IngestLog;
  readonly follower: LogFollowing;
  /** Position of the first record that comes by {@link LogCatchUp.append}; those before it are read from the log. */
  readonly untilPosition: number;
  /** Records from here on that cannot be decoded were said already. */
  readonly saidFromPosition: number;
  /** Called once, in the moment in which the follower has everything. */
  readonly onDone: () => void;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/**
 * Hands a follower everything in the order of the log: what it missed, then what came while that was read, then what
 * comes. The store need not wait for it: nothing but the follower's own answers depends on it.
 */
export class LogCatchUp {
  readonly #options: LogCatchUpOptions;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: TracAggError) => void } | undefined;
  readonly #waiting = new BatchQueue();
  #state: "reading" | "handing over" | "done" | "failed" = "reading";
  #running: Promise<void> | undefined;

  constructor(options: LogCatchUpOptions) {
    this.#options = options;
    this.#done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever asks hears of it.
    this.#done.catch(() => {});
  }

  /** True once the follower has everything. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Spans that came meanwhile. */
  get waitingSpans(): number {
    return this.#waiting.spanCount;
  }

  /** True while as much waits as may: admission then refuses retryably. */
  isOverloaded(): boolean {
    return this.#waiting.byteCount > MAX_WAITING_BYTES;
  }

  /** Takes a new batch in. Never throws. */
  append(committed: CommittedBatch): void {
    if (this.#state === "failed") return;
    if (this.#state === "done") {
      this.#options.follower.append(committed);
      return;
    }
    this.#waiting.push(committed);
    if (this.#state !== "handing over") return;
    // Whatever the load, fewer wait afterwards than before.
    this.#handOver();
    this.#handOver();
  }

  /** Begins to read, in slices. */
  begin(): void {
    this.#running ??= this.#run();
  }

  /**
   * Resolves once the follower has everything.
   *
   * @throws TracAggError `unavailable` when the log cannot be read or reading was stopped; what the signal is
   * aborted with when that comes first
   */
  async done(signal?: AbortSignal): Promise<void> {
    if (this.#state === "done" || signal === undefined) return this.#done;
    let leave = (): void => {};
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(errorFrom(signal.reason));
    });
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      await Promise.race([left, this.#done]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Ends reading, done or not. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger = silentLogger, follower, onDone } = this.#options;
    try {
      const slice = new TimeSlice(this.#stopping.signal);
      await slice.rest();
      await this.#readMissed(slice);
      follower.endOfLog();
      this.#state = "handing over";
      for (let spans = this.#handOver(); spans >= 0; spans = this.#handOver())
        if (slice.isOver(spans)) await slice.rest();
      // Nothing may come between the last look and this.
      this.#state = "done";
      onDone();
      this.#settle?.resolve();
    } catch (thrown) {
      this.#state = "failed";
      this.#waiting.clear();
      const reason = errorFrom(thrown).message;
      // The log keeps what was not counted: the next start reads it again.
      const message = `statistics could not be brought up to date, a restart tries again: ${reason}`;
      if (!this.#stopping.signal.aborted) logger.error(message);
      this.#settle?.reject(new TracAggError("unavailable", message));
    }
  }

  async #readMissed(slice: TimeSlice): Promise<void> {
    const { log, follower, untilPosition, saidFromPosition } = this.#options;
    const { logger = silentLogger, metrics = silentMetrics } = this.#options;
    const decoder = new LogEntryDecoder(logger, metrics);
    const quiet = new LogEntryDecoder(silentLogger, silentMetrics);
    for await (const entry of log.read(follower.nextPosition)) {
      this.#stopping.signal.throwIfAborted();
      if (entry.position >= untilPosition) return;
      const committed = await (entry.position < saidFromPosition ? decoder : quiet).decode(entry);
      if (committed === undefined) continue;
      if (committed.batch.rowCount > 0) follower.append(committed);
      if (slice.isOver(committed.batch.rowCount)) await slice.rest();
    }
  }

  /** Hands the first over that waits: its spans, -1 when none waits. */
  #handOver(): number {
    const committed = this.#waiting.shift();
    if (committed === undefined) return -1;
    this.#options.follower.append(committed);
    return committed.batch.rowCount;
  }
}
