/** Entries of the ingest log back to batches. */

import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import type { LogEntry } from "../log/ingest-log.ts";

/**
 * Largest record read back, in bytes after decompression. Wider than any request limit, which may have been larger when
 * the record was written; it only keeps a damaged length from asking for all memory.
 */
const MAX_RECORD_BYTES = 1024 * 1024 * 1024;

/** Decodes what the log holds. A record that cannot be decoded is logged and counted: one must not keep the rest. */
export class LogEntryDecoder {
  readonly #decoder = new OtlpRequestDecoder();
  readonly #logger: Logger;
  readonly #unreadable: Counter;

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#unreadable = metrics.counter({
      name: "tracagg_replay_unreadable_records_total",
      help: "Records of the ingest log that could not be decoded at start and were passed over.",
    });
  }

  /** @returns undefined for a record that cannot be decoded */
  async decode(entry: LogEntry): Promise<CommittedBatch | undefined> {
    const { position, arrivalUnixMillis } = entry;
    try {
      const payload =
        entry.encoding === "gzip"
          ? await gunzipBounded(entry.payload, { maxBytes: MAX_RECORD_BYTES })
          : entry.payload;
      return { batch: this.#decoder.decode(payload).batch, position, arrivalUnixMillis };
    } catch (thrown) {
      this.#passOver(entry, thrown);
      return undefined;
    }
  }

  /** Says that a record cannot be decoded; any other failure is thrown on. */
  #passOver({ position, payload }: LogEntry, thrown: unknown): void {
    const error = errorFrom(thrown);
    if (error.code !== "invalid_argument" && error.code !== "too_large") throw error;
    this.#unreadable.add(1);
    this.#logger.error("a record of the ingest log cannot be decoded and is passed over", {
      position,
      bytes: payload.length,
      reason: error.message,
    });
  }
}
