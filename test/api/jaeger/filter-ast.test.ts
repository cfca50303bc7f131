import { describe, expect, it } from "vitest";
import { conditionOf } from "../../../src/api/jaeger/filter-ast-condition.ts";
import { filterFrom, filterFromJson } from "../../../src/api/jaeger/filter-ast-resolve.ts";
import { predicateTest } from "../../../src/api/jaeger/filter-ast-test.ts";
import { TracAggError } from "../../../src/base/errors.ts";
import { spanTraceView } from "../../../src/filter/evaluator/span-trace-view.ts";
import type { Attributes } from "../../../src/model/attribute-value.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";

const A = { attr: { key: "a" } };
const field = (level: string, name: string) => ({ field: { level, name } });
const scalar = (value: string, type?: string) => ({
  scalar: { value, ...(type === undefined ? {} : { type }) },
});
const list = (values: readonly string[], type?: string) => ({
  list: { values, ...(type === undefined ? {} : { type }) },
});
const call = (op: string, ...args: readonly object[]) => ({ op, args });
const within = (op: string, ...args: readonly object[]) => ({ call: { op, args } });

const DURATION = field("span", "duration");
const NAME = field("span", "name");
const EXISTS_A = within("exists", A);

function refusal(filter: unknown): string {
  try {
    filterFrom(filter);
  } catch (thrown) {
    if (thrown instanceof TracAggError && thrown.code === "invalid_argument") return thrown.message;
    throw thrown;
  }
  throw new Error("was not refused");
}

function nested(depth: number): object {
  let made: object = call("exists", A);
  for (let at = 1; at < depth; at++) made = call("not", { call: made });
  return made;
}

