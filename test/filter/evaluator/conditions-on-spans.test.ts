import { describe, expect, it } from "vitest";
import type { FieldExpression } from "../../../src/filter/query-model.ts";
import type { AttributeValue } from "../../../src/model/attribute-value.ts";
import type { Span } from "../../../src/model/span.ts";
import type { ExpressionSketch } from "../../helpers/filter-builder.ts";
import {
  attribute,
  binary,
  intrinsic,
  kind,
  literal,
  millis,
  NIL,
  nanos,
  status,
  unary,
} from "../../helpers/filter-builder.ts";
import { holdsOn } from "../../helpers/filter-run.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";

const A = attribute("span", "a");
const B = attribute("span", "b");

function spanWith(a: AttributeValue | undefined, b?: AttributeValue): Span {
  return buildSpan("t", {
    id: "s",
    at: [0, 50],
    attributes: { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) },
  });
}

/** The attribute `a`, or none; an operator; what it is compared with; whether that holds. */
type Case = readonly [
  AttributeValue | undefined,
  "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~",
  ExpressionSketch,
  boolean,
];

function expectCases(cases: readonly Case[]): void {
  for (const [a, operator, right, expected] of cases) {
    const words = [a, operator, right];
    expect([...words, holdsOn(spanWith(a), binary(A, operator, right))]).toEqual([...words, expected]);
  }
}

describe("a comparison", () => {
  it("takes ints, floats and durations as the numbers they are", () => {
    expectCases([
      [2n, "=", 2, true],
      [2, "=", 2n, true],
      [2n, "<", 2.5, true],
      [2.5, ">", 2n, true],
      [2n, "!=", 2.5, true],
      [1_000_000n, "=", millis(1), true],
      [1e6, "=", millis(1), true],
      [1_000_001n, ">", millis(1), true],
      [-1n, "<=", 0, true],
      [3n, ">=", 3n, true],
      [9_007_199_254_740_993n, "=", 9_007_199_254_740_992, false],
      [9_007_199_254_740_993n, ">", 9_007_199_254_740_992, true],
    ]);
  });

  it("takes NaN as unequal to everything and in no order", () => {
    expectCases([
      [Number.NaN, "=", Number.NaN, false],
      [Number.NaN, "!=", 1n, true],
      [Number.NaN, "<", 1n, false],
      [Number.NaN, ">=", 1n, false],
      [Number.POSITIVE_INFINITY, ">", 1n, true],
    ]);
  });

  it("orders texts lexicographically, by code point", () => {
    expectCases([
      ["b", ">", "a", true],
      ["a", "<", "ab", true],
      ["B", "<", "a", true],
      ["10", "<", "9", true],
      ["", "<", "a", true],
      ["a", ">=", "a", true],
      ["\u{1f600}", ">", "\u{ff5e}", true],
    ]);
  });

  it("is false, whatever the operator, where types do not go together", () => {
    for (const operator of ["=", "!=", "<", "<=", ">", ">="] as const) {
      expectCases([
        ["1", operator, 1n, false],
        [1n, operator, "1", false],
        [true, operator, "true", false],
        [true, operator, 1n, false],
        ["error", operator, status("error"), false],
        ["server", operator, kind("server"), false],
        [new Uint8Array([1]), operator, "AQ==", false],
        [{ k: "v" }, operator, "v", false],
        [undefined, operator, "x", false],
        [null, operator, "x", false],
      ]);
    }
    expectCases([
      [1n, "=~", "1", false],
      [1n, "!~", "2", false],
      [undefined, "!~", "x", false],
    ]);
  });

  it("asks truth values for equality only", () => {
    expectCases([
      [true, "=", true, true],
      [true, "!=", false, true],
      [true, "=", false, false],
      [true, ">", false, false],
    ]);
  });

  it("compares two attributes of one span", () => {
    expect(holdsOn(spanWith(2n, 2), binary(A, "=", B))).toBe(true);
    expect(holdsOn(spanWith("x", "y"), binary(A, "<", B))).toBe(true);
    expect(holdsOn(spanWith(undefined, undefined), binary(A, "=", B))).toBe(false);
    expect(holdsOn(spanWith(["x", "y"], ["z", "y"]), binary(A, "=", B))).toBe(true);
    expect(holdsOn(spanWith(["x", "y"], ["z"]), binary(A, "!=", B))).toBe(true);
  });

  it("takes the literal on either side", () => {
    expect(holdsOn(spanWith(2n), binary(1n, "<", A))).toBe(true);
    expect(holdsOn(spanWith("x"), binary("x", "=", A))).toBe(true);
  });
});

describe("an array", () => {
  it("equals what one of its elements equals, and is unequal to what none equals", () => {
    expectCases([
      [["x", "y"], "=", "y", true],
      [["x", "y"], "=", "z", false],
      [["x", "y"], "!=", "y", false],
      [["x", "y"], "!=", "z", true],
      [["x", "y"], "=~", "y.?", true],
      [["x", "y"], "!~", "y.?", false],
      [["x", "y"], "!~", "z.?", true],
      [[1n, 2n], "=", 2, true],
      [[1n, 2n], ">", 1n, true],
      [[1n, 2n], ">", 2n, false],
      [[], "=", "x", false],
      [[], "!=", "x", true],
      [[["x"]], "=", "x", true],
    ]);
  });

  it("of another type is a mismatch, and of several types is asked by those that fit", () => {
    expectCases([
      [[1n, 2n], "!=", "x", false],
      [[1n, 2n], "!~", "x", false],
      [[1n, "y"], "!=", "x", true],
    ]);
  });
});

