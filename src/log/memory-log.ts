/** The ingest log without a disk: for the memory store and for tests. */

import { TracAggError } from "../base/errors.ts";
import type { IngestLog, LogEntry, LogRecord } from "./ingest-log.ts";
import { ReaderRegistry } from "./reader-registry.ts";

/** How a memory log is set up. */
export interface MemoryLogOptions {
  /** Readers that hold records back from the start. Default none: records are forgotten at once. */
  readonly readers?: readonly string[];
  /** Payload bytes kept for readers; a reader further behind loses its hold. Default 64 MiB. */
  readonly maxRetainedBytes?: number;
}

/** Makes a log that lives as long as the process: `append` resolves at once. */
export function createMemoryLog(options: MemoryLogOptions = {}): IngestLog {
  return new MemoryLog(options);
}

class MemoryLog implements IngestLog {
  readonly #maxRetainedBytes: number;
  readonly #readers: ReaderRegistry;
  #entries: LogEntry[] = [];
  #retainedBytes = 0;
  #nextPosition = 0;
  #isRunning = false;

  constructor(options: MemoryLogOptions) {
    this.#readers = new ReaderRegistry(options.readers ?? [], []);
    this.#maxRetainedBytes = options.maxRetainedBytes ?? 64 * 1024 * 1024;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
  }

  async append(record: LogRecord): Promise<number> {
    if (!this.#isRunning) {
      throw new TracAggError(
        "unavailable",
        "the ingest log is not running (starting or shutting down); send again",
        {
          retryAfterMillis: 1_000,
        },
      );
    }
    const position = this.#nextPosition;
    this.#nextPosition++;
    if (this.#readers.minimum() === Number.POSITIVE_INFINITY) return position;
    // The payload is the caller's again once this resolves.
    this.#entries.push({ ...record, payload: record.payload.slice(), position });
    this.#retainedBytes += record.payload.length;
    while (this.#retainedBytes > this.#maxRetainedBytes && this.#readers.dropFurthestBehind().length > 0) {
      this.#forget();
    }
    return position;
  }

  async *read(fromPosition: number): AsyncGenerator<LogEntry, void, undefined> {
    yield* this.#entries.filter((entry) => entry.position >= fromPosition);
  }

  release(readerName: string, position: number): void {
    if (!Number.isSafeInteger(position)) {
      throw new TracAggError("invalid_argument", `release: expected a whole position, got ${position}`);
    }
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
    this.#readers.release(readerName, position);
    this.#forget();
  }

  async persistReleases(): Promise<void> {}

  positionOf(readerName: string): number | undefined {
    return this.#readers.positionOf(readerName);
  }

  nextPosition(): number {
    return this.#nextPosition;
  }

  bytesAfter(position: number): number {
    let bytes = 0;
    for (const entry of this.#entries) if (entry.position > position) bytes += entry.payload.length;
    return bytes;
  }

  lagMillis(): number {
    return 0;
  }

  gauges(): Readonly<Record<string, number>> {
    return {
      retainedBytes: this.#retainedBytes,
      firstPosition: this.#entries[0]?.position ?? this.#nextPosition,
      nextPosition: this.#nextPosition,
      writable: 1,
    };
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
  }

  #forget(): void {
    const minimum = this.#readers.minimum();
    const kept = this.#entries.findIndex((entry) => entry.position > minimum);
    const gone = this.#entries.splice(0, kept === -1 ? this.#entries.length : kept);
    for (const entry of gone) this.#retainedBytes -= entry.payload.length;
  }
}
