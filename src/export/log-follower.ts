/** Feeds an exporter from the ingest log by position, so that a restart goes on where it stopped. */

import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.ts";
import { isPauseOver, systemClock } from "../base/clock.ts";
import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { IngestLog, LogEntry } from "../log/ingest-log.ts";
import type { BatchLimits } from "./export-batch.ts";
import { BatchBuilder } from "./export-batch.ts";
import type { Delivery, ExportBatch, Exporter } from "./exporter.ts";
import type { ExporterFacts } from "./exporter-state.ts";
import { ExporterState } from "./exporter-state.ts";
import type { RecordPieces } from "./record-pieces.ts";
import { RecordReader } from "./record-pieces.ts";
import { retryDelayMillis } from "./retry-delay.ts";
import type { SpanFilter } from "./span-filter.ts";

/** How long an idle follower waits before it looks again: the flush interval of OpenTelemetry's file exporter. */
export const DEFAULT_POLL_MILLIS = 1_000;

/** Enough spans to make one sync or request cheap, few enough to hold in memory and to fit what servers take. */
export const DEFAULT_BATCH_LIMITS: BatchLimits = Object.freeze({
  maxSpans: 8_192,
  maxBytes: 2 * 1024 * 1024,
});

/** Refusals are told of at most once in so long, with the spans since then. */
const REFUSAL_LINE_MILLIS = 60_000;

/** What is left at a stop may still be delivered for so long; the rest waits in the log. */
const STOP_GRACE_MILLIS = 3_000;

/** How far an exporter may be behind before it passes over the oldest spans. */
export interface BehindLimits {
  /** Bytes of the log that are not delivered. */
  readonly maxBytes: number;
  /** Time since the oldest of them came. */
  readonly maxAgeMillis: number;
}

const NO_LIMITS: BehindLimits = Object.freeze({
  maxBytes: Number.POSITIVE_INFINITY,
  maxAgeMillis: Number.POSITIVE_INFINITY,
});

/** What is followed and where it goes. */
export interface LogFollowerOptions {
  /** Started, and running until the follower has stopped. */
  readonly log: IngestLog;
  readonly exporter: Exporter;
  /** Name the log remembers the position under; a name it does not know begins with the next record. */
  readonly readerName: string;
  /** What metrics and log lines call it. @defaultValue the name of the reader */
  readonly name?: string;
  /** @defaultValue all spans */
  readonly filter?: SpanFilter | undefined;
  /** @defaultValue {@link DEFAULT_BATCH_LIMITS} */
  readonly batchLimits?: BatchLimits;
  /** @defaultValue none: the log itself lets go of what no longer fits it */
  readonly behindLimits?: BehindLimits;
  /** @defaultValue 1,000 */
  readonly pollMillis?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Waits between two tries; ends early when the signal aborts. @defaultValue a timer */
  readonly wait?: (millis: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to less than 1. @defaultValue `Math.random` */
  readonly random?: () => number;
}

/** How far an exporter is behind. */
export interface ExportLag {
  readonly records: number;
  readonly bytes: number;
  /** Since the oldest record that is not delivered came. */
  readonly millis: number;
}

/** A running follower. */
export interface LogFollower {
  /** Resolves once a crash can no longer make it begin behind what comes from now on. */
  start(): Promise<void>;
  /** Delivers what the log holds by now, as far as the destination takes it within a moment, then stops. Idempotent. */
  stop(): Promise<void>;
  facts(): ExporterFacts & { readonly lag: ExportLag };
}

/** Makes a follower; what a destination cannot take now is tried again, and the log keeps it within the limits. */
export function createLogFollower(options: LogFollowerOptions): LogFollower {
  return new Follower(options);
}

async function timerWait(millis: number, signal: AbortSignal): Promise<void> {
  await delay(millis, undefined, { signal, ref: false }).catch(() => {
    // Aborted: whoever waits looks at the signal.
  });
}

/** Ends a round whose batch has to wait for the next start. */
class RoundEnded extends Error {}

class Follower implements LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #state: ExporterState;
  readonly #reader: RecordReader;
  readonly #batches: BatchBuilder;
  /** Aborts when the follower is told to stop: no try waits any longer. */
  readonly #stopping = new AbortController();
  /** Aborts when a delivery under way has to end too. */
  readonly #cut = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  /** Up to here all records are in delivered batches or in the one being gathered. */
  #gatheredTo = -1;
  /** Arrival of the oldest record that is read and not delivered. */
  #oldestUnixMillis: number | undefined;
  #isPassingOver = false;
  /** Refused since a line of the log told of it. */
  #untoldSpans = 0;
  #toldUnixMillis: number | undefined;

