import { describe, expect, it } from "vitest";
import type { FieldExpression, Intrinsic } from "../../../src/filter/query-model.ts";
import type { Span } from "../../../src/model/span.ts";
import type { ExpressionSketch } from "../../helpers/filter-builder.ts";
import {
  attribute,
  binary,
  filter,
  intrinsic,
  kind,
  millis,
  NIL,
  named,
  nanos,
  pipeline,
  status,
  unary,
} from "../../helpers/filter-builder.ts";
import { holdsOn, matchedNames, run } from "../../helpers/filter-run.ts";
import { buildSpan, buildTrace, spanIdOf, traceIdOf, unixNanoAt } from "../../helpers/trace-builder.ts";

function event(name: string, atMillis: number, attributes: Span["attributes"] = {}): Span["events"][number] {
  return { name, timeUnixNano: unixNanoAt(atMillis), attributes, droppedAttributesCount: 0 };
}

const SPAN: Span = {
  ...buildSpan("t", {
    id: "s",
    name: "buy",
    service: "shop",
    kind: "CLIENT",
    status: "ERROR",
    at: [10, 60],
    attributes: { own: "s", both: "s", empty: null, constructed: 1n },
    resourceAttributes: { host: "r", both: "r", empty: "r" },
    events: [event("retry", 15, { code: 1n, why: "slow" }), event("exception", 30, { code: 2n, flag: true })],
    links: ["other/one", "other/two"],
  }),
  statusMessage: "no stock",
  scope: {
    name: "http",
    version: "1.2",
    attributes: { lib: "x" },
    droppedAttributesCount: 0,
    schemaUrl: "",
  },
};

function is(name: Intrinsic, value: ExpressionSketch): FieldExpression {
  return binary(intrinsic(name), "=", value);
}

describe("an attribute", () => {
  it("without a scope is the span's, then its resource's", () => {
    expect(holdsOn(SPAN, binary(attribute("any", "own"), "=", "s"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("any", "host"), "=", "r"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("any", "both"), "=", "s"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("any", "both"), "=", "r"))).toBe(false);
    expect(holdsOn(SPAN, binary(attribute("any", "empty"), "=", "r"))).toBe(false);
    expect(holdsOn(SPAN, binary(attribute("any", "lib"), "!=", NIL))).toBe(false);
    expect(holdsOn(SPAN, binary(attribute("any", "code"), "!=", NIL))).toBe(false);
  });

  it("with a scope is nobody else's", () => {
    expect(holdsOn(SPAN, binary(attribute("span", "host"), "=", NIL))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("resource", "own"), "=", NIL))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("resource", "both"), "=", "r"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("instrumentation", "lib"), "=", "x"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("span", "constructor"), "=", NIL))).toBe(true);
  });

  it("service.name of a resource is there on every span", () => {
    const service = attribute("resource", "service.name");
    expect(holdsOn(SPAN, binary(service, "=", "shop"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("any", "service.name"), "=", "shop"))).toBe(true);
    const nameless = {
      ...SPAN,
      serviceName: "unknown_service",
      resource: { ...SPAN.resource, attributes: {} },
    };
    expect(holdsOn(nameless, binary(service, "=", "unknown_service"))).toBe(true);
  });

  it("of events holds when one event has it, each condition by itself", () => {
    const code = attribute("event", "code");
    expect(holdsOn(SPAN, binary(code, "=", 2n))).toBe(true);
    expect(holdsOn(SPAN, binary(code, "!=", 2n))).toBe(true);
    expect(holdsOn(SPAN, binary(code, ">", 2n))).toBe(false);
    expect(holdsOn(SPAN, binary(binary(code, "=", 2n), "&&", is("event:name", "retry")))).toBe(true);
    expect(holdsOn(SPAN, unary("!", binary(code, "=", 2n)))).toBe(false);
    expect(holdsOn(SPAN, attribute("event", "flag"))).toBe(true);
    expect(holdsOn(SPAN, binary(binary(code, "*", 10n), "=", 20n))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("event", "why"), "=~", "sl.w"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("event", "none"), "=", NIL))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("event", "why"), "!=", NIL))).toBe(true);
  });

  it("of links holds when one link has it", () => {
    const [first] = SPAN.links;
    const linked = { ...SPAN, links: [{ ...(first as Span["links"][number]), attributes: { rel: "a" } }] };
    expect(holdsOn(linked, binary(attribute("link", "rel"), "=", "a"))).toBe(true);
    expect(holdsOn(SPAN, binary(attribute("link", "rel"), "=", "a"))).toBe(false);
  });
});

