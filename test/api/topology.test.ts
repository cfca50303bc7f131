import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TopologyJson } from "../../src/api/topology-contract.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { startApi } from "./api-fixture.ts";

const pod = (name: string, node: string, zone: string): Attributes => ({
  "k8s.pod.name": name,
  "k8s.node.name": node,
  "k8s.namespace.name": "shop",
  "k8s.cluster.name": "prod",
  "cloud.availability_zone": zone,
});

/** A cart asks a pod of the payment service, which asks a bank that sends no spans. */
function paymentSpans(trace: string, from: Attributes, to: Attributes, millis = 0): Span[] {
  const at = (start: number, end: number): [number, number] => [millis + start, millis + end];
  const cart = { service: "cart", resourceAttributes: from };
  const payment = { service: "payment", resourceAttributes: to };
  return [
    buildSpan(trace, { ...cart, id: `${trace} call`, kind: "CLIENT", at: at(0, 100) }),
    buildSpan(trace, {
      ...payment,
      id: `${trace} charge`,
      parent: `${trace} call`,
      kind: "SERVER",
      at: at(10, 70),
      status: trace === "far" ? "ERROR" : "UNSET",
    }),
    buildSpan(trace, {
      ...payment,
      id: `${trace} ask`,
      parent: `${trace} charge`,
      kind: "CLIENT",
      at: at(20, 60),
      attributes: { "peer.service": "bank" },
    }),
  ];
}

const CART = pod("cart-1", "node-1", "eu-1a");

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([
    paymentSpans("near", CART, pod("payment-1", "node-1", "eu-1a")),
    paymentSpans("near again", CART, pod("payment-2", "node-2", "eu-1a")),
    paymentSpans("far", CART, pod("payment-3", "node-3", "eu-1b"), 30_000),
  ]);
});
afterAll(() => api.stop());

const topology = (query: string): Promise<TopologyJson> =>
  api.get(`/api/v1/topology?${query}`) as Promise<TopologyJson>;
const ends = ({ edges }: TopologyJson): string[] =>
  edges.map(({ from, to, callCount, errorCount }) => `${from} > ${to} ${callCount}/${errorCount}`);

