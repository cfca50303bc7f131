import { appendFile, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect, it } from "vitest";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import type { FileLayer } from "../../../src/io/file-layer.ts";
import { nodeFileLayer } from "../../../src/io/file-layer.ts";
import type { Span } from "../../../src/model/span.ts";
import { TraceFilter } from "../../../src/store/lake/trace-filter.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed, batchOf } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { flipByte, LakeFolder, segmentNames } from "./lake-fixture.ts";

const PARQUET_FILES = ["spans", "traces", "resources", "scopes", "links"].map((name) => `${name}.parquet`);
const HELPER_FILES = ["trace-filter.bin", "splits.bin", "operations.json"];

/** Two segments: traces "a" and "both" in the first, "b" and "both" in the second. */
async function twoSegments(folder: LakeFolder): Promise<string[]> {
  const store = await folder.open();
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(
    buildSpan("a", { id: "a", service: "shop", at: [0, 1] }),
    buildSpan("both", { id: "first", service: "shop", at: [10, 11] }),
  );
  await store.flush();
  feed.append(
    buildSpan("b", { id: "b", service: "bank", at: [20, 21] }),
    buildSpan("both", { id: "second", service: "bank", parent: "first", at: [12, 13] }),
  );
  await store.flush();
  await folder.close();
  return segmentNames(folder);
}

async function listed(store: TraceStore): Promise<[string, number][]> {
  const { summaries } = await store.search({}, { limit: 100 });
  return summaries.map(({ traceId, spanCount }) => [traceId, spanCount]);
}

const ALL: [string, number][] = [
  [traceIdOf("b"), 1],
  [traceIdOf("both"), 2],
  [traceIdOf("a"), 1],
];

it("finds everything again after a restart, and ignores what its segments cover", async () => {
  const folder = await LakeFolder.create();
  await twoSegments(folder);
  const store = await folder.open();
  expect(store.coveredPosition()).toBe(1);
  new BatchFeed(store).append(buildSpan("a", { id: "ignored", at: [0, 1] }));
  expect(store.gauges()).toMatchObject({ hot_spans: 0, segments: 2, split_traces: 1 });
  expect(await listed(store)).toEqual(ALL);
  expect(await store.services()).toEqual(["bank", "shop"]);
  expect(await store.operations("bank")).toEqual([
    { name: "b", kind: "INTERNAL" },
    { name: "second", kind: "INTERNAL" },
  ]);
});

it("removes what a seal that never ended left behind", async () => {
  const folder = await LakeFolder.create();
  const [first] = await twoSegments(folder);
  const leftover = folder.path("segments", ".sealing-0000000000000002-0000000000000009");
  await mkdir(leftover);
  await copyFile(folder.path("segments", first!, "spans.parquet"), join(leftover, "spans.parquet"));
  const store = await folder.open();
  expect(await readdir(folder.path("segments"))).not.toContain(".sealing-0000000000000002-0000000000000009");
  expect(await listed(store)).toEqual(ALL);
});

it("finishes a replacement that a crash interrupted", async () => {
  const folder = await LakeFolder.create();
  const [first, second] = await twoSegments(folder);
  await folder.editMeta(second!, { replaces: [first] });
  const store = await folder.open();
  expect(await segmentNames(folder)).toEqual([second]);
  expect(await listed(store)).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("both"), 1],
  ]);
});

it("keeps the larger of two segments when one covers the positions of the other", async () => {
  const folder = await LakeFolder.create();
  const [, second] = await twoSegments(folder);
  await folder.editMeta(second!, { firstPosition: 0 });
  const store = await folder.open();
  expect(await segmentNames(folder)).toEqual([second]);
  expect(store.coveredPosition()).toBe(1);
});

it("refuses a newer format and says which one it is", async () => {
  const folder = await LakeFolder.create();
  const [first] = await twoSegments(folder);
  await folder.editMeta(first!, { formatVersion: 3, writtenBy: "9.9.9" });
  await expect(folder.open()).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(/segment format 3.*up to format 2.*9\.9\.9/),
  });
});

