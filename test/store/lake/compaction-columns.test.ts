import { readFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../../src/filter/trace-query.ts";
import type { Attributes } from "../../../src/model/attribute-value.ts";
import type { Span } from "../../../src/model/span.ts";
import { mergedColumns } from "../../../src/store/lake/merge-columns.ts";
import type { SegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { LakeFolder, mergeAll, segmentNames } from "./lake-fixture.ts";

/** One segment for each list of attributes, a span a trace, named "0", "1", ... over all segments; then all merged. */
async function merged(
  segments: readonly (readonly Attributes[])[],
): Promise<{ folder: LakeFolder; store: TraceStore; spans: readonly Span[] }> {
  const folder = await LakeFolder.create();
  const store = await folder.open({ mergeSegments: 2 });
  const feed = new BatchFeed(store);
  const spans: Span[] = [];
  for (const attributesOfSpans of segments) {
    const own = attributesOfSpans.map((attributes, index) => {
      const number = spans.length + index;
      return buildSpan(String(number), { id: "a", at: [number, number + 1], attributes });
    });
    feed.append(...own);
    await store.flush();
    spans.push(...own);
  }
  await mergeAll(folder, store);
  expect(store.gauges()).toMatchObject({ segments: 1, compaction_failures: 0 });
  return { folder, store, spans };
}

async function metaOf(folder: LakeFolder): Promise<SegmentMeta> {
  const [segment] = await segmentNames(folder);
  return JSON.parse(await readFile(folder.path("segments", segment!, "meta.json"), "utf8")) as SegmentMeta;
}

async function found(store: TraceStore, key: string, value: string): Promise<string[]> {
  const { summaries } = await store.search({ attributes: [{ key, value }] }, { limit: 100 });
  return summaries.map(({ traceId }) => traceId).sort();
}

const named = (...names: number[]): string[] => names.map((name) => traceIdOf(String(name))).sort();

/** The numbers of one file of the merged segment, as another DuckDB reads them. */
async function asked(folder: LakeFolder, sql: (file: (name: string) => string) => string): Promise<unknown> {
  const [segment] = await segmentNames(folder);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = await connection.runAndReadAll(sql((name) => `'${folder.path("segments", segment!, name)}'`));
  const values = rows.getRowsJson();
  connection.closeSync();
  instance.closeSync();
  return values;
}

describe("attribute columns of a merged segment", () => {
  it("are those of all its inputs, and a value that one of them listed is still found", async () => {
    const rare = Array.from({ length: 40 }, (_, index): Attributes => {
      return index === 0 ? { often: "x", sometimes: "s" } : { often: "x" };
    });
    const { folder, store } = await merged([rare, [{ sometimes: "s" }, { other: 5n, sometimes: "t" }]]);
    const keys = (await metaOf(folder)).attributeColumns.map(({ key, type }) => [key, type]);
    expect(keys).toEqual([
      ["often", "text"],
      ["other", "i64"],
      ["sometimes", "text"],
    ]);
    expect(await found(store, "sometimes", "s")).toEqual(named(0, 40));
    expect(await found(store, "other", "5")).toEqual(named(41));
    expect(
      await asked(
        folder,
        (file) => `SELECT count("attr.often"), count("attr.sometimes") FROM ${file("spans.parquet")}`,
      ),
    ).toEqual([["40", "2"]]);
  });

  it("hold texts as JavaScript writes them where inputs differ in type", async () => {
    const doubles = [0.1, 1e21, 5e-7, -0, 3, Number.NaN, Number.NEGATIVE_INFINITY];
    const { folder, store } = await merged([
      doubles.map((k) => ({ k })),
      [{ k: 9_007_199_254_740_993n }, { k: 3n }],
      [{ k: true }],
      [{ k: "3" }],
    ]);
    expect((await metaOf(folder)).attributeColumns).toEqual([
      {
        key: "k",
        column: "attr.k",
        type: "text",
        valueTypes: ["string", "int", "double", "bool"],
        typeColumn: "attr_type.k",
      },
    ]);
    expect(
      await asked(
        folder,
        (file) =>
          `SELECT list("attr_type.k" ORDER BY start_time_unix_nano)::VARCHAR FROM ${file("spans.parquet")}`,
      ),
    ).toEqual([["[4, 4, 4, 4, 4, 4, 4, 2, 2, 8, 1]"]]);
    expect(
      await asked(
        folder,
        (file) => `SELECT "attr.k" FROM ${file("spans.parquet")} ORDER BY start_time_unix_nano`,
      ),
    ).toEqual(
      ["0.1", "1e+21", "5e-7", "0", "3", "NaN", "-Infinity", "9007199254740993", "3", "true", "3"].map(
        (text) => [text],
      ),
    );
    expect(await found(store, "k", "3")).toEqual(named(4, 8, 10));
    expect(await found(store, "k", "3.0")).toEqual(named(4, 8));
    expect(await found(store, "k", "1e21")).toEqual(named(1));
    expect(await found(store, "k", "NaN")).toEqual(named(5));
    expect(await found(store, "k", "true")).toEqual(named(9));
  });

  it("belong to one of two keys that differ only in case; the values of the other are listed", async () => {
    const { folder, store } = await merged([
      [{ Key: 0.5 }, { Key: 1e21 }, { Key: 7 }],
      [{ key: "a" }, { key: "7" }],
    ]);
    expect((await metaOf(folder)).attributeColumns.map(({ key }) => key)).toEqual(["Key"]);
    expect(await found(store, "key", "a")).toEqual(named(3));
    expect(await found(store, "key", "7")).toEqual(named(4));
    expect(await found(store, "Key", "7")).toEqual(named(2));
    const swapped = await merged([[{ Key: 1e21 }], [{ key: "a" }, { key: "7" }]]);
    expect((await metaOf(swapped.folder)).attributeColumns.map(({ key }) => key)).toEqual(["key"]);
    expect(await found(swapped.store, "Key", "1e21")).toEqual(named(0));
    expect(await asked(swapped.folder, (file) => `FROM ${file("attributes.parquet")}`)).toEqual([
      ["Key", "1e+21", 2],
    ]);
  });

  it("are no more than one segment may have; what is left over is listed", () => {
    const columnsOf = (first: number): SegmentMeta["attributeColumns"] =>
      Array.from({ length: 60 }, (_, index) => {
        const key = `k${first + index}`;
        return { key, column: `attr.${key}`, type: "text" as const, valueTypes: ["string"] };
      });
    const few = { attributeColumns: columnsOf(0), spanCount: 10 };
    const many = { attributeColumns: columnsOf(60), spanCount: 1_000 };
    const { chosen, listed } = mergedColumns([few, many], ["k59"]);
    expect(chosen).toHaveLength(96);
    expect(chosen[0]!.key).toBe("k59");
    expect(listed[0]).toHaveLength(24);
    expect(listed[1]).toEqual([]);
  });

  it("and lists together find what the evaluator finds, whatever the values", {
    timeout: 120_000,
  }, async () => {
    const value = fc.oneof(
      fc.constantFrom("200", "true", "NaN", "", "a\0b", "\uFFFD", "é".repeat(200)),
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.constantFrom(200n, 200, 0, -0, 0.1, 1e21, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
      fc.boolean(),
      fc.uint8Array({ maxLength: 4 }),
      fc.array(fc.oneof(fc.constantFrom("200", 200n, true), fc.string({ maxLength: 2 })), { maxLength: 3 }),
      fc.constant(null),
    );
    const key = fc.constantFrom("k", "K", "http.status_code", "__proto__", "");
    // Values of one type in a segment, so that its columns are typed, and types that differ between segments.
    const typed = fc.constantFrom<fc.Arbitrary<unknown>>(
      fc.constantFrom(200n, -1n),
      fc.constantFrom(200, 0.5, 1e300),
      fc.boolean(),
      fc.constantFrom("200", "x"),
      value,
    );
    const segment = typed.chain((values) =>
      fc.array(fc.dictionary(key, values as fc.Arbitrary<Attributes[string]>), {
        minLength: 1,
        maxLength: 15,
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 2, maxLength: 4 }), async (segments) => {
        const { folder, store, spans } = await merged(segments);
        const reference = createMemoryStore({});
        await reference.start();
        new BatchFeed(reference).append(...spans);
        for (const query of queriesFor(segments.flat())) {
          const expected = (await reference.search(query, { limit: 60 })).summaries;
          expect((await store.search(query, { limit: 60 })).summaries).toEqual(expected);
        }
        for (const { traceId } of spans) {
          const [own] = await reference.trace(traceId);
          expect((await store.trace(traceId)).map(spanFromRow)).toEqual([spanFromRow(own!)]);
        }
        await reference.stop();
        await folder.close();
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});

function queriesFor(spans: readonly Attributes[]): TraceQuery[] {
  const texts = new Set<string>();
  for (const attributes of spans) {
    for (const [key, value] of Object.entries(attributes)) {
      for (const text of [String(value), "200", "200.0"]) texts.add(JSON.stringify({ key, value: text }));
    }
  }
  return [...texts].slice(0, 60).map((text) => ({ attributes: [JSON.parse(text)] }));
}
