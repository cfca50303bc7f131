import { cp, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { FileLayer } from "../../../src/io/file-layer.ts";
import { nodeFileLayer } from "../../../src/io/file-layer.ts";
import { mergeSegments } from "../../../src/store/lake/segment-merger.ts";
import { parseSegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { answersOf, FIRST, listed, SECOND, sealedApart } from "./compaction-fixture.ts";
import { flipByte, LakeFolder, mergeAll, segmentNames } from "./lake-fixture.ts";

const INPUTS = ["0000000000000000-0000000000000000", "0000000000000001-0000000000000001"];
const MERGED = "0000000000000000-0000000000000001";
const HOUR_MILLIS = 3_600_000;

/** Files whose syncing waits while a merged segment is about to get its name. */
class HeldMerge {
  readonly layer: FileLayer;
  readonly reached: Promise<void>;
  letGo: () => void = () => {};

  constructor() {
    let note = (): void => {};
    this.reached = new Promise((resolve) => {
      note = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
    this.layer = {
      ...nodeFileLayer,
      open: async (path, mode) => {
        if (path.includes(`.sealing-${MERGED}`) && path.endsWith("meta.json")) {
          note();
          await gate;
        }
        return nodeFileLayer.open(path, mode);
      },
    };
  }
}

async function inUse(folder: LakeFolder): Promise<string[]> {
  const names = await readdir(folder.path("segments"));
  return names.filter((name) => name !== "position.json").sort();
}

describe("a merge whose inputs change meanwhile", () => {
  it("is thrown away when retention took one of them: nothing removed comes back", async () => {
    const folder = await LakeFolder.create();
    const held = new HeldMerge();
    const retentionAgeMillis = 800 * HOUR_MILLIS;
    const { store, feed } = await sealedApart(folder, [FIRST], { fileLayer: held.layer, retentionAgeMillis });
    feed.arrivalUnixMillis += 10 * HOUR_MILLIS;
    feed.append(...SECOND);
    await store.flush();
    folder.tick();
    await held.reached;
    folder.nowMillis += retentionAgeMillis + HOUR_MILLIS;
    folder.tick();
    await expect.poll(() => store.gauges()["segments"]).toBe(1);
    held.letGo();
    await expect.poll(() => store.gauges()["compacting"], { timeout: 20_000 }).toBe(0);
    expect(store.gauges()).toMatchObject({ compactions: 0, compaction_failures: 0, expired_segments: 1 });
    expect(await listed(store)).toEqual([
      [traceIdOf("b"), 1],
      [traceIdOf("both"), 1],
    ]);
    await expect.poll(() => inUse(folder)).toEqual([INPUTS[1]]);
  });

  it("is thrown away when a query met damage in one of them", async () => {
    const folder = await LakeFolder.create();
    const held = new HeldMerge();
    const { store } = await sealedApart(folder, [FIRST, SECOND], { fileLayer: held.layer });
    folder.tick();
    await held.reached;
    await writeFile(folder.path("segments", INPUTS[1]!, "spans.parquet"), "");
    expect(await store.trace(traceIdOf("b"))).toEqual([]);
    expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 1 });
    held.letGo();
    await expect.poll(() => store.gauges()["compacting"], { timeout: 20_000 }).toBe(0);
    expect(store.gauges()).toMatchObject({ compactions: 0, compaction_failures: 0, segments: 1 });
    expect(await listed(store)).toHaveLength(2);
    await expect.poll(() => inUse(folder)).toEqual([INPUTS[0]]);
  });

  it.each(["spans", "traces", "links", "attributes", "resources", "scopes"])(
    "does not begin when %s.parquet of one of them is damaged: that one is set aside, the other stays",
    async (file) => {
      const folder = await LakeFolder.create();
      const { store: writer } = await sealedApart(folder, [FIRST, SECOND]);
      await writer.stop();
      await flipByte(folder.path("segments", INPUTS[0]!, `${file}.parquet`), (size) => Math.floor(size / 2));
      const store = await folder.open({ mergeSegments: 2 });
      await mergeAll(folder, store);
      expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 1, compactions: 0 });
      expect(await listed(store)).toHaveLength(2);
      expect(await segmentNames(folder)).toEqual([INPUTS[1]]);
    },
  );

  it("waits for those who read them before it removes them", async () => {
    const folder = await LakeFolder.create();
    const many = Array.from({ length: 450 }, (_, index) =>
      buildSpan(`t${index}`, { id: "a", at: [index, 500] }),
    );
    const { store } = await sealedApart(folder, [many, SECOND]);
    let count = 0;
    for await (const { rows } of store.scan({}, { limit: 1_000 })) {
      count += rows.length;
      if (count !== 1) continue;
      await mergeAll(folder, store);
      expect(store.gauges()).toMatchObject({ segments: 1, compactions: 1 });
      expect(await segmentNames(folder)).toEqual([...INPUTS, MERGED].sort());
    }
    expect(count).toBe(452);
    await expect.poll(() => segmentNames(folder)).toEqual([MERGED]);
  });

  it("goes on beside a seal, and traces of both are found once", async () => {
    const folder = await LakeFolder.create();
    const held = new HeldMerge();
    const { store, feed } = await sealedApart(folder, [FIRST, SECOND], { fileLayer: held.layer });
    folder.tick();
    await held.reached;
    feed.append(buildSpan("both", { id: "third", service: "shop", parent: "second", at: [12, 13] }));
    await store.flush();
    expect(store.gauges()).toMatchObject({ segments: 3, compacting: 1 });
    const before = await answersOf(store);
    held.letGo();
    await expect.poll(() => store.gauges()["compactions"], { timeout: 20_000 }).toBe(1);
    expect(store.gauges()).toMatchObject({ segments: 2, split_traces: 1 });
    expect(await answersOf(store)).toEqual(before);
    expect(await answersOf(await folder.open())).toEqual(before);
  });
});

