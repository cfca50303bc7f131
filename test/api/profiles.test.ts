/** Profiles through the API: goldens worked out by hand from the spans, formats, and the planted fault of the demo. */

import { gunzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CreateApiOptions } from "../../src/api/create-api.ts";
import type { OperationRankingJson, ProfileJson, SlowTracesJson } from "../../src/api/profile-contract.ts";
import { createSeededRandom } from "../../src/cli/demo/seeded-random.ts";
import { createShop } from "../../src/cli/demo/shop.ts";
import type { Span } from "../../src/model/span.ts";
import { createAnalysisThread } from "../../src/threads/analysis-thread.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, NOW_MILLIS, startApi } from "./api-fixture.ts";

async function apiWith(
  spans?: readonly (readonly Span[])[],
  overrides?: Partial<CreateApiOptions>,
): Promise<ApiServer> {
  const api = await startApi(spans, overrides);
  onTestFinished(() => api.stop());
  return api;
}

function exemplars(durationNanos: string) {
  const exemplar = { traceId: CHECKOUT_ID, durationNanos };
  return { max: exemplar, p50: exemplar, p95: exemplar };
}

/** GET /checkout 0-100 ms > charge 10-90 > Charge 20-80: 20, 20 and 60 ms of their own. */
describe("the profile of one trace", () => {
  it("is flame graph data with exact times", async () => {
    const api = await apiWith();
    const profile = (await api.get("/api/v1/profile?maxNodes=2")) as ProfileJson;
    expect(profile).toMatchObject({
      traceCount: 1,
      traceWeight: 1,
      spanCount: 3,
      valueNanos: "100000000",
      nodeCount: 2,
      omittedCount: 1,
      overflowSpanCount: 0,
      truncated: false,
      range: { startTimeUnixNano: "1699999980000000000", endTimeUnixNano: "1700000060000000000" },
      source: "windows",
    });
    const [root] = profile.roots;
    expect(root).toMatchObject({
      name: "gateway: GET /checkout [server]",
      role: "operation",
      service: "gateway",
      operation: "GET /checkout",
      kind: "SERVER",
      valueNanos: "100000000",
      selfNanos: "20000000",
      omittedNanos: "0",
      share: 0.2,
      spanCount: 1,
      inclusiveNanos: "100000000",
      exemplars: exemplars("20000000"),
    });
    expect(root?.children).toMatchObject([
      {
        operation: "charge",
        valueNanos: "80000000",
        selfNanos: "20000000",
        omittedNanos: "60000000",
        children: [],
      },
    ]);
  });

  it("is folded stacks, a speedscope file and a gzipped profile for pprof", async () => {
    const api = await apiWith();
    const folded = await api.fetch("/api/v1/profile?format=folded");
    expect(folded.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect((await folded.text()).trim().split("\n")).toEqual([
      "gateway: GET /checkout [server] 20000000",
      "gateway: GET /checkout [server];gateway: charge [client] 20000000",
      "gateway: GET /checkout [server];gateway: charge [client];payment: Charge [server] 60000000",
    ]);
    expect(await api.get("/api/v1/profile?format=speedscope")).toMatchObject({
      profiles: [{ weights: [20_000_000, 20_000_000, 60_000_000] }],
    });
    const pprof = await api.fetch("/api/v1/profile?format=pprof");
    const bytes = Buffer.from(await pprof.arrayBuffer());
    expect(pprof.headers.get("content-type")).toBe("application/octet-stream");
    expect(pprof.headers.get("content-encoding")).toBe(null);
    expect(pprof.headers.get("content-length")).toBe(String(bytes.length));
    expect(gunzipSync(bytes).includes("payment: Charge [server]")).toBe(true);
    const head = await api.fetch("/api/v1/profile?format=pprof", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("ranks its operations by each of the three ranks", async () => {
    const api = await apiWith();
    const ranking = (await api.get("/api/v1/bottlenecks")) as OperationRankingJson;
    expect(ranking).toMatchObject({ rank: "critical", traceCount: 1, truncated: false, nextPageToken: "" });
    expect(ranking.operations[0]).toMatchObject({
      service: "payment",
      operation: "Charge",
      kind: "SERVER",
      role: "operation",
      spanCount: 1,
      totalMs: 60,
      criticalNanos: "60000000",
      criticalMs: 60,
      criticalShare: 0.6,
      exemplars: exemplars("60000000"),
    });
    const orderOf = async (rank: string) =>
      ((await api.get(`/api/v1/bottlenecks?rank=${rank}`)) as OperationRankingJson).operations.map(
        ({ operation }) => operation,
      );
    expect(await orderOf("total")).toEqual(["GET /checkout", "charge", "Charge"]);
    expect(await orderOf("p95")).toEqual(["GET /checkout", "charge", "Charge"]);
  });
});

describe("profiles over many stored traces", () => {
  it("take the newest traces up to the limit, and say so", async () => {
    const spans = [1, 2, 3].map((number) => [
      buildSpan(`t${number}`, {
        id: "root",
        name: `job ${number}`,
        at: [number * 1_000, number * 1_000 + 10],
      }),
    ]);
    const api = await apiWith(spans, {
      limits: { maxTracesAnalysed: 2 },
      live: undefined,
    });
    const profile = (await api.get("/api/v1/profile")) as ProfileJson;
    expect(profile).toMatchObject({
      traceCount: 2,
      truncated: true,
      valueNanos: "20000000",
      range: { startTimeUnixNano: "0", endTimeUnixNano: "1700000060000000000" },
      source: "traces",
    });
    expect(profile.roots.map(({ operation }) => operation).sort()).toEqual(["job 2", "job 3"]);
    const ranking = (await api.get("/api/v1/bottlenecks?operation=job%201")) as OperationRankingJson;
    expect(ranking).toMatchObject({ traceCount: 1, truncated: false, operations: [{ operation: "job 1" }] });
    expect(await api.get("/api/v1/profile?service=nobody")).toMatchObject({ traceCount: 0, roots: [] });
  });

  it("count a sampled trace as often as its root's threshold says", async () => {
    const kept = buildSpan("kept", { id: "root", name: "kept", at: [0, 10] });
    const whole = buildSpan("whole", { id: "root", name: "whole", at: [0, 10] });
    // 0xc of 0x10 are rejected: one of four was kept.
    const api = await apiWith([[{ ...kept, traceState: "ot=th:c" }], [whole]]);
    const profile = (await api.get("/api/v1/profile")) as ProfileJson;
    expect(profile).toMatchObject({ traceCount: 2, traceWeight: 5, valueNanos: "50000000" });
    expect(profile.roots.map(({ operation, share, spanCount }) => [operation, share, spanCount])).toEqual([
      ["kept", 0.8, 4],
      ["whole", 0.2, 1],
    ]);
  });

  it("have a trace of many spans profiled in the analysis thread", async () => {
    const children = Array.from({ length: 5_000 }, (_, at) =>
      buildSpan("large", { id: `c${at}`, parent: "root", name: "query", kind: "CLIENT", at: [at, at + 1] }),
    );
    const spans = [[buildSpan("large", { id: "root", name: "root", at: [0, 6_000] }), ...children]];
    const metrics = new RecordingMetrics();
    const largeAnalyses = createAnalysisThread(metrics);
    onTestFinished(() => largeAnalyses.stop());
    const here = await apiWith(spans, { live: undefined });
    const there = await apiWith(spans, { live: undefined, largeAnalyses });
    for (const path of ["/api/v1/profile", "/api/v1/bottlenecks", "/api/v1/profile/slow"]) {
      expect(await there.get(path)).toEqual(await here.get(path));
    }
    expect(metrics.sum("tracagg_analysis_thread_jobs_total", { kind: "profile" })).toBe(3);
  });

  it("tell what the slow ones wait for", async () => {
    const spans = Array.from({ length: 40 }, (_, at) => {
      const lock = at >= 38 ? 500 : 0;
      const root = buildSpan(`t${at}`, { id: "root", name: "order", at: [0, 100 + at / 10 + lock] });
      const wait = buildSpan(`t${at}`, { id: "lock", parent: "root", name: "lock", at: [50, 50 + lock] });
      return lock === 0 ? [root] : [root, wait];
    });
    const api = await apiWith(spans, { live: undefined });
    const slow = (await api.get("/api/v1/profile/slow")) as SlowTracesJson;
    expect(slow).toMatchObject({ traceCount: 40, slowCount: 2, middleCount: 8, leftOutCount: 0 });
    expect(slow.rootOperations).toMatchObject([{ operation: "order", traceCount: 40, slowCount: 2 }]);
    expect(slow.operations[0]).toMatchObject({
      operation: "lock",
      middleShare: 0,
      slowMeanMs: 500,
      middleMeanMs: 0,
    });
    expect(slow.operations[0]?.exemplar?.durationNanos).toBe("500000000");
    expect(slow.paths[0]?.frames.map(({ operation }) => operation)).toEqual(["order", "lock"]);
  });
});

describe("the demo's planted slow dependency", () => {
  it("is named first by critical share: the card gateway that payment calls", async () => {
    const shop = createShop(createSeededRandom(7));
    const visits = Array.from({ length: 120 }, (_, at) => shop.visit(NOW_MILLIS - at * 500));
    const api = await apiWith(visits);
    const { operations } = (await api.get("/api/v1/bottlenecks?rank=critical")) as OperationRankingJson;
    expect(operations[0]).toMatchObject({ service: "payment", operation: "POST", kind: "CLIENT" });
    expect(operations[0]!.criticalShare).toBeGreaterThan(0.4);
    expect(operations[0]!.criticalShare).toBeGreaterThan(2 * operations[1]!.criticalShare);
    const traceId = operations[0]!.exemplars.max!.traceId;
    const trace = (await api.get(`/api/v1/traces/${traceId}`)) as {
      spans: { serviceName: string; name: string; attributes: Record<string, unknown> }[];
    };
    const gateway = trace.spans.find(({ serviceName, name }) => serviceName === "payment" && name === "POST");
    expect(gateway?.attributes["server.address"]).toBe("card-gateway.example");
  });
});