it.each([
  ["no JSON", () => "{"],
  ["a missing number", (text: string) => text.replace('"lastPosition"', '"lastPlace"')],
  ["a version that is none", (text: string) => text.replace('"formatVersion": 2', '"formatVersion": 0')],
  ["no file table", (text: string) => text.replace('"files"', '"filez"')],
])("sets a segment aside whose meta.json has %s, names it, and serves the others", async (_, damage) => {
  const folder = await LakeFolder.create();
  const [first, second] = await twoSegments(folder);
  const metaPath = folder.path("segments", first!, "meta.json");
  await writeFile(metaPath, damage(await readFile(metaPath, "utf8")));
  const store = await folder.open();
  expect(await listed(store)).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("both"), 1],
  ]);
  expect(await segmentNames(folder)).toEqual([second]);
  expect(await readdir(folder.path("segments-quarantine"))).toEqual([first]);
  expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 1 });
  expect(folder.lines).toContainEqual(
    expect.objectContaining({ level: "error", fields: expect.objectContaining({ segment: first }) }),
  );
});

it.each(PARQUET_FILES)("sets a segment aside whose %s is too short", async (file) => {
  const folder = await LakeFolder.create();
  const [first] = await twoSegments(folder);
  await appendFile(folder.path("segments", first!, file), "x");
  const store = await folder.open();
  expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 1 });
  expect(await listed(store)).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("both"), 1],
  ]);
});

it.each(PARQUET_FILES)("sets a segment aside when a query meets a flipped byte in its %s", async (file) => {
  const folder = await LakeFolder.create();
  const [first] = await twoSegments(folder);
  await flipByte(folder.path("segments", first!, file), (size) => Math.floor(size / 2));
  const store = await folder.open();
  await store.search({}, { limit: 10 });
  await store.trace(traceIdOf("a"));
  await store.dependencies({});
  expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 1, split_traces: 0 });
  expect(await listed(store)).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("both"), 1],
  ]);
  await folder.close();
  expect(await readdir(folder.path("segments-quarantine"))).toEqual([first]);
});

it("counts nothing of a segment set aside in a trace that other segments and the memory hold too", async () => {
  const folder = await LakeFolder.create();
  const part = (id: string): Span => buildSpan("both", { id, service: "shop", at: [0, 1] });
  const store = await folder.open();
  const feed = new BatchFeed(store, folder.nowMillis);
  for (const id of ["first", "second", "third"]) {
    feed.append(part(id));
    await store.flush();
  }
  const again = await folder.open();
  for (const committed of feed.committed) again.append(committed);
  again.append({ batch: batchOf([part("fourth")]), position: 3, arrivalUnixMillis: folder.nowMillis });
  expect(await listed(again)).toEqual([[traceIdOf("both"), 4]]);
  const third = (await segmentNames(folder))[2]!;
  await flipByte(folder.path("segments", third, "links.parquet"), (size) => Math.floor(size / 2));
  await again.dependencies({});
  expect(again.gauges()).toMatchObject({ damaged_segments: 1 });
  expect(await listed(again)).toEqual([[traceIdOf("both"), 3]]);
  expect(await again.trace(traceIdOf("both"))).toHaveLength(3);
});

it.each(HELPER_FILES)("makes a damaged or missing %s again", async (file) => {
  const folder = await LakeFolder.create();
  const [, second] = await twoSegments(folder);
  const path = folder.path("segments", second!, file);
  const before = await readFile(path);
  await flipByte(path, () => 0);
  const repaired = await folder.open();
  expect(await listed(repaired)).toEqual(ALL);
  expect(await repaired.operations("bank")).toHaveLength(2);
  expect(repaired.gauges()).toMatchObject({ repaired_files: 1, split_traces: 1 });
  expect(await readFile(path)).toEqual(before);
  await rm(path);
  const again = await folder.open();
  expect(await listed(again)).toEqual(ALL);
  expect(again.gauges()).toMatchObject({ repaired_files: 1 });
});

it("does not let the log bring back what a segment set aside had covered", async () => {
  const folder = await LakeFolder.create();
  const [, second] = await twoSegments(folder);
  await flipByte(folder.path("segments", second!, "spans.parquet"), (size) => Math.floor(size / 2));
  const store = await folder.open();
  expect(await store.trace(traceIdOf("b"))).toEqual([]);
  expect(store.coveredPosition()).toBe(1);
  expect((await folder.open()).coveredPosition()).toBe(1);
});

