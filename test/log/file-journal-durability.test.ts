/** What a power loss, a full disk and a failing sync leave of the journal. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import type { Logger } from "../../src/base/logger.ts";
import type { FileJournalOptions } from "../../src/log/file-journal.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { RECORD_HEADER_BYTES } from "../../src/log/record-format.ts";
import { entriesFrom, entryOf, recordOf } from "../contract/ingest-log-suite.ts";
import { diskError, RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";

const SMALL_FILES = 16 * 1024;
const FIRST_FILE = "00000001.log";

interface Rig {
  readonly log: IngestLog;
  readonly disk: RecordingFileLayer;
  readonly folder: string;
  nowMillis: number;
}

async function startRig(options: Partial<FileJournalOptions> = {}): Promise<Rig> {
  const folder = temporaryFolder();
  const disk = new RecordingFileLayer(folder);
  const rig = { disk, folder, nowMillis: 1_000 };
  const clock = { nowMillis: () => rig.nowMillis };
  const log = createFileJournal({
    dataDirectory: folder,
    files: disk,
    clock,
    maxFileBytes: SMALL_FILES,
    ...options,
  });
  await log.start();
  return Object.assign(rig, { log });
}

/** The journal a new process finds in a folder. */
async function reopened(
  folder: string,
  options: Partial<FileJournalOptions> = {},
): Promise<{ log: IngestLog; lines: string[] }> {
  const lines: string[] = [];
  const note = (message: string): void => {
    lines.push(message);
  };
  const logger: Logger = { info: note, warn: note, error: note };
  const log = createFileJournal({ dataDirectory: folder, maxFileBytes: SMALL_FILES, logger, ...options });
  await log.start();
  return { log, lines };
}

/** Gives what should not happen time to happen. */
async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("no append resolves while a sync is held back, and all of them once it is done", async () => {
  const { log, disk } = await startRig();
  const held = disk.holdSyncs(FIRST_FILE);
  let resolved = 0;
  const appends = [0, 1, 2].map((index) =>
    log.append(recordOf(index)).then(() => {
      resolved++;
    }),
  );
  await held.first;
  await turns();
  expect(resolved).toBe(0);
  disk.releaseSyncs();
  await Promise.all(appends);
  expect(resolved).toBe(3);
  await log.stop();
});

test("records that come during a sync share the next one", async () => {
  const { log, disk } = await startRig();
  let syncs = 0;
  disk.hook = ({ kind, path }) => {
    if (kind === "datasync" && path.endsWith(FIRST_FILE)) syncs++;
    return undefined;
  };
  const held = disk.holdSyncs(FIRST_FILE);
  const first = log.append(recordOf(0));
  await held.first;
  const rest = Array.from({ length: 20 }, (_, index) => log.append(recordOf(index + 1)));
  disk.releaseSyncs();
  await Promise.all([first, ...rest]);
  expect(syncs).toBe(2);
  await log.stop();
});

test("a power loss at any moment keeps every record whose append had resolved", async () => {
  const { log, disk } = await startRig({ maxFileBytes: 4 * 1024 });
  const crashes: { folder: string; acknowledged: number }[] = [];
  let acknowledged = 0;
  let steps = 0;
  const crash = (survives?: (order: number) => boolean): void => {
    const folder = temporaryFolder();
    disk.crashTo(folder, survives);
    crashes.push({ folder, acknowledged });
  };
  disk.hook = ({ kind }) => {
    steps++;
    if (kind !== "open" && steps % 3 === 0) crash();
    // The other extreme: everything written so far had reached the disk without being asked to.
    if (kind === "datasync") crash(() => true);
    return undefined;
  };
  for (let round = 0; round < 12; round++) {
    const group = [0, 1, 2, 3].map((at) => log.append(recordOf(round * 4 + at, 900)));
    await Promise.all(group);
    acknowledged += group.length;
    crash();
    log.release("store", acknowledged - 8);
  }
  await log.stop();
  expect(crashes.length).toBeGreaterThan(30);
  for (const { folder, acknowledged: expected } of crashes) {
    const { log: after, lines } = await reopened(folder);
    const entries = await entriesFrom(after, Math.max(0, expected - 4));
    const positions = entries.map((entry) => entry.position);
    expect(positions.slice(0, Math.min(4, expected))).toEqual(
      Array.from({ length: Math.min(4, expected) }, (_, at) => Math.max(0, expected - 4) + at),
    );
    for (const entry of entries) expect(entry).toEqual(entryOf(entry.position, 900));
    expect(after.nextPosition()).toBeGreaterThanOrEqual(expected);
    expect(lines.filter((line) => line.includes("damaged"))).toEqual([]);
    await after.stop();
  }
});

