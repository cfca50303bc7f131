import { describe, expect, test } from "vitest";
import { spanSlacks } from "../../src/analysis/what-if/span-slack.ts";
import { whatIf } from "../../src/analysis/what-if/what-if.ts";
import { whatIfOverTraces } from "../../src/analysis/what-if/what-if-traces.ts";
import type { Trace } from "../../src/model/trace.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan, buildTrace } from "../helpers/trace-builder.ts";

const MILLI = 1_000_000n;

/** A request that asks two services side by side, then a third, each span named after its id. */
const PAGE: readonly SpanSketch[] = [
  { id: "page", service: "web", kind: "SERVER", at: [0, 100] },
  { id: "prices", parent: "page", service: "prices", at: [10, 60] },
  { id: "stock", parent: "page", service: "stock", at: [10, 40] },
  { id: "render", parent: "page", service: "web", at: [60, 90] },
];

function savedMillis(trace: Trace, service: string, percent: number, operation?: string): number {
  return Number(whatIf(trace, { service, operation, percent }).savingNanos) / 1e6;
}

function slacks(...sketches: readonly SpanSketch[]): Record<string, [drag: number, slack: number | "none"]> {
  const told = spanSlacks(buildTrace("slack", ...sketches)).map(({ span, dragNanos, slackNanos }) => [
    span.name,
    [Number(dragNanos / MILLI), slackNanos === undefined ? "none" : Number(slackNanos / MILLI)],
  ]);
  return Object.fromEntries(told);
}

describe("an operation made faster", () => {
  test("saves its percentage while nothing takes its place", () => {
    const trace = buildTrace("page", ...PAGE);
    expect(savedMillis(trace, "prices", 30)).toBe(15);
    expect(savedMillis(trace, "web", 50, "render")).toBe(15);
  });

  // prices would end at 10 ms, but render was preceded by it alone, and stock holds nobody up until 40.
  test("moves only what waited for it, so that a parent ends after the last child all the same", () => {
    const trace = buildTrace("page", ...PAGE);
    expect(savedMillis(trace, "prices", 100)).toBe(50);
    expect(savedMillis(trace, "stock", 100)).toBe(0);
  });

  test("saves no more than another child allows", () => {
    const trace = buildTrace(
      "join",
      { id: "root", service: "web", at: [0, 100] },
      { id: "slow", parent: "root", service: "slow", at: [0, 90] },
      { id: "fast", parent: "root", service: "fast", at: [0, 70] },
    );
    expect(savedMillis(trace, "slow", 10)).toBe(9);
    expect(savedMillis(trace, "slow", 50)).toBe(20);
    expect(whatIf(trace, { service: "slow", percent: 50 })).toMatchObject({
      matchingSpans: 1,
      durationNanos: 100n * MILLI,
      newDurationNanos: 80n * MILLI,
      criticalSelfNanos: 90n * MILLI,
      mostSavingNanos: 45n * MILLI,
    });
  });

  test("has no effect where it is not called, and none through a message that nobody waits for", () => {
    const trace = buildTrace(
      "message",
      { id: "send", service: "web", kind: "PRODUCER", at: [0, 100] },
      { id: "receive", parent: "send", service: "mail", kind: "CONSUMER", at: [10, 90] },
    );
    expect(whatIf(trace, { service: "nobody", percent: 100 })).toMatchObject({
      matchingSpans: 0,
      savingNanos: 0n,
      spans: [],
    });
    expect(savedMillis(trace, "mail", 100)).toBe(0);
    expect(savedMillis(trace, "web", 100)).toBe(100);
  });

  test("lists its spans with the largest drag first, as many as asked for", () => {
    const trace = buildTrace("page", ...PAGE);
    const named = (maxSpans: number) =>
      whatIf(trace, { service: "web", percent: 10 }, { maxSpans }).spans.map(({ span }) => span.name);
    expect(named(10)).toEqual(["render", "page"]);
    expect(named(1)).toEqual(["render"]);
  });

  test("loses whole nanoseconds, rounded down, so that many short pieces save no more than the bound", () => {
    const nano = 1e-6;
    const calls = [0, 1, 2, 3, 4].map((at): SpanSketch => {
      return { id: `q${at}`, parent: "root", service: "db", at: [at * nano, (at + 1) * nano] };
    });
    const trace = buildTrace("short", { id: "root", service: "web", at: [0, 5 * nano] }, ...calls);
    const answer = whatIf(trace, { service: "db", percent: 60 });
    expect(answer).toMatchObject({ criticalSelfNanos: 5n, mostSavingNanos: 3n, savingNanos: 0n });
  });

  test("is refused a percentage that is none", () => {
    const trace = buildTrace("page", ...PAGE);
    for (const percent of [-1, 101, Number.NaN]) {
      expect(() => whatIf(trace, { service: "web", percent })).toThrow(/percent: expected .* 0 to 100, got/);
    }
  });
});