describe("an intrinsic", () => {
  const cases: readonly (readonly [Intrinsic, ExpressionSketch])[] = [
    ["span:name", "buy"],
    ["span:duration", millis(50)],
    ["span:kind", kind("client")],
    ["span:status", status("error")],
    ["span:statusMessage", "no stock"],
    ["span:id", spanIdOf("s")],
    ["span:parentID", ""],
    ["trace:id", traceIdOf("t")],
    ["trace:duration", millis(50)],
    ["trace:rootName", "buy"],
    ["trace:rootService", "shop"],
    ["event:name", "exception"],
    ["event:timeSinceStart", millis(5)],
    ["event:timeSinceStart", millis(20)],
    ["link:traceID", traceIdOf("other")],
    ["link:spanID", spanIdOf("two")],
    ["instrumentation:name", "http"],
    ["instrumentation:version", "1.2"],
    ["span:childCount", 0n],
    ["span:nestedSetLeft", 1n],
    ["span:nestedSetRight", 2n],
    ["span:nestedSetParent", -1n],
    ["span:selfTime", millis(50)],
    ["span:criticalPath", millis(50)],
  ];

  it.each(cases)("%s says what the span or its trace has", (name, value) => {
    expect(holdsOn(SPAN, is(name, value))).toBe(true);
    expect(holdsOn(SPAN, is(name, "something else"))).toBe(false);
  });

  it("of duration is never negative and compares with any number", () => {
    const backwards = buildSpan("t", { id: "s", at: [10, 5] });
    expect(holdsOn(backwards, is("span:duration", nanos(0n)))).toBe(true);
    expect(holdsOn(SPAN, binary(intrinsic("span:duration"), ">=", 50_000_000n))).toBe(true);
    expect(holdsOn(SPAN, binary(intrinsic("span:duration"), "<", 5e7 + 0.5))).toBe(true);
    expect(holdsOn(SPAN, binary(intrinsic("span:duration"), "!=", millis(50)))).toBe(false);
    expect(holdsOn(SPAN, binary(intrinsic("span:duration"), "!=", "x"))).toBe(false);
  });

  it("of status and kind is no text", () => {
    expect(holdsOn(SPAN, is("span:status", "error"))).toBe(false);
    expect(holdsOn(SPAN, binary(intrinsic("span:status"), "!=", status("ok")))).toBe(true);
    expect(holdsOn(SPAN, binary(intrinsic("span:kind"), "!=", status("ok")))).toBe(false);
    expect(holdsOn(SPAN, binary(intrinsic("span:kind"), ">", kind("internal")))).toBe(false);
  });
});

describe("what is asked of the whole trace", () => {
  const trace = buildTrace(
    "checkout",
    { id: "late root", at: [5, 20], service: "other" },
    { id: "root", at: [0, 100], service: "shop" },
    { id: "pay", parent: "root", at: [10, 60] },
    { id: "bank", parent: "pay", at: [20, 50] },
    { id: "log", parent: "root", at: [80, 90] },
    { id: "orphan", parent: "nowhere", at: [110, 130] },
  ).spans;

  function names(condition: FieldExpression): readonly string[] {
    return matchedNames([filter(condition)], trace)[0] ?? [];
  }

  it("is the same on every span: its duration and the earliest span without a parent", () => {
    expect(names(is("trace:duration", millis(130)))).toHaveLength(6);
    expect(names(is("trace:rootName", "root"))).toHaveLength(6);
    expect(names(is("trace:rootService", "shop"))).toHaveLength(6);
    expect(names(is("trace:rootName", "late root"))).toEqual([]);
  });

  it("has empty root names when no root came", () => {
    const orphans = trace.slice(2);
    expect(matchedNames([filter(is("trace:rootName", ""))], orphans)[0]).toHaveLength(4);
  });

  it("counts children, numbers nested sets and leaves those of a missing parent at zero", () => {
    expect(names(is("span:childCount", 2n))).toEqual(["root"]);
    expect(names(is("span:nestedSetParent", -1n))).toEqual(["late root", "root"]);
    expect(names(binary(intrinsic("span:nestedSetParent"), "<", 0n))).toEqual(["late root", "root"]);
    for (const name of ["span:nestedSetLeft", "span:nestedSetRight", "span:nestedSetParent"] as const) {
      expect(names(is(name, 0n))).toEqual(["orphan"]);
    }
    // root 1..8 holds pay 2..5, which holds bank 3..4, and log 6..7; the other root follows.
    expect(names(is("span:nestedSetLeft", 1n))).toEqual(["root"]);
    expect(names(is("span:nestedSetRight", 8n))).toEqual(["root"]);
    expect(names(is("span:nestedSetLeft", 3n))).toEqual(["bank"]);
    expect(names(is("span:nestedSetParent", 2n))).toEqual(["bank"]);
    expect(names(is("span:nestedSetParent", 1n))).toEqual(["log", "pay"]);
    expect(names(is("span:nestedSetLeft", 9n))).toEqual(["late root"]);
  });

  it("tells self time and time on the critical path", () => {
    const tree = trace.filter(({ name }) => name !== "orphan" && name !== "late root");
    const told = (name: Intrinsic, value: number) => matchedNames([filter(is(name, millis(value)))], tree)[0];
    expect(told("span:selfTime", 40)).toEqual(["root"]);
    expect(told("span:selfTime", 20)).toEqual(["pay"]);
    expect(told("span:selfTime", 30)).toEqual(["bank"]);
    expect(told("span:criticalPath", 40)).toEqual(["root"]);
    expect(told("span:criticalPath", 10)).toEqual(["log"]);
  });

  it("gives parent ids as texts", () => {
    expect(names(is("span:parentID", spanIdOf("root")))).toEqual(["log", "pay"]);
  });

  it("matches no trace without spans", () => {
    expect(run(pipeline(filter()), [])).toBeUndefined();
    expect(run(pipeline(named("root")), trace)?.spansets[0]?.spans).toEqual([0]);
  });
});
