/** What the journal makes of the files it finds: torn, damaged, old, newer, none. */

import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import type { FileJournalOptions } from "../../src/log/file-journal.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { encodeFileHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES } from "../../src/log/record-format.ts";
import { entriesFrom, entryOf, recordOf } from "../contract/ingest-log-suite.ts";
import { RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const PAYLOAD_BYTES = 50;
const RECORD_BYTES = RECORD_HEADER_BYTES + PAYLOAD_BYTES;
const FIRST_FILE = "00000001.log";

interface Line {
  readonly message: string;
  readonly fields: LogFields | undefined;
}

async function open(
  folder: string,
  options: Partial<FileJournalOptions> = {},
): Promise<{ log: IngestLog; lines: Line[] }> {
  const lines: Line[] = [];
  const note = (message: string, fields?: LogFields): void => {
    lines.push({ message, fields });
  };
  const logger: Logger = { info: note, warn: note, error: note };
  const log = createFileJournal({ dataDirectory: folder, maxFileBytes: 16 * 1024, logger, ...options });
  await log.start();
  return { log, lines };
}

/** A folder as a killed process leaves it: `count` records appended one by one, nothing closed. */
async function killedFolder(count: number, options: Partial<FileJournalOptions> = {}): Promise<string> {
  const folder = temporaryFolder();
  return await killedAfter(folder, options, async (log) => {
    for (let index = 0; index < count; index++) await log.append(recordOf(index));
  });
}

/** What a process killed right after `work` leaves: all it wrote, in a folder of its own. */
async function killedAfter(
  folder: string,
  options: Partial<FileJournalOptions>,
  work: (log: IngestLog) => Promise<void>,
): Promise<string> {
  const disk = new RecordingFileLayer(folder);
  const { log } = await open(folder, { ...options, files: disk });
  await work(log);
  const copy = temporaryFolder();
  disk.crashTo(copy, () => true);
  await log.stop();
  return copy;
}

async function positionsIn(log: IngestLog, from = 0): Promise<number[]> {
  return (await entriesFrom(log, from)).map((entry) => entry.position);
}

test("cut at any byte of its last records, the log gives every whole one and goes on after it", async () => {
  const original = await killedFolder(4);
  const end = FILE_HEADER_BYTES + 4 * RECORD_BYTES;
  for (let length = end - 2 * RECORD_BYTES; length <= end; length++) {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    truncateSync(join(folder, "log", FIRST_FILE), length);
    const whole = Math.floor((length - FILE_HEADER_BYTES) / RECORD_BYTES);
    const { log } = await open(folder);
    expect(await entriesFrom(log, 0)).toEqual([0, 1, 2, 3].slice(0, whole).map((index) => entryOf(index)));
    expect(await log.append(recordOf(9))).toBe(whole);
    await log.stop();
  }
});

test("a wrong byte anywhere in a record sets that record aside, says so, and serves the rest", async () => {
  const original = await killedFolder(5);
  const start = FILE_HEADER_BYTES + 2 * RECORD_BYTES;
  for (let offset = start; offset < start + RECORD_BYTES; offset++) {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    const path = join(folder, "log", FIRST_FILE);
    const bytes = readFileSync(path);
    bytes[offset]! ^= 0x41;
    writeFileSync(path, bytes);
    const { log, lines } = await open(folder);
    expect(await positionsIn(log)).toEqual([0, 1, 3, 4]);
    expect(log.nextPosition()).toBe(5);
    expect(lines).toContainEqual({
      message: "damaged records in the log are set aside; the rest is served",
      fields: { path, fromPosition: 2, toPosition: 3 },
    });
    await log.stop();
  }
});

test("damage is counted and said once, however often the log is read and started", async () => {
  const folder = await killedFolder(4);
  const path = join(folder, "log", FIRST_FILE);
  const bytes = readFileSync(path);
  bytes[FILE_HEADER_BYTES + RECORD_BYTES + 60]! ^= 1;
  writeFileSync(path, bytes);
  const { log, lines } = await open(folder);
  expect(await positionsIn(log)).toEqual([0, 2, 3]);
  expect(await positionsIn(log)).toEqual([0, 2, 3]);
  expect(lines).toHaveLength(1);
  await log.stop();
  const { log: again } = await open(folder);
  expect(await positionsIn(again)).toEqual([0, 2, 3]);
  expect(again.nextPosition()).toBe(4);
  await again.stop();
});

test("a wrong byte anywhere in a file header loses nothing", async () => {
  const original = await killedFolder(3);
  for (let offset = 0; offset < 32; offset++) {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    const path = join(folder, "log", FIRST_FILE);
    const bytes = readFileSync(path);
    bytes[offset]! ^= 0x80;
    writeFileSync(path, bytes);
    const { log, lines } = await open(folder);
    expect(await positionsIn(log)).toEqual([0, 1, 2]);
    expect(await log.append(recordOf(3))).toBe(3);
    expect(lines).toEqual([
      { message: "a log file has a damaged header; its records are served", fields: { path } },
    ]);
    await log.stop();
  }
});

test("a damaged last record of a file is named when a later file proves it was there", async () => {
  const folder = await killedFolder(12, { maxFileBytes: 512 });
  const path = join(folder, "log", FIRST_FILE);
  const bytes = readFileSync(path);
  const inFirst = Math.floor((512 - FILE_HEADER_BYTES) / RECORD_BYTES);
  bytes[FILE_HEADER_BYTES + inFirst * RECORD_BYTES - 1]! ^= 1;
  writeFileSync(path, bytes);
  const { log, lines } = await open(folder, { maxFileBytes: 512 });
  const all = Array.from({ length: 12 }, (_, index) => index);
  expect(await positionsIn(log)).toEqual(all.filter((position) => position !== inFirst - 1));
  expect(lines).toContainEqual({
    message: "damaged records in the log are set aside; the rest is served",
    fields: { path, fromPosition: inFirst - 1, toPosition: inFirst },
  });
  await log.stop();
});

test("a file overwritten with rubbish is set aside and the others are served", async () => {
  const folder = await killedFolder(12, { maxFileBytes: 512 });
  const path = join(folder, "log", "00000002.log");
  const before = readFileSync(path);
  writeFileSync(path, Buffer.alloc(before.length, 0x5a));
  const { log, lines } = await open(folder, { maxFileBytes: 512 });
  const positions = await positionsIn(log);
  expect(positions.slice(0, 4)).toEqual([0, 1, 2, 3]);
  expect(positions.at(-1)).toBe(11);
  expect(positions.length).toBeLessThan(12);
  expect(lines[0]).toEqual({
    message: "a log file is damaged beyond reading; it is set aside",
    fields: { path: `${path}.damaged` },
  });
  expect(readFileSync(`${path}.damaged`)).toHaveLength(before.length);
  await log.stop();
  const { log: again } = await open(folder, { maxFileBytes: 512 });
  expect(await positionsIn(again)).toEqual(positions);
  await again.stop();
});

test("a missing file is a gap, not a failure", async () => {
  const folder = await killedFolder(12, { maxFileBytes: 512 });
  rmSync(join(folder, "log", "00000002.log"));
  const { log, lines } = await open(folder, { maxFileBytes: 512 });
  expect(await positionsIn(log)).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
  expect(lines.map((line) => line.message)).toEqual([
    "damaged records in the log are set aside; the rest is served",
  ]);
  await log.stop();
});

test("a file of a newer format is refused with the version it has", async () => {
  const folder = await killedFolder(1);
  const header = encodeFileHeader({ version: 7, fileNumber: 1, firstPosition: 0 });
  const path = join(folder, "log", FIRST_FILE);
  const bytes = readFileSync(path);
  bytes.set(header);
  writeFileSync(path, bytes);
  await expect(open(folder)).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining("log format version 7"),
  });
});