describe("nil", () => {
  it("is what a span does not have, and an attribute without a value", () => {
    for (const sides of [
      (operator: "=" | "!=") => binary(A, operator, NIL),
      (operator: "=" | "!=") => binary(NIL, operator, A),
    ]) {
      expect(holdsOn(spanWith(undefined), sides("="))).toBe(true);
      expect(holdsOn(spanWith(null), sides("="))).toBe(true);
      expect(holdsOn(spanWith(undefined), sides("!="))).toBe(false);
      for (const there of ["", 0n, false, [], new Uint8Array(0)]) {
        expect(holdsOn(spanWith(there), sides("="))).toBe(false);
        expect(holdsOn(spanWith(there), sides("!="))).toBe(true);
      }
    }
  });

  it("has no order", () => {
    expect(holdsOn(spanWith(undefined), binary(A, "<=", NIL))).toBe(false);
  });
});

describe("and, or, not", () => {
  const cases: readonly (readonly [
    AttributeValue | undefined,
    AttributeValue | undefined,
    boolean,
    boolean,
  ])[] = [
    [true, true, true, true],
    [true, false, false, true],
    [false, false, false, false],
    ["x", true, false, true],
    [true, "x", false, true],
    [1n, 1n, false, false],
    [undefined, true, false, true],
  ];

  it("work on truth values only", () => {
    for (const [a, b, both, either] of cases) {
      expect([a, b, holdsOn(spanWith(a, b), binary(A, "&&", B))]).toEqual([a, b, both]);
      expect([a, b, holdsOn(spanWith(a, b), binary(A, "||", B))]).toEqual([a, b, either]);
    }
    expect(holdsOn(spanWith(true), A)).toBe(true);
    expect(holdsOn(spanWith("true"), A)).toBe(false);
  });

  it("turn a truth value round, and nothing else", () => {
    expect(holdsOn(spanWith(false), unary("!", A))).toBe(true);
    expect(holdsOn(spanWith(true), unary("!", A))).toBe(false);
    expect(holdsOn(spanWith("x"), unary("!", A))).toBe(false);
    expect(holdsOn(spanWith(undefined), unary("!", A))).toBe(false);
    expect(holdsOn(spanWith(undefined), unary("!", binary(A, "=", "x")))).toBe(true);
  });
});

describe("arithmetic", () => {
  const equal = (left: ExpressionSketch, right: ExpressionSketch): FieldExpression =>
    binary(left, "=", right);

  it("keeps whole numbers whole and divides towards zero", () => {
    for (const [expression, result] of [
      [binary(A, "+", 1n), 8n],
      [binary(A, "-", 10n), -3n],
      [binary(A, "*", 2n), 14n],
      [binary(A, "/", 2n), 3n],
      [binary(A, "/", -2n), -3n],
      [binary(A, "%", 4n), 3n],
      [binary(A, "^", 2n), 49n],
      [unary("-", A), -7n],
      [binary(A, "/", 2), 3.5],
      [binary(A, "^", -1n), 1 / 7],
      [binary(A, "+", 0.5), 7.5],
    ] as const) {
      expect([result, holdsOn(spanWith(7n), equal(expression, result))]).toEqual([result, true]);
    }
  });

  it("wraps at 64 bits, and no exponent takes long", () => {
    expect(holdsOn(spanWith(2n ** 63n - 1n), equal(binary(A, "+", 1n), -(2n ** 63n)))).toBe(true);
    expect(holdsOn(spanWith(3n), binary(binary(A, "^", 2n ** 62n), "!=", NIL))).toBe(true);
  });

  it("takes times with numbers: a time times a number is a time, a time by a time a ratio", () => {
    const duration = intrinsic("span:duration");
    expect(holdsOn(spanWith(1n), equal(binary(duration, "*", 2n), millis(100)))).toBe(true);
    expect(holdsOn(spanWith(1n), equal(binary(duration, "/", 100n), nanos(500_000n)))).toBe(true);
    expect(holdsOn(spanWith(1n), equal(binary(duration, "/", millis(100)), 0.5))).toBe(true);
    expect(holdsOn(spanWith(1n), equal(binary(duration, "*", 0.5), millis(25)))).toBe(true);
    expect(holdsOn(spanWith(1n), equal(binary(duration, "-", millis(60)), millis(-10)))).toBe(true);
  });

  it("of what is no number is nil", () => {
    expect(holdsOn(spanWith("x"), equal(binary(A, "+", 1n), 1n))).toBe(false);
    expect(holdsOn(spanWith("x"), binary(binary(A, "+", 1n), "=", NIL))).toBe(true);
    expect(holdsOn(spanWith(undefined), binary(unary("-", A), "=", NIL))).toBe(true);
  });

  it("refuses to divide a whole number by zero, and gives infinity or NaN for a float", () => {
    for (const operator of ["/", "%"] as const) {
      const byZero = equal(binary(A, operator, B), 1n);
      expect(() => holdsOn(spanWith(1n, 0n), byZero)).toThrow(/got 0/);
      expect(() => holdsOn(spanWith(1n, 0n), byZero)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
      expect(holdsOn(spanWith(undefined, 0n), byZero)).toBe(false);
    }
    expect(holdsOn(spanWith(1, 0n), equal(binary(A, "/", B), Number.POSITIVE_INFINITY))).toBe(true);
    expect(holdsOn(spanWith(0, 0), binary(binary(A, "/", B), "!=", literal(0)))).toBe(true);
    expect(holdsOn(spanWith(0, 0), binary(binary(A, "/", B), ">=", literal(0)))).toBe(false);
  });
});
