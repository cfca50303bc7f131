import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goDurationText } from "../../src/base/go-duration.ts";
import { clockSkewWarnings } from "../../src/codec/jaeger-json/adjusters/clock-skew-warnings.ts";
import { repeatedSpans } from "../../src/codec/jaeger-json/adjusters/repeated-spans.ts";
import { separateSharedIds } from "../../src/codec/jaeger-json/adjusters/shared-ids.ts";
import {
  dotAddresses,
  moveLibraryAttributes,
  removeEmptyLinks,
  sortCollections,
} from "../../src/codec/jaeger-json/adjusters/span-adjusters.ts";
import { spanParts } from "../../src/codec/jaeger-json/adjusters/span-parts.ts";
import type { AdjustedColumns } from "../../src/codec/jaeger-json/adjusters/trace-columns.ts";
import { jaegerHostKey } from "../../src/codec/jaeger-json/adjusters/trace-columns.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { SpanKind } from "../../src/model/span-kind.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

interface Row {
  readonly id: string;
  readonly parent?: string;
  readonly kind?: SpanKind;
  /** In nanoseconds. */
  readonly at?: readonly [bigint, bigint];
  readonly host?: string;
}

function columns(...rows: readonly Row[]): AdjustedColumns {
  return {
    spanIds: rows.map(({ id }) => id),
    parentSpanIds: rows.map(({ parent }) => parent),
    kinds: rows.map(({ kind }) => kind ?? "INTERNAL"),
    starts: rows.map(({ at }) => at?.[0] ?? 0n),
    ends: rows.map(({ at }) => at?.[1] ?? 0n),
    hostKeys: rows.map(({ host }) => host ?? ""),
  };
}

const partsWith = (attributes: Attributes) =>
  spanParts(buildSpan("adjusted", { id: "a", at: [0, 1], attributes }));

describe("Shared ids", () => {
  it("give the server an id of its own under the client, and the server's children to it", () => {
    const trace = columns(
      { id: "b", parent: "a", kind: "CLIENT" },
      { id: "b", parent: "a", kind: "SERVER" },
      { id: "c", parent: "b" },
      { id: "0000000000000001" },
    );
    separateSharedIds(trace);
    expect(trace.spanIds).toEqual(["b", "0000000000000002", "c", "0000000000000001"]);
    expect(trace.parentSpanIds).toEqual(["a", "b", "0000000000000002", undefined]);
  });

  it("stay where no client has them", () => {
    const trace = columns(
      { id: "b", kind: "SERVER" },
      { id: "b", kind: "INTERNAL" },
      { id: "c", parent: "b" },
    );
    separateSharedIds(trace);
    expect(trace.spanIds).toEqual(["b", "b", "c"]);
    expect(trace.parentSpanIds).toEqual([undefined, undefined, "b"]);
  });

  it("never leave a server with a client's id, whatever the trace", () => {
    const kind = fc.constantFrom<SpanKind>("CLIENT", "SERVER", "INTERNAL");
    const rows = fc.array(fc.record({ id: fc.constantFrom("a", "b", "0000000000000001"), kind }));
    fc.assert(
      fc.property(rows, (sketches) => {
        const trace = columns(...sketches);
        separateSharedIds(trace);
        const clients = new Set(trace.spanIds.filter((_, at) => trace.kinds[at] === "CLIENT"));
        return trace.spanIds.every((id, at) => trace.kinds[at] !== "SERVER" || !clients.has(id));
      }),
    );
  });
});

describe("Sorting", () => {
  it("orders attributes by key, also those of events, and events by name", () => {
    const event = (name: string) => ({
      name,
      timeUnixNano: 0n,
      attributes: { z: "1", a: "2" },
      droppedAttributesCount: 0,
    });
    const parts = spanParts(
      buildSpan("sorted", {
        id: "s",
        at: [0, 1],
        attributes: { b: 1n, a: 2n, B: 3n },
        events: [event("y"), event("x")],
      }),
    );
    sortCollections(parts);
    expect(parts.attributes.map(([key]) => key)).toEqual(["B", "a", "b"]);
    expect(parts.events.map(({ event: { name } }) => name)).toEqual(["x", "y"]);
    expect(parts.events[0]?.attributes.map(([key]) => key)).toEqual(["a", "z"]);
  });
});

describe("Spans that came more than once", () => {
  it("are those that say the same as an earlier one of their id", () => {
    const texts = ["one", "one", "two", "one"];
    const trace = columns({ id: "a" }, { id: "a" }, { id: "a" }, { id: "b" });
    expect([...repeatedSpans(trace, (at) => texts[at] as string)]).toEqual([1]);
  });

  it("are not looked for where ids differ", () => {
    const textOf = () => expect.unreachable("nothing has to be compared");
    expect(repeatedSpans(columns({ id: "a" }, { id: "b" }), textOf).size).toBe(0);
  });
});

