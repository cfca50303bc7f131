import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { CriticalPathJson } from "../../src/api/contract.ts";
import type { OperationRankingJson } from "../../src/api/profile-contract.ts";
import type {
  FindingListJson,
  HostClockListJson,
  WhatIfJson,
} from "../../src/api/trace-analysis-contract.ts";
import type { Span } from "../../src/model/span.ts";
import { createAnalysisThread } from "../../src/threads/analysis-thread.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, startApi } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const TRACE = `/api/v1/traces/${CHECKOUT_ID}`;

describe("the native API, asked what is wrong in a trace", () => {
  it("names the origin of the error, with its exception", async () => {
    expect(await api.get(`${TRACE}/findings`)).toEqual({
      traceId: CHECKOUT_ID,
      durationNanos: "100000000",
      findings: [
        {
          type: "error_origin",
          severity: "low",
          service: "payment",
          operation: "Charge",
          costNanos: "60000000",
          costMs: 60,
          percentageOfTrace: 60,
          summary: 'payment "Charge" failed; nothing above failed because of it',
          advice: "Somebody above coped with it; see whether what it cost is worth it.",
          spans: [
            {
              spanId: spanIdOf("charge"),
              service: "payment",
              operation: "Charge",
              startTimeUnixNano: "1700000000020000000",
              durationNanos: "60000000",
              durationMs: 60,
              status: "ERROR",
              error: "Declined",
            },
          ],
          spanCount: 1,
        },
      ],
      omittedFindings: 0,
      clocks: [],
      nextPageToken: "",
    });
  });

  it("says how long the trace would have taken, and what bounds that", async () => {
    const answer = {
      traceId: CHECKOUT_ID,
      service: "payment",
      operation: "Charge",
      percent: 25,
      matchingSpans: 1,
      durationNanos: "100000000",
      durationMs: 100,
      newDurationNanos: "85000000",
      newDurationMs: 85,
      savingNanos: "15000000",
      savingMs: 15,
      savedPercentage: 15,
      criticalSelfNanos: "60000000",
      mostSavingNanos: "15000000",
      spans: [
        {
          spanId: spanIdOf("charge"),
          service: "payment",
          operation: "Charge",
          criticalSelfNanos: "60000000",
          dragNanos: "60000000",
          dragMs: 60,
          slackNanos: "0",
          slackMs: 0,
        },
      ],
      clocks: [],
    };
    expect(await api.get(`${TRACE}/what-if?service=payment&operation=Charge&percent=25`)).toEqual(answer);
    const whole = await api.get(`${TRACE}/what-if?service=gateway`);
    expect(whole).toMatchObject({ operation: "", percent: 50, matchingSpans: 2, savingMs: 20 });
  });

  it("distributes durations anew over the traces that match", async () => {
    const durations = (millis: number) => ({
      minMs: millis,
      avgMs: millis,
      medianMs: millis,
      p90Ms: millis,
      p95Ms: millis,
      p99Ms: millis,
      maxMs: millis,
    });
    expect(
      await api.get("/api/v1/statistics/what-if?service=payment&percent=50&rootService=gateway"),
    ).toEqual({
      service: "payment",
      operation: "",
      percent: 50,
      totalTraces: 1,
      matchingTraces: 1,
      matchingSpans: 1,
      before: durations(100),
      after: durations(70),
      savingNanos: "30000000",
      mostSavingNanos: "30000000",
      savedPercentage: 30,
      truncated: false,
      correctedTraces: 0,
      range: { startTimeUnixNano: "0", endTimeUnixNano: "1700000060000000000" },
    });
  });

  it("says what to add to the times of each host", async () => {
    const on = (host: string, id: string, kind: Span["kind"], at: [number, number], parent?: string): Span =>
      buildSpan("skewed", {
        id,
        ...(parent === undefined ? {} : { parent }),
        service: host,
        kind,
        at,
        resourceAttributes: { "host.name": host },
      });
    const skewed = await startApi([
      [on("web", "call", "CLIENT", [0, 100]), on("app", "serve", "SERVER", [-30, 20], "call")],
    ]);
    const path = `/api/v1/traces/${traceIdOf("skewed")}/clock-skew`;
    const answer = (await skewed.get(path)) as HostClockListJson;
    const limited = (await skewed.get(`${path}?maxOffsetMs=29.5`)) as HostClockListJson;
    await skewed.stop();
    const clock = {
      spanCount: 1,
      pairCount: 1,
      impossiblePairs: 0,
      skewConflict: false,
      isBeyondLimit: false,
    };
    expect(answer).toEqual({
      traceId: traceIdOf("skewed"),
      impossiblePairsBefore: 1,
      impossiblePairsAfter: 0,
      hosts: [
        { host: "host.name=app", offsetNanos: "30000000", offsetMs: 30, ...clock },
        { host: "host.name=web", offsetNanos: "0", offsetMs: 0, ...clock },
      ],
      nextPageToken: "",
    });
    expect(limited.hosts[0]).toMatchObject({ offsetNanos: "0", isBeyondLimit: true, skewConflict: true });
  });

  it("goes by clocks that are set, says which, and takes times as they were sent when asked to", async () => {
    const on = (host: string, id: string, kind: Span["kind"], at: [number, number], parent?: string): Span =>
      buildSpan("ahead", {
        id,
        ...(parent === undefined ? {} : { parent }),
        service: host,
        kind,
        at,
        resourceAttributes: { "host.name": host },
      });
    // The server's clock is a second ahead of its caller's.
    const spans = [
      on("web", "call", "CLIENT", [0, 100]),
      on("app", "serve", "SERVER", [1_000, 1_060], "call"),
    ];
    const two = await startApi([spans]);
    onTestFinished(() => two.stop());
    const ask = async <Answer>(path: string) => (await two.get(path)) as Answer;
    const trace = `/api/v1/traces/${traceIdOf("ahead")}`;
    const shares = ({ byOperation }: CriticalPathJson) =>
      byOperation.map(({ service, durationMs }) => [service, durationMs]);
    const path = await ask<CriticalPathJson>(`${trace}/critical-path`);
    expect([shares(path), path.clocks]).toMatchObject([
      [
        ["app", 60],
        ["web", 40],
      ],
      [{ host: "host.name=app", offsetNanos: "-960000000", offsetMs: -960 }],
    ]);
    const raw = await ask<CriticalPathJson>(`${trace}/critical-path?clock=raw`);
    expect([shares(raw), raw.clocks]).toEqual([[["web", 100]], []]);
    const half = (query: string) => ask<WhatIfJson>(`${trace}/what-if?service=app&${query}`);
    expect(await half("clock=corrected")).toMatchObject({ savingMs: 30, clocks: [{ offsetMs: -960 }] });
    expect(await half("clock=raw")).toMatchObject({ savingMs: 0, clocks: [] });
    const costs = async (query: string) =>
      (await ask<FindingListJson>(`${trace}/findings${query}`)).findings.map(({ costMs }) => costMs);
    expect([await costs(""), await costs("?clock=raw")]).toEqual([[40], [100]]);
    const over = (query: string) => two.get(`/api/v1/statistics/what-if?service=app${query}`);
    expect(await over("")).toMatchObject({ correctedTraces: 1, savingNanos: "30000000" });
    expect(await over("&clock=raw")).toMatchObject({ correctedTraces: 0, savingNanos: "0" });
    const ranking = (query: string) => ask<OperationRankingJson>(`/api/v1/bottlenecks${query}`);
    const stored = "?minDurationMs=0.001";
    const [first, second] = [await ranking(stored), await ranking(`${stored}&clock=raw`)];
    expect([first.correctedTraces, first.operations[0]?.service]).toEqual([1, "app"]);
    const { source, correctedTraces, operations } = await ranking("");
    expect([source, correctedTraces, operations[0]?.service]).toEqual(["windows", null, "web"]);
    expect([second.correctedTraces, second.operations[0]?.service]).toEqual([0, "web"]);
    expect(await two.get("/api/v1/profile/slow?minDurationMs=0.001")).toMatchObject({ correctedTraces: 1 });
    expect(await two.get("/api/v1/compare?select=errors")).toMatchObject({ correctedTraces: 1 });
    const self = `${trace}/compare?with=${traceIdOf("ahead")}`;
    expect(await two.get(self)).toMatchObject({
      clocks: [{ offsetMs: -960 }],
      withClocks: [{ offsetMs: -960 }],
    });
  });

  it.each([
    ["critical-path?clock=wall", 'clock: expected one of corrected, raw, got "wall"'],
    ["what-if", "service: is required; add ?service=..."],
    ["what-if?service=a&percent=101", 'percent: expected a whole number from 0 to 100, got "101"'],
    ["clock-skew?maxOffsetMs=-1", "maxOffsetMs: expected a number of milliseconds from 0"],
  ])("refuses %s", async (question, detail) => {
    const response = await api.fetch(`${TRACE}/${question}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining(detail) });
  });

  it.each(["findings", "what-if?service=a", "clock-skew"])(
    "knows no trace that is not stored: %s",
    async (question) => {
      expect((await api.fetch(`/api/v1/traces/00000000000000ab/${question}`)).status).toBe(404);
    },
  );
});

it("asks the analysis thread about a large trace, and gives the same answers", async () => {
  // A request of 600 ms with 4,999 queries in its first 500 ms, every other one on a host whose clock is a second ahead.
  const spans = Array.from({ length: 5_000 }, (_, at): Span => {
    const isAhead = at % 2 === 1;
    const from = at / 10 + (isAhead ? 1_000 : 0);
    const span = buildSpan("large", {
      id: "x",
      service: isAhead ? "db" : "app",
      kind: at === 0 ? "SERVER" : "CLIENT",
      at: [from, at === 0 ? 600 : from + 0.1],
      attributes: { "db.system": "postgresql", "db.query.text": `SELECT ${at}` },
      resourceAttributes: { "host.name": isAhead ? "b" : "a" },
    });
    const parentSpanId = at === 0 ? undefined : "0000000000000001";
    return { ...span, spanId: (at + 1).toString(16).padStart(16, "0"), parentSpanId };
  });
  const metrics = new RecordingMetrics();
  const thread = createAnalysisThread(metrics);
  const large = await startApi([spans], { largeAnalyses: thread });
  const small = await startApi([spans]);
  const path = `/api/v1/traces/${traceIdOf("large")}`;
  const questions = ["findings", "what-if?service=db&percent=30", "clock-skew"];
  const there = await Promise.all(questions.map((question) => large.get(`${path}/${question}`)));
  const here = await Promise.all(questions.map((question) => small.get(`${path}/${question}`)));
  await Promise.all([large.stop(), small.stop(), thread.stop()]);
  expect(there).toEqual(here);
  expect(metrics.sum("tracagg_analysis_thread_jobs_total")).toBe(3);
  const [findings, whatIf, clocks] = there as [FindingListJson, WhatIfJson, HostClockListJson];
  expect(findings.findings[0]).toMatchObject({ type: "n_plus_one", service: "db", spanCount: 2_500 });
  expect(whatIf).toMatchObject({ matchingSpans: 2_500 });
  expect(clocks.hosts.map(({ offsetMs }) => offsetMs)).toEqual([0, -900]);
});