test("acknowledged records survive with any prefix, and any one alone, of the writes that came after", async () => {
  const { log, disk } = await startRig();
  await Promise.all([0, 1, 2].map((index) => log.append(recordOf(index, 300))));
  const held = disk.holdSyncs(FIRST_FILE);
  const pendingAppends = [3, 4, 5].map((index) => log.append(recordOf(index, 300)));
  await held.first;
  const orders = disk.pendingOrders();
  const last = orders.at(-1)!;
  const images: string[] = [];
  const image = (survives: (order: number) => boolean | number): void => {
    images.push(temporaryFolder());
    disk.crashTo(images.at(-1)!, survives);
  };
  for (const kept of orders) {
    image((order) => order <= kept);
    image((order) => order === kept);
  }
  // The last write is the group of three: torn at every 37th byte.
  for (let bytes = 0; bytes < 1_020; bytes += 37) image((order) => (order === last ? bytes : false));
  disk.releaseSyncs();
  await Promise.all(pendingAppends);
  await log.stop();
  for (const folder of images) {
    const { log: after } = await reopened(folder);
    const entries = await entriesFrom(after, 0);
    expect(entries.length).toBeGreaterThanOrEqual(3);
    entries.forEach((entry, index) => {
      expect(entry).toEqual(entryOf(index, 300));
    });
    expect(await after.append(recordOf(99))).toBe(entries.length);
    await after.stop();
  }
});

test("a later page of a torn group does not pass for a record after damage", async () => {
  const { log, disk } = await startRig();
  await log.append(recordOf(0, 300));
  const held = disk.holdSyncs(FIRST_FILE);
  const appends = [1, 2, 3].map((index) => log.append(recordOf(index, 300)));
  await held.first;
  const folder = temporaryFolder();
  disk.crashTo(folder, () => true);
  disk.releaseSyncs();
  await Promise.all(appends);
  await log.stop();
  const path = join(folder, "log", FIRST_FILE);
  const bytes = readFileSync(path);
  // The first record of the group is the page that never reached the disk.
  bytes.fill(0, 64 + 340, 64 + 680);
  writeFileSync(path, bytes);
  const { log: after, lines } = await reopened(folder);
  expect((await entriesFrom(after, 0)).map((entry) => entry.position)).toEqual([0]);
  expect(after.nextPosition()).toBe(1);
  expect(lines).toEqual(["cut the torn tail of the log: writes that were never acknowledged"]);
  await after.stop();
});

test("a full disk refuses retryably, reads go on, and writing resumes by itself", async () => {
  const rig = await startRig();
  const { log, disk } = rig;
  await log.append(recordOf(0, 8_000));
  let full = true;
  disk.hook = ({ kind, bytes }) => {
    if (full && kind === "write" && bytes > 0) throw diskError("ENOSPC");
    return undefined;
  };
  const refusal = await log.append(recordOf(1, 8_000)).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "unavailable", retryAfterMillis: 5_000 });
  expect((refusal as Error).message).toContain("no space left");
  expect(log.gauges()["writable"]).toBe(0);
  expect(await entriesFrom(log, 0)).toEqual([entryOf(0, 8_000)]);
  full = false;
  rig.nowMillis += 10_000;
  expect(await log.append(recordOf(2, 8_000))).toBe(1);
  expect(log.gauges()["writable"]).toBe(1);
  await log.stop();
  const { log: after } = await reopened(rig.folder);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0, 8_000), entryOf(2, 8_000, 1)]);
  await after.stop();
});