it("seals the same spans again after putting a segment in place failed half-way", async () => {
  const folder = await LakeFolder.create();
  let isFailing = true;
  const fileLayer = {
    ...nodeFileLayer,
    syncDirectory: (directory: string) => {
      const isSegments = directory === folder.path("segments");
      if (isFailing && isSegments) return Promise.reject(Object.assign(new Error("no"), { code: "ENOSPC" }));
      return nodeFileLayer.syncDirectory(directory);
    },
  };
  const store = await folder.open({ fileLayer });
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(buildSpan("a", { id: "a", at: [0, 1] }));
  await expect(store.flush()).rejects.toMatchObject({ code: "unavailable" });
  expect(store.gauges()).toMatchObject({ seal_failures: 1, hot_spans: 1, segments: 0 });
  expect(store.coveredPosition()).toBe(-1);
  expect(await listed(store)).toEqual([[traceIdOf("a"), 1]]);
  feed.append(buildSpan("b", { id: "b", at: [5, 6] }));
  isFailing = false;
  await store.flush();
  expect(await segmentNames(folder)).toHaveLength(1);
  expect(await listed(await folder.open())).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("a"), 1],
  ]);
});

it("serves the larger segment when a crash kept a segment whose success was never heard of", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open();
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(buildSpan("a", { id: "a", at: [0, 1] }));
  await store.flush();
  const [alone] = await segmentNames(folder);
  await rename(folder.path("segments", alone!), folder.path("kept"));
  const again = await folder.open();
  const replay = new BatchFeed(again, folder.nowMillis);
  replay.append(buildSpan("a", { id: "a", at: [0, 1] }));
  replay.append(buildSpan("b", { id: "b", at: [5, 6] }));
  await again.flush();
  await folder.close();
  await rename(folder.path("kept"), folder.path("segments", alone!));
  const both = await folder.open();
  expect(await listed(both)).toEqual([
    [traceIdOf("b"), 1],
    [traceIdOf("a"), 1],
  ]);
  expect((await both.trace(traceIdOf("a"))).map((row) => spanFromRow(row).name)).toEqual(["a"]);
});

/** The machine's files, but opening or reading those whose path ends so fails as long as `code` is set. */
class FailingFiles {
  code: string | undefined;
  readonly layer: FileLayer;

  constructor(pathEnding: string) {
    const check = async (path: string): Promise<void> => {
      if (this.code !== undefined && path.endsWith(pathEnding))
        throw Object.assign(new Error(this.code), { code: this.code });
    };
    this.layer = {
      ...nodeFileLayer,
      open: (path, mode) => check(path).then(() => nodeFileLayer.open(path, mode)),
      readFile: (path) => check(path).then(() => nodeFileLayer.readFile(path)),
      remove: (path) => check(path).then(() => nodeFileLayer.remove(path)),
    };
  }
}

it.each(["EMFILE", "EACCES"])(
  "keeps a segment in use whose file cannot be opened just now: %s",
  async (code) => {
    const folder = await LakeFolder.create();
    const names = await twoSegments(folder);
    const files = new FailingFiles("spans.parquet");
    const store = await folder.open({ fileLayer: files.layer });
    files.code = code;
    await expect(store.trace(traceIdOf("a"))).rejects.toMatchObject({ code: "unavailable" });
    expect(store.gauges()).toMatchObject({ damaged_segments: 0, segments: 2 });
    files.code = undefined;
    expect(await store.trace(traceIdOf("a"))).toHaveLength(1);
    expect(await segmentNames(folder)).toEqual(names);
  },
);

it.each(["meta.json", "trace-filter.bin"])(
  "does not start, and moves nothing, while %s may not be read",
  async (file) => {
    const folder = await LakeFolder.create();
    const names = await twoSegments(folder);
    const files = new FailingFiles(file);
    files.code = "EACCES";
    await expect(folder.open({ fileLayer: files.layer })).rejects.toMatchObject({ code: "unavailable" });
    expect(await segmentNames(folder)).toEqual(names);
    expect(await listed(await folder.open())).toEqual(ALL);
  },
);

it("removes old segments from a full disk, which has no room for the position, but not the last one", async () => {
  const folder = await LakeFolder.create();
  const [, second] = await twoSegments(folder);
  const files = new FailingFiles("position.json.tmp");
  files.code = "ENOSPC";
  const store = await folder.open({ fileLayer: files.layer, retentionBytes: 1 });
  expect(store.gauges()).toMatchObject({ segments: 1, evicted_segments: 1 });
  expect(await segmentNames(folder)).toEqual([second]);
  expect(await store.trace(traceIdOf("b"))).toHaveLength(1);
  expect(folder.lines).toContainEqual(expect.objectContaining({ message: "retention failed" }));
  files.code = undefined;
  folder.nowMillis += 60_000;
  folder.tick();
  await expect.poll(() => segmentNames(folder)).toEqual([]);
  expect((await folder.open()).coveredPosition()).toBe(1);
});

