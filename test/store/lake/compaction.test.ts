import { readdir } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import type { TraceSummary } from "../../../src/model/trace-summary.ts";
import { corpusMissing, corpusRequests } from "../../helpers/corpus.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../../helpers/otlp-arbitrary.ts";
import { loadRequestType } from "../../helpers/otlp-canonical.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { answersOf, FIRST, listed, SECOND, sealedApart } from "./compaction-fixture.ts";
import { LakeFolder, mergeAll, segmentNames } from "./lake-fixture.ts";

const HOUR_MILLIS = 3_600_000;

describe("a merge of segments", () => {
  it("leaves one segment in which a trace of several is one, with its summary and links", async () => {
    const folder = await LakeFolder.create();
    const { store } = await sealedApart(folder, [FIRST, SECOND]);
    const before = await answersOf(store);
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({
      segments: 1,
      split_traces: 0,
      compactions: 1,
      compacted_segments: 2,
      compaction_failures: 0,
      segment_spans: 4,
    });
    expect(store.gauges()["compaction_cpu_micros"]).toBeGreaterThan(0);
    expect(await readdir(folder.path("segments"))).toEqual(["0000000000000000-0000000000000001"]);
    expect(await answersOf(store)).toEqual(before);
    expect(await answersOf(await folder.open())).toEqual(before);
  });

  it("begins once nothing has been sealed for long, or once many segments wait for it", async () => {
    let begun = 0;
    const startMergeWorker = (): never => {
      begun++;
      throw new Error("no thread");
    };
    const options = { mergeQuietMillis: 10_000, startMergeWorker };
    const tickAndWait = async (folder: LakeFolder): Promise<void> => {
      folder.tick();
      await new Promise((resolve) => setTimeout(resolve, 200));
    };
    const quiet = await LakeFolder.create();
    await sealedApart(quiet, [FIRST, SECOND], options);
    quiet.nowMillis += 9_999;
    await tickAndWait(quiet);
    expect(begun).toBe(0);
    quiet.nowMillis += 1;
    await tickAndWait(quiet);
    expect(begun).toBe(1);
    const pressing = await LakeFolder.create();
    await sealedApart(pressing, [FIRST, SECOND, FIRST, SECOND, FIRST, SECOND], options);
    await tickAndWait(pressing);
    expect(begun).toBe(2);
  });

  it("keeps a span once that senders repeated, and each resource and scope once", async () => {
    const folder = await LakeFolder.create();
    const { store } = await sealedApart(folder, [FIRST, [...FIRST, ...SECOND], SECOND]);
    const before = await answersOf(store);
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ segments: 1, segment_spans: 4 });
    expect(await answersOf(store)).toEqual(before);
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const [[resources, scopes, spans, traces]] = (
      await connection.runAndReadAll(
        ["resources", "scopes", "spans", "traces"]
          .map((name) => `(SELECT count(*) FROM '${folder.path("segments", "*", `${name}.parquet`)}')`)
          .join(", ")
          .replace(/^/, "SELECT "),
      )
    ).getRows() as [[bigint, bigint, bigint, bigint]];
    expect([resources, scopes, spans, traces]).toEqual([2n, 1n, 4n, 3n]);
    connection.closeSync();
    instance.closeSync();
  });

  it("gives every span back byte for byte, whatever is in it", { timeout: 120_000 }, async () => {
    const type = await loadRequestType();
    const requests = fc.array(otlpRequestArbitrary({ repeatKeys: true }), { minLength: 4, maxLength: 8 });
    const property = fc.asyncProperty(requests, async (objects) => {
      const folder = await LakeFolder.create();
      const store = await folder.open({ mergeSegments: 2 });
      const decoder = new OtlpRequestDecoder();
      const payloads = objects.map((request) => encodeOtlpRequest(type, request));
      // Each comes with the next one too: every trace lies in two segments.
      for (const [position, payload] of payloads.entries()) {
        store.append({ batch: decoder.decode(payload).batch, position: position * 2, arrivalUnixMillis: 0 });
        const other = payloads[(position + 1) % payloads.length]!;
        store.append({
          batch: decoder.decode(other).batch,
          position: position * 2 + 1,
          arrivalUnixMillis: 0,
        });
        await store.flush();
      }
      const before = await answersOf(store);
      await mergeAll(folder, store);
      expect(store.gauges()).toMatchObject({ segments: 1, compaction_failures: 0, split_traces: 0 });
      expect(await answersOf(store)).toEqual(before);
      await folder.close();
    });
    await fc.assert(property, { numRuns: 4, endOnFailure: true });
  });

  it.skipIf(corpusMissing !== undefined)(
    "answers as before over recorded requests, and over the next seals that name merged segments",
    { timeout: 120_000 },
    async () => {
      const folder = await LakeFolder.create();
      const store = await folder.open({ mergeSegments: 3 });
      const decoder = new OtlpRequestDecoder();
      for (const [position, payload] of corpusRequests().entries()) {
        store.append({ batch: decoder.decode(payload).batch, position, arrivalUnixMillis: 0 });
        if (position % 12 === 11) await store.flush();
      }
      await store.flush();
      expect(store.gauges()["split_traces"]).toBeGreaterThan(20);
      const before = await answersOf(store);
      const searches = async (): Promise<TraceSummary[][]> => {
        const found: TraceSummary[][] = [];
        for (const query of [
          { serviceName: "frontend" },
          { hasErrors: true },
          { attributes: [{ key: "rpc.grpc.status_code", value: "0" }] },
          { attributes: [{ key: "http.status_code", value: "200" }] },
          { attributes: [{ key: "rpc.method", value: "GetProduct" }], serviceName: "frontend" },
          { attributes: [{ key: "net.host.port", value: "8080" }] },
          { minDurationNanos: 5_000_000n },
        ])
          found.push([...(await store.search(query, { limit: 500 })).summaries]);
        return found;
      };
      const foundBefore = await searches();
      expect(foundBefore.every((found) => found.length > 0)).toBe(true);
      await mergeAll(folder, store);
      expect(store.gauges()).toMatchObject({ segments: 1, compaction_failures: 0, segment_spans: 4_743 });
      expect(await searches()).toEqual(foundBefore);
      expect(await answersOf(store)).toEqual(before);
      expect(await answersOf(await folder.open())).toEqual(before);
    },
  );

  it("keeps the places of a trace right that older and newer segments hold spans of, by the names they had", async () => {
    const folder = await LakeFolder.create();
    const part = (id: string, at: number) => buildSpan("long", { id, at: [at, at + 1] });
    const { store, feed } = await sealedApart(folder, [
      [part("oldest", 50), buildSpan("x", { id: "x", at: [45, 46] })],
    ]);
    for (const [id, at] of [
      ["one", 40],
      ["two", 30],
      ["newest", 60],
    ] as const) {
      // The merge takes what arrived within a day: the second and the third.
      if (id !== "two") folder.nowMillis += 25 * HOUR_MILLIS;
      feed.arrivalUnixMillis = folder.nowMillis;
      feed.append(part(id, at));
      await store.flush();
    }
    const before = await answersOf(store);
    expect(await listed(store)).toEqual([
      [traceIdOf("x"), 1],
      [traceIdOf("long"), 4],
    ]);
    await mergeAll(folder, store);
    expect(await segmentNames(folder)).toEqual([
      "0000000000000000-0000000000000000",
      "0000000000000001-0000000000000002",
      "0000000000000003-0000000000000003",
    ]);
    expect(store.gauges()).toMatchObject({ split_traces: 1 });
    expect(await answersOf(store)).toEqual(before);
    expect(await answersOf(await folder.open())).toEqual(before);
  });

  it("sees spans in memory that belong to traces it merged", async () => {
    const folder = await LakeFolder.create();
    const { store, feed } = await sealedApart(folder, [FIRST, SECOND]);
    feed.append(buildSpan("both", { id: "hot", service: "shop", at: [9, 10] }));
    const before = await answersOf(store);
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ segments: 1, hot_spans: 1 });
    expect(await answersOf(store)).toEqual(before);
    feed.append(buildSpan("a", { id: "late", service: "shop", at: [2, 3] }));
    expect(await listed(store)).toContainEqual([traceIdOf("a"), 2]);
  });

  it("merges what was merged again, and names all that it replaces", async () => {
    const folder = await LakeFolder.create();
    const { store, feed } = await sealedApart(folder, [FIRST, SECOND]);
    await mergeAll(folder, store);
    feed.append(buildSpan("both", { id: "third", service: "shop", parent: "second", at: [12, 13] }));
    await store.flush();
    const before = await answersOf(store);
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ segments: 1, compactions: 2, segment_spans: 5 });
    expect(await answersOf(store)).toEqual(before);
    const { replaces } = await folder.readMeta("0000000000000000-0000000000000002");
    expect(replaces).toEqual([
      "0000000000000000-0000000000000000",
      "0000000000000001-0000000000000001",
      "0000000000000000-0000000000000001",
      "0000000000000002-0000000000000002",
    ]);
  });

  it("leaves out the traces that a policy names, of those that lie in one segment alone", async () => {
    const folder = await LakeFolder.create();
    const asked: string[] = [];
    const { store, feed } = await sealedApart(folder, [FIRST, SECOND], {
      thinning: {
        leaveOut: (traces) => {
          asked.push(...traces.map(({ traceId }) => traceId));
          return [traceIdOf("a"), traceIdOf("both")];
        },
      },
    });
    feed.append(buildSpan("b", { id: "hot", service: "bank", at: [22, 23] }));
    await mergeAll(folder, store);
    expect(asked).toEqual([traceIdOf("a")]);
    expect(store.gauges()).toMatchObject({ thinned_traces: 1, compactions: 1, segment_spans: 3 });
    expect(await store.trace(traceIdOf("a"))).toEqual([]);
    expect(await listed(store)).toEqual([
      [traceIdOf("b"), 2],
      [traceIdOf("both"), 2],
    ]);
    const again = await folder.open();
    expect(again.coveredPosition()).toBe(2);
    expect(await again.trace(traceIdOf("a"))).toEqual([]);
  });

  it("may leave nothing", async () => {
    const folder = await LakeFolder.create();
    const span = (id: string) => [buildSpan(id, { id, at: [0, 1] })];
    const { store } = await sealedApart(folder, [span("a"), span("b")], {
      thinning: { leaveOut: (traces) => traces.map(({ traceId }) => traceId) },
    });
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({ segments: 1, segment_spans: 0, thinned_traces: 2 });
    expect(await listed(await folder.open())).toEqual([]);
    expect((await folder.open()).coveredPosition()).toBe(1);
  });
});
