/** The ingest log in files of one folder: the durable heart of the embedded server. */

import { dirname, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { FileLayer } from "../io/file-layer.ts";
import { nodeFileLayer } from "../io/file-layer.ts";
import { FilePool } from "./file-pool.ts";
import type { IngestLog, LogEntry, LogRecord } from "./ingest-log.ts";
import type { JournalCounters } from "./journal-counters.ts";
import { journalCounters } from "./journal-counters.ts";
import type { Gap } from "./journal-reader.ts";
import { readEntries } from "./journal-reader.ts";
import { recoverLog } from "./journal-recovery.ts";
import { JournalWriter } from "./journal-writer.ts";
import type { LogFile } from "./log-file.ts";
import { logFileName } from "./log-file.ts";
import { ReaderPositionsFile } from "./reader-positions-file.ts";
import { ReaderRegistry } from "./reader-registry.ts";
import { FILE_HEADER_BYTES } from "./record-format.ts";

/** Length of the file made when none is ready at start: small, so that a fresh start is quick. */
const FIRST_FILE_BYTES = 1024 * 1024;
/** Most files kept ready for another use. */
const MAX_POOL_FILES = 4;
/** Most gaps remembered so that each is said once. */
const MAX_NAMED_GAPS = 1_000;

/** How a journal is set up; everything but the folder has a default. */
export interface FileJournalOptions {
  /** The data folder; the journal lives in `log/` of it. */
  readonly dataDirectory: string;
  /** Readers that hold records back from the start. Default `["store"]`. */
  readonly readers?: readonly string[];
  /**
   * Readers that keep their own position and never lose their hold: when one of them is `maxRetainedBytes` behind, the
   * log refuses records (retryably) instead of losing acknowledged ones. Default `["store"]`.
   */
  readonly requiredReaders?: readonly string[];
  /** Length of a log file. Default 16 MiB: a second or so at full load, quick to walk at start. */
  readonly maxFileBytes?: number;
  /** Most payload bytes waiting or being written; over it `append` rejects `overloaded`. Default 128 MiB. */
  readonly maxQueuedBytes?: number;
  /** Longest payload. Default 128 MiB: a request of 64 MiB that had to be re-encoded still fits. */
  readonly maxRecordBytes?: number;
  /** Bytes of files kept for readers. Default 4 GiB: hours of a destination being away. */
  readonly maxRetainedBytes?: number;
  readonly files?: FileLayer;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/**
 * Makes a journal over a data folder that this process alone writes (see `acquireLock`).
 *
 * @example
 * const log = createFileJournal({ dataDirectory: "data" });
 * await log.start();
 * const position = await log.append({ payload, encoding: "identity", arrivalUnixMillis: Date.now() });
 */
export function createFileJournal(options: FileJournalOptions): IngestLog {
  return new FileJournal(options);
}

class FileJournal implements IngestLog {
  readonly #directory: string;
  readonly #files: FileLayer;
  readonly #logger: Logger;
  readonly #counters: JournalCounters;
  readonly #maxRecordBytes: number;
  readonly #maxRetainedBytes: number;
  readonly #fileBytes: number;
  readonly #pool: FilePool;
  readonly #writer: JournalWriter;
  readonly #readers: ReaderRegistry;
  readonly #positions: ReaderPositionsFile;
  readonly #namedGaps = new Set<string>();
  #data: LogFile[] = [];
  #state: "new" | "running" | "stopped" = "new";
  /** A required reader is too far behind. */
  #isFull = false;

  constructor(options: FileJournalOptions) {
    const files = options.files ?? nodeFileLayer;
    const logger = options.logger ?? silentLogger;
    const directory = join(options.dataDirectory, "log");
    const required = options.requiredReaders ?? ["store"];
    this.#files = files;
    this.#logger = logger;
    this.#directory = directory;
    this.#maxRecordBytes = options.maxRecordBytes ?? 128 * 1024 * 1024;
    this.#maxRetainedBytes = options.maxRetainedBytes ?? 4 * 1024 ** 3;
    this.#fileBytes = options.maxFileBytes ?? 16 * 1024 * 1024;
    this.#counters = journalCounters(options.metrics ?? silentMetrics);
    this.#readers = new ReaderRegistry(options.readers ?? ["store"], required);
    this.#positions = new ReaderPositionsFile({
      files,
      directory,
      logger,
      read: () => this.#readers.toPersist(),
    });
    this.#pool = new FilePool({
      files,
      directory,
      logger,
      fileBytes: this.#fileBytes,
      maxFiles: MAX_POOL_FILES,
    });
    this.#writer = new JournalWriter({
      files,
      directory,
      logger,
      pool: this.#pool,
      clock: options.clock ?? systemClock,
      counters: this.#counters,
      maxQueuedBytes: options.maxQueuedBytes ?? 128 * 1024 * 1024,
      fileBytes: this.#fileBytes,
      onFile: (file) => {
        this.#data.push(file);
        this.#reclaim();
        if (this.#state === "running") this.#pool.prepareAhead();
      },
    });
  }

  async start(): Promise<void> {
    if (this.#state !== "new") throw new TracAggError("failed_precondition", "the log was started before");
    await this.#makeDirectory();
    const recovered = await recoverLog({
      files: this.#files,
      directory: this.#directory,
      logger: this.#logger,
    });
    this.#data = [...recovered.dataFiles];
    this.#pool.reserveNumbersTo(recovered.highestNumber);
    const lastData = this.#data.at(-1)?.number ?? 0;
    for (const file of recovered.unusedFiles) {
      // Only numbers above the data files keep the order of the files the order of the records.
      if (file.number > lastData) await this.#pool.adopt(file);
      else await this.#files.remove(join(this.#directory, logFileName(file.number)));
    }
    const nextPosition = await this.#loadPositions(recovered.nextPosition);
    await this.#writer.open(nextPosition, Math.min(FIRST_FILE_BYTES, this.#fileBytes));
    // Empty files of earlier starts go before this one counts, or a process that dies early each time piles them up.
    await this.#pool.settled();
    this.#state = "running";
    this.#pool.prepareAhead();
  }

  append(record: LogRecord): Promise<number> {
    if (this.#state !== "running") {
      return Promise.reject(
        new TracAggError(
          "unavailable",
          "the ingest log is not running (starting or shutting down); send again",
          {
            retryAfterMillis: 1_000,
          },
        ),
      );
    }
    const bytes = record.payload.length;
    if (bytes > this.#maxRecordBytes) {
      const message = `a record of ${bytes} bytes is over the log's limit of ${this.#maxRecordBytes}`;
      return Promise.reject(new TracAggError("too_large", message));
    }
    if (this.#isFull) {
      this.#counters.refused.add(1, { reason: "full" });
      return Promise.reject(this.#fullError());
    }
    return this.#writer.append(record);
  }

  read(fromPosition: number): AsyncIterable<LogEntry> {
    const source = {
      files: this.#files,
      fileAfter: (position: number): LogFile | undefined =>
        this.#data.find((file) => file.nextPosition > position),
      onGap: (gap: Gap): void => this.#nameGap(gap),
    };
    return readEntries(source, fromPosition, this.#writer.nextPosition);
  }

  release(readerName: string, position: number): void {
    if (!Number.isSafeInteger(position)) {
      throw new TracAggError("invalid_argument", `release: expected a whole position, got ${position}`);
    }
    // What a reader has seen must never be given to another record, even if the tail that held it was damaged.
    if (position >= this.#writer.nextPosition) this.#writer.skipTo(position + 1);
    this.#readers.release(readerName, position);
    this.#positions.changed();
    const oldest = this.#data[0];
    if (oldest !== undefined && oldest.nextPosition <= this.#readers.minimum() + 1) this.#reclaim();
  }

  persistReleases(): Promise<void> {
    return this.#positions.write();
  }

  positionOf(readerName: string): number | undefined {
    return this.#readers.positionOf(readerName);
  }

  nextPosition(): number {
    return this.#writer.nextPosition;
  }

  bytesAfter(position: number): number {
    let bytes = 0;
    for (const file of this.#data) {
      if (file.nextPosition <= position + 1) continue;
      const start = file.firstPosition > position ? FILE_HEADER_BYTES : (file.nearest(position)?.offset ?? 0);
      bytes += Math.max(0, file.endOffset - start);
    }
    return bytes;
  }

  lagMillis(): number {
    return this.#writer.lagMillis();
  }

  gauges(): Readonly<Record<string, number>> {
    return {
      files: this.#data.length,
      readyFiles: this.#pool.readyCount,
      retainedBytes: this.#retainedBytes(),
      queuedBytes: this.#writer.queuedBytes,
      lagMillis: this.#writer.lagMillis(),
      firstPosition: this.#data[0]?.firstPosition ?? this.#writer.nextPosition,
      nextPosition: this.#writer.nextPosition,
      writable: this.#writer.writable && !this.#isFull ? 1 : 0,
    };
  }

  async stop(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "stopped";
    await this.#writer.drain();
    this.#pool.stopPreparing();
    if (this.#readers.minimum() >= this.#writer.nextPosition - 1) await this.#writer.leaveBare();
    await this.#writer.close();
    await this.#positions.close();
    await this.#pool.close();
  }

  /** Remembers where readers were; the position the next record gets. */
  async #loadPositions(nextPosition: number): Promise<number> {
    const positions = await this.#positions.load();
    if (positions === undefined) {
      // Seen twice is better than not at all: readers whose place is lost begin at the oldest record kept.
      this.#readers.rememberLost((this.#data[0]?.firstPosition ?? nextPosition) - 1);
      return nextPosition;
    }
    for (const [name, position] of Object.entries(positions)) this.#readers.remember(name, position);
    // After damage to the last file: a reader must not take new records for ones it has seen.
    return Math.max(nextPosition, ...Object.values(positions).map((position) => position + 1));
  }

  async #makeDirectory(): Promise<void> {
    const data = dirname(this.#directory);
    const isFresh = (await this.#files.stat(data)) === undefined;
    await this.#files.makeDirectory(this.#directory);
    await this.#files.syncDirectory(data);
    // A parent that was there may belong to somebody else and be closed to us.
    if (isFresh) await this.#files.syncDirectory(dirname(data));
  }

  /** Lets go of every file that all readers are past, and of more when too much is kept. */
  #reclaim(): void {
    this.#retirePast(this.#readers.minimum());
    while (this.#retainedBytes() > this.#maxRetainedBytes) {
      const lost = this.#readers.dropFurthestBehind();
      if (lost.length === 0) break;
      for (const reader of lost) {
        this.#counters.holdsLost.add(1, { reader });
        this.#logger.warn("a reader is too far behind and loses its hold on the log", {
          reader,
          position: this.#readers.positionOf(reader),
          retainedBytes: this.#retainedBytes(),
        });
      }
      this.#retirePast(this.#readers.minimum());
    }
    this.#isFull = this.#retainedBytes() > this.#maxRetainedBytes && this.#data.length > 1;
  }

  #retirePast(minimum: number): void {
    const active = this.#data.at(-1);
    const kept: LogFile[] = [];
    for (const file of this.#data) {
      const isEmpty = file.nextPosition <= file.firstPosition;
      if (file === active || (!isEmpty && file.nextPosition > minimum + 1)) {
        kept.push(file);
      } else {
        file.retired = true;
        this.#pool.giveBack(file);
      }
    }
    this.#data = kept;
  }

  #retainedBytes(): number {
    return this.#data.reduce((sum, file) => sum + file.sizeBytes, 0);
  }

  #nameGap(gap: Gap): void {
    const key = `${gap.path}:${gap.fromPosition}`;
    if (this.#namedGaps.has(key)) return;
    if (this.#namedGaps.size < MAX_NAMED_GAPS) this.#namedGaps.add(key);
    this.#counters.damaged.add(gap.toPosition - gap.fromPosition);
    this.#logger.error("damaged records in the log are set aside; the rest is served", { ...gap });
  }

  #fullError(): TracAggError {
    return new TracAggError(
      "unavailable",
      `the ingest log keeps ${this.#retainedBytes()} bytes the store has not taken over yet (limit ` +
        `${this.#maxRetainedBytes}); send again when it has caught up`,
      { retryAfterMillis: 5_000 },
    );
  }
}
