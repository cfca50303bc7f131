import { describe, expect, it } from "vitest";
import { ServicePaths } from "../../src/analysis/service-paths.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

function pathsOf(paths: ServicePaths, service: string, operation?: string): readonly string[] {
  return paths
    .through({ service, operation })
    .map(({ nodes }) => nodes.map((node) => `${node.service} ${node.operation}`).join(" > "));
}

/** web /buy calls shop, which asks db twice and mail; work inside a service is no step of a path. */
const BUY: readonly SpanSketch[] = [
  { id: "buy", service: "web", name: "/buy", kind: "SERVER", at: [0, 100] },
  { id: "call", parent: "buy", service: "web", name: "call", kind: "CLIENT", at: [5, 95] },
  { id: "shop", parent: "call", service: "shop", name: "buy", kind: "SERVER", at: [10, 90] },
  { id: "work", parent: "shop", service: "shop", name: "work", at: [15, 85] },
  { id: "db1", parent: "work", service: "db", name: "query", kind: "SERVER", at: [20, 30] },
  { id: "db2", parent: "work", service: "db", name: "query", kind: "SERVER", at: [40, 50] },
  { id: "mail", parent: "shop", service: "mail", name: "send", kind: "CONSUMER", at: [60, 70] },
];

function added(...traces: readonly (readonly [string, readonly SpanSketch[]])[]): ServicePaths {
  const paths = new ServicePaths();
  for (const [name, sketches] of traces) paths.add(name, buildTrace(name, ...sketches).spans);
  return paths;
}

describe("Paths through services", () => {
  it("go from where a trace begins to each service that calls none further", () => {
    expect(pathsOf(added(["one", BUY]), "shop")).toEqual([
      "web /buy > shop buy > db query",
      "web /buy > shop buy > mail send",
    ]);
  });

  it("are those through the service, and the operation, asked for", () => {
    const paths = added(["one", BUY]);
    expect(pathsOf(paths, "mail")).toEqual(["web /buy > shop buy > mail send"]);
    expect(pathsOf(paths, "shop", "buy")).toHaveLength(2);
    expect(pathsOf(paths, "shop", "work")).toEqual([]);
    expect(pathsOf(paths, "nobody")).toEqual([]);
  });

  it("name the traces they occur in, a few of them, each once", () => {
    const paths = added(...Array.from({ length: 7 }, (_, number) => [`t${number}`, BUY] as const));
    expect(paths.through({ service: "db" })).toMatchObject([
      { exemplarTraceIds: ["t0", "t1", "t2", "t3", "t4"] },
    ]);
  });

  it("end early in traces that go no further", () => {
    const paths = added(["long", BUY], ["short", BUY.slice(0, 3)]);
    expect(pathsOf(paths, "web")).toEqual([
      "web /buy > shop buy",
      "web /buy > shop buy > db query",
      "web /buy > shop buy > mail send",
    ]);
  });

  it("have a service twice that calls itself over the network", () => {
    const paths = added([
      "self",
      [
        { id: "a", service: "web", name: "a", kind: "SERVER", at: [0, 10] },
        { id: "b", parent: "a", service: "web", name: "b", kind: "SERVER", at: [1, 9] },
      ],
    ]);
    expect(pathsOf(paths, "web")).toEqual(["web a > web b"]);
  });

  it("are bounded in number", () => {
    const paths = new ServicePaths({ maxNodes: 3 });
    paths.add("one", buildTrace("one", ...BUY).spans);
    expect(paths.isFull).toBe(true);
    expect(pathsOf(paths, "shop")).toHaveLength(1);
  });
});
