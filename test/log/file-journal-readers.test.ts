/** Named readers: who holds what, who loses it, who resumes where. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Logger } from "../../src/base/logger.ts";
import type { FileJournalOptions } from "../../src/log/file-journal.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { entriesFrom, recordOf } from "../contract/ingest-log-suite.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

async function open(
  folder: string,
  options: Partial<FileJournalOptions> = {},
): Promise<{ log: IngestLog; lines: string[] }> {
  const lines: string[] = [];
  const note = (message: string): void => {
    lines.push(message);
  };
  const logger: Logger = { info: note, warn: note, error: note };
  const log = createFileJournal({ dataDirectory: folder, maxFileBytes: 1_024, logger, ...options });
  await log.start();
  return { log, lines };
}

async function appendMany(log: IngestLog, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) await log.append(recordOf(index));
}

test("files go once every reader is past them, and not before", async () => {
  const { log } = await open(temporaryFolder(), { readers: ["store", "exporter"] });
  await appendMany(log, 0, 50);
  const files = log.gauges()["files"]!;
  log.release("store", 49);
  expect(log.gauges()["files"]).toBe(files);
  expect(log.gauges()["firstPosition"]).toBe(0);
  log.release("exporter", 24);
  expect(log.gauges()["firstPosition"]).toBeGreaterThan(10);
  expect(log.gauges()["firstPosition"]).toBeLessThanOrEqual(25);
  expect((await entriesFrom(log, 25)).map((entry) => entry.position)).toEqual(
    Array.from({ length: 25 }, (_, index) => 25 + index),
  );
  await log.stop();
});

test("a read under way goes on in what is left when files are let go behind it", async () => {
  const { log, lines } = await open(temporaryFolder());
  await appendMany(log, 0, 50);
  const seen: number[] = [];
  for await (const entry of log.read(0)) {
    seen.push(entry.position);
    if (entry.position === 3) {
      log.release("store", 39);
      await appendMany(log, 50, 90);
    }
  }
  expect(seen.at(-1)).toBe(49);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(seen.filter((position) => position >= 40)).toHaveLength(10);
  expect(lines).toEqual([]);
  await log.stop();
});

test("an exporter resumes where it was; the store keeps its own position", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder, { readers: ["store", "exporter"] });
  await appendMany(log, 0, 10);
  log.release("exporter", 6);
  log.release("store", 3);
  await log.stop();
  const { log: again } = await open(folder, { readers: ["store", "exporter"] });
  expect(again.positionOf("exporter")).toBe(6);
  expect(again.positionOf("store")).toBeUndefined();
  expect((await entriesFrom(again, 4)).map((entry) => entry.position)).toEqual([4, 5, 6, 7, 8, 9]);
  await again.stop();
});

test("an exporter that is no longer set up holds nothing back", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder, { readers: ["store", "exporter"] });
  await appendMany(log, 0, 30);
  log.release("exporter", 0);
  await log.stop();
  const { log: again } = await open(folder, { readers: ["store"] });
  again.release("store", 29);
  expect(again.gauges()["firstPosition"]).toBe(30);
  expect(again.positionOf("exporter")).toBe(0);
  await again.stop();
});

test("unreadable reader positions are said and count as none", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder);
  await appendMany(log, 0, 2);
  log.release("exporter", 1);
  await log.stop();
  writeFileSync(join(folder, "log", "readers.json"), '{"version":1,"posi');
  const { log: again, lines } = await open(folder);
  expect(again.positionOf("exporter")).toBeUndefined();
  expect(lines).toEqual(["reader positions are unreadable; readers begin at the oldest record kept"]);
  expect(await entriesFrom(again, 0)).toHaveLength(2);
  await again.stop();
});

test("with any byte of the reader positions wrong, an exporter sees records twice rather than not at all", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder, { readers: ["store", "exporter"] });
  await appendMany(log, 0, 4);
  log.release("exporter", 1);
  await log.stop();
  const path = join(folder, "log", "readers.json");
  const bytes = readFileSync(path);
  for (let index = 0; index < bytes.length; index++) {
    for (const flip of [0x01, 0xff]) {
      const wrong = Uint8Array.from(bytes);
      wrong[index]! ^= flip;
      writeFileSync(path, wrong);
      const { log: again, lines } = await open(folder, { readers: ["store", "exporter"] });
      expect(again.positionOf("exporter")).toBe(-1);
      expect(again.nextPosition()).toBe(4);
      expect(lines).toEqual(["reader positions are unreadable; readers begin at the oldest record kept"]);
      await again.stop();
    }
  }
});

test("reader positions written before they had a checksum are read", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder);
  await appendMany(log, 0, 4);
  await log.stop();
  writeFileSync(join(folder, "log", "readers.json"), '{"version":1,"positions":{"exporter":2}}\n');
  const { log: again, lines } = await open(folder, { readers: ["store", "exporter"] });
  expect(again.positionOf("exporter")).toBe(2);
  expect(lines).toEqual([]);
  await again.stop();
});

test("a reader too far behind loses its hold, counted and said; the others keep theirs", async () => {
  const lost: string[] = [];
  const metrics = {
    counter: ({ name }: { name: string }) => ({
      add: (_value: number, labels?: Readonly<Record<string, string>>) => {
        if (name === "tracagg_log_reader_holds_lost_total") lost.push(labels!["reader"]!);
      },
    }),
    histogram: () => ({ observe: () => {} }),
    gauge: () => {},
  };
  const { log, lines } = await open(temporaryFolder(), {
    readers: ["store", "exporter"],
    maxRetainedBytes: 8 * 1_024,
    metrics,
  });
  for (let index = 0; index < 200; index++) {
    await log.append(recordOf(index));
    log.release("store", index);
  }
  expect(lost).toEqual(["exporter"]);
  expect(lines).toEqual(["a reader is too far behind and loses its hold on the log"]);
  expect(log.gauges()["retainedBytes"]).toBeLessThanOrEqual(8 * 1_024);
  log.release("exporter", 190);
  expect(log.positionOf("exporter")).toBe(190);
  await log.stop();
});

test("when the store itself is too far behind records are refused until it has caught up, none is lost", async () => {
  const { log } = await open(temporaryFolder(), { maxRetainedBytes: 8 * 1_024 });
  let accepted = 0;
  let refusal: unknown;
  while (refusal === undefined && accepted < 1_000) {
    refusal = await log.append(recordOf(accepted)).then(
      () => undefined,
      (error: unknown) => error,
    );
    accepted += refusal === undefined ? 1 : 0;
  }
  expect(refusal).toMatchObject({ code: "unavailable", retryAfterMillis: 5_000 });
  expect(await entriesFrom(log, 0)).toHaveLength(accepted);
  log.release("store", accepted - 1);
  expect(await log.append(recordOf(0))).toBe(accepted);
  await log.stop();
});

test("a reader that has seen more than a damaged log still holds does not miss what comes next", async () => {
  const folder = temporaryFolder();
  const { log: first } = await open(folder, { readers: ["store", "exporter"] });
  await appendMany(first, 0, 10);
  first.release("exporter", 9);
  await first.stop();
  for (const name of readdirSync(join(folder, "log"))) {
    if (name.endsWith(".log")) rmSync(join(folder, "log", name));
  }
  const { log } = await open(folder, { readers: ["store", "exporter"] });
  const position = await log.append(recordOf(10));
  expect(position).toBe(10);
  expect(await entriesFrom(log, log.positionOf("exporter")! + 1)).toHaveLength(1);
  await log.stop();
});
