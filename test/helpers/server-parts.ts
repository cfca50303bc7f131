/** Log, store and pipeline put together as the server does, without its sockets; clock and disk come from the test. */

import type { Clock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/logger.ts";
import type { IngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { createIngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { replayLog } from "../../src/ingest/replay-log.ts";
import type { FileLayer } from "../../src/io/file-layer.ts";
import { nodeFileLayer } from "../../src/io/file-layer.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import type { LakeStoreOptions } from "../../src/store/lake/lake-options.ts";
import { createLakeStore } from "../../src/store/lake/lake-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";

/** Small, so that a few requests fill one. */
const LOG_FILE_BYTES = 4 * 1024;

/** What makes up a server, without its sockets. */
export interface Parts {
  readonly log: IngestLog;
  readonly store: TraceStore;
  readonly pipeline: IngestPipeline;
  /** Runs what a server's store does once a second. */
  tick(): void;
  stop(): Promise<void>;
}

/** What may differ from a usual server. */
export interface PartsOptions {
  readonly files?: FileLayer;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly logFileBytes?: number;
  /** Readers of the log besides the store. */
  readonly readers?: readonly string[];
  readonly store?: Partial<LakeStoreOptions>;
}

/**
 * Starts as the server does: log, store, replay, and only then the log lets go. Nothing happens by itself as time goes
 * by: that is what `tick` is for.
 */
export async function startParts(dataDirectory: string, options: PartsOptions = {}): Promise<Parts> {
  const { files = nodeFileLayer, readers = [], logFileBytes = LOG_FILE_BYTES } = options;
  const shared = {
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  };
  const log = createFileJournal({
    dataDirectory,
    files,
    maxFileBytes: logFileBytes,
    readers: ["store", ...readers],
    ...shared,
  });
  await log.start();
  const onCovered = (position: number): void => log.release("store", position);
  const tasks = new Set<() => void>();
  const schedule = (_everyMillis: number, task: () => void) => {
    tasks.add(task);
    return () => {
      tasks.delete(task);
    };
  };
  const store = createLakeStore({
    dataDir: dataDirectory,
    fileLayer: files,
    onCovered,
    schedule,
    ...shared,
    ...options.store,
  });
  await store.start();
  await replayLog({ log, store, ...shared });
  onCovered(store.coveredPosition());
  const pipeline = createIngestPipeline({ log, store, ...shared });
  const tick = (): void => {
    for (const task of tasks) task();
  };
  const stop = async (): Promise<void> => {
    await pipeline.drain();
    await store.stop();
    await log.stop();
  };
  return { log, store, pipeline, tick, stop };
}
