/** Recovery: what the log holds and the store does not yet is read back in. */

import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import type { IngestLog, LogEntry } from "../log/ingest-log.ts";
import type { CommittedBatch, SpanWriter } from "../store/span-writer.ts";

/**
 * Largest record read back, in bytes after decompression. Wider than any request limit, which may have been larger when
 * the record was written; it only keeps a damaged length from asking for all memory.
 */
const MAX_RECORD_BYTES = 1024 * 1024 * 1024;

/** Takes committed batches in besides the store. */
export interface LogFollowing {
  /** Position of the first record it wants to hear of again. */
  readonly nextPosition: number;
  /** Never throws. */
  append(committed: CommittedBatch): void;
}

/** What {@link replayLog} reads and writes. */
export interface ReplayOptions {
  /** Started. */
  readonly log: IngestLog;
  /** Started, and empty of what is not covered. */
  readonly store: SpanWriter;
  /** Whoever else takes what the store takes, each from a position of its own on. */
  readonly followers?: readonly LogFollowing[];
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/** What recovery found. */
export interface ReplayResult {
  readonly records: number;
  readonly spans: number;
  /** Records that could not be read; each has its log line. */
  readonly unreadableRecords: number;
}

/**
 * Appends every record after `store.coveredPosition()` to the store, oldest first, and to each follower what it wants;
 * records that only followers want are not counted. A record that cannot be decoded is
 * logged, counted and passed over: one bad record must not keep the rest from being served.
 */
export async function replayLog(options: ReplayOptions): Promise<ReplayResult> {
  const { log, store, followers = [], logger = silentLogger, metrics = silentMetrics } = options;
  const unreadable = metrics.counter({
    name: "tracagg_replay_unreadable_records_total",
    help: "Records of the ingest log that could not be decoded at start and were passed over.",
  });
  const decoder = new OtlpRequestDecoder();
  const result = { records: 0, spans: 0, unreadableRecords: 0 };
  let canSeal = true;
  const covered = store.coveredPosition();
  const from = followers.map(({ nextPosition }) => nextPosition);
  for await (const entry of log.read(Math.min(covered + 1, ...from))) {
    const isForStore = entry.position > covered;
    if (isForStore) result.records++;
    // The log may hold more than memory does; a store that cannot seal now takes what fits and tries again by itself.
    if (canSeal && store.isOverloaded?.() === true) canSeal = await sealed(store, logger);
    try {
      const targets = targetsOf(entry, isForStore ? [store] : [], followers, from);
      const rowCount = await replayEntry(entry, decoder, targets);
      if (isForStore) result.spans += rowCount;
    } catch (thrown) {
      passOver(entry, thrown, logger);
      result.unreadableRecords++;
      unreadable.add(1);
    }
  }
  return result;
}

/** Says that a record cannot be decoded; any other failure is thrown on. */
function passOver({ position, payload }: LogEntry, thrown: unknown, logger: Logger): void {
  const error = errorFrom(thrown);
  if (error.code !== "invalid_argument" && error.code !== "too_large") throw error;
  logger.error("a record of the ingest log cannot be decoded and is passed over", {
    position,
    bytes: payload.length,
    reason: error.message,
  });
}

function targetsOf(
  { position }: LogEntry,
  stores: readonly SpanWriter[],
  followers: readonly LogFollowing[],
  from: readonly number[],
): readonly Pick<SpanWriter, "append">[] {
  return [...stores, ...followers.filter((_, index) => position >= (from[index] as number))];
}

async function sealed(store: SpanWriter, logger: Logger): Promise<boolean> {
  try {
    await store.flush();
    return true;
  } catch (thrown) {
    logger.warn("the store cannot seal while the ingest log is read back", {
      reason: errorFrom(thrown).message,
    });
    return false;
  }
}

async function replayEntry(
  entry: LogEntry,
  decoder: OtlpRequestDecoder,
  targets: readonly Pick<SpanWriter, "append">[],
): Promise<number> {
  const { position, arrivalUnixMillis } = entry;
  const payload =
    entry.encoding === "gzip"
      ? await gunzipBounded(entry.payload, { maxBytes: MAX_RECORD_BYTES })
      : entry.payload;
  const { batch } = decoder.decode(payload);
  if (batch.rowCount > 0) for (const target of targets) target.append({ batch, position, arrivalUnixMillis });
  return batch.rowCount;
}