describe("a structured filter that cannot be understood", () => {
  it.each<readonly [unknown, string]>([
    [null, "filter: expected an object with op, args, got null"],
    [[], "filter: expected an object with op, args, got []"],
    [{ op: "eq", arguments: [] }, 'filter: expected op, args, got "arguments"'],
    [
      { op: "like", args: [] },
      'filter.op: expected one of and, or, not, eq, ne, gt, lt, gte, lte, regex, exists, in, not_in, some, got "like"',
    ],
    [{ op: "and", args: {} }, "filter.args: expected a list, got {}"],
    [call("and", EXISTS_A), "filter.args: and takes two or more operands, got 1"],
    [call("or"), "filter.args: or takes two or more operands, got 0"],
    [call("not"), "filter.args: not takes one operand, got 0"],
    [call("exists", A, A), "filter.args: exists takes one operand, got 2"],
    [call("eq", A), "filter.args: eq takes two operands, got 1"],
    [call("in", A, A), "filter.args[1].attr: expected list, got attr"],
    [call("in", A, list([])), "filter.args[1].list.values: expected 1 to 1000 values, got 0"],
    [call("and", A, EXISTS_A), "filter.args[0].attr: expected a call, which holds or does not, got attr"],
    [call("not", scalar("x")), "filter.args[0].scalar: expected a call, which holds or does not, got scalar"],
    [call("exists", scalar("x")), "filter.args[0].scalar: expected attr or field, got scalar"],
    [call("eq", list(["x"]), A), "filter.args[0].list: expected attr or field, got list"],
    [
      call("exists", {}),
      "filter.args[0]: expected exactly one of attr, field, nested, scalar, list, call, got {}",
    ],
    [
      call("exists", { ...A, ...scalar("x") }),
      'filter.args[0]: expected exactly one of attr, field, nested, scalar, list, call, got {"attr":{"key":"a"},"scalar":{"value":"x"}}',
    ],
    [call("exists", { attr: {} }), "filter.args[0].attr.key: expected the key of an attribute, got none"],
    [call("exists", { attr: { key: 5 } }), "filter.args[0].attr.key: expected a string, got 5"],
    [
      call("exists", { attr: { key: "a", level: "trace" } }),
      'filter.args[0].attr.level: expected one of span, resource, scope, event, link, got "trace"',
    ],
    [
      call("exists", field("resource", "name")),
      'filter.args[0].field.name: expected one of service, schemaURL, got "name"',
    ],
    [
      call("exists", { field: { name: "name" } }),
      'filter.args[0].field.level: expected one of span, resource, scope, event, link, got ""',
    ],
    [
      call("some", { nested: { level: "span" } }, EXISTS_A),
      'filter.args[0].nested.level: expected one of event, link, got "span"',
    ],
    [call("some", A, EXISTS_A), "filter.args[0].attr: expected nested, got attr"],
    [
      call("some", { nested: { level: "link" } }, within("some", { nested: { level: "link" } }, EXISTS_A)),
      "filter.args[1].call: some over links stands within some over links, which has no meaning",
    ],
    [
      call("eq", A, scalar("x", "text")),
      'filter.args[1].scalar.type: expected one of string, int, double, bool, got "text"',
    ],
    [call("eq", A, scalar("1.5", "int")), 'filter.args[1].scalar: expected a value of type int, got "1.5"'],
    [
      call("eq", A, scalar("9223372036854775808", "int")),
      'filter.args[1].scalar: expected a value of type int, got "9223372036854775808"',
    ],
    [call("eq", A, scalar("yes", "bool")), 'filter.args[1].scalar: expected a value of type bool, got "yes"'],
    [call("eq", A, scalar("x", "double")), 'filter.args[1].scalar: expected a value of type double, got "x"'],
    [
      call("in", A, list(["1", "x"], "int")),
      'filter.args[1].list.values[1]: expected a value of type int, got "x"',
    ],
    [
      call("gt", DURATION, scalar("5")),
      'filter.args[1].scalar: expected a duration such as 1.5s or 100ms, got "5"',
    ],
    [
      call("gt", DURATION, scalar("5", "int")),
      "filter.args[1].scalar: expected a duration without a type, got type int",
    ],
    [
      call("lt", field("event", "time"), scalar("noon")),
      'filter.args[1].scalar: expected a timestamp as RFC 3339 writes it, got "noon"',
    ],
    [
      call("eq", field("span", "kind"), scalar("SERVER")),
      'filter.args[1].scalar: expected one of unspecified, internal, server, client, producer, consumer, got "SERVER"',
    ],
    [
      call("in", field("span", "status"), list(["error", "bad"])),
      'filter.args[1].list.values[1]: expected one of unset, ok, error, got "bad"',
    ],
    [
      call("eq", NAME, scalar("5", "int")),
      "filter.args[1].scalar: expected a string beside span.name, got type int",
    ],
    [call("gt", field("span", "status"), scalar("ok")), "filter.args[0].field: span.status has no order"],
    [call("lt", scalar("ok"), field("span", "kind")), "filter.args[1].field: span.kind has no order"],
    [call("gte", A, scalar("true", "bool")), "filter.args[1].scalar: truth values have no order"],
    [call("eq", DURATION, NAME), "filter: expected two of one kind, got duration and text"],
    [
      call("lt", field("span", "startTime"), DURATION),
      "filter: expected two of one kind, got timestamp and duration",
    ],
    [call("regex", DURATION, scalar("5")), "filter.args[0].field: expected what holds text, got a duration"],
    [call("regex", A, A), "filter.args[1].attr: expected a scalar of type string, the regular expression"],
    [
      call("regex", A, scalar("5", "int")),
      "filter.args[1].scalar: expected a scalar of type string, the regular expression",
    ],
  ])("is refused with the place of what is wrong: %j", (filter, message) => {
    expect(refusal(filter)).toBe(message);
  });

  it("names what a regular expression lacks, and bounds how large all of them are", () => {
    expect(refusal(call("regex", A, scalar("(")))).toMatch(
      /^filter\.args\[1\]\.scalar\.value: expected a regular expression \(RE2 syntax\): /,
    );
    expect(refusal(call("regex", A, scalar("(?=x)")))).toContain("RE2 syntax");
    expect(refusal(call("regex", A, scalar("(a{100}){100}")))).toContain("at most 2000 steps in a filter");
    const many = call("or", ...Array.from({ length: 100 }, () => within("regex", A, scalar("x+y+z+"))));
    expect(refusal(many)).toContain("at most 2000 steps in a filter");
  });

  it("is refused when it is deeper than 32 calls, has more than 1,000 terms or 65,536 characters", () => {
    expect(filterFrom(nested(32)).node).toBe("not");
    expect(refusal(nested(33))).toMatch(
      /^filter(?:\.args\[0\]\.call){32}: expected at most 32 calls within each other$/,
    );
    const wide = (count: number) => call("or", ...Array.from({ length: count }, () => EXISTS_A));
    expect(filterFrom(wide(500)).node).toBe("or");
    expect(refusal(wide(501))).toContain("expected at most 1000 terms in a filter");
    expect(() => filterFromJson(" ".repeat(65_537))).toThrow("expected at most 65536 characters, got 65537");
    expect(() => filterFromJson("{")).toThrow("filter: expected JSON");
  });
});

