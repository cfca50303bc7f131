/** Jaeger's structured filter finds the same in every store, whatever is pushed down to it: what it says of each span. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { questionOf } from "../../src/api/jaeger/filter-ast-condition.ts";
import { filterFromJson } from "../../src/api/jaeger/filter-ast-resolve.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import { spanTraceView } from "../../src/filter/evaluator/span-trace-view.ts";
import type { Span } from "../../src/model/span.ts";
import { createQueries } from "../../src/query/queries.ts";
import type { StoreKind } from "../../src/store/registry.ts";
import { STORE_KINDS } from "../../src/store/registry.ts";
import { anyJaegerFilter, jaegerFilterTraces } from "../helpers/jaeger-filter-arbitrary.ts";
import type { FilterCall } from "../helpers/naive-jaeger-filter.ts";
import { naivelyHolds } from "../helpers/naive-jaeger-filter.ts";
import { traceIdOf } from "../helpers/trace-builder.ts";
import type { Placement } from "./trace-store-handle.ts";
import { PLACEMENTS, place } from "./trace-store-handle.ts";

const tracesArbitrary: fc.Arbitrary<readonly (readonly Span[])[]> = fc
  .array(jaegerFilterTraces, { minLength: 1, maxLength: 6 })
  .map((traces) =>
    traces.map((spans, at) => spans.map((span) => ({ ...span, traceId: traceIdOf(`t${at}`) }))),
  );

type Find = ReturnType<typeof createQueries>["findTraceOutlines"];

async function withStore(
  kind: StoreKind,
  { traces, placement }: { readonly traces: readonly (readonly Span[])[]; readonly placement: Placement },
  ask: (find: Find) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "tracagg-jaeger-filter-"));
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
    await ask(queries.findTraceOutlines);
  } finally {
    await store.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function expectedIds(call: FilterCall, traces: readonly (readonly Span[])[]): string[] {
  const matching = traces.filter((spans) => spans.some((span) => naivelyHolds(call, span)));
  return matching.map((spans) => (spans[0] as Span).traceId).sort();
}

describe("the structured filter", () => {
  it("says of every span what its description says", () => {
    fc.assert(
      fc.property(jaegerFilterTraces, anyJaegerFilter, (spans, call) => {
        const { test } = questionOf(filterFromJson(JSON.stringify(call)));
        const view = spanTraceView(spans);
        const said = spans.map((_, span) => [view.spanId(span), test(view, span)]);
        const sorted = spans.map((_, span) => view.analysed(span));
        expect(said).toEqual(sorted.map((span) => [span.spanId, naivelyHolds(call, span)]));
      }),
      { numRuns: 3_000 },
    );
  });
});

for (const kind of Object.values(STORE_KINDS)) {
  describe(`the structured filter over the ${kind.name} store`, () => {
    it("finds every trace of which one span meets it, and no other, for any traces and any filter", async () => {
      await fc.assert(
        fc.asyncProperty(
          tracesArbitrary,
          fc.array(anyJaegerFilter, { minLength: 1, maxLength: 12 }),
          fc.constantFrom(...PLACEMENTS),
          (traces, calls, placement) =>
            withStore(kind, { traces, placement }, async (find) => {
              for (const call of calls) {
                const question = questionOf(filterFromJson(JSON.stringify(call)));
                const found = await find({ question, maxTraces: 100 });
                const ids = found.map(({ traceId }) => traceId).sort();
                expect([call, ids]).toEqual([call, expectedIds(call, traces)]);
              }
            }),
        ),
        { numRuns: kind.isDurable ? 15 : 60 },
      );
    });
  });
}