test("bytes in a payload that look like records are not taken for any", async () => {
  const folder = temporaryFolder();
  const copy = await killedAfter(folder, {}, async (log) => {
    await log.append(recordOf(0));
    const lookalike = readFileSync(join(folder, "log", FIRST_FILE)).subarray(0, 400);
    await log.append({ payload: lookalike, encoding: "identity", arrivalUnixMillis: 1 });
    await log.append(recordOf(2));
  });
  const path = join(copy, "log", FIRST_FILE);
  const bytes = readFileSync(path);
  // The header of the second record: the walk has to search its payload for the next record.
  bytes[FILE_HEADER_BYTES + RECORD_BYTES + 20]! ^= 1;
  writeFileSync(path, bytes);
  const { log: after } = await open(copy);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(2)]);
  await after.stop();
});

test("a recycled file never replays what an older use left in it", async () => {
  const copy = await killedAfter(temporaryFolder(), { maxFileBytes: 1_024 }, async (log) => {
    for (let index = 0; index < 200; index++) {
      await log.append(recordOf(index));
      log.release("store", index - 3);
    }
  });
  const numbers = readdirSync(join(copy, "log")).map((name) => Number.parseInt(name, 10));
  expect(Math.max(...numbers)).toBeGreaterThan(15);
  const { log: after, lines } = await open(copy, { maxFileBytes: 1_024 });
  const entries = await entriesFrom(after, 197);
  expect(entries).toEqual([197, 198, 199].map((index) => entryOf(index)));
  for (const entry of await entriesFrom(after, 0)) expect(entry).toEqual(entryOf(entry.position));
  expect(lines).toEqual([]);
  await after.stop();
});

