import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../../src/filter/trace-query.ts";
import type { Span } from "../../../src/model/span.ts";
import { createMemoryStore } from "../../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { LakeFolder } from "./lake-fixture.ts";

const SEGMENTS = fileURLToPath(new URL("../../fixtures/data-folder-v1/data/segments", import.meta.url));

async function everySpan(store: TraceStore): Promise<Span[]> {
  const { summaries } = await store.search({}, { limit: 1_000 });
  const spans: Span[] = [];
  for (const { traceId } of summaries)
    for (const row of await store.trace(traceId)) spans.push(spanFromRow(row));
  return spans;
}

function queriesFor(spans: readonly Span[]): TraceQuery[] {
  const queries: TraceQuery[] = [{ attributes: [{ key: "no.such.key", value: "1" }] }];
  for (const { attributes, serviceName, name } of spans.slice(0, 12)) {
    queries.push({ serviceName, operationName: name });
    for (const [key, value] of Object.entries(attributes).slice(0, 3)) {
      queries.push(
        { attributes: [{ key, value: String(value) }] },
        { serviceName, attributes: [{ key, value: "x" }] },
      );
    }
  }
  return queries;
}

it("segments of format 1 answer searches and sums as the evaluator does, beside new ones", async () => {
  const folder = await LakeFolder.create();
  await cp(SEGMENTS, folder.path("segments"), { recursive: true });
  const store = await folder.open();
  const spans = await everySpan(store);
  expect(spans.length).toBeGreaterThan(100);
  const reference = createMemoryStore({});
  await reference.start();
  new BatchFeed(reference).append(...spans);
  for (const query of queriesFor(spans)) {
    const expected = (await reference.search(query, { limit: 200 })).summaries;
    expect((await store.search(query, { limit: 200 })).summaries).toEqual(expected);
  }
  const middle = spans[Math.floor(spans.length / 2)]!.startTimeUnixNano;
  for (const range of [{}, { startTimeUnixNano: middle }, { endTimeUnixNano: middle }]) {
    expect(await store.dependencies(range)).toEqual(await reference.dependencies(range));
    expect(await store.serviceStatistics(range)).toEqual(await reference.serviceStatistics(range));
    // A second time, from what was kept of whole segments.
    expect(await store.dependencies(range)).toEqual(await reference.dependencies(range));
  }
  await reference.stop();
});
