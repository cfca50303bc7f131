/** What the contract suite of the store port knows of a store, and small words for its cases. */

import { expect } from "vitest";
import { PerformanceCollector } from "../../src/analysis/performance.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../src/filter/trace-query.ts";
import type { Span } from "../../src/model/span.ts";
import type { TraceSummary } from "../../src/model/trace-summary.ts";
import type { TraceKey, TraceReader } from "../../src/store/trace-reader.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";

/** A started, empty store under test. */
export interface StoreHandle {
  readonly store: TraceStore;
  /** Makes everything appended so far durable, where the store can. */
  flush(): Promise<void>;
  /** Stops the store and starts another one over the same data; absent when nothing survives a stop. */
  reopen?(): Promise<TraceStore>;
  /** Stops whatever runs and removes what it left. */
  close(): Promise<void>;
}

/** Makes a started, empty store. */
export type OpenStore = () => Promise<StoreHandle>;

/** Where the spans of a case lie: all in memory, all sealed, or every trace split between the two. */
export type Placement = "hot" | "flushed" | "half";

/** Every placement. */
export const PLACEMENTS: readonly Placement[] = ["hot", "flushed", "half"];

/** Appends spans in two batches, every second span each, flushed as the placement says. */
export async function place(
  handle: StoreHandle,
  spans: readonly Span[],
  placement: Placement,
): Promise<BatchFeed> {
  const feed = new BatchFeed(handle.store);
  feed.append(...spans.filter((_, index) => index % 2 === 0));
  if (placement === "half") await handle.flush();
  feed.append(...spans.filter((_, index) => index % 2 === 1));
  if (placement === "flushed") await handle.flush();
  return feed;
}

/** All summaries of a query, fetched in pages of the given size. */
export async function searchAll(
  store: TraceReader,
  query: TraceQuery,
  pageSize = 1_000,
  betweenPages: () => Promise<void> = () => Promise.resolve(),
): Promise<TraceSummary[]> {
  const summaries: TraceSummary[] = [];
  let after: TraceKey | undefined;
  for (;;) {
    const page = await store.search(query, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    expect(page.summaries.length).toBeLessThanOrEqual(pageSize);
    summaries.push(...page.summaries);
    // A page that repeats a trace would go on for ever.
    expect(new Set(summaries.map((summary) => summary.traceId)).size).toBe(summaries.length);
    if (!page.hasMore) return summaries;
    expect(page.summaries).toHaveLength(pageSize);
    after = page.summaries.at(-1);
    await betweenPages();
  }
}

/** Ids of the traces that match, in the order of the answer. */
export async function idsOf(store: TraceReader, query: TraceQuery): Promise<string[]> {
  return (await searchAll(store, query)).map((summary) => summary.traceId);
}

/** The spans of a trace as the store gives them. */
export async function spansOf(store: TraceReader, traceId: string): Promise<Span[]> {
  return (await store.trace(traceId)).map(spanFromRow);
}

/** The traces of a scan, with their spans decoded. */
export async function scanAll(
  store: TraceReader,
  query: TraceQuery,
  limit = 1_000,
): Promise<{ summary: TraceSummary; spans: Span[] }[]> {
  const traces: { summary: TraceSummary; spans: Span[] }[] = [];
  for await (const { summary, rows } of store.scan(query, { limit })) {
    traces.push({ summary, spans: rows.map(spanFromRow) });
  }
  return traces;
}

/** The traces of a scan of durations, with service, name and milliseconds of each span, sorted. */
export async function durationsOf(
  store: TraceReader,
  query: TraceQuery,
  limit = 1_000,
): Promise<{ summary: TraceSummary; durations: (readonly [string, string, number])[] }[]> {
  const collector = new PerformanceCollector();
  const names: (readonly [string, string])[] = [];
  const numbers = {
    numberOf: (service: string, operation: string) => {
      const number = collector.numberOf(service, operation);
      names[number] = [service, operation];
      return number;
    },
  };
  const traces: { summary: TraceSummary; durations: (readonly [string, string, number])[] }[] = [];
  for await (const { summary, durations } of store.scanDurations(query, { limit, numbers })) {
    const { operations, durationsMs } = durations;
    const told = Array.from(operations, (number, at): readonly [string, string, number] => {
      const [service, operation] = names[number] ?? ["", ""];
      return [service, operation, durationsMs[at] as number];
    });
    traces.push({ summary, durations: told.sort() });
  }
  return traces;
}
