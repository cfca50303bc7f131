/** Recovery: what the log holds and the store does not yet is read back in. */

import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { IngestLog } from "../log/ingest-log.ts";
import type { SpanWriter } from "../store/span-writer.ts";
import { LogEntryDecoder } from "./log-entry-decoder.ts";

/** What {@link replayLog} reads and writes. */
export interface ReplayOptions {
  /** Started. */
  readonly log: IngestLog;
  /** Started, and empty of what is not covered. */
  readonly store: SpanWriter;
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
 * Appends every record after `store.coveredPosition()` to the store, oldest first. A record that cannot be decoded is
 * logged, counted and passed over: one bad record must not keep the rest from being served.
 */
export async function replayLog(options: ReplayOptions): Promise<ReplayResult> {
  const { log, store, logger = silentLogger, metrics = silentMetrics } = options;
  const decoder = new LogEntryDecoder(logger, metrics);
  const result = { records: 0, spans: 0, unreadableRecords: 0 };
  let canSeal = true;
  for await (const entry of log.read(store.coveredPosition() + 1)) {
    result.records++;
    // The log may hold more than memory does; a store that cannot seal now takes what fits and tries again by itself.
    if (canSeal && store.isOverloaded?.() === true) canSeal = await sealed(store, logger);
    const committed = await decoder.decode(entry);
    if (committed === undefined) {
      result.unreadableRecords++;
      continue;
    }
    const { rowCount } = committed.batch;
    if (rowCount > 0) store.append(committed);
    result.spans += rowCount;
  }
  return result;
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
