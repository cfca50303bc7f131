import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { AttributeCounter } from "../../../src/batch/attribute-counter.ts";
import { summedKeys, summedValues } from "../../../src/batch/attribute-counts.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import type { Span } from "../../../src/model/span.ts";
import {
  AttributeSummary,
  encodeSummary,
  MAX_SUMMARY_VALUES,
} from "../../../src/store/lake/attribute-summary.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { naiveAttributes } from "../../helpers/naive-attributes.ts";
import { BatchFeed, batchOf } from "../../helpers/otlp-fixture.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import { sealedApart } from "./compaction-fixture.ts";
import { LakeFolder } from "./lake-fixture.ts";

const FIXTURE = fileURLToPath(new URL("../../fixtures/data-folder-v1/data/segments", import.meta.url));
const FILE = "attribute-summary.bin";
const SEGMENT = "0000000000000000-0000000000000000";
const QUIET = { mergeQuietMillis: 0, mergeSegments: 0 };

const SPANS: readonly Span[] = [
  buildSpan("a", { id: "a", at: [0, 1], attributes: { key: "x", size: 7n, list: ["p", "q"] } }),
  buildSpan("b", { id: "b", at: [2, 3], attributes: { key: "y", size: 7n, blob: new Uint8Array([1]) } }),
  buildSpan("b", { id: "c", parent: "b", at: [2, 3], attributes: { key: "x", long: "é".repeat(300) } }),
];

async function sealed(folder: LakeFolder, spans: readonly Span[] = SPANS): Promise<TraceStore> {
  const store = await folder.open(QUIET);
  new BatchFeed(store, folder.nowMillis).append(...spans);
  await store.flush();
  return store;
}

/** Everything that the catalogue says. */
async function catalogueOf(store: TraceStore): Promise<unknown> {
  const all = await store.attributeKeys({ limit: 10_000 });
  const values: unknown[] = [];
  for (const { level, key } of all.keys)
    values.push(await store.attributeValues({ level, key, limit: 10_000 }));
  return { all, values };
}

/** Lets the store summarise what lacks a summary. */
async function tended(folder: LakeFolder, store: TraceStore): Promise<void> {
  while (store.gauges()["attribute_summaries_unknown"] !== 0) {
    folder.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it.each([
  ["damaged", async (path: string) => writeFile(path, (await readFile(path)).reverse())],
  ["missing", (path: string) => rm(path)],
])(
  "makes a %s summary again in a quiet moment, and answers with what is known until then",
  async (_, spoil) => {
    const folder = await LakeFolder.create();
    const before = await catalogueOf(await sealed(folder));
    await folder.close();
    const path = folder.path("segments", SEGMENT, FILE);
    const written = await readFile(path);
    await spoil(path);
    const store = await folder.open(QUIET);
    const partly = await store.attributeKeys({ level: "span", limit: 10 });
    expect(partly.isWhole).toBe(false);
    expect(partly.keys.map(({ key, types, count }) => [key, types, count])).toContainEqual([
      "size",
      ["int"],
      0,
    ]);
    expect(await store.attributeValues({ level: "span", key: "size", limit: 10 })).toEqual({
      values: [],
      isWhole: false,
    });
    await tended(folder, store);
    expect(await catalogueOf(store)).toEqual(before);
    expect(store.gauges()).toMatchObject({
      attribute_summaries_rebuilt: 1,
      attribute_summary_failures: 0,
      damaged_segments: 0,
    });
    await folder.close();
    expect(AttributeSummary.decode(await readFile(path)).isWhole).toBe(
      AttributeSummary.decode(written).isWhole,
    );
    const again = await folder.open(QUIET);
    expect(await catalogueOf(again)).toEqual(before);
    expect(again.gauges()).toMatchObject({ attribute_summaries_rebuilt: 0 });
  },
);

it("summarises segments of older versions in quiet moments", async () => {
  const folder = await LakeFolder.create();
  await cp(FIXTURE, folder.path("segments"), { recursive: true });
  const store = await folder.open(QUIET);
  await tended(folder, store);
  const spans: Span[] = [];
  for await (const { rows } of store.scan({}, { limit: 100_000 })) spans.push(...rows.map(spanFromRow));
  const expected = naiveAttributes(spans);
  const { keys } = await store.attributeKeys({ limit: 10_000 });
  expect(keys.map(({ level, key, count }) => [level, key, count]).sort()).toEqual(
    [...expected.values()].map(({ level, key, count }) => [level, key, count]).sort(),
  );
});

it("counts anew what a merge left out because senders repeated it", async () => {
  const folder = await LakeFolder.create();
  const { store } = await sealedApart(folder, [SPANS, SPANS], { mergeQuietMillis: 0 });
  const countOf = async (): Promise<number | undefined> =>
    (await store.attributeKeys({ level: "span", prefix: "key", limit: 1 })).keys[0]?.count;
  expect(await countOf()).toBe(6);
  while (store.gauges()["segments"] !== 1) {
    folder.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await countOf()).toBe(3);
});

it("forgets with a segment what it counted", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ ...QUIET, retentionAgeMillis: 60_000 });
  const feed = new BatchFeed(store, folder.nowMillis);
  feed.append(...SPANS);
  await store.flush();
  folder.nowMillis += 61_000;
  feed.arrivalUnixMillis = folder.nowMillis;
  feed.append(buildSpan("d", { id: "d", at: [5, 6], attributes: { other: 1n } }));
  await store.flush();
  const { keys } = await store.attributeKeys({ level: "span", limit: 10 });
  expect(keys.map(({ key }) => key)).toEqual(["other"]);
});

