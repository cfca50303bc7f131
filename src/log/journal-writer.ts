/** Group commit: while one sync runs the next group gathers; one write and one sync make a whole group durable. */

import type { Clock } from "../base/clock.ts";
import { isPauseOver } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FileLayer, OpenFile } from "../io/file-layer.ts";
import type { FilePool } from "./file-pool.ts";
import type { LogRecord } from "./ingest-log.ts";
import type { JournalCounters } from "./journal-counters.ts";
import { LogFile } from "./log-file.ts";
import {
  encodeFileHeader,
  FILE_HEADER_BYTES,
  LOG_FORMAT_VERSION,
  payloadCrcOf,
  RECORD_HEADER_BYTES,
  writeRecordHeader,
} from "./record-format.ts";

/** Most records of one group: beyond this the latency of the first outweighs the sync saved. */
const MAX_GROUP_RECORDS = 1_024;
/** Most bytes of one group, unless a single record is longer. */
const MAX_GROUP_BYTES = 8 * 1024 * 1024;
/** After the disk refused a new file it is not asked again for this long. */
const RETRY_AFTER_MILLIS = 1_000;
const ZEROS = new Uint8Array(1024 * 1024);

/** What a writer needs. */
export interface JournalWriterOptions {
  readonly files: FileLayer;
  readonly directory: string;
  readonly pool: FilePool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: JournalCounters;
  /** Most payload bytes waiting or being written. */
  readonly maxQueuedBytes: number;
  /** Length of a file made when none is ready. */
  readonly fileBytes: number;
  /** Called when records go to another file from now on; its header is durable. */
  readonly onFile: (file: LogFile) => void;
}

interface Waiting {
  readonly record: LogRecord;
  /** By a clock that nobody sets. */
  readonly sinceMillis: number;
  readonly resolve: (position: number) => void;
  readonly reject: (error: TracAggError) => void;
}

interface ActiveFile {
  readonly log: LogFile;
  readonly file: OpenFile;
  /** Bytes a failed write may have left behind the cursor, which the next group overwrites; an offset. */
  dirtyEnd: number;
}