it("takes a position file with any wrong byte for none, says so, and leaves nothing of the log out", async () => {
  const folder = await LakeFolder.create();
  await twoSegments(folder);
  const emptied = await folder.open({ retentionBytes: 1 });
  expect(emptied.gauges()).toMatchObject({ segments: 0 });
  await folder.close();
  const path = folder.path("segments", "position.json");
  const bytes = await readFile(path);
  for (let index = 0; index < bytes.length; index++) {
    const wrong = Uint8Array.from(bytes);
    wrong[index]! ^= index % 2 === 0 ? 0x01 : 0xff;
    await writeFile(path, wrong);
    folder.lines.length = 0;
    expect((await folder.open()).coveredPosition()).toBe(-1);
    expect(folder.lines).toContainEqual({
      level: "error",
      message: "the stored position is unreadable; the segments in use tell it",
      fields: { path, reason: expect.any(String) },
    });
  }
  await writeFile(path, '{"coveredPosition":7}\n');
  expect((await folder.open()).coveredPosition()).toBe(7);
});

it("takes a segment whose removal a crash interrupted for removed, not for damaged", async () => {
  const folder = await LakeFolder.create();
  const [first, second] = await twoSegments(folder);
  const files = new FailingFiles(`.removing-${first}`);
  files.code = "EIO";
  await folder.open({ fileLayer: files.layer, retentionBytes: 1 });
  await folder.close();
  await rm(folder.path("segments", `.removing-${first}`, "meta.json"));
  const store = await folder.open();
  expect(store.gauges()).toMatchObject({ damaged_segments: 0, segments: 0 });
  expect(store.coveredPosition()).toBe(1);
  expect(await readdir(folder.path("segments"))).toEqual(["position.json"]);
  expect(second).toBeDefined();
});

/** Makes a segment's filter say "maybe" to one more trace than it holds, as filters do now and then. */
async function claimTrace(folder: LakeFolder, segment: string, name: string): Promise<void> {
  const ids = ["a", "both", name].map((each) => Buffer.from(traceIdOf(each), "hex"));
  const bytes = TraceFilter.of({ traceCount: ids.length, traceIds: Buffer.concat(ids) }).encode();
  await writeFile(folder.path("segments", segment, "trace-filter.bin"), bytes);
  const meta = JSON.parse(await readFile(folder.path("segments", segment, "meta.json"), "utf8"));
  const filter = { bytes: bytes.length, crc32: crc32(bytes) };
  await folder.editMeta(segment, { files: { ...meta.files, "trace-filter.bin": filter } });
}

it("gives equal spans of a trace once when a seal takes them out of memory during the question", async () => {
  const folder = await LakeFolder.create();
  const [first] = await twoSegments(folder);
  await claimTrace(folder, first!, "elsewhere");
  let letGo = (): void => {};
  let noteAsked = (): void => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    noteAsked = resolve;
  });
  const fileLayer: FileLayer = {
    ...nodeFileLayer,
    open: async (path, mode) => {
      if (path.includes(first!) && path.endsWith("spans.parquet")) {
        noteAsked();
        await gate;
      }
      return nodeFileLayer.open(path, mode);
    },
  };
  const store = await folder.open({ fileLayer });
  const batch = {
    batch: batchOf([buildSpan("elsewhere", { id: "twice", at: [0, 1] })]),
    arrivalUnixMillis: 1,
  };
  store.append({ ...batch, position: 2 });
  store.append({ ...batch, position: 3 });
  const reading = store.trace(traceIdOf("elsewhere"));
  await asked;
  await store.flush();
  expect(store.gauges()).toMatchObject({ hot_spans: 0 });
  letGo();
  expect(await reading).toHaveLength(1);
});

it("begins no seal once a stop has taken its time, says so, and takes the spans back from the log", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ stopSealMillis: 0 });
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(buildSpan("late", { id: "late", at: [0, 1] }));
  await folder.close();
  expect(store.coveredPosition()).toBe(-1);
  expect(await segmentNames(folder)).toEqual([]);
  expect(folder.lines).toContainEqual({
    level: "warn",
    message: "not everything is sealed; the next start reads the rest from the ingest log",
    fields: {},
  });
  const again = await folder.open();
  for (const committed of feed.committed) again.append(committed);
  expect(await listed(again)).toEqual([[traceIdOf("late"), 1]]);
});
