import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GraphJson, RedListJson, RedSeriesListJson } from "../../src/api/live-contract.ts";
import { buildSpan, spanIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi } from "./api-fixture.ts";

/** A minute later: orders are sent, taken and stored; a bank is called that sends no spans. */
function orderSpans(): ReturnType<typeof buildSpan>[] {
  const orders = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
  return [
    buildSpan("order", {
      id: "send",
      service: "shop",
      kind: "PRODUCER",
      at: [30_000, 30_004],
      attributes: orders,
    }),
    buildSpan("order", {
      id: "take",
      parent: "send",
      service: "mail",
      kind: "CONSUMER",
      at: [30_010, 30_030],
      attributes: orders,
    }),
    buildSpan("order", {
      id: "query",
      parent: "take",
      service: "mail",
      name: "SELECT",
      kind: "CLIENT",
      at: [30_012, 30_014],
      attributes: { "db.system.name": "postgresql", "db.namespace": "mails" },
    }),
    buildSpan("order", {
      id: "pay",
      parent: "take",
      service: "mail",
      kind: "CLIENT",
      at: [30_015, 30_020],
      attributes: { "peer.service": "bank" },
    }),
  ];
}

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), orderSpans()]);
});
afterAll(() => api.stop());

const graph = (query: string): Promise<GraphJson> => api.get(`/api/v1/graph?${query}`) as Promise<GraphJson>;
const red = (query: string): Promise<RedListJson> => api.get(`/api/v1/red?${query}`) as Promise<RedListJson>;

describe("GET /api/v1/graph", () => {
  it("knows services, databases, brokers and peers, and where requests come in", async () => {
    const { nodes } = await graph("");
    expect(nodes.map(({ name, type, callCount, errorCount }) => [name, type, callCount, errorCount])).toEqual(
      [
        ["(entry)", "entry", 0, 0],
        ["bank", "virtual_node", 1, 0],
        ["gateway", "service", 1, 0],
        ["kafka:orders", "messaging", 1, 0],
        ["mail", "service", 1, 0],
        ["mails", "database", 1, 0],
        ["payment", "service", 1, 1],
        ["shop", "service", 1, 0],
      ],
    );
  });

  it("has both sides of a call, the gap between them and whose error it was", async () => {
    const { edges } = await graph("focus=payment");
    const [entry, call] = edges;
    expect(entry).toMatchObject({ from: "(entry)", to: "gateway", type: "entry" });
    expect(call).toMatchObject({
      from: "gateway",
      to: "payment",
      type: "rpc",
      callCount: 1,
      errorCount: 1,
      clientErrorCount: 0,
      serverErrorCount: 1,
      pairedCount: 1,
      retryCount: 0,
      isSelf: false,
      client: { avgMs: 80 },
      server: { avgMs: 60 },
      gap: { avgMs: 20 },
      delay: null,
      exemplar: { traceId: CHECKOUT_ID, spanId: spanIdOf("call"), durationMs: 80 },
    });
    expect(Math.abs((call?.client?.p95Ms ?? 0) - 80)).toBeLessThan(80 * 0.0109);
  });

  it("has the waiting of messages on the edge that they are taken from", async () => {
    const { edges } = await graph("focus=kafka:orders");
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      "(entry) > shop",
      "kafka:orders > mail",
      "shop > kafka:orders",
    ]);
    expect(edges[1]).toMatchObject({ delay: { avgMs: 6 }, server: { avgMs: 20 }, client: null });
  });

  it("names operations on both ends where they are asked for", async () => {
    const { edges } = await graph("level=operation&focus=payment");
    expect(edges[1]).toMatchObject({ fromOperation: "GET /checkout", toOperation: "Charge" });
  });

  it("shows the neighbourhood of a node as far as it is asked for, and nothing of an unknown one", async () => {
    expect((await graph("focus=mails&hops=1")).edges.map(({ to }) => to)).toEqual(["mails"]);
    expect((await graph("focus=mails&hops=3")).nodes.map(({ name }) => name)).toContain("shop");
    expect(await graph("focus=nobody")).toMatchObject({ nodes: [], edges: [] });
  });

  it("tells how much of what is called sends spans", async () => {
    expect((await graph("")).coverage).toEqual({ pairedCalls: 1, unpairedCalls: 1, share: 0.5 });
  });

  it("covers whole windows of the range, and says which", async () => {
    const { edges, range } = await graph("start=2023-11-14T22:13:41Z&end=2023-11-14T22:14:01Z");
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).not.toContain("gateway > payment");
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).toContain("shop > kafka:orders");
    expect(range).toEqual({
      startTimeUnixNano: "1700000020000000000",
      endTimeUnixNano: "1700000050000000000",
    });
  });
});

