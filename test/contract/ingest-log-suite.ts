/** What every ingest log does, whatever it keeps its records in. */

import { describe, expect, test } from "vitest";
import type { IngestLog, LogEntry, LogRecord } from "../../src/log/ingest-log.ts";

/** Makes a log, not started, held back by the named readers. */
export type MakeLog = (readers: readonly string[]) => IngestLog;

/** A record whose bytes tell which one it is. */
export function recordOf(index: number, payloadBytes = 50): LogRecord {
  return {
    payload: Uint8Array.from({ length: payloadBytes }, (_, at) => (index * 31 + at * 7) & 0xff),
    encoding: index % 2 === 0 ? "identity" : "gzip",
    arrivalUnixMillis: 1_700_000_000_000 + index,
  };
}

/** All entries from a position on. */
export async function entriesFrom(log: IngestLog, position: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of log.read(position)) {
    entries.push({ ...entry, payload: Uint8Array.from(entry.payload) });
  }
  return entries;
}

/** Entry that record `index` becomes at `position`. */
export function entryOf(index: number, payloadBytes = 50, position: number = index): LogEntry {
  return { ...recordOf(index, payloadBytes), position };
}

/** The suite. */
export function describeIngestLog(name: string, makeLog: MakeLog): void {
  describe(name, () => {
    test("gives positions 0, 1, 2 in the order of the calls and resolves in that order", async () => {
      const log = makeLog(["store"]);
      await log.start();
      const resolved: number[] = [];
      const appends = [0, 1, 2, 3, 4].map((index) =>
        log.append(recordOf(index)).then((position) => {
          resolved.push(position);
          return position;
        }),
      );
      expect(await Promise.all(appends)).toEqual([0, 1, 2, 3, 4]);
      expect(resolved).toEqual([0, 1, 2, 3, 4]);
      expect(log.nextPosition()).toBe(5);
      await log.stop();
    });

    test("gives back every field of a record, from any position on", async () => {
      const log = makeLog(["store"]);
      await log.start();
      for (const index of [0, 1, 2, 3]) await log.append(recordOf(index));
      expect(await entriesFrom(log, 0)).toEqual([0, 1, 2, 3].map((index) => entryOf(index)));
      expect(await entriesFrom(log, 2)).toEqual([entryOf(2), entryOf(3)]);
      expect(await entriesFrom(log, 4)).toEqual([]);
      await log.stop();
    });

    test("keeps an empty payload and one of a megabyte", async () => {
      const log = makeLog(["store"]);
      await log.start();
      await log.append(recordOf(0, 0));
      const long = { ...recordOf(1), payload: Buffer.alloc(1024 * 1024, "long") };
      await log.append(long);
      const entries = await entriesFrom(log, 0);
      expect(entries[0]).toEqual(entryOf(0, 0));
      expect(Buffer.compare(entries[1]!.payload, long.payload)).toBe(0);
      await log.stop();
    });

    test("does not keep the memory of a payload after the append", async () => {
      const log = makeLog(["store"]);
      await log.start();
      const { payload, ...rest } = recordOf(0);
      await log.append({ ...rest, payload });
      payload.fill(0xee);
      expect(await entriesFrom(log, 0)).toEqual([entryOf(0)]);
      await log.stop();
    });

    test("ends a read at the last entry durable when it began", async () => {
      const log = makeLog(["store"]);
      await log.start();
      await log.append(recordOf(0));
      const iteration = log.read(0)[Symbol.asyncIterator]();
      const first = await iteration.next();
      await log.append(recordOf(1));
      expect(first.value).toMatchObject({ position: 0 });
      expect((await iteration.next()).done).toBe(true);
      await log.stop();
    });

    test("keeps what one of two readers has not released", async () => {
      const log = makeLog(["store", "exporter"]);
      await log.start();
      for (const index of [0, 1, 2]) await log.append(recordOf(index));
      log.release("store", 2);
      log.release("exporter", 0);
      expect((await entriesFrom(log, 1)).map((entry) => entry.position)).toEqual([1, 2]);
      await log.stop();
    });

    test("tells where a reader is, never further back, and nothing of one never heard of", async () => {
      const log = makeLog(["store"]);
      await log.start();
      for (const index of [0, 1, 2]) await log.append(recordOf(index));
      log.release("exporter", 1);
      log.release("exporter", 0);
      expect(log.positionOf("exporter")).toBe(1);
      expect(log.positionOf("stranger")).toBeUndefined();
      await log.stop();
    });

    test("never gives a position again that a reader has already seen", async () => {
      const log = makeLog(["store"]);
      await log.start();
      await log.append(recordOf(0));
      log.release("store", 41);
      expect(log.nextPosition()).toBe(42);
      expect(await log.append(recordOf(1))).toBe(42);
      expect(await entriesFrom(log, 42)).toEqual([entryOf(1, 50, 42)]);
      await log.stop();
    });

    test("refuses a position that is no whole number", async () => {
      const log = makeLog(["store"]);
      await log.start();
      expect(() => log.release("store", Number.NaN)).toThrow(/expected a whole position, got NaN/);
      await log.stop();
    });

    test("refuses records retryably before start and after stop", async () => {
      const log = makeLog(["store"]);
      await expect(log.append(recordOf(0))).rejects.toMatchObject({ code: "unavailable" });
      await log.start();
      await log.stop();
      await expect(log.append(recordOf(0))).rejects.toMatchObject({ code: "unavailable" });
    });

    test("settles every append made before stop", async () => {
      const log = makeLog(["store"]);
      await log.start();
      const appends = [0, 1, 2].map((index) => log.append(recordOf(index)));
      await log.stop();
      expect(await Promise.all(appends)).toEqual([0, 1, 2]);
    });
  });
}