function holds(filter: object, attributes: Attributes): boolean {
  const span = buildSpan("t", { id: "s", at: [0, 10], attributes });
  return predicateTest(filterFrom(filter))(spanTraceView([span]), 0);
}

describe("a structured filter", () => {
  it("reads a constant without a type as text, number and truth value, one with a type as that alone", () => {
    const eq = (value: string, type?: string) => call("eq", A, scalar(value, type));
    expect(holds(eq("500"), { a: "500" })).toBe(true);
    expect(holds(eq("500"), { a: 500n })).toBe(true);
    expect(holds(eq("500"), { a: 500 })).toBe(true);
    expect(holds(eq("true"), { a: true })).toBe(true);
    expect(holds(eq("500", "int"), { a: "500" })).toBe(false);
    expect(holds(eq("500", "int"), { a: 500 })).toBe(false);
    expect(holds(eq("500", "string"), { a: 500n })).toBe(false);
    expect(holds(eq("0.5", "double"), { a: 0.5 })).toBe(true);
    expect(holds(eq("true", "bool"), { a: "true" })).toBe(false);
  });

  it("orders numbers by size, so that 9 is not above 500, and texts by code point", () => {
    expect(holds(call("gt", A, scalar("500")), { a: 9n })).toBe(false);
    expect(holds(call("gt", A, scalar("500")), { a: 501.5 })).toBe(true);
    expect(holds(call("gt", A, scalar("500")), { a: "9" })).toBe(false);
    expect(holds(call("gt", A, scalar("m")), { a: "n" })).toBe(true);
    expect(holds(call("lt", scalar("500"), A), { a: 501n })).toBe(true);
  });

  it("is false of what is not there, ne and not_in too; not alone turns that", () => {
    expect(holds(call("ne", A, scalar("x")), {})).toBe(false);
    expect(holds(call("ne", A, scalar("x")), { a: "y" })).toBe(true);
    expect(holds(call("not_in", A, list(["x"])), {})).toBe(false);
    expect(holds(call("not", within("in", A, list(["x"]))), {})).toBe(true);
    expect(holds(call("not", within("eq", A, scalar("x"))), {})).toBe(true);
  });

  it("finds a pattern anywhere in a text, upper and lower case apart", () => {
    expect(holds(call("regex", A, scalar("b+c")), { a: "abbbcd" })).toBe(true);
    expect(holds(call("regex", A, scalar("^b")), { a: "ab" })).toBe(false);
    expect(holds(call("regex", A, scalar("B")), { a: "ab" })).toBe(false);
    expect(holds(call("regex", A, scalar("^5..$")), { a: 503n })).toBe(true);
  });

  it("compares two constants once for all spans", () => {
    expect(filterFrom(call("eq", scalar("1"), scalar("1", "int")))).toEqual({ node: "always" });
    expect(filterFrom(call("gt", scalar("9"), scalar("10")))).toEqual({ node: "never" });
    expect(filterFrom(call("ne", scalar("a"), scalar("a")))).toEqual({ node: "never" });
  });

  it("takes messages as well as JSON, where lists that are empty are not there", () => {
    expect(refusal({ op: "and" })).toBe("filter.args: and takes two or more operands, got 0");
    expect(refusal(call("in", A, { list: {} }))).toContain("expected 1 to 1000 values, got 0");
    expect(holds(call("eq", A, { scalar: {} }), { a: "" })).toBe(true);
  });

  it("has the store look for what must hold", () => {
    const service = within("eq", field("resource", "service"), scalar("shop"));
    const slow = within("gt", DURATION, scalar("1s"));
    expect(conditionOf(filterFrom(call("and", service, slow)))).toEqual({
      node: "all",
      conditions: [
        { node: "service", equals: "shop" },
        { node: "duration", minNanos: 1_000_000_001n },
      ],
    });
    const missing = within("not", within("eq", NAME, scalar("x")));
    expect(conditionOf(filterFrom(call("and", service, missing)))).toEqual({
      node: "service",
      equals: "shop",
    });
  });
});
