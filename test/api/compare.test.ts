import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { SetComparisonJson, TraceComparisonJson } from "../../src/api/compare-contract.ts";
import { createAnalysisThread } from "../../src/threads/analysis-thread.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi } from "./api-fixture.ts";

/** The golden trace again, 40 ms slower in its payment, without the failure, and with a call that is new. */
const SLOWER_SKETCHES: readonly SpanSketch[] = [
  { id: "root2", service: "gateway", name: "GET /checkout", kind: "SERVER", at: [0, 140] },
  { id: "call2", parent: "root2", service: "gateway", name: "charge", kind: "CLIENT", at: [10, 130] },
  { id: "charge2", parent: "call2", service: "payment", name: "Charge", kind: "SERVER", at: [20, 120] },
  { id: "log2", parent: "root2", service: "gateway", name: "log", at: [130, 135] },
];
const SLOWER = SLOWER_SKETCHES.map((sketch) => buildSpan("slower", sketch));

/** A job of the worker: a root and so many steps. */
function job(
  name: string,
  steps: number,
  millis: number,
  operation = "run job",
): ReturnType<typeof buildSpan>[] {
  const root = buildSpan(name, { id: "root", service: "worker", name: operation, at: [0, millis] });
  const calls = Array.from({ length: steps }, (_, at) =>
    buildSpan(name, { id: `s${at}`, parent: "root", service: "worker", name: "step", at: [at, at + 1] }),
  );
  return [root, ...calls];
}

describe("GET /api/v1/traces/{traceId}/compare", () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi([
      [...checkoutSpans()],
      SLOWER,
      // Five jobs of two steps each, of 10 to 50 ms; one of three steps.
      ...[1, 2, 3, 4, 5].map((number) => job(`job ${number}`, 2, number * 10)),
      job("odd job", 3, 70),
      job("nightly 17", 1, 5, "nightly 17"),
      job("nightly 18", 1, 6, "nightly 18"),
      job("alone", 1, 5, "alone"),
    ]);
  });
  afterAll(() => api.stop());

  const compare = (traceId: string, query = "") =>
    api.get(`/api/v1/traces/${traceId}/compare${query}`) as Promise<TraceComparisonJson>;

  it("says what makes the difference, the trace less the one it is compared with", async () => {
    const answer = await compare(traceIdOf("slower"), `?with=${CHECKOUT_ID}`);
    expect(answer).toMatchObject({
      traceId: traceIdOf("slower"),
      withTraceId: CHECKOUT_ID,
      typical: null,
      durationNanos: "140000000",
      withDurationNanos: "100000000",
      deltaNanos: "40000000",
      sameCount: 0,
      others: { count: 0, criticalPathDeltaNanos: "0" },
    });
    // Payment 100 - 60 ms; log 5 - 0; the root 15 - 20; the call 20 - 20.
    expect(
      answer.callPaths.map(({ path, change, delta }) => [
        path.at(-1)?.operation,
        change,
        delta.criticalPathNanos,
      ]),
    ).toEqual([
      ["Charge", "same", "40000000"],
      ["GET /checkout", "same", "-5000000"],
      ["log", "added", "5000000"],
      ["charge", "same", "0"],
    ]);
    expect(answer.callPaths[0]).toEqual({
      path: [
        { service: "gateway", operation: "GET /checkout", kind: "SERVER" },
        { service: "gateway", operation: "charge", kind: "CLIENT" },
        { service: "payment", operation: "Charge", kind: "SERVER" },
      ],
      depth: 2,
      change: "same",
      trace: {
        count: 1,
        errorCount: 0,
        inclusiveNanos: "100000000",
        selfNanos: "100000000",
        criticalPathNanos: "100000000",
      },
      with: {
        count: 1,
        errorCount: 1,
        inclusiveNanos: "60000000",
        selfNanos: "60000000",
        criticalPathNanos: "60000000",
      },
      delta: {
        count: 0,
        errorCount: -1,
        inclusiveNanos: "40000000",
        selfNanos: "40000000",
        criticalPathNanos: "40000000",
      },
      pairedCount: 1,
      mostChanged: {
        spanId: spanIdOf("charge2"),
        withSpanId: spanIdOf("charge"),
        deltaNanos: "40000000",
      },
    });
  });

  it("lists as many call paths as asked for and sums up the rest", async () => {
    const answer = await compare(traceIdOf("slower"), `?with=${CHECKOUT_ID}&limit=1`);
    expect(answer.callPaths).toHaveLength(1);
    expect(answer.others).toEqual({ count: 3, criticalPathDeltaNanos: "0" });
  });

  it("takes a typical trace of the same shape when none is named", async () => {
    const answer = await compare(traceIdOf("job 5"));
    // Four others of its very shape are too few; with the one of three steps, which counts like two, there are five.
    expect(answer).toMatchObject({
      withTraceId: traceIdOf("job 3"),
      typical: { likeness: "multiset", alikeCount: 5, medianNanos: "30000000", truncated: false },
    });
  });

  it("takes one of the same operation when too few share a shape, ids in its name aside", async () => {
    const answer = await compare(traceIdOf("nightly 17"), "?with=typical");
    expect(answer).toMatchObject({
      withTraceId: traceIdOf("nightly 18"),
      typical: { likeness: "operation", alikeCount: 1 },
    });
  });

  it("finds nothing to compare with where there is nothing", async () => {
    const response = await api.fetch(`/api/v1/traces/${traceIdOf("alone")}/compare`);
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({
        code: "not_found",
        field: "with",
        detail: 'no other trace that begins with "worker: alone" is stored; name the one to compare with',
      }),
    ]);
  });

  it.each([
    [`${CHECKOUT_ID}/compare?with=12`, 400, "with"],
    [`12/compare?with=${CHECKOUT_ID}`, 400, "traceId"],
    [`${CHECKOUT_ID}/compare?with=${"9".repeat(32)}`, 404, "traceId"],
    [`${CHECKOUT_ID}/compare?limit=1001`, 400, "limit"],
  ])("refuses %s with %d", async (path, status, field) => {
    const response = await api.fetch(`/api/v1/traces/${path}`);
    expect([response.status, ((await response.json()) as { field: string }).field]).toEqual([status, field]);
  });
});

