import { describe, expect, it } from "vitest";
import { TokenReader } from "../../src/traceql/tokens.ts";
import { conditionOf, stagesOf } from "./query-text.ts";

const attribute = (scope: string, key: string) => ({ node: "attribute", scope, key });
const intrinsic = (name: string) => ({ node: "intrinsic", name });
const literal = (value: object) => ({ node: "literal", value });
const int = (value: bigint) => literal({ type: "int", value });
const text = (value: string) => literal({ type: "string", value });
const binary = (operator: string, left: object, right: object) => ({ node: "binary", operator, left, right });
const unary = (operator: string, operand: object) => ({ node: "unary", operator, operand });
const a = attribute("any", "a");
const b = attribute("any", "b");
const c = attribute("any", "c");

const firstToken = (written: string) => {
  const reader = new TokenReader(written);
  reader.next();
  return [reader.kind, reader.word];
};

describe("a spanset filter", () => {
  it("has no condition when its braces are empty", () => {
    expect(stagesOf("{}")).toEqual([{ node: "filter" }]);
    expect(stagesOf("{ }")).toEqual([{ node: "filter" }]);
  });

  it("has the expression between its braces as its condition", () => {
    expect(stagesOf("{true}")).toEqual([
      { node: "filter", condition: literal({ type: "boolean", value: true }) },
    ]);
  });
});

describe("an attribute", () => {
  it.each([
    [".a", attribute("any", "a")],
    ["span.a", attribute("span", "a")],
    ["resource.service.name", attribute("resource", "service.name")],
    ["event.exception.type", attribute("event", "exception.type")],
    ["link.a", attribute("link", "a")],
    ["instrumentation.a", attribute("instrumentation", "a")],
    [".a-1", attribute("any", "a-1")],
    [".a+b*c/d%e", attribute("any", "a+b*c/d%e")],
    [".a[0]:b", attribute("any", "a[0]:b")],
    [".a//b", attribute("any", "a//b")],
    ["span.5xx", attribute("span", "5xx")],
    [".größe", attribute("any", "größe")],
    ['span.a."b c"', attribute("span", "a.b c")],
    ['span."a b".c', attribute("span", "a b.c")],
    ['."{x}"', attribute("any", "{x}")],
    [String.raw`span."a\"b\\c"`, attribute("span", 'a"b\\c')],
    ["span.duration", attribute("span", "duration")],
  ])("is read from %s", (written, expected) => {
    expect(conditionOf(written)).toEqual(expected);
  });

  it.each([..."{}()=~!<>&|^,", " ", "\t", "\n", "\u00a0", "\u3000"])("ends before %j", (end) => {
    expect(firstToken(`.a.b${end}c`)).toEqual(["attribute", "a.b"]);
  });

  it.each([..."+-*/%:;[]#'\\@$?"])("goes on with %j", (unit) => {
    expect(firstToken(`.a.b${unit}c d`)).toEqual(["attribute", `a.b${unit}c`]);
  });
});

describe("an intrinsic", () => {
  it.each([
    ["duration", "span:duration"],
    ["name", "span:name"],
    ["status", "span:status"],
    ["statusMessage", "span:statusMessage"],
    ["kind", "span:kind"],
    ["rootName", "trace:rootName"],
    ["rootServiceName", "trace:rootService"],
    ["traceDuration", "trace:duration"],
    ["nestedSetLeft", "span:nestedSetLeft"],
    ["nestedSetRight", "span:nestedSetRight"],
    ["nestedSetParent", "span:nestedSetParent"],
    ["selfTime", "span:selfTime"],
    ["criticalPath", "span:criticalPath"],
  ])("may be written without a scope: %s", (written, name) => {
    expect(conditionOf(written)).toEqual(intrinsic(name));
  });

  it.each([
    "trace:duration",
    "trace:rootName",
    "trace:rootService",
    "trace:id",
    "span:duration",
    "span:name",
    "span:kind",
    "span:status",
    "span:statusMessage",
    "span:id",
    "span:parentID",
    "span:childCount",
    "span:selfTime",
    "span:criticalPath",
    "event:name",
    "event:timeSinceStart",
    "link:traceID",
    "link:spanID",
    "instrumentation:name",
    "instrumentation:version",
  ])("has a name with a scope: %s", (written) => {
    expect(conditionOf(written)).toEqual(intrinsic(written));
  });
});