/** Writes records one group after the other. */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  /** Of the group that is being written, the record that has waited longest. */
  #writing: Waiting | undefined;
  #active: ActiveFile | undefined;
  #nextPosition = 0;
  /** Lowest position the next group may get. */
  #floor = 0;
  #mustRoll = false;
  #failedAtUnixMillis = 0;
  #lastFailure: TracAggError | undefined;
  #running: Promise<void> | undefined;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  /** Position after the last durable record. */
  get nextPosition(): number {
    return Math.max(this.#nextPosition, this.#floor);
  }

  /** Payload bytes waiting or being written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** How long the oldest record that is not durable yet has waited, in milliseconds; 0 when none waits. */
  lagMillis(): number {
    const oldest = this.#writing ?? this.#queue[0];
    return oldest === undefined ? 0 : performance.now() - oldest.sinceMillis;
  }

  /** False from a refusal of the disk until a record is durable again. */
  get writable(): boolean {
    return this.#lastFailure === undefined;
  }

  /**
   * Opens a file of its own for the records from `nextPosition` on. On a full disk there is none yet: records are refused
   * until there is room for one, and what the log holds can be read meanwhile.
   */
  async open(nextPosition: number, firstFileBytes: number): Promise<void> {
    this.#nextPosition = nextPosition;
    await this.#roll(firstFileBytes).catch((error: unknown) => {
      if (!isFull(error)) throw error;
    });
  }

  /** Makes the next position at least `position`, in a new file, since positions grow by one within a file. */
  skipTo(position: number): void {
    this.#floor = Math.max(this.#floor, position);
  }

  /** Moves on to a bare file that keeps nothing but the next position; a disk that refuses leaves things as they are. */
  async leaveBare(): Promise<void> {
    await this.drain();
    this.#nextPosition = this.nextPosition;
    await this.#roll(FILE_HEADER_BYTES).catch(() => {});
  }

  /** Durable at the given position once it resolves; rejects `overloaded` or `unavailable`. */
  append(record: LogRecord): Promise<number> {
    const bytes = record.payload.length;
    const limit = this.#options.maxQueuedBytes;
    // A single record over the limit still passes when nothing else waits.
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > limit) {
      this.#options.counters.refused.add(1, { reason: "overloaded" });
      return Promise.reject(overloaded(this.#queuedBytes, limit));
    }
    this.#queuedBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, sinceMillis: performance.now(), resolve, reject });
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** Waits until every append made so far is settled. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Drains and closes the file, cut to what is used. */
  async close(): Promise<void> {
    await this.drain();
    const active = this.#active;
    this.#active = undefined;
    if (active === undefined) return;
    await active.file.truncate(active.log.endOffset).catch(() => {});
    await active.file.close();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        await this.#commitNext();
      } catch (error) {
        this.#refuse(this.#queue.splice(0), unavailable(error));
      }
    }
    this.#running = undefined;
  }

  async #commitNext(): Promise<void> {
    const active = await this.#fileForNext();
    const group = this.#takeGroup(active);
    this.#writing = group[0];
    try {
      await this.#commit(group, active);
    } catch (error) {
      this.#refuse(group, unavailable(error));
    } finally {
      this.#writing = undefined;
    }
  }

  async #commit(group: readonly Waiting[], active: ActiveFile): Promise<void> {
    const { buffers, offsets, endOffset } = this.#layOut(group, active);
    try {
      await active.file.write(buffers, active.log.endOffset);
    } catch (error) {
      this.#options.counters.failures.add(1, { step: "write" });
      active.dirtyEnd = Math.max(active.dirtyEnd, endOffset);
      await this.#disown(active);
      throw error;
    }
    try {
      await active.file.datasync();
    } catch (error) {
      await this.#abandon(active, unavailable(error));
      throw error;
    }
    active.dirtyEnd = endOffset;
    this.#accept(group, active, offsets, endOffset);
  }

  /** The file the first waiting record goes to: a new one when the current one has no room or cannot be trusted. */
  async #fileForNext(): Promise<ActiveFile> {
    const active = this.#active;
    const first = this.#queue[0] as Waiting;
    if (this.#floor > this.#nextPosition) {
      this.#nextPosition = this.#floor;
      this.#mustRoll = true;
    }
    const needed = RECORD_HEADER_BYTES + first.record.payload.length;
    if (active !== undefined && !this.#mustRoll) {
      const isEmpty = active.log.endOffset === FILE_HEADER_BYTES;
      if (isEmpty || active.log.endOffset + needed <= active.log.sizeBytes) return active;
    }
    const { clock, fileBytes } = this.#options;
    const mayTry = isPauseOver(clock, this.#failedAtUnixMillis, RETRY_AFTER_MILLIS);
    if (this.#lastFailure !== undefined && !mayTry) throw this.#lastFailure;
    return await this.#roll(fileBytes);
  }

  async #roll(sizeBytes: number): Promise<ActiveFile> {
    try {
      const active = await this.#openNext(sizeBytes);
      await this.#active?.file.close();
      this.#active = active;
      this.#mustRoll = false;
      this.#options.onFile(active.log);
      return active;
    } catch (error) {
      this.#failedAtUnixMillis = this.#options.clock.nowMillis();
      this.#noteFailure(unavailable(error));
      throw error;
    }
  }

  /** Takes a file from the pool and makes its header durable before any record relies on it. */
  async #openNext(sizeBytes: number): Promise<ActiveFile> {
    const { pool, directory } = this.#options;
    const prepared = await pool.take(sizeBytes);
    const log = new LogFile(directory, prepared.number, this.#nextPosition, prepared.sizeBytes);
    log.endOffset = FILE_HEADER_BYTES;
    const header = encodeFileHeader({
      version: LOG_FORMAT_VERSION,
      fileNumber: log.number,
      firstPosition: log.firstPosition,
    });
    try {
      await prepared.file.write([header], 0);
      await prepared.file.datasync();
    } catch (error) {
      log.tainted = true;
      await prepared.file.close();
      pool.giveBack(log);
      throw error;
    }
    return { log, file: prepared.file, dirtyEnd: FILE_HEADER_BYTES };
  }

  #takeGroup(active: ActiveFile): readonly Waiting[] {
    const room = Math.min(active.log.sizeBytes - active.log.endOffset, MAX_GROUP_BYTES);
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < MAX_GROUP_RECORDS) {
      bytes += RECORD_HEADER_BYTES + (this.#queue[count] as Waiting).record.payload.length;
      // The first always goes: an empty file grows for a record longer than itself.
      if (count > 0 && bytes > room) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #layOut(group: readonly Waiting[], active: ActiveFile): GroupLayout {
    const headers = Buffer.allocUnsafe(RECORD_HEADER_BYTES * group.length);
    const buffers: Uint8Array[] = [];
    const offsets: number[] = [];
    let offset = active.log.endOffset;
    group.forEach(({ record }, index) => {
      const header = {
        position: this.#nextPosition + index,
        arrivalUnixMillis: record.arrivalUnixMillis,
        encoding: record.encoding,
        payloadBytes: record.payload.length,
        payloadCrc: payloadCrcOf(record.payload),
        durableBefore: this.#nextPosition,
      };
      const at = index * RECORD_HEADER_BYTES;
      writeRecordHeader(headers, at, header, active.log.number, offset);
      buffers.push(headers.subarray(at, at + RECORD_HEADER_BYTES), record.payload);
      offsets.push(offset);
      offset += RECORD_HEADER_BYTES + record.payload.length;
    });
    for (let zeroed = offset; zeroed < active.dirtyEnd; zeroed += ZEROS.length) {
      buffers.push(ZEROS.subarray(0, Math.min(ZEROS.length, active.dirtyEnd - zeroed)));
    }
    return { buffers, offsets, endOffset: offset };
  }

  #accept(
    group: readonly Waiting[],
    active: ActiveFile,
    offsets: readonly number[],
    endOffset: number,
  ): void {
    const first = this.#nextPosition;
    this.#nextPosition += group.length;
    this.#lastFailure = undefined;
    const { log } = active;
    log.endOffset = endOffset;
    log.nextPosition = this.#nextPosition;
    log.sizeBytes = Math.max(log.sizeBytes, endOffset);
    offsets.forEach((offset, index) => {
      log.note(first + index, offset);
    });
    let bytes = 0;
    for (const { record } of group) bytes += record.payload.length;
    this.#queuedBytes -= bytes;
    this.#options.counters.syncs.add(1);
    this.#options.counters.records.add(group.length);
    this.#options.counters.bytes.add(bytes);
    group.forEach(({ resolve }, index) => {
      resolve(first + index);
    });
  }

  #refuse(group: readonly Waiting[], error: TracAggError): void {
    this.#noteFailure(error);
    for (const { record } of group) this.#queuedBytes -= record.payload.length;
    this.#options.counters.refused.add(group.length, { reason: "unavailable" });
    for (const { reject } of group) reject(error);
  }

  /** Wipes the first header of a group that failed, so that a process that dies now does not bring it back. */
  async #disown(active: ActiveFile): Promise<void> {
    const { file, log } = active;
    await file.write([ZEROS.subarray(0, RECORD_HEADER_BYTES)], log.endOffset).catch(() => {});
    if (active.dirtyEnd <= log.sizeBytes) return;
    // An oversize record that did not fit must not keep the last free blocks.
    await file.truncate(log.sizeBytes).then(
      () => {
        active.dirtyEnd = log.sizeBytes;
      },
      () => {},
    );
  }

  /**
   * After a failed sync the kernel may have dropped the pages and call the next sync a success, so this file gets no
   * further record: the next file's header, durable before the senders hear of the failure where the disk allows it,
   * voids what the failed group left here.
   */
  async #abandon(active: ActiveFile, error: TracAggError): Promise<void> {
    this.#options.counters.failures.add(1, { step: "sync" });
    active.log.tainted = true;
    this.#mustRoll = true;
    this.#noteFailure(error);
    await this.#disown(active);
    await this.#roll(this.#options.fileBytes).catch(() => {});
  }

  #noteFailure(error: TracAggError): void {
    if (this.#lastFailure === undefined) {
      this.#options.logger.error("the ingest log cannot write; senders are asked to retry", {
        directory: this.#options.directory,
        error: error.message,
      });
    }
    this.#lastFailure = error;
  }
}

interface GroupLayout {
  readonly buffers: readonly Uint8Array[];
  readonly offsets: readonly number[];
  readonly endOffset: number;
}

function overloaded(queuedBytes: number, limit: number): TracAggError {
  return new TracAggError(
    "overloaded",
    `the ingest log has ${queuedBytes} bytes waiting for the disk (limit ${limit}); send again shortly`,
    { retryAfterMillis: 1_000 },
  );
}

function isFull(thrown: unknown): boolean {
  const { code } = thrown as { code?: unknown };
  return code === "ENOSPC" || code === "EDQUOT";
}

function unavailable(thrown: unknown): TracAggError {
  if (thrown instanceof TracAggError) return thrown;
  const { message } = thrown as { message?: string };
  const full = isFull(thrown);
  return new TracAggError(
    "unavailable",
    full
      ? "no space left on the disk of the ingest log; free space and send again"
      : `the disk of the ingest log refused a write: ${message ?? String(thrown)}`,
    { cause: thrown, retryAfterMillis: full ? 5_000 : 1_000 },
  );
}
