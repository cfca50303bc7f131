import { describe, expect, it } from "vitest";
import { placeNode } from "../../src/analysis/topology/place-node.ts";
import type { Topology, TopologyLevels } from "../../src/analysis/topology/topology.ts";
import { topology } from "../../src/analysis/topology/topology.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

const on = (instance: string, host: string, zone: string): Attributes => ({
  "service.instance.id": instance,
  "host.name": host,
  "cloud.availability_zone": zone,
});

/** A shop on one host calls two tries of a bank on others, the second of them in another zone; the bank asks a database. */
const TRACE = buildTrace(
  "pay",
  { id: "in", service: "shop", kind: "SERVER", at: [0, 100], resourceAttributes: on("s1", "h1", "z1") },
  {
    id: "call",
    parent: "in",
    service: "shop",
    kind: "CLIENT",
    at: [10, 90],
    resourceAttributes: on("s1", "h1", "z1"),
  },
  {
    id: "try 1",
    parent: "call",
    service: "bank",
    kind: "SERVER",
    at: [20, 40],
    status: "ERROR",
    resourceAttributes: on("b1", "h2", "z1"),
  },
  {
    id: "try 2",
    parent: "call",
    service: "bank",
    kind: "SERVER",
    at: [50, 80],
    resourceAttributes: on("b2", "h3", "z2"),
  },
  {
    id: "query",
    parent: "try 2",
    service: "bank",
    kind: "CLIENT",
    at: [55, 60],
    attributes: { "db.system.name": "postgresql", "db.namespace": "accounts" },
    resourceAttributes: on("b2", "h3", "z2"),
  },
);

function edgesAt(levels: TopologyLevels): string[] {
  return topology([TRACE], levels).edges.map(
    ({ from, to, type, sums }) =>
      `${from.id} > ${to.id} ${type} ${sums.counts.calls} calls ${sums.counts.errors} errors`,
  );
}

describe("a topology", () => {
  it("is between instances, which lie in hosts, which lie in zones", () => {
    expect(edgesAt({})).toEqual([
      "instance/-/z1/h1/-/shop/s1 > instance/-/z1/h2/-/bank/b1 rpc 1 calls 1 errors",
      "instance/-/z1/h1/-/shop/s1 > instance/-/z2/h3/-/bank/b2 rpc 1 calls 0 errors",
      "instance/-/z2/h3/-/bank/b2 > service/accounts database 1 calls 0 errors",
      "service/(entry) > instance/-/z1/h1/-/shop/s1 entry 1 calls 0 errors",
    ]);
    const { nodes } = topology([TRACE]);
    expect(nodes[0]).toEqual({
      id: "instance/-/z1/h1/-/shop/s1",
      level: "instance",
      name: "s1",
      parents: { service: "shop", host: "h1", zone: "z1" },
    });
  });

  it("is between hosts, and between zones", () => {
    expect(edgesAt({ level: "host" })).toEqual([
      "host/-/z1/h1 > host/-/z1/h2 rpc 1 calls 1 errors",
      "host/-/z1/h1 > host/-/z2/h3 rpc 1 calls 0 errors",
      "host/-/z2/h3 > service/accounts database 1 calls 0 errors",
      "service/(entry) > host/-/z1/h1 entry 1 calls 0 errors",
    ]);
    expect(edgesAt({ level: "zone" })).toEqual([
      "service/(entry) > zone/z1 entry 1 calls 0 errors",
      "zone/z1 > zone/z1 rpc 1 calls 1 errors",
      "zone/z1 > zone/z2 rpc 1 calls 0 errors",
      "zone/z2 > service/accounts database 1 calls 0 errors",
    ]);
  });

  it("is between any two levels", () => {
    expect(edgesAt({ callerLevel: "service", calleeLevel: "zone" })).toEqual([
      "service/(entry) > zone/z1 entry 1 calls 0 errors",
      "service/bank > service/accounts database 1 calls 0 errors",
      "service/shop > zone/z1 rpc 1 calls 1 errors",
      "service/shop > zone/z2 rpc 1 calls 0 errors",
    ]);
    expect(edgesAt({ level: "cluster", calleeLevel: "service" })[0]).toBe(
      "cluster/- > service/accounts database 1 calls 0 errors",
    );
  });

  it("has durations as both sides saw them, and the gap with the first of several tries", () => {
    const { edges } = topology([TRACE], { level: "zone" });
    const nanosOf = ({ sums }: Topology["edges"][number]): unknown[] =>
      (["client", "server", "gap"] as const).map((name) => sums.sketches[name]?.exactSumNanos);
    expect(nanosOf(edges[1] as Topology["edges"][number])).toEqual([80_000_000n, 20_000_000n, 30_000_000n]);
    expect(nanosOf(edges[2] as Topology["edges"][number])).toEqual([80_000_000n, 30_000_000n, undefined]);
  });

  it("has brokers between those who send messages and those who take them, running nowhere", () => {
    const orders = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
    const trace = buildTrace(
      "order",
      {
        id: "send",
        service: "shop",
        kind: "PRODUCER",
        at: [0, 5],
        attributes: orders,
        resourceAttributes: on("s1", "h1", "z1"),
      },
      {
        id: "take",
        parent: "send",
        service: "mail",
        kind: "CONSUMER",
        at: [45, 80],
        attributes: orders,
        resourceAttributes: on("m1", "h2", "z2"),
      },
    );
    const { edges } = topology([trace], { level: "zone" });
    expect(edges.map(({ from, to }) => `${from.id} > ${to.id}`)).toEqual([
      "service/(entry) > zone/z1",
      "service/kafka:orders > zone/z2",
      "zone/z1 > service/kafka:orders",
    ]);
    expect(edges[1]?.sums.sketches.delay?.exactSumNanos).toBe(40_000_000n);
  });

  it("counts a sampled call as often as it stands for", () => {
    const spans = TRACE.spans.map((span) => ({ ...span, traceState: "ot=th:c" }));
    const { edges } = topology([{ spans }], { level: "service" });
    expect(edges.map(({ sums }) => sums.counts.calls)).toEqual([4, 4, 8]);
  });

  it("is empty without traces, and of traces without spans", () => {
    expect(topology([])).toEqual({ nodes: [], edges: [] });
    expect(topology([{ spans: [] }])).toEqual({ nodes: [], edges: [] });
  });
});

describe("a node", () => {
  const place = { namespace: "", instance: "i", host: "", zone: "", cluster: "" };

  it("says so where resources tell of none", () => {
    expect(placeNode("shop", place, "host")).toEqual({
      id: "host/-/-/-",
      level: "host",
      name: "(no host)",
      parents: {},
    });
  });

  it("is told apart from one whose names have slashes, or are what stands for none", () => {
    const ids = [
      placeNode("s", { ...place, host: "a/b" }, "host"),
      placeNode("s", { ...place, zone: "a", host: "b" }, "host"),
      placeNode("s", { ...place, host: "-" }, "host"),
      placeNode("s", { ...place, host: "%2D" }, "host"),
    ].map(({ id }) => id);
    expect(ids).toEqual(["host/-/-/a%2Fb", "host/-/a/b", "host/-/-/%2D", "host/-/-/%252D"]);
  });

  it("that sends no spans stays what it is at the level of services", () => {
    expect(placeNode("redis", undefined, "zone")).toEqual(placeNode("redis", undefined, "service"));
  });
});
