/** Feeds an exporter from the ingest log by position, so that a restart goes on where it stopped. */

import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import type { IngestLog, LogEntry } from "../log/ingest-log.ts";
import type { Exporter } from "./exporter.ts";

/** How long an idle follower waits before it looks again: the flush interval of OpenTelemetry's file exporter. */
export const DEFAULT_POLL_MILLIS = 1_000;

/** Spans handed over at once: enough to make one sync cheap, few enough to hold in memory. */
const MAX_SPANS_PER_DELIVERY = 5_000;

/** Only keeps a damaged record from asking for all memory. */
const MAX_RECORD_BYTES = 1024 * 1024 * 1024;

/** What is followed and where it goes. */
export interface LogFollowerOptions {
  /** Started, and running until the follower has stopped. */
  readonly log: IngestLog;
  readonly exporter: Exporter;
  /** Name the log remembers the position under; a name it does not know begins with the next record. */
  readonly readerName: string;
  /** @defaultValue 1,000 */
  readonly pollMillis?: number;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/** A running follower. */
export interface LogFollower {
  start(): void;
  /** Delivers what the log holds by now, as far as the destination takes it, then stops. Idempotent. */
  stop(): Promise<void>;
}

/** Makes a follower; a delivery that fails is tried again at each poll, and the log keeps what is not delivered. */
export function createLogFollower(options: LogFollowerOptions): LogFollower {
  return new Follower(options);
}

class Follower implements LogFollower {
  readonly #options: LogFollowerOptions;
  readonly #logger: Logger;
  readonly #decoder = new OtlpRequestDecoder();
  readonly #delivered: Counter;
  readonly #failures: Counter;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const metrics = options.metrics ?? silentMetrics;
    const labelNames = ["exporter"];
    this.#delivered = metrics.counter({
      name: "tracagg_exported_spans_total",
      help: "Spans an exporter's destination has taken.",
      labelNames,
    });
    this.#failures = metrics.counter({
      name: "tracagg_export_failures_total",
      help: "Deliveries a destination refused; the same spans are tried again.",
      labelNames,
    });
  }

  start(): void {
    const { log, readerName } = this.#options;
    // A position remembered from an earlier run holds nothing back before the reader is heard of again.
    log.release(readerName, log.positionOf(readerName) ?? log.nextPosition() - 1);
    this.#schedule();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#work;
    await this.#catchUp();
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

  /** Never rejects: a failure is counted, said once, and tried again. */
  async #catchUp(): Promise<void> {
    const { log, readerName } = this.#options;
    try {
      const from = (log.positionOf(readerName) ?? -1) + 1;
      if (from >= log.nextPosition()) return;
      let rows: SpanRow[] = [];
      let position = from - 1;
      for await (const entry of log.read(from)) {
        rows.push(...(await this.#rowsOf(entry)));
        position = entry.position;
        if (rows.length < MAX_SPANS_PER_DELIVERY) continue;
        await this.#deliver(rows, position);
        rows = [];
      }
      await this.#deliver(rows, position);
      this.#isFailing = false;
    } catch (thrown) {
      this.#failures.add(1, { exporter: readerName });
      if (!this.#isFailing) {
        this.#logger.warn("an exporter cannot deliver; its spans wait in the log", {
          exporter: readerName,
          reason: errorFrom(thrown).message,
        });
      }
      this.#isFailing = true;
    }
  }

  async #deliver(rows: readonly SpanRow[], position: number): Promise<void> {
    const { exporter, log, readerName } = this.#options;
    if (rows.length > 0) await exporter.deliver(rows);
    this.#delivered.add(rows.length, { exporter: readerName });
    if (position >= 0) log.release(readerName, position);
  }

  /** A record that cannot be read is passed over, as at recovery. */
  async #rowsOf(entry: LogEntry): Promise<SpanRow[]> {
    try {
      const payload =
        entry.encoding === "gzip"
          ? await gunzipBounded(entry.payload, { maxBytes: MAX_RECORD_BYTES })
          : entry.payload;
      const { batch } = this.#decoder.decode(payload);
      return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
    } catch (thrown) {
      this.#logger.error("a record of the ingest log cannot be exported and is passed over", {
        exporter: this.#options.readerName,
        position: entry.position,
        reason: errorFrom(thrown).message,
      });
      return [];
    }
  }
}