test("a disk with no room for the next file refuses, is not asked at every append, and recovers", async () => {
  const rig = await startRig();
  const { log, disk } = rig;
  let full = true;
  let attempts = 0;
  disk.hook = ({ kind, path }) => {
    if (!full || kind !== "write" || path.endsWith(FIRST_FILE) || path.endsWith("00000002.log"))
      return undefined;
    attempts++;
    throw diskError("ENOSPC");
  };
  for (const index of [0, 1, 2, 3]) await log.append(recordOf(index, 7_000));
  const refused = await Promise.allSettled([4, 5, 6].map((index) => log.append(recordOf(index, 7_000))));
  expect(refused.map((outcome) => outcome.status)).toEqual(["rejected", "rejected", "rejected"]);
  const attemptsThen = attempts;
  await expect(log.append(recordOf(7, 7_000))).rejects.toMatchObject({ code: "unavailable" });
  expect(attempts).toBe(attemptsThen);
  expect(await log.append(recordOf(8, 20))).toBe(4);
  full = false;
  rig.nowMillis += 10_000;
  expect(await log.append(recordOf(9, 7_000))).toBe(5);
  expect((await entriesFrom(log, 4)).map((entry) => entry.position)).toEqual([4, 5]);
  await log.stop();
});

test("the log tells how long its oldest record has waited for the disk, and nothing when none waits", async () => {
  const { log, disk } = await startRig();
  expect(log.lagMillis()).toBe(0);
  const held = disk.holdSyncs(FIRST_FILE);
  const first = log.append(recordOf(0));
  await held.first;
  const begun = log.lagMillis();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const second = log.append(recordOf(1));
  // The second waits behind the first, whose wait is the longer one.
  expect(log.lagMillis()).toBeGreaterThanOrEqual(begun + 19);
  disk.releaseSyncs();
  await Promise.all([first, second]);
  expect(log.lagMillis()).toBe(0);
  expect(log.gauges()).toMatchObject({ lagMillis: 0 });
  await log.stop();
});

test("a log starts on a full disk: what it holds is read, records are refused until there is room", async () => {
  const { log: first, folder } = await startRig();
  await first.append(recordOf(0));
  await first.stop();
  const disk = new RecordingFileLayer(folder);
  let full = true;
  disk.hook = ({ kind, bytes }) => {
    if (full && kind === "write" && bytes > 0) throw diskError("ENOSPC");
    return undefined;
  };
  let nowMillis = 1_000;
  const clock = { nowMillis: () => nowMillis };
  const { log } = await reopened(folder, { files: disk, clock });
  expect(await entriesFrom(log, 0)).toEqual([entryOf(0)]);
  expect(log.gauges()["writable"]).toBe(0);
  await expect(log.append(recordOf(1))).rejects.toMatchObject({
    code: "unavailable",
    retryAfterMillis: 5_000,
  });
  full = false;
  nowMillis += 10_000;
  expect(await log.append(recordOf(2))).toBe(1);
  await log.stop();
  const { log: after } = await reopened(folder);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(2, 50, 1)]);
  await after.stop();
});

test("a log that could write nothing since its start on a full disk stops and starts again as it was", async () => {
  const { log: first, folder } = await startRig();
  await first.append(recordOf(0));
  await first.stop();
  for (let start = 0; start < 2; start++) {
    const disk = new RecordingFileLayer(folder);
    disk.hook = ({ kind, bytes }) => {
      if (kind === "write" && bytes > 0) throw diskError("ENOSPC");
      return undefined;
    };
    const { log } = await reopened(folder, { files: disk });
    log.release("store", 0);
    await log.stop();
  }
  const { log: after } = await reopened(folder);
  expect(after.nextPosition()).toBe(1);
  expect(await after.append(recordOf(1))).toBe(1);
  await after.stop();
});

