/** Random spans, random flushes, random questions: the answers equal those of a naive model over plain spans. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../src/filter/trace-query.ts";
import type { Span } from "../../src/model/span.ts";
import { naiveSearch, naiveStatistics, spanText } from "../helpers/naive-store.ts";
import { BatchFeed, withTimes } from "../helpers/otlp-fixture.ts";
import { buildSpan, unixNanoAt } from "../helpers/trace-builder.ts";
import type { OpenStore, StoreHandle } from "./trace-store-handle.ts";
import { durationsOf, scanAll, searchAll } from "./trace-store-handle.ts";

const TIMES = [0n, 1n, ...[0, 1, 2, 5, 9].map(unixNanoAt), 18_000_000_000_000_000_000n] as const;
const TEXTS = ["a", "7", "7.5", "true", ""] as const;

const ROOT_NAMES: Readonly<Record<string, { readonly service: string; readonly name: string }>> = {
  s1: { service: "one", name: "get" },
  s2: { service: "two", name: "put" },
  s3: { service: "three", name: "get" },
};

const anyTime = fc.constantFrom(...TIMES);
const anyService = fc.constantFrom("one", "two", "three");
const anyName = fc.constantFrom("get", "put");
const anyValue = fc.constantFrom("a", 7n, 7, 7.5, true, ["a", 7n], "");

const anySpan: fc.Arbitrary<Span> = fc
  .record({
    trace: fc.constantFrom("t1", "t2", "t3", "t4", "t5"),
    id: fc.constantFrom("s1", "s2", "s3"),
    parent: fc.constantFrom(undefined, "s1", "s9"),
    service: anyService,
    name: anyName,
    kind: fc.constantFrom("SERVER" as const, "CLIENT" as const),
    status: fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const),
    start: anyTime,
    end: anyTime,
    attributes: fc.dictionary(fc.constantFrom("k", "host"), anyValue, { maxKeys: 2, noNullPrototype: true }),
  })
  .map(({ trace, parent, start, end, ...sketch }) => {
    // No order is promised between spans of one id and start, so such roots had better have one name.
    const own = parent === undefined ? ROOT_NAMES[sketch.id] : { parent };
    const span = { ...sketch, ...own, at: [0, 0] as const };
    const resourceAttributes = { host: span.service === "one" ? "a" : 7n };
    return withTimes(buildSpan(trace, { ...span, resourceAttributes }), start, end);
  });

const anyQuery: fc.Arbitrary<TraceQuery> = fc.record(
  {
    serviceName: anyService,
    operationName: anyName,
    hasErrors: fc.boolean(),
    attributes: fc.array(fc.record({ key: fc.constantFrom("k", "host"), value: fc.constantFrom(...TEXTS) }), {
      maxLength: 2,
    }),
    rootServiceName: anyService,
    rootOperationName: anyName,
    minDurationNanos: fc.constantFrom(0n, 1n, 1_000_000n, 5_000_000n),
    maxDurationNanos: fc.constantFrom(0n, 1n, 1_000_000n, 9_000_000n),
    startTimeUnixNano: anyTime,
    endTimeUnixNano: anyTime,
    minEndTimeUnixNano: anyTime,
  },
  { requiredKeys: [] },
);

type Step =
  | { readonly do: "append"; readonly spans: readonly Span[] }
  | { readonly do: "repeat"; readonly pick: number }
  | { readonly do: "flush" };

const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("append" as const),
        spans: fc.array(anySpan, { maxLength: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
  ),
  { maxLength: 8 },
);

/** Runs the model against `open`'s store `runs` times; each run opens a store of its own. */
export function describeProperties(open: OpenStore, runs: number): void {
  describe("any spans, flushes and questions", () => {
    it("get the answers of a naive model over plain spans", async () => {
      const property = fc.asyncProperty(
        anySteps,
        fc.array(anyQuery, { minLength: 4, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, queries, pageSize) => {
          const handle = await open();
          try {
            const spans = await runSteps(handle, steps);
            await compareAnswers(handle, spans, [{}, ...queries], pageSize);
          } finally {
            await handle.close();
          }
        },
      );
      await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: 25_000 });
    });
  });
}

async function runSteps(handle: StoreHandle, steps: readonly Step[]): Promise<Span[]> {
  const feed = new BatchFeed(handle.store);
  const spans: Span[] = [];
  for (const step of steps) {
    if (step.do === "flush") await handle.flush();
    if (step.do === "append") {
      feed.append(...step.spans);
      spans.push(...step.spans);
    }
    if (step.do === "repeat" && spans.length > 0) feed.append(spans[step.pick % spans.length] as Span);
  }
  return spans;
}

/** Asks a store and the model the same questions; every answer must be equal. */
export async function compareAnswers(
  handle: Pick<StoreHandle, "store">,
  spans: readonly Span[],
  queries: readonly TraceQuery[],
  pageSize: number,
): Promise<void> {
  for (const query of queries) {
    const expected = naiveSearch(spans, query);
    expect(await searchAll(handle.store, query, pageSize)).toEqual(expected.map(({ summary }) => summary));
    const scanned = await scanAll(handle.store, query);
    expect(scanned.map((trace) => trace.spans.map(spanText).sort())).toEqual(
      expected.map((trace) => trace.spans.map(spanText).sort()),
    );
    const whole = await handle.store.traces(expected.map(({ summary }) => summary.traceId));
    expect(
      expected.map(({ summary }) =>
        whole
          .get(summary.traceId)
          ?.map((row) => spanText(spanFromRow(row)))
          .sort(),
      ),
    ).toEqual(expected.map((trace) => trace.spans.map(spanText).sort()));
    expect(await durationsOf(handle.store, query)).toEqual(
      expected.map(({ summary, spans: own }) => ({
        summary,
        durations: own.map(({ serviceName, name, durationMs }) => [serviceName, name, durationMs]).sort(),
      })),
    );
    expect(await handle.store.serviceStatistics(query)).toEqual(
      naiveStatistics(spans, {
        ...(query.startTimeUnixNano === undefined ? {} : { startTimeUnixNano: query.startTimeUnixNano }),
        ...(query.endTimeUnixNano === undefined ? {} : { endTimeUnixNano: query.endTimeUnixNano }),
      }).filter(({ serviceName }) => query.serviceName === undefined || query.serviceName === serviceName),
    );
  }
}
