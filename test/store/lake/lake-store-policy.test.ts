import { readdir } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { LakeFolder } from "./lake-fixture.ts";

const HOUR_MILLIS = 3_600_000;

/** A worker that runs these lines in place of the sealing thread. */
function workerOf(code: string): () => Worker {
  return () => new Worker(code, { eval: true });
}

/** Resolves once the condition holds, looking after each turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

it("seals once the oldest span in memory is old enough, and tells what is covered", async () => {
  const folder = await LakeFolder.create();
  const covered: number[] = [];
  const store = await folder.open({ sealAgeMillis: 1_000, onCovered: (position) => covered.push(position) });
  new BatchFeed(store, folder.nowMillis).append(buildSpan("a", { id: "a", at: [0, 1] }));
  folder.nowMillis += 999;
  folder.tick();
  expect(store.gauges()).toMatchObject({ sealing: 0, hot_spans: 1 });
  folder.nowMillis += 1;
  folder.tick();
  await until(() => covered.length > 0);
  expect(covered).toEqual([0]);
  expect(store.gauges()).toMatchObject({ hot_spans: 0, segments: 1, segment_spans: 1, seals: 1 });
});

it("seals once there are enough bytes in memory", async () => {
  const folder = await LakeFolder.create();
  const covered: number[] = [];
  const store = await folder.open({ sealBytes: 200_000, onCovered: (position) => covered.push(position) });
  const feed = new BatchFeed(store, folder.nowMillis);
  const attributes = { text: "x".repeat(10_000) };
  while (store.gauges()["sealing"] === 0) {
    const name = `t${feed.committed.length}`;
    feed.append(buildSpan(name, { id: "a", at: [0, 1], attributes }));
  }
  expect(feed.committed.length).toBeGreaterThan(10);
  await until(() => covered.length > 0);
  expect((await store.search({}, { limit: 100 })).summaries).toHaveLength(feed.committed.length);
  expect(store.gauges()).toMatchObject({ hot_spans: 0, segment_spans: feed.committed.length });
});

it("is overloaded while more is in memory than the cap, until a seal succeeds", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ maxHotBytes: 1_000 });
  expect(store.isOverloaded()).toBe(false);
  new BatchFeed(store, folder.nowMillis).append(buildSpan("a", { id: "a", at: [0, 1] }));
  expect(store.isOverloaded()).toBe(true);
  await store.flush();
  expect(store.isOverloaded()).toBe(false);
});

it("removes segments whose last span arrived too long ago, oldest first", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ retentionAgeMillis: HOUR_MILLIS });
  const feed = new BatchFeed(store, folder.nowMillis);
  for (const name of ["old", "new"]) {
    feed.arrivalUnixMillis = folder.nowMillis;
    feed.append(buildSpan(name, { id: name, at: [0, 1] }));
    await store.flush();
    folder.nowMillis += HOUR_MILLIS / 2;
  }
  folder.nowMillis += 1;
  folder.tick();
  await until(() => store.gauges()["segments"] === 1);
  expect(store.gauges()).toMatchObject({ expired_segments: 1, evicted_segments: 0 });
  expect((await store.search({}, { limit: 9 })).summaries.map(({ traceId }) => traceId)).toEqual([
    traceIdOf("new"),
  ]);
});

it("removes the oldest segments while all are larger than the limit", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ retentionBytes: 1 });
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(buildSpan("a", { id: "a", at: [0, 1] }));
  await store.flush();
  expect(store.gauges()).toMatchObject({ segments: 0, evicted_segments: 1, segment_bytes: 0 });
  expect(await store.trace(traceIdOf("a"))).toEqual([]);
  await folder.close();
  expect(await readdir(folder.path("segments"))).toEqual(["position.json"]);
  expect((await folder.open()).coveredPosition()).toBe(0);
});

it("lets a scan finish in a segment that retention removes", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ retentionAgeMillis: HOUR_MILLIS });
  const feed = new BatchFeed(store, folder.nowMillis);
  const names = Array.from({ length: 450 }, (_, index) => `t${index}`);
  feed.append(...names.map((name, index) => buildSpan(name, { id: name, at: [index, index + 1] })));
  await store.flush();
  let count = 0;
  for await (const { rows } of store.scan({}, { limit: 1_000 })) {
    count += rows.length;
    if (count !== 1) continue;
    folder.nowMillis += HOUR_MILLIS * 2;
    folder.tick();
    await until(() => store.gauges()["segments"] === 0);
  }
  expect(count).toBe(450);
  await until(() => store.gauges()["expired_segments"] === 1);
  expect((await store.search({}, { limit: 9 })).summaries).toEqual([]);
});

it.each([
  ["dies", "process.exit(3)", "internal"],
  ["throws", "throw new Error('broken')", "internal"],
  [
    "finds the disk full",
    `const { parentPort } = require("node:worker_threads");
     parentPort.on("message", () => {
       parentPort.postMessage({ kind: "failed", message: "ENOSPC", code: "ENOSPC" });
     });`,
    "unavailable",
  ],
  [
    "sends what cannot be read",
    `const { parentPort } = require("node:worker_threads");
     parentPort.on("message", ({ batch: { payload } }) => {
       new MessageChannel().port1.postMessage(0, [payload.buffer]);
       parentPort.postMessage({ kind: "sealed", payload }, [payload.buffer]);
     });`,
    "internal",
  ],
])("keeps serving from memory when the sealing thread %s, and tries again later", async (_, code, error) => {
  const folder = await LakeFolder.create();
  const broken = await folder.open({ startSealWorker: workerOf(code), sealAgeMillis: 1 });
  new BatchFeed(broken, folder.nowMillis).append(buildSpan("a", { id: "a", at: [0, 1] }));
  await expect(broken.flush()).rejects.toMatchObject({ code: error });
  expect(broken.gauges()).toMatchObject({ seal_failures: 1, hot_spans: 1, sealing: 0 });
  expect(await broken.trace(traceIdOf("a"))).toHaveLength(1);
  folder.nowMillis += 500;
  folder.tick();
  expect(broken.gauges()).toMatchObject({ sealing: 0 });
  folder.nowMillis += 500;
  folder.tick();
  expect(broken.gauges()).toMatchObject({ sealing: 1 });
  await until(() => broken.gauges()["sealing"] === 0);
  expect(broken.gauges()).toMatchObject({ seal_failures: 2 });
});

it("takes no spans and answers nothing once it is stopped", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open();
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(buildSpan("a", { id: "a", at: [0, 1] }));
  await store.stop();
  expect(store.coveredPosition()).toBe(0);
  expect(() => feed.append(buildSpan("b", { id: "b", at: [0, 1] }))).toThrow(/not running/);
  await expect(store.search({}, { limit: 1 })).rejects.toMatchObject({ code: "unavailable" });
});

it("ends a query whose caller went away", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open();
  new BatchFeed(store, folder.nowMillis).append(buildSpan("a", { id: "a", at: [0, 1] }));
  await store.flush();
  const controller = new AbortController();
  const pending = store.search({ operationName: "a" }, { limit: 5, signal: controller.signal });
  controller.abort();
  await expect(pending).rejects.toMatchObject({ code: "cancelled" });
  expect((await store.search({}, { limit: 5 })).summaries).toHaveLength(1);
});