test("positions go on after everything was released and the files are gone", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder);
  for (let index = 0; index < 5; index++) await log.append(recordOf(index));
  log.release("store", 4);
  await log.stop();
  const files = readdirSync(join(folder, "log")).filter((name) => name.endsWith(".log"));
  expect(files.map((name) => statSync(join(folder, "log", name)).size)).toEqual([FILE_HEADER_BYTES]);
  for (let round = 0; round < 3; round++) {
    const { log: again } = await open(folder);
    expect(again.nextPosition()).toBe(5 + round);
    expect(await entriesFrom(again, 0)).toEqual([]);
    expect(await again.append(recordOf(round))).toBe(5 + round);
    again.release("store", 5 + round);
    await again.stop();
  }
});

test("starting and dying over and over adds no files", async () => {
  let folder = await killedFolder(3);
  for (let round = 0; round < 20; round++) folder = await killedAfter(folder, {}, async () => {});
  // One with records, the current one, at most four ready, one in the making.
  expect(readdirSync(join(folder, "log")).length).toBeLessThanOrEqual(7);
  const { log } = await open(folder);
  expect(await positionsIn(log)).toEqual([0, 1, 2]);
  await log.stop();
});

test("a record longer than a file gets one of its own size", async () => {
  const copy = await killedAfter(temporaryFolder(), { maxFileBytes: 1_024 }, async (log) => {
    await log.append(recordOf(0));
    await log.append(recordOf(1, 50_000));
    await log.append(recordOf(2));
  });
  const { log: after } = await open(copy, { maxFileBytes: 1_024 });
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(1, 50_000), entryOf(2)]);
  await after.stop();
});

test("a clean stop leaves no more bytes than the records take", async () => {
  const folder = temporaryFolder();
  const { log } = await open(folder);
  for (let index = 0; index < 3; index++) await log.append(recordOf(index));
  await log.stop();
  const sizes = readdirSync(join(folder, "log")).map((name) => statSync(join(folder, "log", name)).size);
  expect(sizes).toEqual([FILE_HEADER_BYTES + 3 * RECORD_BYTES]);
});