describe("GET /api/v1/topology", () => {
  it("is between instances when nothing else is asked for, each with what is around it", async () => {
    const answer = await topology("callerService=cart");
    expect([answer.callerLevel, answer.calleeLevel]).toEqual(["instance", "instance"]);
    const cart = "instance/prod/eu-1a/node-1/shop/cart/cart-1";
    expect(ends(answer)).toEqual([
      `${cart} > instance/prod/eu-1a/node-1/shop/payment/payment-1 1/0`,
      `${cart} > instance/prod/eu-1a/node-2/shop/payment/payment-2 1/0`,
      `${cart} > instance/prod/eu-1b/node-3/shop/payment/payment-3 1/1`,
    ]);
    expect(answer.nodes[0]).toEqual({
      id: cart,
      level: "instance",
      name: "cart-1",
      type: "place",
      parents: {
        service: "cart",
        namespace: "shop",
        instance: null,
        host: "node-1",
        zone: "eu-1a",
        cluster: "prod",
      },
      callCount: 0,
      errorCount: 0,
      server: null,
    });
  });

  it("folds instances into hosts, zones, namespaces and clusters with the same sums", async () => {
    const filter = "callerService=cart&calleeService=payment";
    expect(ends(await topology(`${filter}&level=host`))).toEqual([
      "host/prod/eu-1a/node-1 > host/prod/eu-1a/node-1 1/0",
      "host/prod/eu-1a/node-1 > host/prod/eu-1a/node-2 1/0",
      "host/prod/eu-1a/node-1 > host/prod/eu-1b/node-3 1/1",
    ]);
    expect(ends(await topology(`${filter}&level=zone`))).toEqual([
      "zone/eu-1a > zone/eu-1a 2/0",
      "zone/eu-1a > zone/eu-1b 1/1",
    ]);
    expect(ends(await topology(`${filter}&level=cluster`))).toEqual(["cluster/prod > cluster/prod 3/1"]);
    expect(ends(await topology(`${filter}&level=namespace`))).toEqual([
      "namespace/shop > namespace/shop 3/1",
    ]);
    expect(ends(await topology(`${filter}&level=service`))).toEqual(["service/cart > service/payment 3/1"]);
  });

  it("goes from any level to any other", async () => {
    const answer = await topology("callerLevel=service&calleeLevel=zone&service=cart");
    expect(ends(answer)).toEqual([
      "service/(entry) > zone/eu-1a 3/0",
      "service/cart > zone/eu-1a 2/0",
      "service/cart > zone/eu-1b 1/1",
    ]);
    expect(answer.nodes.map(({ id, level, type }) => [id, level, type])).toEqual([
      ["service/(entry)", "service", "entry"],
      ["service/cart", "service", "service"],
      ["zone/eu-1a", "zone", "place"],
      ["zone/eu-1b", "zone", "place"],
    ]);
  });

  it("has durations of both sides, the gap, whose error it was and a span to look at", async () => {
    const { edges, nodes } = await topology("level=zone&callerService=cart&calleeService=payment");
    expect(edges[1]).toMatchObject({
      type: "rpc",
      isSelf: false,
      clientErrorCount: 0,
      serverErrorCount: 1,
      pairedCount: 1,
      client: { avgMs: 100 },
      server: { avgMs: 60 },
      gap: { avgMs: 40 },
      exemplar: { traceId: traceIdOf("far"), spanId: spanIdOf("far call"), durationMs: 100 },
    });
    expect(edges[0]?.isSelf).toBe(true);
    expect(nodes[1]).toMatchObject({ id: "zone/eu-1b", callCount: 1, errorCount: 1, server: { avgMs: 60 } });
  });

  it("leaves peers that send no spans what they are, whatever the level", async () => {
    const { nodes } = await topology("level=zone&calleeService=bank");
    expect(nodes.map(({ id, type }) => [id, type])).toEqual([
      ["service/bank", "virtual_node"],
      ["zone/eu-1a", "place"],
      ["zone/eu-1b", "place"],
    ]);
  });

  it("shows the neighbourhood of a node, named by name or id", async () => {
    const byName = await topology("level=host&focus=node-3");
    expect(ends(byName)).toEqual([
      "host/prod/eu-1a/node-1 > host/prod/eu-1a/node-1 1/0",
      "host/prod/eu-1a/node-1 > host/prod/eu-1b/node-3 1/1",
      "host/prod/eu-1a/node-1 > service/bank 1/0",
      "host/prod/eu-1b/node-3 > service/bank 1/0",
      "service/(entry) > host/prod/eu-1a/node-1 3/0",
    ]);
    const byId = await topology("level=host&focus=host/prod/eu-1b/node-3");
    expect(byId).toEqual(byName);
    expect((await topology("level=host&focus=node-2&hops=2")).nodes).toHaveLength(5);
    expect(await topology("focus=nobody")).toMatchObject({ nodes: [], edges: [] });
  });

  it("covers whole minutes of the range, and says which", async () => {
    const { edges, range } = await topology(
      "level=zone&calleeService=payment&start=2023-11-14T22:13:41Z&end=2023-11-14T22:14:01Z",
    );
    expect(edges.map(({ to }) => to)).toEqual(["zone/eu-1a", "zone/eu-1b"]);
    expect(range).toEqual({
      startTimeUnixNano: "1699999980000000000",
      endTimeUnixNano: "1700000060000000000",
    });
    expect((await topology("end=2023-11-14T22:13:00Z")).edges).toEqual([]);
  });

  it("refuses a level that is none, and says which is nearest", async () => {
    const answer = await api.fetch("/api/v1/topology?calleeLevel=hosts");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      detail:
        'calleeLevel: expected one of service, namespace, instance, host, zone, cluster (did you mean "host"?), got "hosts"',
    });
  });
});

it("without live statistics, says that there are none", async () => {
  const bare = await startApi([], { live: undefined });
  expect((await bare.fetch("/api/v1/topology")).status).toBe(404);
  await bare.stop();
});