test("a record of which the disk took only a part does not come back, whatever is written over it", async () => {
  const { log, disk } = await startRig();
  await log.append(recordOf(0));
  const images: string[] = [];
  let failing = true;
  disk.hook = ({ kind, path }) => {
    if (!failing || kind !== "write" || !path.endsWith(FIRST_FILE)) return undefined;
    failing = false;
    // Two whole records and a part of the third.
    return 2 * 240 + 10;
  };
  const group = [1, 2, 3].map((index) => log.append(recordOf(index, 200)));
  expect((await Promise.allSettled(group)).map((outcome) => outcome.status)).toEqual(
    Array.from({ length: 3 }, () => "rejected"),
  );
  images.push(temporaryFolder());
  disk.crashTo(images[0]!, () => true);
  expect(await log.append(recordOf(4))).toBe(1);
  images.push(temporaryFolder());
  disk.crashTo(images[1]!, () => true);
  await log.stop();
  const found: number[][] = [];
  for (const image of images) {
    const { log: after } = await reopened(image);
    found.push((await entriesFrom(after, 0)).map((entry) => entry.payload.length));
    await after.stop();
  }
  expect(found).toEqual([[50], [50, 50]]);
});

test("after a failed sync the records are refused, the file is left, and they do not come back", async () => {
  const { log, disk, folder } = await startRig();
  await log.append(recordOf(0));
  let failing = true;
  const written: string[] = [];
  disk.hook = ({ kind, path }) => {
    if (kind === "datasync" && failing && path.endsWith(FIRST_FILE)) {
      failing = false;
      throw diskError("EIO");
    }
    if (kind === "write" && !failing) written.push(path);
    return undefined;
  };
  const refused = await Promise.allSettled([1, 2].map((index) => log.append(recordOf(index))));
  expect(refused.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  expect(refused[0]).toMatchObject({ reason: { code: "unavailable" } });
  written.length = 0;
  expect(await log.append(recordOf(3))).toBe(1);
  expect(written.some((path) => path.endsWith(FIRST_FILE))).toBe(false);
  const killed = temporaryFolder();
  disk.crashTo(killed, () => true);
  const powerless = temporaryFolder();
  disk.crashTo(powerless);
  await log.stop();
  for (const image of [killed, powerless, folder]) {
    const { log: after, lines } = await reopened(image);
    expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(3, 50, 1)]);
    expect(lines.filter((line) => line.includes("damaged"))).toEqual([]);
    await after.stop();
  }
});

test("when senders hear of a failed sync, its records are void even if the disk kept them after all", async () => {
  const { log, disk } = await startRig();
  await log.append(recordOf(0));
  const groupWrites: number[] = [];
  disk.hook = ({ kind, path, bytes, order }) => {
    if (kind === "write" && path.endsWith(FIRST_FILE) && bytes > RECORD_HEADER_BYTES)
      groupWrites.push(order!);
    if (kind === "datasync" && path.endsWith(FIRST_FILE)) throw diskError("EIO");
    return undefined;
  };
  await expect(log.append(recordOf(1))).rejects.toMatchObject({ code: "unavailable" });
  const image = temporaryFolder();
  disk.crashTo(image, (order) => groupWrites.includes(order));
  expect(groupWrites).toHaveLength(1);
  await log.stop();
  const { log: after } = await reopened(image);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0)]);
  await after.stop();
});

test("a failed sync on a full disk leaves the file alone until a new one can be had", async () => {
  const rig = await startRig();
  const { log, disk } = rig;
  await log.append(recordOf(0));
  let full = true;
  const payloadWrites: string[] = [];
  disk.hook = ({ kind, path, bytes }) => {
    const isFirst = path.endsWith(FIRST_FILE);
    if (full && kind === "datasync" && isFirst) throw diskError("EIO");
    if (full && kind === "write" && !isFirst) throw diskError("ENOSPC");
    if (kind === "write" && isFirst && bytes > RECORD_HEADER_BYTES) payloadWrites.push(path);
    return undefined;
  };
  await expect(log.append(recordOf(1))).rejects.toMatchObject({ code: "unavailable" });
  await expect(log.append(recordOf(2))).rejects.toMatchObject({ code: "unavailable" });
  full = false;
  rig.nowMillis += 10_000;
  expect(await log.append(recordOf(3))).toBe(1);
  expect(payloadWrites).toHaveLength(1);
  await log.stop();
  const { log: after } = await reopened(rig.folder);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(3, 50, 1)]);
  await after.stop();
});