  constructor(options: LogFollowerOptions) {
    const { clock = systemClock, metrics = silentMetrics, batchLimits = DEFAULT_BATCH_LIMITS } = options;
    this.#options = options;
    this.#clock = clock;
    this.#logger = options.logger ?? silentLogger;
    this.#name = options.name ?? options.readerName;
    this.#state = new ExporterState(this.#name, { clock, metrics });
    this.#reader = new RecordReader(batchLimits, options.filter);
    this.#batches = new BatchBuilder(batchLimits);
  }

  async start(): Promise<void> {
    const { log, readerName } = this.#options;
    // A position remembered from an earlier run holds nothing back before the reader is heard of again.
    log.release(readerName, log.positionOf(readerName) ?? log.nextPosition() - 1);
    this.#schedule();
    await log.persistReleases();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  facts(): ExporterFacts & { readonly lag: ExportLag } {
    const { log } = this.#options;
    const position = this.#position();
    const records = Math.max(0, log.nextPosition() - 1 - position);
    const oldest = this.#oldestUnixMillis ?? this.#clock.nowMillis();
    const lag = {
      records,
      bytes: records === 0 ? 0 : log.bytesAfter(position),
      millis: records === 0 ? 0 : Math.max(0, this.#clock.nowMillis() - oldest),
    };
    return { ...this.#state.facts(), lag };
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort();
    const timer = setTimeout(() => this.#cut.abort(), STOP_GRACE_MILLIS);
    await this.#work;
    await this.#catchUp();
    clearTimeout(timer);
    await this.#options.exporter.stop();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#work = this.#catchUp().then(() => {
        if (this.#stopped === undefined) this.#schedule();
      });
    }, this.#options.pollMillis ?? DEFAULT_POLL_MILLIS);
    this.#timer.unref();
  }

  #position(): number {
    const { log, readerName } = this.#options;
    return log.positionOf(readerName) ?? -1;
  }

  /** Never rejects: what fails is counted and said, and the next round begins where this one ended. */
  async #catchUp(): Promise<void> {
    const { log } = this.#options;
    this.#gatheredTo = this.#position();
    try {
      if (this.#gatheredTo + 1 >= log.nextPosition()) return;
      for await (const entry of log.read(this.#gatheredTo + 1)) await this.#gather(entry);
      await this.#flush();
    } catch (thrown) {
      this.#batches.take();
      if (thrown instanceof RoundEnded) return;
      const { message } = errorFrom(thrown);
      if (this.#state.failed(message)) this.#warn("an exporter cannot read the log; it tries again", message);
    }
  }

  async #gather(entry: LogEntry): Promise<void> {
    this.#countGap(entry.position);
    this.#oldestUnixMillis ??= entry.arrivalUnixMillis;
    for (const piece of (await this.#piecesOf(entry)).pieces) {
      if (!this.#batches.fits(piece)) await this.#flush();
      this.#oldestUnixMillis ??= entry.arrivalUnixMillis;
      this.#batches.add(piece);
    }
    // Only now: a record that is in several batches is delivered with the last of them.
    this.#gatheredTo = entry.position;
  }

  /** Positions that the log no longer holds. */
  #countGap(position: number): void {
    const missing = position - this.#gatheredTo - 1;
    if (missing <= 0) return;
    this.#state.lost("released", missing);
    const reason = "the log had to let go of them (log.maxRetainedBytes), or they are damaged";
    this.#logger.warn("an exporter goes on behind records that are gone", {
      exporter: this.#name,
      records: missing,
      reason,
    });
  }

  /** A record that cannot be read is passed over, as at recovery. */
  async #piecesOf(entry: LogEntry): Promise<RecordPieces> {
    try {
      const read = await this.#reader.read(entry);
      if (read.filteredSpans > 0) this.#state.filtered(read.filteredSpans);
      return read;
    } catch (thrown) {
      this.#state.lost("unreadable", 1);
      this.#logger.error("a record of the ingest log cannot be exported and is passed over", {
        exporter: this.#name,
        position: entry.position,
        reason: errorFrom(thrown).message,
      });
      return { pieces: [], filteredSpans: 0 };
    }
  }

  /** Sees to it that what was gathered is delivered or given up, then says so to the log. */
  async #flush(): Promise<void> {
    if (!this.#batches.isEmpty) await this.#settle(this.#batches.take());
    this.#oldestUnixMillis = undefined;
    const { log, readerName } = this.#options;
    if (this.#gatheredTo > this.#position()) log.release(readerName, this.#gatheredTo);
  }

  async #settle(batch: ExportBatch): Promise<void> {
    for (let failures = 1; ; failures++) {
      if (this.#passesOver(batch)) return;
      const delivery = await this.#try(batch);
      if (delivery.outcome !== "again") {
        this.#settled(batch, delivery);
        return;
      }
      if (this.#state.failed(delivery.reason)) {
        this.#warn("an exporter cannot deliver; its spans wait in the log", delivery.reason);
      }
      await this.#pause(failures, delivery.retryAfterMillis);
    }
  }

  async #pause(failures: number, askedMillis: number | undefined): Promise<void> {
    const { wait = timerWait, random = Math.random } = this.#options;
    if (!this.#stopping.signal.aborted) {
      await wait(retryDelayMillis({ failures, askedMillis, random: random() }), this.#stopping.signal);
    }
    if (this.#stopping.signal.aborted) throw new RoundEnded();
  }

  async #try(batch: ExportBatch): Promise<Delivery> {
    if (this.#cut.signal.aborted) throw new RoundEnded();
    try {
      return await this.#options.exporter.deliver(batch, this.#cut.signal);
    } catch (thrown) {
      return { outcome: "again", reason: errorFrom(thrown).message };
    }
  }

  #settled(batch: ExportBatch, delivery: Exclude<Delivery, { readonly outcome: "again" }>): void {
    const { spanCount: spans } = batch;
    if (delivery.outcome === "taken") {
      this.#state.taken(spans, delivery.refusedSpans);
      if (delivery.refusedSpans > 0) this.#tellRefusal(delivery.reason, delivery.refusedSpans);
      return;
    }
    this.#state.dropped("refused", spans);
    this.#tellRefusal(delivery.reason, spans);
  }

  #tellRefusal(reason: string, spans: number): void {
    this.#state.fault(reason);
    this.#untoldSpans += spans;
    const isQuiet =
      this.#toldUnixMillis !== undefined &&
      !isPauseOver(this.#clock, this.#toldUnixMillis, REFUSAL_LINE_MILLIS);
    if (isQuiet) return;
    this.#warn("a destination will not take spans; they are dropped", reason, this.#untoldSpans);
    this.#untoldSpans = 0;
    this.#toldUnixMillis = this.#clock.nowMillis();
  }

  /** Gives a batch up when the exporter is too far behind; said once until it is no longer. */
  #passesOver(batch: ExportBatch): boolean {
    const { log, behindLimits = NO_LIMITS } = this.#options;
    const ageMillis = this.#clock.nowMillis() - (this.#oldestUnixMillis ?? this.#clock.nowMillis());
    const isBehind =
      ageMillis > behindLimits.maxAgeMillis || log.bytesAfter(this.#gatheredTo) > behindLimits.maxBytes;
    if (isBehind) {
      this.#state.dropped("behind", batch.spanCount);
      if (!this.#isPassingOver) {
        const reason = "its destination was away for longer than maxBehind or maxAge allows";
        this.#warn("an exporter is too far behind and passes over the oldest spans", reason);
      }
    }
    this.#isPassingOver = isBehind;
    return isBehind;
  }

  #warn(message: string, reason: string, spans?: number): void {
    this.#logger.warn(message, { exporter: this.#name, reason, ...(spans !== undefined && { spans }) });
  }
}