describe("Warnings of clocks", () => {
  const warned = (...rows: readonly Row[]) => Object.fromEntries(clockSkewWarnings(columns(...rows)));
  const off = (delta: string) => `clock skew adjustment disabled; not applying calculated delta of ${delta}`;

  it("say by how much a child would have to be moved to lie in the middle of its parent", () => {
    expect(
      warned(
        { id: "a", at: [1_000_000n, 5_000_000n], host: "one" },
        { id: "b", parent: "a", at: [0n, 2_000_000n], host: "two" },
      ),
    ).toEqual({ 1: [off("2ms")] });
  });

  it("are inherited by spans of the same host, and not by others that fit", () => {
    expect(
      warned(
        { id: "a", at: [1_000n, 5_000n], host: "one" },
        { id: "b", parent: "a", at: [0n, 2_000n], host: "two" },
        { id: "c", parent: "b", at: [500n, 600n], host: "two" },
        { id: "d", parent: "b", at: [500n, 600n], host: "three" },
      ),
    ).toEqual({ 1: [off("2µs")], 2: [off("2µs")] });
  });

  it.each<readonly [string, Row]>([
    ["fits", { id: "b", parent: "a", at: [2_000n, 3_000n], host: "two" }],
    ["is longer and begins later", { id: "b", parent: "a", at: [2_000n, 9_000n], host: "two" }],
    ["ran on the same host", { id: "b", parent: "a", at: [0n, 100n], host: "one" }],
  ])("are none for a child that %s", (_what, child) => {
    expect(warned({ id: "a", at: [1_000n, 5_000n], host: "one" }, child)).toEqual({});
  });

  it("move a longer child that begins first to the start of its parent", () => {
    expect(
      warned(
        { id: "a", at: [1_000n, 5_000n], host: "one" },
        { id: "b", parent: "a", at: [400n, 9_000n], host: "two" },
      ),
    ).toEqual({ 1: [off("600ns")] });
  });

  it("compare spans of unknown hosts", () => {
    expect(warned({ id: "a", at: [1_000n, 2_000n] }, { id: "b", parent: "a", at: [0n, 1_000n] })).toEqual({
      1: [off("1µs")],
    });
  });

  it("name a parent that is missing, and an id that is there twice", () => {
    expect(warned({ id: "a", parent: "x" }, { id: "a" })).toEqual({
      0: ["parent span ID=x is not in the trace; skipping clock skew adjustment"],
      1: ["duplicate span IDs; skipping clock skew adjustment"],
    });
  });

  it("end for spans that are one another's parents, and for traces deeper than a stack", () => {
    expect(warned({ id: "a", parent: "b" }, { id: "b", parent: "a" })).toEqual({});
    const deep = Array.from({ length: 50_000 }, (_, at) => ({ id: `${at}`, parent: `${at - 1}` }));
    expect(Object.keys(warned(...deep))).toEqual(["0"]);
  });

  it.each<readonly [bigint, string]>([
    [0n, "0s"],
    [1n, "1ns"],
    [1_500n, "1.5µs"],
    [-12_000_000n, "-12ms"],
    [1_000_000_000n, "1s"],
    [61_500_000_000n, "1m1.5s"],
    [3_600_000_000_000n, "1h0m0s"],
  ])("write %s ns as %s", (nanos, text) => {
    expect(goDurationText(nanos)).toBe(text);
  });

  it.each<readonly [Attributes, string]>([
    [{ "host.id": "i", "host.ip": "1.2.3.4", "host.name": "n" }, "i"],
    [{ "host.ip": "1.2.3.4", "host.name": "n" }, "1.2.3.4"],
    [{ "host.ip": ["1.2.3.4", "5.6.7.8"], "host.name": "n" }, "1.2.3.4"],
    [{ "host.name": "n" }, "n"],
    [{}, ""],
  ])("tell hosts apart by %o", (attributes, key) => {
    expect(jaegerHostKey(attributes)).toBe(key);
  });
});

describe("Addresses", () => {
  it.each<readonly [AttributeValue, AttributeValue]>([
    [16_909_060n, "1.2.3.4"],
    [-1n, "255.255.255.255"],
    [16_909_060, "1.2.3.4"],
    ["1.2.3.4", "1.2.3.4"],
    [0.5, 0.5],
  ])("that came as %s are written %s", (sent, written) => {
    const parts = partsWith({ ip: sent, "peer.ipv4": sent, other: 16_909_060n });
    dotAddresses(parts);
    expect(Object.fromEntries(parts.attributes)).toEqual({
      ip: written,
      "peer.ipv4": written,
      other: 16_909_060n,
    });
  });
});

describe("Attributes about the library", () => {
  it("move to the resource, and stay with a warning where it says otherwise", () => {
    const resource = new Map<string, AttributeValue>([["telemetry.sdk.name", "own"]]);
    const parts = partsWith({
      "telemetry.sdk.name": "other",
      "telemetry.sdk.language": "go",
      "telemetry.distro.name": "d",
      "http.method": "GET",
    });
    moveLibraryAttributes(parts, {
      get: (key) => resource.get(key),
      add: (key, value) => resource.set(key, value),
    });
    expect(Object.fromEntries(parts.attributes)).toEqual({
      "telemetry.sdk.name": "other",
      "http.method": "GET",
    });
    expect(Object.fromEntries(resource)).toEqual({
      "telemetry.sdk.name": "own",
      "telemetry.sdk.language": "go",
      "telemetry.distro.name": "d",
    });
    expect(parts.warnings).toEqual([
      "conflicting values between Span and Resource for attribute telemetry.sdk.name",
    ]);
  });
});

describe("Links", () => {
  it("to no trace are dropped with a warning", () => {
    const span = buildSpan("linked", { id: "a", at: [0, 1], links: ["other/target"] });
    const [link] = span.links;
    if (link === undefined) throw new Error("no link was made");
    const parts = spanParts({
      ...span,
      links: [link, { ...link, traceId: "" }, { ...link, traceId: "0".repeat(32) }],
    });
    removeEmptyLinks(parts);
    expect(parts.links).toEqual([link]);
    expect(parts.warnings).toEqual(["Invalid span link removed", "Invalid span link removed"]);
  });
});

describe("Warnings that came as an attribute", () => {
  it("are warnings again", () => {
    const parts = partsWith({ "@jaeger@warnings": ["one", "two"], a: "b" });
    expect(parts.warnings).toEqual(["one", "two"]);
    expect(parts.attributes).toEqual([["a", "b"]]);
  });

  it("stay an attribute when they are no texts", () => {
    expect(partsWith({ "@jaeger@warnings": "one" }).warnings).toEqual([]);
  });
});