test("positions outlive a power loss at any moment after everything was released at a start", async () => {
  const { log: first, folder } = await startRig();
  for (const index of [0, 1, 2, 3, 4]) await first.append(recordOf(index, 7_000));
  await first.stop();
  const disk = new RecordingFileLayer(folder);
  const images: string[] = [];
  const crash = (): undefined => {
    images.push(temporaryFolder(), temporaryFolder());
    disk.crashTo(images.at(-2)!);
    disk.crashTo(images.at(-1)!, (_order, kind) => kind === "name");
  };
  const log = createFileJournal({ dataDirectory: folder, files: disk, maxFileBytes: SMALL_FILES });
  await log.start();
  disk.hook = crash;
  const oldFiles = ["00000001.log", "00000002.log", "00000003.log"];
  log.release("store", 4);
  while (oldFiles.some((name) => existsSync(join(folder, "log", name)))) await turns(1);
  crash();
  for (const index of [5, 6, 7, 8, 9]) await log.append(recordOf(index, 7_000));
  crash();
  await log.stop();
  expect(images.length).toBeGreaterThan(10);
  for (const image of images) {
    const { log: after } = await reopened(image);
    expect(after.nextPosition()).toBeGreaterThanOrEqual(5);
    await after.stop();
  }
});

test("a file whose sync failed is deleted, not used again", async () => {
  const { log, disk, folder } = await startRig();
  for (const index of [0, 1, 2, 3]) await log.append(recordOf(index, 7_000));
  const tainted = "00000002.log";
  expect(log.gauges()["files"]).toBe(2);
  const renamed: string[] = [];
  let failing = true;
  disk.hook = ({ kind, path }) => {
    if (kind === "datasync" && path.endsWith(tainted) && failing) {
      failing = false;
      throw diskError("EIO");
    }
    if (kind === "rename") renamed.push(basename(path));
    return undefined;
  };
  await expect(log.append(recordOf(4, 20))).rejects.toMatchObject({ code: "unavailable" });
  await log.append(recordOf(5, 20));
  log.release("store", 3);
  // The files these need are taken after those given back were dealt with.
  for (const index of [6, 7, 8, 9]) await log.append(recordOf(index, 7_000));
  await log.stop();
  expect(renamed).toEqual([FIRST_FILE]);
  expect(existsSync(join(folder, "log", tainted))).toBe(false);
});

test("more bytes waiting than allowed are refused as overload while what waits goes through", async () => {
  const { log, disk } = await startRig({ maxQueuedBytes: 1_000 });
  disk.holdSyncs();
  const waiting = [log.append(recordOf(0, 600)), log.append(recordOf(1, 400))];
  await expect(log.append(recordOf(2, 1))).rejects.toMatchObject({ code: "overloaded" });
  disk.releaseSyncs();
  expect(await Promise.all(waiting)).toEqual([0, 1]);
  expect(await log.append(recordOf(3, 5_000))).toBe(2);
  await log.stop();
});

test("records that outlived their process in memory only are durable before the log goes on", async () => {
  const { log: killed, disk, folder } = await startRig();
  await killed.append(recordOf(0));
  const held = disk.holdSyncs(FIRST_FILE);
  // Never answered: its process ends in the middle of the sync.
  void killed.append(recordOf(1));
  await held.first;
  const again = disk.holdSyncs(FIRST_FILE);
  const next = createFileJournal({ dataDirectory: folder, files: disk, maxFileBytes: SMALL_FILES });
  const starting = next.start();
  await again.first;
  disk.releaseSyncs();
  await starting;
  expect(await next.append(recordOf(2))).toBe(2);
  const image = temporaryFolder();
  disk.crashTo(image);
  await next.stop();
  const { log: after, lines } = await reopened(image);
  expect(await entriesFrom(after, 0)).toEqual([entryOf(0), entryOf(1), entryOf(2)]);
  expect(lines).toEqual([]);
  await after.stop();
});