describe("GET /api/v1/red", () => {
  it("has a row for every operation, with rate, errors, durations and the slowest span", async () => {
    const { rows } = await red("service=payment&start=2023-11-14T22:13:20Z&end=2023-11-14T22:13:30Z");
    expect(rows).toEqual([
      {
        service: "payment",
        operation: "Charge",
        kind: null,
        spanCount: 1,
        errorCount: 1,
        errorShare: 1,
        spansPerSecond: 0.1,
        durations: expect.objectContaining({ avgMs: 60, stdDevMs: 0 }),
        exemplar: { traceId: CHECKOUT_ID, spanId: spanIdOf("charge"), durationMs: 60 },
      },
    ]);
  });

  it("sums services or tells kinds apart", async () => {
    const services = await red("groupBy=service");
    expect(services.rows.map(({ service, operation, spanCount }) => [service, operation, spanCount])).toEqual(
      [
        ["gateway", "", 2],
        ["mail", "", 3],
        ["payment", "", 1],
        ["shop", "", 1],
      ],
    );
    const kinds = await red("groupBy=kind&service=gateway");
    expect(kinds.rows.map(({ operation, kind }) => [operation, kind])).toEqual([
      ["GET /checkout", "SERVER"],
      ["charge", "CLIENT"],
    ]);
    expect((await red("kind=CONSUMER")).rows.map(({ operation }) => operation)).toEqual(["take"]);
  });
});

describe("GET /api/v1/red/series", () => {
  const series = (query: string): Promise<RedSeriesListJson> =>
    api.get(`/api/v1/red/series?${query}`) as Promise<RedSeriesListJson>;

  it("has the steps in which there were spans", async () => {
    const answer = await series(
      "groupBy=service&start=2023-11-14T22:13:00Z&end=2023-11-14T22:14:20Z&stepSeconds=20",
    );
    expect(answer.stepSeconds).toBe(20);
    const points = answer.series.map(({ service, points: all }) => [
      service,
      ...all.map(({ time }) => time.slice(11, 19)),
    ]);
    expect(points).toEqual([
      ["gateway", "22:13:20"],
      ["mail", "22:13:40"],
      ["payment", "22:13:20"],
      ["shop", "22:13:40"],
    ]);
  });

  it("takes longer steps for a longer range, and as long as the windows that reach back so far", async () => {
    expect((await series("start=-10m")).stepSeconds).toBe(10);
    expect((await series("start=-24h")).stepSeconds).toBe(360);
    expect((await series("start=-20d")).stepSeconds).toBe(7_200);
    expect((await series("start=-24h&stepSeconds=10")).stepSeconds).toBe(60);
  });

  it("refuses a step or a kind that is none", async () => {
    expect((await api.fetch("/api/v1/red/series?stepSeconds=x")).status).toBe(400);
    expect((await api.fetch("/api/v1/red?kind=client")).status).toBe(400);
  });
});

it("without live statistics, says that there are none", async () => {
  const bare = await startApi([], { live: undefined });
  const answer = await bare.fetch("/api/v1/graph");
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ detail: "this server keeps no live statistics" });
  await bare.stop();
});

it("takes rates over the time from the first window on when no start is given", async () => {
  const { rows, range } = await red("service=payment");
  expect(range).toEqual({ startTimeUnixNano: "1700000000000000000", endTimeUnixNano: "1700000060000000000" });
  expect(rows[0]?.spansPerSecond).toBeCloseTo(1 / 60, 9);
});