it("a summary with any byte changed is refused", () => {
  const counter = new AttributeCounter();
  for (let row = 0; row < SPANS.length; row++) counter.addRow({ batch: batchOf(SPANS), row });
  const file = encodeSummary([counter]);
  for (let index = 0; index < file.length; index++) {
    const damaged = file.slice();
    damaged[index] = damaged[index]! ^ 0x10;
    expect(() => AttributeSummary.decode(damaged)).toThrow(expect.objectContaining({ code: "data_corrupt" }));
  }
  expect(() => AttributeSummary.decode(file.subarray(0, 9))).toThrow(
    expect.objectContaining({ code: "data_corrupt" }),
  );
});

/** A counter that saw values "0" to `count - 1`, the first `often` of them twice. */
function counterOf(count: number, often: number, width = 0): AttributeCounter {
  const counter = new AttributeCounter();
  for (let index = 0; index < count; index++)
    counter.addText("span:name", String(index).padStart(width, "0"), index < often ? 2 : 1);
  return counter;
}

it("keeps the most frequent values of a key, and says that there are others", () => {
  const question = { levels: ["intrinsic"] as const, key: "span:name", limit: 10_000 };
  const summary = AttributeSummary.decode(encodeSummary([counterOf(MAX_SUMMARY_VALUES + 10, 5)]));
  const { values, isWhole } = summedValues([summary], question);
  expect(values).toHaveLength(MAX_SUMMARY_VALUES);
  expect(values.slice(0, 5).map(({ text, count }) => [text, count])).toEqual(
    [0, 1, 2, 3, 4].map((index) => [String(index), 2]),
  );
  expect(isWhole).toBe(false);
  const two = AttributeSummary.decode(encodeSummary([counterOf(10, 0), counterOf(10, 10)]));
  expect(summedValues([two], question)).toMatchObject({ isWhole: true, values: { length: 10 } });
  expect(summedKeys([two], { limit: 1 }).keys[0]).toMatchObject({ key: "span:name", count: 30 });
});

it("keeps fewer values of each key rather than a summary without bound", () => {
  const counter = new AttributeCounter();
  const values = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(200, "v"));
  for (const value of values) {
    const attributes = Object.fromEntries(["a", "b", "c", "d"].map((key) => [key, value]));
    counter.addRow({ batch: batchOf([buildSpan("t", { id: "s", at: [0, 1], attributes })]), row: 0 });
  }
  const file = encodeSummary([counter]);
  expect(file.length).toBeLessThan(600 * 1024);
  const kept = summedValues([AttributeSummary.decode(file)], { levels: ["span"], key: "a", limit: 10_000 });
  expect([kept.values.length, kept.isWhole]).toEqual([500, false]);
});
