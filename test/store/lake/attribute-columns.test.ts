import { readFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../../src/filter/trace-query.ts";
import type { Attributes } from "../../../src/model/attribute-value.ts";
import { AttributeFilter, AttributePlace } from "../../../src/store/lake/attribute-filter.ts";
import { MAX_COLUMN_TEXT_BYTES } from "../../../src/store/lake/attribute-pairs.ts";
import type { LakeStoreOptions } from "../../../src/store/lake/lake-options.ts";
import type { SegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { flipByte, LakeFolder, segmentNames } from "./lake-fixture.ts";

/** A folder with one segment: one trace of one span for each set of attributes, named "0", "1", ... */
async function sealed(
  spans: readonly Attributes[],
  options: Partial<LakeStoreOptions> = {},
): Promise<{ folder: LakeFolder; store: TraceStore }> {
  const folder = await LakeFolder.create();
  const store = await folder.open(options);
  const feed = new BatchFeed(store);
  for (const [index, attributes] of spans.entries()) {
    feed.append(buildSpan(String(index), { id: "a", at: [index, index + 1], attributes }));
  }
  await store.flush();
  return { folder, store };
}

async function columnsOf(folder: LakeFolder): Promise<SegmentMeta["attributeColumns"]> {
  const { attributeColumns } = JSON.parse(
    await readFile(folder.path("segments", "0000000000000000-0000000000000001", "meta.json"), "utf8"),
  ) as SegmentMeta;
  return [...attributeColumns].sort((left, right) => (left.key < right.key ? -1 : 1));
}

async function found(store: TraceStore, key: string, value: string): Promise<string[]> {
  const { summaries } = await store.search({ attributes: [{ key, value }] }, { limit: 100 });
  return summaries.map(({ traceId }) => traceId).sort();
}

const named = (...names: number[]): string[] => names.map((name) => traceIdOf(String(name))).sort();

describe("attribute columns", () => {
  it("have the type all values of their key share, and are text where values differ in type", async () => {
    const { folder } = await sealed([
      { text: "a", whole: 1n, broken: 0.5, flag: true, mixed: 200n, listed: ["a"] },
      { text: "b", whole: -2n, broken: 2, flag: false, mixed: "200", listed: null },
    ]);
    expect(await columnsOf(folder)).toEqual([
      { key: "broken", column: "attr.broken", type: "f64", valueTypes: ["double"] },
      { key: "flag", column: "attr.flag", type: "bool", valueTypes: ["bool"] },
      {
        key: "mixed",
        column: "attr.mixed",
        type: "text",
        valueTypes: ["string", "int"],
        typeColumn: "attr_type.mixed",
      },
      { key: "text", column: "attr.text", type: "text", valueTypes: ["string"] },
      { key: "whole", column: "attr.whole", type: "i64", valueTypes: ["int"] },
    ]);
  });

  it("are read by DuckDB alone while the store is open", async () => {
    const { folder } = await sealed([
      { "http.method": "GET", "http.status": 200n, share: 0.25, cached: true },
      { "http.method": 'O\'Brien "x"', "http.status": -1n, tags: ["x", 7n, [true]] },
    ]);
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const ask = async (sql: string): Promise<unknown[][]> =>
      (await connection.runAndReadAll(sql)).getRowsJson();
    expect(
      await ask(
        `SELECT "attr.http.method", "attr.http.status", "attr.share", "attr.cached"
         FROM read_parquet('${folder.path("segments", "*", "spans.parquet")}', union_by_name = true)
         ORDER BY start_time_unix_nano`,
      ),
    ).toEqual([
      ["GET", "200", 0.25, true],
      ['O\'Brien "x"', "-1", null, null],
    ]);
    // Newest first: the second trace is row 0.
    expect(await ask(`FROM '${folder.path("segments", "*", "attributes.parquet")}'`)).toEqual([
      ["tags", "7", 0],
      ["tags", "true", 0],
      ["tags", "x", 0],
    ]);
    connection.closeSync();
    instance.closeSync();
  });

  it("go to frequent keys, and to a rare one when it is named", async () => {
    const spans = Array.from({ length: 200 }, (_, index): Attributes => {
      return index === 0 ? { often: "x", "order.id": "o-1", rare: "r" } : { often: "x" };
    });
    const { folder, store } = await sealed(spans, { attributeColumns: ["order.id", "never.sent"] });
    const [segment] = await segmentNames(folder);
    const meta = JSON.parse(
      await readFile(folder.path("segments", segment!, "meta.json"), "utf8"),
    ) as SegmentMeta;
    expect(meta.attributeColumns.map(({ key }) => key)).toEqual(["order.id", "often"]);
    expect(await found(store, "order.id", "o-1")).toEqual(named(0));
    expect(await found(store, "rare", "r")).toEqual(named(0));
  });

  it("keep two keys apart that differ only in case", async () => {
    const { store } = await sealed([{ Key: "a" }, { key: "a" }, { key: "b", Key: "a" }]);
    expect(await found(store, "Key", "a")).toEqual(named(0, 2));
    expect(await found(store, "key", "a")).toEqual(named(1));
  });

  it.each([1e300, -1e19, 2 ** 63, 5e-324, 0, Number.NaN, Number.NEGATIVE_INFINITY])(
    "find the double %d among doubles",
    async (value) => {
      const { store } = await sealed([{ k: value }, { k: 0.25 }]);
      expect(await found(store, "k", String(value))).toEqual(named(0));
      expect(await found(store, "k", "0.25")).toEqual(named(1));
    },
  );

  it("hold no value that the last one of a repeated key replaced", async () => {
    const folder = await LakeFolder.create();
    const store = await folder.open();
    const feed = new BatchFeed(store);
    const { batch } =
      feed.committed[feed.append(buildSpan("0", { id: "a", at: [0, 1], attributes: { k: "old", l: "x" } }))]!;
    // The same span with `l` renamed to `k` and an array for a value: a repeated key whose last value fits no column.
    const payload = batch.payload.slice();
    const text = Buffer.from(payload).toString("latin1");
    payload[text.indexOf("\n\u0001l") + 2] = "k".charCodeAt(0);
    const { OtlpRequestDecoder } = await import("../../../src/codec/otlp-protobuf/request-decoder.ts");
    store.append({
      batch: new OtlpRequestDecoder().decode(payload).batch,
      position: 1,
      arrivalUnixMillis: 0,
    });
    await store.flush();
    expect(await found(store, "k", "x")).toEqual(named(0));
  });

  it("and lists together find what the evaluator finds, whatever the values", async () => {
    const value = fc.oneof(
      fc.constantFrom("200", "true", "NaN", "", "a\0b", "\uFFFD", "é".repeat(MAX_COLUMN_TEXT_BYTES / 2 + 1)),
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.constantFrom(200n, 200, 0, -0, 0.1, 1e21, Number.NaN, Number.POSITIVE_INFINITY),
      fc.boolean(),
      fc.uint8Array({ maxLength: 4 }),
      fc.array(fc.oneof(fc.constantFrom("200", 200n, true), fc.string({ maxLength: 2 })), { maxLength: 3 }),
      fc.constant(null),
    );
    const attributes = fc.dictionary(fc.constantFrom("k", "K", "http.status_code", "__proto__", ""), value);
    await fc.assert(
      fc.asyncProperty(fc.array(attributes, { minLength: 20, maxLength: 40 }), async (spans) => {
        const { folder, store } = await sealed(spans as readonly Attributes[]);
        const reference = createMemoryStore({});
        await reference.start();
        const feed = new BatchFeed(reference);
        for (const [index, own] of spans.entries()) {
          feed.append(
            buildSpan(String(index), { id: "a", at: [index, index + 1], attributes: own as Attributes }),
          );
        }
        for (const query of queriesFor(spans as readonly Attributes[])) {
          const expected = (await reference.search(query, { limit: 50 })).summaries;
          expect((await store.search(query, { limit: 50 })).summaries).toEqual(expected);
        }
        for (const [index] of spans.entries()) {
          const [row] = await store.trace(traceIdOf(String(index)));
          const [own] = await reference.trace(traceIdOf(String(index)));
          expect(spanFromRow(row!)).toEqual(spanFromRow(own!));
        }
        await reference.stop();
        await folder.close();
      }),
      { numRuns: 3 },
    );
  });
});

function queriesFor(spans: readonly Attributes[]): TraceQuery[] {
  const queries: TraceQuery[] = [];
  for (const attributes of spans) {
    for (const [key, value] of Object.entries(attributes)) {
      for (const text of [String(value), "200", "200.0", "nobody has this"]) {
        queries.push({ attributes: [{ key, value: text }] });
      }
    }
  }
  return queries.slice(0, 60);
}

describe("the attribute filter", () => {
  it("knows every value at its place, also after a round trip", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 100 }), (values) => {
        const filter = AttributeFilter.forValues(values.length);
        for (const [key, text] of values) filter.add(AttributePlace.COLUMN, key, text);
        const copy = AttributeFilter.decode(filter.encode());
        expect(values.every(([key, text]) => copy.mayHave(AttributePlace.COLUMN, key, text))).toBe(true);
      }),
    );
  });

  it("says maybe to few values it was not given, and to few at another place", () => {
    const filter = AttributeFilter.forValues(10_000);
    for (let index = 0; index < 10_000; index++) filter.add(AttributePlace.COLUMN, "id", `v${index}`);
    let wrong = 0;
    for (let index = 0; index < 10_000; index++) {
      if (filter.mayHave(AttributePlace.COLUMN, "id", `w${index}`)) wrong++;
      if (filter.mayHave(AttributePlace.LIST, "id", `v${index}`)) wrong++;
    }
    expect(wrong / 20_000).toBeLessThan(0.03);
  });

  it("is made again when it is damaged, and searches find the same", async () => {
    const { folder, store } = await sealed([{ k: "a", n: 5n, list: ["x"] }]);
    const [segment] = await segmentNames(folder);
    const path = folder.path("segments", segment!, "attribute-filter.bin");
    const whole = await readFile(path);
    await store.stop();
    await flipByte(path, () => 20);
    const again = await folder.open();
    expect(again.gauges()["repaired_files"]).toBe(1);
    expect(await found(again, "k", "a")).toEqual(named(0));
    expect(await found(again, "n", "5")).toEqual(named(0));
    expect(await found(again, "list", "x")).toEqual(named(0));
    expect(await found(again, "service.name", "service")).toEqual(named(0));
    expect(await readFile(path)).toHaveLength(whole.length);
  });
});