describe("GET /api/v1/compare", () => {
  const requests = Array.from({ length: 60 }, (_, number) => {
    const isFailed = number % 6 === 0;
    const name = `request ${number}`;
    const version = isFailed ? "2" : "1";
    const start = number * 1_000;
    return [
      buildSpan(name, {
        id: "root",
        service: "shop",
        name: "GET /",
        kind: "SERVER",
        at: [start, start + 10 + number],
        status: isFailed ? "ERROR" : "UNSET",
        attributes: { "user.id": `u${number}` },
        resourceAttributes: { "service.version": version },
      }),
    ];
  });
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApi(requests);
  });
  afterAll(() => api.stop());

  const compare = (query: string, server = api) =>
    server.get(`/api/v1/compare?${query}`) as Promise<SetComparisonJson>;

  it("tells what failed traces have", async () => {
    const { attributes, ...answer } = await compare("select=errors");
    expect(answer).toMatchObject({
      selectionSize: 10,
      baselineSize: 50,
      conjunctions: [],
      numericAttributes: [],
      callPaths: [],
      tested: { values: 2, numbers: 0, paths: 1 },
      truncated: false,
      leftOutCount: 0,
      range: { startTimeUnixNano: "0" },
    });
    expect(attributes.map(({ key, value }) => `${key}=${value}`)).toEqual([
      "service.version=2",
      "service.version=1",
    ]);
    expect(attributes[0]).toMatchObject({
      selectionShare: 1,
      baselineShare: 0,
      score: 1,
      purity: 1,
      lift: 6,
    });
  });

  it.each([
    ["select=slow", 3, 57],
    ["select=slow&slowestPercent=10", 6, 54],
    ["select=service.version%3D2", 10, 50],
    ["select=user.id%3Du7", 1, 59],
    ["select=after&splitAt=2023-11-14T22%3A14%3A00Z", 20, 40],
    ["select=errors&minDurationMs=40", 5, 25],
  ])("divides the traces by %s into %d and %d", async (query, selectionSize, baselineSize) => {
    expect(await compare(query)).toMatchObject({ selectionSize, baselineSize });
  });

  it("compares the two newest versions of a service, and what differs with them", async () => {
    const answer = await compare("select=version&versionOf=shop");
    expect(answer).toMatchObject({
      selectionSize: 10,
      baselineSize: 50,
      versions: { service: "shop", selection: "2", baseline: "1", otherCount: 0 },
    });
    expect(answer.attributes).toEqual([]);
    expect(await compare("select=version&service=shop&against=2")).toMatchObject({
      selectionSize: 50,
      baselineSize: 10,
      versions: { selection: "1", baseline: "2" },
    });
    expect(await compare("select=errors")).toMatchObject({ versions: null });
  });

  it("leaves traces of other versions, of several and of none out, as if they were not there", async () => {
    const odd = (name: string, ...versions: readonly string[]) =>
      versions.map((version, at) =>
        buildSpan(name, {
          id: `${at}`,
          ...(at === 0 ? {} : { parent: "0" }),
          service: "shop",
          name: "GET /odd",
          at: [0, 900],
          resourceAttributes: version === "" ? {} : { "service.version": version },
        }),
      );
    const more = await startApi([...requests, odd("old", "0.9"), odd("both", "1", "2"), odd("none", "")]);
    onTestFinished(() => more.stop());
    const { versions, ...rest } = await compare("select=version&versionOf=shop", more);
    expect(versions).toEqual({ service: "shop", selection: "2", baseline: "1", otherCount: 3 });
    const { versions: _, ...without } = await compare("select=version&versionOf=shop");
    expect(rest).toEqual(without);
    const one = await compare("select=version&versionOf=shop&version=9&against=8", more);
    expect(one).toMatchObject({ selectionSize: 0, baselineSize: 0, versions: { otherCount: 63 } });
  });

  it("compares the newest traces up to the limits and says so", async () => {
    const few = await startApi(requests, { limits: { maxTracesAnalysed: 15 } });
    onTestFinished(() => few.stop());
    const answer = await compare("select=errors", few);
    expect(answer).toMatchObject({ selectionSize: 2, baselineSize: 13, truncated: true });
    const narrow = await startApi(requests, { limits: { maxSpansCompared: 20 } });
    onTestFinished(() => narrow.stop());
    expect(await compare("select=errors", narrow)).toMatchObject({
      selectionSize: 3,
      baselineSize: 17,
      truncated: true,
    });
  });

  it("leaves huge traces out and counts them", async () => {
    const huge = await startApi([...requests, job("huge", 4_096, 5_000)]);
    onTestFinished(() => huge.stop());
    expect(await compare("select=errors", huge)).toMatchObject({
      selectionSize: 10,
      baselineSize: 50,
      leftOutCount: 1,
    });
  });

  it.each([
    [
      "",
      "select",
      "select: is required; add ?select= with errors, slow, after, version, or key=value (service.version=2.1.0)",
    ],
    [
      "select=late",
      "select",
      'select: expected errors, slow, after, version, or key=value (service.version=2.1.0), got "late"',
    ],
    ["select=after", "splitAt", "splitAt: is required with select=after; add &splitAt=-15m"],
    [
      "select=version",
      "versionOf",
      "versionOf: is required with select=version; add &versionOf=<service> or &service=",
    ],
    [
      "select=version&service=shop&version=2&against=2",
      "against",
      'against: expected another version than version, got "2"',
    ],
    [
      "select=slow&slowestPercent=60",
      "slowestPercent",
      'slowestPercent: expected a whole number from 1 to 50, got "60"',
    ],
  ])("refuses ?%s", async (query, field, detail) => {
    const response = await api.fetch(`/api/v1/compare?${query}`);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ field, detail }),
    ]);
  });
});

describe("a comparison of large traces", () => {
  it("is done in the analysis thread and says the same", async () => {
    const metrics = new RecordingMetrics();
    const thread = createAnalysisThread(metrics);
    onTestFinished(() => thread.stop());
    const traces = [job("one", 5_000, 6_000), job("other", 5_100, 6_500)];
    const here = await startApi(traces);
    onTestFinished(() => here.stop());
    const there = await startApi(traces, { largeAnalyses: thread });
    onTestFinished(() => there.stop());
    const path = `/api/v1/traces/${traceIdOf("one")}/compare`;
    expect(await there.get(path)).toEqual(await here.get(path));
    expect(metrics.sum("tracagg_analysis_thread_jobs_total")).toBeGreaterThan(0);
  });
});
