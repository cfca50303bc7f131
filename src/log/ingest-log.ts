/** The ingest-log port: what a sender was told is safe lies here first. */

/** How the payload of a record is to be read. */
export type RecordEncoding = "identity" | "gzip";

/** What the log is asked to keep: an OTLP protobuf `ExportTraceServiceRequest`, maybe still compressed. */
export interface LogRecord {
  readonly payload: Uint8Array;
  readonly encoding: RecordEncoding;
  /** Milliseconds since the epoch. */
  readonly arrivalUnixMillis: number;
}

/** A record with its place. */
export interface LogEntry extends LogRecord {
  /** Sequence number: starts at 0, grows by 1 for each record, never reused in one data folder. */
  readonly position: number;
}

/**
 * A durable, ordered log with named readers.
 *
 * `append` resolves with the record's position once an `fdatasync` (or its like) covers it, in the order of the calls;
 * it rejects with `unavailable` when the disk refuses, and then the record is not in the log. The payload belongs to
 * the log until the promise settles.
 */
export interface IngestLog {
  append(record: LogRecord): Promise<number>;
  /** Durable entries from `fromPosition` on, oldest first, ending at the last entry durable when iteration began. */
  read(fromPosition: number): AsyncIterable<LogEntry>;
  /**
   * Says how far a named reader is: everything up to and including `position` may be forgotten by the log once every
   * reader known to it is as far. A name first heard of becomes a reader.
   */
  release(readerName: string, position: number): void;
  /**
   * Resolves once what was released is remembered across a crash too, which happens by itself a moment later. For a reader
   * that is new: were its first position lost, it would begin anew behind records that it should have seen.
   */
  persistReleases(): Promise<void>;
  /** Position the reader last released, also across restarts; undefined for one that never did. */
  positionOf(readerName: string): number | undefined;
  /** Opens the log, cuts a torn tail, sets damaged files aside (named in the log line). */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Position after the last durable record (the next one to be given). */
  nextPosition(): number;
  /** About how many bytes the records behind a position take, as far as they are still there. */
  bytesAfter(position: number): number;
  /** How long the oldest record that is not durable yet has waited, in milliseconds; 0 when none waits. */
  lagMillis(): number;
  gauges(): Readonly<Record<string, number>>;
}