/** A worker that runs these lines in place of the merging thread. */
function workerOf(code: string): () => Worker {
  return () => new Worker(code, { eval: true });
}

const answering = (answer: unknown): string =>
  `require("node:worker_threads").parentPort.once("message", function () { this.postMessage(${JSON.stringify(answer)}) })`;

describe("a merge that fails", () => {
  it.each([
    ["dies", "process.exit(3)"],
    ["throws", "throw new Error('broken')"],
    ["finds the disk full", answering({ kind: "failed", message: "ENOSPC", code: "ENOSPC" })],
  ])("is counted and tried again later when its thread %s; the segments stay in use", async (_, code) => {
    const folder = await LakeFolder.create();
    const { store } = await sealedApart(folder, [FIRST, SECOND], { startMergeWorker: workerOf(code) });
    const before = await answersOf(store);
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ compaction_failures: 1, compactions: 0, segments: 2 });
    expect(await answersOf(store)).toEqual(before);
    expect(await inUse(folder)).toEqual(INPUTS);
    expect(await readdir(folder.path("tmp"))).toEqual([]);
    folder.nowMillis += 9_999;
    folder.tick();
    expect(store.gauges()).toMatchObject({ compacting: 0, compaction_failures: 1 });
    folder.nowMillis += 1;
    expect(store.gauges()).toMatchObject({ compacting: 1 });
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ compaction_failures: 2 });
    folder.nowMillis += 10_000;
    expect(store.gauges()).toMatchObject({ compacting: 0 });
    const working = await folder.open({ mergeSegments: 2 });
    await mergeAll(folder, working);
    expect(working.gauges()).toMatchObject({ compactions: 1, segments: 1 });
    expect(await answersOf(working)).toEqual(before);
  });

  it("is not tried again with segments that it refused", async () => {
    const folder = await LakeFolder.create();
    const refusal = { kind: "refused", reason: "too large", inputs: [INPUTS[0]] };
    const { store } = await sealedApart(folder, [FIRST, SECOND], {
      startMergeWorker: workerOf(answering(refusal)),
    });
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({
      compaction_failures: 0,
      compactions: 0,
      compacting: 0,
      segments: 2,
    });
    expect(await inUse(folder)).toEqual(INPUTS);
  });

  it("is refused for a trace in several segments that is too large to be put together", async () => {
    const folder = await LakeFolder.create();
    await sealedApart(folder, [FIRST, SECOND, [buildSpan("c", { id: "c", at: [0, 1] })]]);
    await folder.close();
    const names = await segmentNames(folder);
    const inputs = await Promise.all(
      names.map(async (name) => {
        const directory = folder.path("segments", name);
        const text = new TextDecoder().decode(await nodeFileLayer.readFile(join(directory, "meta.json")));
        return { name, directory, meta: parseSegmentMeta(text, name) };
      }),
    );
    const request = {
      directory: folder.path("merged"),
      workDirectory: folder.path("reunited"),
      temporaryDirectory: folder.path("tmp"),
      memoryLimitBytes: 256 * 1024 * 1024,
      spansSortedAtOnce: 131_072,
      maxReunitedSpans: 1,
      name: "merged",
      writtenBy: "test",
      inputs,
      attributeKeys: [],
      splits: new Uint8Array(0),
      leftOutTraceIds: new Uint8Array(0),
    };
    expect(await mergeSegments(request)).toMatchObject({ kind: "refused", inputs: INPUTS });
    await mkdir(request.directory);
    await mkdir(request.workDirectory);
    expect(await mergeSegments({ ...request, maxReunitedSpans: 2 })).toMatchObject({ kind: "merged" });
  });

  it("is ended by a stop and leaves nothing behind", async () => {
    const folder = await LakeFolder.create();
    const long = workerOf(`const { parentPort } = require("node:worker_threads");
    parentPort.once("message", ({ cancelled }) => {
      const answer = { kind: "failed", message: "cancelled" };
      setInterval(() => Atomics.load(cancelled, 0) === 1 && parentPort.postMessage(answer), 5);
    })`);
    const { store } = await sealedApart(folder, [FIRST, SECOND], { startMergeWorker: long });
    folder.tick();
    await expect.poll(() => readdir(folder.path("tmp"))).toEqual([`merge-${MERGED}`]);
    await store.stop();
    expect(await inUse(folder)).toEqual(INPUTS);
    expect(folder.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("a start after a merge that a crash cut short", () => {
  /** The folder as it is between putting the merged segment in place and removing its inputs. */
  async function interrupted(): Promise<{ folder: LakeFolder; answers: unknown }> {
    const folder = await LakeFolder.create();
    const { store } = await sealedApart(folder, [FIRST, SECOND]);
    const answers = await answersOf(store);
    for (const name of INPUTS)
      await cp(folder.path("segments", name), folder.path(`kept-${name}`), { recursive: true });
    await mergeAll(folder, store);
    await folder.close();
    for (const name of INPUTS) await rename(folder.path(`kept-${name}`), folder.path("segments", name));
    return { folder, answers };
  }

  it("removes what the merged segment replaces", async () => {
    const { folder, answers } = await interrupted();
    const store = await folder.open();
    expect(await inUse(folder)).toEqual([MERGED]);
    expect(await answersOf(store)).toEqual(answers);
  });

  it("keeps the inputs when the merged segment turns out damaged", async () => {
    const { folder, answers } = await interrupted();
    await flipByte(folder.path("segments", MERGED, "spans.parquet"), (size) => Math.floor(size / 2));
    const store = await folder.open();
    expect(store.gauges()).toMatchObject({ damaged_segments: 1, segments: 2 });
    expect(await inUse(folder)).toEqual(INPUTS);
    expect(await readdir(folder.path("segments-quarantine"))).toEqual([MERGED]);
    expect(await answersOf(store)).toEqual(answers);
  });

  it("keeps a segment within its positions that it does not name: one brought back by hand", async () => {
    const { folder } = await interrupted();
    await folder.editMeta(MERGED, { replaces: [INPUTS[1]] });
    await folder.open();
    expect(await inUse(folder)).toEqual([INPUTS[0], MERGED]);
  });
});
