import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Span } from "../../../src/model/span.ts";
import type { LakeStoreOptions } from "../../../src/store/lake/lake-options.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { spansOf } from "../../contract/trace-store-handle.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { LakeFolder, mergeAll, segmentNames } from "./lake-fixture.ts";

/** A store with a segment for each list of spans, none of them merged yet. */
async function sealedApart(
  folder: LakeFolder,
  segments: readonly (readonly Span[])[],
  options: Partial<LakeStoreOptions> = {},
): Promise<TraceStore> {
  const store = await folder.open({ mergeSegments: 2, ...options });
  const feed = new BatchFeed(store, folder.nowMillis);
  for (const spans of segments) {
    feed.append(...spans);
    await store.flush();
  }
  return store;
}

async function listed(store: TraceStore): Promise<[string, number][]> {
  const { summaries } = await store.search({}, { limit: 100 });
  return summaries.map(({ traceId, spanCount }) => [traceId, spanCount]);
}

const FIRST = [
  buildSpan("a", { id: "a", service: "shop", at: [0, 1] }),
  buildSpan("both", { id: "first", service: "shop", kind: "CLIENT", at: [10, 14] }),
];
const SECOND = [
  buildSpan("b", { id: "b", service: "bank", at: [20, 21] }),
  buildSpan("both", { id: "second", service: "bank", parent: "first", kind: "SERVER", at: [12, 13] }),
];

describe("a merge of segments", () => {
  it("leaves one segment in which a trace of several is one, with its summary and links", async () => {
    const folder = await LakeFolder.create();
    const store = await sealedApart(folder, [FIRST, SECOND]);
    const before = {
      listed: await listed(store),
      both: await spansOf(store, traceIdOf("both")),
      links: await store.dependencies({}),
      services: await store.serviceStatistics({}),
    };
    await mergeAll(folder, store);
    expect(store.gauges()).toMatchObject({
      segments: 1,
      split_traces: 0,
      compactions: 1,
      compacted_segments: 2,
      compaction_failures: 0,
      segment_spans: 4,
    });
    expect(await readdir(folder.path("segments"))).toEqual(["0000000000000000-0000000000000001"]);
    const after = await folder.open();
    for (const merged of [after]) {
      expect({
        listed: await listed(merged),
        both: await spansOf(merged, traceIdOf("both")),
        links: await merged.dependencies({}),
        services: await merged.serviceStatistics({}),
      }).toEqual(before);
    }
    expect(await segmentNames(folder)).toHaveLength(1);
  });
});
