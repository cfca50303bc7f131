import type { SpanRow } from "../../../src/batch/span-batch.ts";
import type { Span } from "../../../src/model/span.ts";
import type { LakeStoreOptions } from "../../../src/store/lake/lake-options.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { LakeFolder } from "./lake-fixture.ts";

/** Two segments' worth of spans: traces "a" and "both" in the first, "b" and "both" in the second. */
export const FIRST: readonly Span[] = [
  buildSpan("a", { id: "a", service: "shop", at: [0, 1] }),
  buildSpan("both", { id: "first", service: "shop", kind: "CLIENT", at: [10, 14] }),
];
export const SECOND: readonly Span[] = [
  buildSpan("b", { id: "b", service: "bank", at: [20, 21] }),
  buildSpan("both", { id: "second", service: "bank", parent: "first", kind: "SERVER", at: [12, 13] }),
];

/** A store with a segment for each list of spans, none of them merged yet: nothing ticks by itself. */
export async function sealedApart(
  folder: LakeFolder,
  segments: readonly (readonly Span[])[],
  options: Partial<LakeStoreOptions> = {},
): Promise<{ store: TraceStore; feed: BatchFeed }> {
  const store = await folder.open({ mergeSegments: 2, ...options });
  const feed = new BatchFeed(store, folder.nowMillis);
  for (const spans of segments) {
    feed.append(...spans);
    await store.flush();
  }
  return { store, feed };
}

/** Everything a store answers: lists, spans byte for byte with resource and scope, links, sums, names. */
export async function answersOf(store: TraceStore): Promise<unknown> {
  const { summaries } = await store.search({}, { limit: 1_000 });
  const spans: Record<string, string[]> = {};
  for (const { traceId } of summaries) spans[traceId] = (await store.trace(traceId)).map(bytesOf).sort();
  const operations: unknown[] = [];
  for (const service of await store.services()) operations.push([service, await store.operations(service)]);
  return {
    summaries,
    spans,
    operations,
    links: await store.dependencies({}),
    services: await store.serviceStatistics({}),
  };
}

function bytesOf({ batch, row }: SpanRow): string {
  const scope = batch.scopes[batch.scopeIndexes[row]!]!;
  const resource = batch.resources[scope.resourceIndex]!;
  const hex = (start: number, end: number): string =>
    Buffer.from(batch.payload.subarray(start, end)).toString("hex");
  return [
    hex(batch.spanStarts[row]!, batch.spanEnds[row]!),
    hex(scope.start, scope.end),
    scope.schemaUrl,
    hex(resource.start, resource.end),
    resource.schemaUrl,
  ].join("/");
}

/** Traces and their counts, newest first. */
export async function listed(store: TraceStore): Promise<[string, number][]> {
  const { summaries } = await store.search({}, { limit: 100 });
  return summaries.map(({ traceId, spanCount }) => [traceId, spanCount]);
}
