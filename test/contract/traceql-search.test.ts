/** Queries in TraceQL find the same in every store, whatever is pushed down to it: what the evaluator says of each trace. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import type { TraceMatch } from "../../src/filter/evaluator/pipeline.ts";
import { compilePipeline } from "../../src/filter/evaluator/pipeline.ts";
import { spanTraceView } from "../../src/filter/evaluator/span-trace-view.ts";
import { FilterError } from "../../src/filter/filter-error.ts";
import type { Pipeline } from "../../src/filter/query-model.ts";
import type { Span } from "../../src/model/span.ts";
import { createQueries } from "../../src/query/queries.ts";
import type { StoreKind } from "../../src/store/registry.ts";
import { STORE_KINDS } from "../../src/store/registry.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";
import { anyPipeline, filterTraces, searchablePipeline } from "../helpers/filter-arbitrary.ts";
import { traceIdOf } from "../helpers/trace-builder.ts";
import type { Placement } from "./trace-store-handle.ts";
import { PLACEMENTS, place } from "./trace-store-handle.ts";

const tracesArbitrary: fc.Arbitrary<readonly (readonly Span[])[]> = fc
  .array(filterTraces, { minLength: 1, maxLength: 6 })
  .map((traces) =>
    traces.map((spans, at) => spans.map((span) => ({ ...span, traceId: traceIdOf(`t${at}`) }))),
  );

/** Pipelines that can be written: the text is what a query is asked in. */
const queryArbitrary: fc.Arbitrary<string> = fc
  .oneof({ weight: 3, arbitrary: searchablePipeline }, { weight: 1, arbitrary: anyPipeline })
  .map((expression) => printQuery({ expression, hints: [] }))
  .filter(isAccepted);

function isAccepted(text: string): boolean {
  try {
    parseQuery(text);
    return true;
  } catch (error) {
    if (error instanceof TraceQlError) return false;
    throw error;
  }
}

/** Ids of the traces that the evaluator alone says match; undefined when it refuses one. */
function expectedIds(pipeline: Pipeline, traces: readonly (readonly Span[])[]): string[] | undefined {
  const { run } = compilePipeline(pipeline);
  const ids: string[] = [];
  for (const spans of traces) {
    let match: TraceMatch | undefined;
    try {
      match = atOnce(run(spanTraceView(spans)));
    } catch (error) {
      if (error instanceof FilterError) return undefined;
      throw error;
    }
    if (match !== undefined) ids.push((spans[0] as Span).traceId);
  }
  return ids.sort();
}

async function withStore(
  kind: StoreKind,
  traces: readonly (readonly Span[])[],
  placement: Placement,
  ask: (search: ReturnType<typeof createQueries>["searchTraceQl"]) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-traceql-"));
  const store = await kind.create({ dataDir });
  await store.start();
  try {
    await place({ store, flush: () => store.flush(), close: () => store.stop() }, traces.flat(), placement);
    const queries = createQueries({
      reader: store,
      catalogue: store,
      statistics: store,
      metrics: silentMetrics,
      clock: systemClock,
    });
    await ask(queries.searchTraceQl);
  } finally {
    await store.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

for (const kind of Object.values(STORE_KINDS)) {
  describe(`TraceQL over the ${kind.name} store`, () => {
    it("finds what the evaluator says matches, page by page, for any traces and any query", async () => {
      await fc.assert(
        fc.asyncProperty(
          tracesArbitrary,
          fc.array(queryArbitrary, { minLength: 1, maxLength: 12 }),
          fc.constantFrom(...PLACEMENTS),
          (traces, texts, placement) =>
            withStore(kind, traces, placement, async (search) => {
              for (const q of texts) {
                const expected = expectedIds(parseQuery(q).expression as Pipeline, traces);
                // Which traces are looked at before the one that is refused is the store's business.
                if (expected === undefined) continue;
                expect([q, await foundIds(search, q)]).toEqual([q, expected]);
              }
            }),
        ),
        { numRuns: kind.isDurable ? 15 : 60 },
      );
    });
  });
}

/** Ids of all pages, two traces each, or of one large page where there is but one. */
async function foundIds(
  search: ReturnType<typeof createQueries>["searchTraceQl"],
  q: string,
): Promise<string[]> {
  const ids: string[] = [];
  const isOrdered = q.includes("orderBy(");
  for (let pageToken = ""; ; ) {
    const { traces, nextPageToken } = await search({ q, pageToken, pageSize: isOrdered ? 100 : 2 });
    ids.push(...traces.map(({ summary }) => summary.traceId));
    if (nextPageToken === "") return ids.sort();
    pageToken = nextPageToken;
  }
}
