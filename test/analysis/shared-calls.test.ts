import { describe, expect, test } from "vitest";
import { clockSkew } from "../../src/analysis/clock-skew.ts";
import { criticalPath } from "../../src/analysis/critical-path.ts";
import { dependencyLinks } from "../../src/analysis/dependency-links.ts";
import type { TraceNode } from "../../src/analysis/trace-tree.ts";
import { traceTree } from "../../src/analysis/trace-tree.ts";
import type { Trace } from "../../src/model/trace.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildTrace } from "../helpers/trace-builder.ts";
import { columnCriticalPath } from "./profile/column-critical-path.ts";

/** As Zipkin's B3 reports a call: the server has its client's id, and names its client's parent as its own. */
const ENTRY: SpanSketch = { id: "a", name: "entry", service: "web", kind: "SERVER", at: [0, 100] };
const CLIENT: SpanSketch = {
  id: "b",
  name: "client",
  parent: "a",
  service: "web",
  kind: "CLIENT",
  at: [10, 90],
};
const SERVER: SpanSketch = {
  id: "b",
  name: "server",
  parent: "a",
  service: "app",
  kind: "SERVER",
  at: [20, 80],
};
const INSIDE: SpanSketch = { id: "c", name: "inside", parent: "b", service: "app", at: [30, 50] };

/** `name(child child)`, synthetic nodes as `?`. */
function shape(node: TraceNode): string {
  const name = node.span?.name ?? "?";
  return node.children.length === 0 ? name : `${name}(${node.children.map(shape).join(" ")})`;
}

function shapeOf(...sketches: SpanSketch[]): string {
  return shape(traceTree(buildTrace("shared", ...sketches)).root);
}

/** Names and milliseconds of the critical path, the same by way of spans and of columns. */
function pathOf(trace: Trace): (readonly [string | undefined, number])[] {
  const { segments } = criticalPath(trace);
  expect(columnCriticalPath(trace).segments).toEqual(segments);
  return segments.map(({ span, durationNanos }) => [span?.name, Number(durationNanos) / 1e6]);
}

describe("a client and a server with one id", () => {
  test("the server lies below the client, and its service's children below the server", () => {
    expect(shapeOf(ENTRY, CLIENT, SERVER, INSIDE)).toBe("entry(client(server(inside)))");
  });

  test("the order of arrival and which of them lasted longer do not matter", () => {
    const long: SpanSketch = { ...SERVER, at: [5, 99] };
    expect(shapeOf(INSIDE, long, CLIENT, ENTRY)).toBe("entry(client(server(inside)))");
  });

  test("children of the client's service stay with the client, as do those of a third one", () => {
    const ofClient: SpanSketch = { id: "d", name: "write", parent: "b", service: "web", at: [12, 15] };
    const ofThird: SpanSketch = { id: "e", name: "proxy", parent: "b", service: "mesh", at: [16, 85] };
    expect(shapeOf(ENTRY, CLIENT, SERVER, INSIDE, ofClient, ofThird)).toBe(
      "entry(client(write proxy server(inside)))",
    );
  });

  test("a service that calls itself has its children below its server", () => {
    const loopback: SpanSketch = { ...CLIENT, service: "app" };
    expect(shapeOf(ENTRY, loopback, SERVER, INSIDE)).toBe("entry(client(server(inside)))");
  });

  test("a server without a parent lies below its client, whose trace has one root then", () => {
    const { parent: _, ...client } = CLIENT;
    const { parent: __, ...server } = SERVER;
    expect(shapeOf(client, server, INSIDE)).toBe("client(server(inside))");
  });

  test("several servers under one id each take the children of their service", () => {
    const other: SpanSketch = { ...SERVER, name: "mirror", service: "shadow", at: [25, 70] };
    const below: SpanSketch = { ...INSIDE, id: "f", name: "copy", service: "shadow" };
    expect(shapeOf(ENTRY, CLIENT, SERVER, INSIDE, other, below)).toBe(
      "entry(client(server(inside) mirror(copy)))",
    );
  });

  test("a server whose client was not reported lies where it says", () => {
    expect(shapeOf(ENTRY, SERVER, INSIDE)).toBe("entry(server(inside))");
  });

  test("the critical path goes through the client into the server and back, by spans and by columns", () => {
    expect(pathOf(buildTrace("shared", ENTRY, CLIENT, SERVER, INSIDE))).toEqual([
      ["entry", 10],
      ["client", 10],
      ["server", 10],
      ["inside", 20],
      ["server", 30],
      ["client", 10],
      ["entry", 10],
    ]);
  });

  test("they are one call", () => {
    const { spans } = buildTrace("shared", ENTRY, CLIENT, SERVER, INSIDE);
    expect(dependencyLinks(spans)).toMatchObject([
      { fromService: "web", toService: "app", type: "rpc", callCount: 1, errorCount: 0 },
    ]);
  });

  test("the clock of the server's host is set by the client's", () => {
    const on = (host: string, sketch: SpanSketch): SpanSketch => ({
      ...sketch,
      resourceAttributes: { "host.name": host },
    });
    const trace = buildTrace(
      "shared",
      on("one", ENTRY),
      on("one", CLIENT),
      on("two", { ...SERVER, at: [1_020, 1_080] }),
      on("two", { ...INSIDE, at: [1_030, 1_050] }),
    );
    // The server ended 990 ms after its client: that much its clock is ahead at least.
    expect(clockSkew(trace).hosts).toMatchObject([
      { host: "host.name=one", offsetNanos: 0n },
      { host: "host.name=two", offsetNanos: -990_000_000n },
    ]);
    expect(shape(traceTree(trace).root)).toBe("entry(client(server(inside)))");
  });
});
