import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lintQuery } from "../../src/traceql/lint-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";
import { randomQuery } from "./random-query.ts";

/** Rules and the pieces of the text they are about. */
function warningsOf(text: string): (readonly [string, string])[] {
  return lintQuery(text).map(({ rule, start, end }) => [rule, text.slice(start, end)]);
}

describe("a warning", () => {
  it.each([
    ["{ .a || .b && .c }", "mixed-and-or", ".a || .b && .c"],
    ["{.a} || {.b} && {.c}", "mixed-and-or", "{.a} || {.b} && {.c}"],
    ["{ .a-1 = 2 }", "operator-in-key", ".a-1"],
    ["{ .a+.b = 2 }", "operator-in-key", ".a+.b"],
    ["{ duration > 50 }", "plain-number-of-nanoseconds", "50"],
    ["{ 1.5 < traceDuration }", "plain-number-of-nanoseconds", "1.5"],
    ['{ .a != "x" }', "absent-attribute", '.a != "x"'],
    ['{ span.a !~ "x.*" }', "absent-attribute", 'span.a !~ "x.*"'],
    ['{ name =~ "abc" }', "plain-pattern", '"abc"'],
    ['{ .a && "a" = "b" }', "same-for-all-spans", '"a" = "b"'],
    ["{} >> {}", "all-related-to-all", "{} >> {}"],
    ["({.a} && ({} &~ {}))", "all-related-to-all", "{} &~ {}"],
    ["{ duration > 5s && duration < 1s }", "contradiction", "duration < 1s"],
    ["{ .a > 5 && (.b && 5 > .a) }", "contradiction", "5 > .a"],
    ["{ .a >= 5 && .a < 5 }", "contradiction", ".a < 5"],
    ["{ .a = 5 && .a = 6 }", "contradiction", ".a = 6"],
    ['{ name = "a" && name = "b" }', "contradiction", 'name = "b"'],
    ["{ status = error && status = ok }", "contradiction", "status = ok"],
    ['{ .a = "5" && .a < 6 }', "contradiction", ".a < 6"],
    ["{} | orderBy(duration) | rate()", "lost-order", "orderBy(duration)"],
  ])("about %s is %s", (text, rule, piece) => {
    expect(warningsOf(text)).toEqual([[rule, piece]]);
  });

  it.each([
    "{ }",
    "{ (.a || .b) && .c }",
    "{ .a || (.b && .c) }",
    "{ .a && .b || .c }",
    "({.a} || {.b}) && {.c}",
    "{ .http-status/x.y-z = 2 }",
    "{ duration > 50ms && duration != 0 }",
    "{ event.a = 1 && event.a = 2 }",
    '{ link:traceID = "a" && link:traceID = "b" }',
    '{ .a != nil && name != "x" && resource.service.name != "y" }',
    '{ name =~ "a.c" }',
    "{} >> {.a}",
    "{ .a >= 5 && .a <= 5 && .b > 1 }",
    "{ .a > 5 || .a < 1 }",
    "{ .a = 5 && .a = 5.0 && .a != nil }",
    "{} | orderBy(duration)",
  ])("is not given about %s", (text) => {
    expect(warningsOf(text)).toEqual([]);
  });

  it("says what to write for what was probably meant", () => {
    expect(lintQuery("{ duration > 50 }")[0]?.message).toBe(
      "a plain number is nanoseconds here, write `50ms` for milliseconds",
    );
    expect(lintQuery('{ name =~ "abc" }')[0]?.message).toBe(
      'without signs of a pattern this is the whole value: write `=`, or `".*abc.*"` for a part',
    );
    expect(lintQuery('{ .a = "x" && .a = "y" }')[0]?.message).toBe(
      '`.a` cannot be both `"x"` and `"y"`, unless it is an array: write `||`',
    );
  });

  it("stands in the order of the text", () => {
    expect(warningsOf('{ .a != "x" } || { duration > 5 }').map(([rule]) => rule)).toEqual([
      "absent-attribute",
      "plain-number-of-nanoseconds",
    ]);
  });

  it("is not given about a text that is no query, which is an error", () => {
    expect(() => lintQuery("{ .a")).toThrow(TraceQlError);
  });

  it("is found in every query without trouble", () => {
    fc.assert(
      fc.property(randomQuery, (query) => {
        const text = printQuery(query);
        try {
          for (const { start, end } of lintQuery(text)) expect(end - start).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof TraceQlError)) throw error;
        }
      }),
    );
  });
});