describe("a value", () => {
  const nanos = (value: bigint) => ({ type: "duration", nanos: value });
  it.each([
    ['"a"', { type: "string", value: "a" }],
    ['""', { type: "string", value: "" }],
    [String.raw`"a\"b\\c\n\t\r\a\b\f\v"`, { type: "string", value: 'a"b\\c\n\t\r\u0007\b\f\v' }],
    [String.raw`"\u00e9\U0001F600"`, { type: "string", value: "é😀" }],
    [String.raw`"\xc3\xa9\303\251"`, { type: "string", value: "éé" }],
    [`\`a\\d"b\``, { type: "string", value: 'a\\d"b' }],
    ["`a\nb`", { type: "string", value: "a\nb" }],
    ["0", { type: "int", value: 0n }],
    ["42", { type: "int", value: 42n }],
    ["-42", { type: "int", value: -42n }],
    ["9223372036854775807", { type: "int", value: 2n ** 63n - 1n }],
    ["minInt", { type: "int", value: -(2n ** 63n) }],
    ["maxInt", { type: "int", value: 2n ** 63n - 1n }],
    ["1.5", { type: "float", value: 1.5 }],
    [".5", { type: "float", value: 0.5 }],
    ["-.5", { type: "float", value: -0.5 }],
    ["1e3", { type: "float", value: 1000 }],
    ["2.5e-3", { type: "float", value: 0.0025 }],
    ["true", { type: "boolean", value: true }],
    ["false", { type: "boolean", value: false }],
    ["ok", { type: "status", value: "ok" }],
    ["error", { type: "status", value: "error" }],
    ["unset", { type: "status", value: "unset" }],
    ["unspecified", { type: "kind", value: "unspecified" }],
    ["internal", { type: "kind", value: "internal" }],
    ["server", { type: "kind", value: "server" }],
    ["client", { type: "kind", value: "client" }],
    ["producer", { type: "kind", value: "producer" }],
    ["consumer", { type: "kind", value: "consumer" }],
    ["nil", { type: "nil" }],
    ["1ns", nanos(1n)],
    ["3us", nanos(3_000n)],
    ["3µs", nanos(3_000n)],
    ["3μs", nanos(3_000n)],
    ["50ms", nanos(50_000_000n)],
    ["2s", nanos(2_000_000_000n)],
    ["1.5s", nanos(1_500_000_000n)],
    [".5ms", nanos(500_000n)],
    ["3m", nanos(180_000_000_000n)],
    ["1h30m", nanos(5_400_000_000_000n)],
    ["1h1.5s", nanos(3_601_500_000_000n)],
    ["1d", nanos(86_400_000_000_000n)],
    ["1w2d", nanos(9n * 86_400_000_000_000n)],
    ["1y", nanos(365n * 86_400_000_000_000n)],
    ["-2s", nanos(-2_000_000_000n)],
  ])("is read from %s", (written, value) => {
    expect(conditionOf(written)).toEqual(literal(value));
  });
});

describe("an operator of a condition", () => {
  it.each(["+", "-", "*", "/", "%", "^", "=", "!=", "<", "<=", ">", ">=", "=~", "!~", "&&", "||"])(
    "is %s between two expressions",
    (operator) => {
      expect(conditionOf(`.a ${operator} .b`)).toEqual(binary(operator, a, b));
    },
  );

  it("is a sign before a number or a truth value", () => {
    expect(conditionOf("-.a")).toEqual(unary("-", a));
    expect(conditionOf("!.a")).toEqual(unary("!", a));
    expect(conditionOf("!!.a")).toEqual(unary("!", unary("!", a)));
  });

  it("compares with nil on either side", () => {
    const nil = literal({ type: "nil" });
    expect(conditionOf(".a = nil")).toEqual(binary("=", a, nil));
    expect(conditionOf("nil != .a")).toEqual(binary("!=", nil, a));
  });
});

describe("precedence in a condition", () => {
  it.each([
    ["&& and || are on one level, from the left", ".a || .b && .c", binary("&&", binary("||", a, b), c)],
    ["... whichever comes first", ".a && .b || .c", binary("||", binary("&&", a, b), c)],
    ["comparisons bind more than &&", ".a = 1 && .b", binary("&&", binary("=", a, int(1n)), b)],
    ["comparisons are on one level, from the left", ".a < .b = .c", binary("=", binary("<", a, b), c)],
    ["+ binds more than a comparison", ".a = .b + .c", binary("=", a, binary("+", b, c))],
    ["+ and - group from the left", ".a - .b + .c", binary("+", binary("-", a, b), c)],
    ["* binds more than +", ".a + .b * .c", binary("+", a, binary("*", b, c))],
    ["*, / and % group from the left", ".a / .b % .c", binary("%", binary("/", a, b), c)],
    ["^ binds more than *", ".a * .b ^ .c", binary("*", a, binary("^", b, c))],
    ["^ groups from the right", ".a ^ .b ^ .c", binary("^", a, binary("^", b, c))],
    ["! binds less than *", "!.a * .b", unary("!", binary("*", a, b))],
    ["! binds more than +", "!.a + .b", binary("+", unary("!", a), b)],
    ["! binds more than a comparison", "!.a = .b", binary("=", unary("!", a), b)],
    ["- binds as + does", "-.a * .b", unary("-", binary("*", a, b))],
    ["a number keeps its sign after an operator", ".a * -2", binary("*", a, int(-2n))],
    ["parentheses go before", "(.a + .b) * .c", binary("*", binary("+", a, b), c)],
  ])("%s", (_rule, written, expected) => {
    expect(conditionOf(written)).toEqual(expected);
  });
});

describe("a text between", () => {
  it("is skipped when it is a comment", () => {
    expect(conditionOf(".a /* one\n two */ = // three\n 1")).toEqual(binary("=", a, int(1n)));
  });

  it("is left alone inside of quotes", () => {
    expect(conditionOf('"a // b"')).toEqual(text("a // b"));
  });
});