describe("drag and slack", () => {
  test("drag ends where a sibling would hold the parent up, slack where the sibling that ends last does", () => {
    expect(
      slacks(
        { id: "root", at: [0, 100] },
        { id: "slow", parent: "root", at: [0, 90] },
        { id: "fast", parent: "root", at: [0, 70] },
      ),
    ).toEqual({ root: [10, 0], slow: [20, 0], fast: [0, 20] });
  });

  test("what waits for a span moves with it, so only siblings that do not limit its drag", () => {
    expect(
      slacks(
        { id: "root", at: [0, 100] },
        { id: "first", parent: "root", at: [0, 50] },
        { id: "second", parent: "root", at: [50, 100] },
        { id: "beside", parent: "root", at: [0, 80] },
      ),
    ).toEqual({ root: [0, 0], first: [20, 0], second: [20, 0], beside: [0, 20] });
  });

  test("a limit above holds for everything below", () => {
    expect(
      slacks(
        { id: "root", at: [0, 100] },
        { id: "slow", parent: "root", at: [0, 100] },
        { id: "inner", parent: "slow", at: [0, 100] },
        { id: "fast", parent: "root", at: [0, 95] },
      ),
    ).toEqual({ root: [0, 0], slow: [0, 0], inner: [5, 0], fast: [0, 5] });
  });

  test("nobody waits for a consumer of a message, nor for what it calls", () => {
    expect(
      slacks(
        { id: "send", kind: "PRODUCER", at: [0, 100] },
        { id: "receive", parent: "send", kind: "CONSUMER", at: [10, 90] },
        { id: "store", parent: "receive", at: [20, 80] },
      ),
    ).toEqual({ send: [100, 0], receive: [0, "none"], store: [0, "none"] });
  });
});

test("over many traces durations are distributed anew and savings add up", () => {
  const request = (name: string, millis: number) =>
    buildTrace(
      name,
      { id: "root", service: "web", at: [0, millis + 20] },
      { id: "call", parent: "root", service: millis > 100 ? "other" : "db", at: [10, millis + 10] },
    );
  const answer = whatIfOverTraces(
    [10, 20, 30, 200].map((millis) => request(`t${millis}`, millis)),
    { service: "db", percent: 50 },
  );
  expect(answer).toMatchObject({
    totalTraces: 4,
    matchingTraces: 3,
    matchingSpans: 3,
    savingNanos: 30n * MILLI,
    mostSavingNanos: 30n * MILLI,
    before: { minMs: 30, avgMs: 85, medianMs: 45, maxMs: 220 },
    after: { minMs: 25, avgMs: 77.5, medianMs: 32.5, maxMs: 220 },
  });
  expect(answer.savedShare).toBeCloseTo(30 / 340);
  expect(whatIfOverTraces([], { service: "db", percent: 50 })).toMatchObject({
    totalTraces: 0,
    savedShare: 0,
  });
});

test("a chain 100,000 deep is scheduled", () => {
  const depth = 100_000;
  const spans = Array.from({ length: depth }, (_, at) => ({
    ...buildSpan("deep", { id: "x", service: "deep", at: [at / 1_000, 200 - at / 1_000] }),
    spanId: (at + 1).toString(16).padStart(16, "0"),
    parentSpanId: at === 0 ? undefined : at.toString(16).padStart(16, "0"),
  }));
  const answer = whatIf(traceFromSpans(spans), { service: "deep", percent: 50 });
  expect(answer).toMatchObject({ matchingSpans: depth, savingNanos: 100n * MILLI });
});
