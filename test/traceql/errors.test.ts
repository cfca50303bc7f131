import { describe, expect, it } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import { MAX_NESTING, MAX_OPERATORS, MAX_QUERY_BYTES } from "../../src/traceql/limits.ts";
import { lintQuery } from "../../src/traceql/lint-query.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { TraceQlError } from "../../src/traceql/traceql-error.ts";

function errorOf(text: string): TraceQlError {
  try {
    parseQuery(text);
  } catch (error) {
    if (error instanceof TraceQlError) return error;
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

describe("an error of a query", () => {
  it("is an invalid argument with line, column, range, what was expected, what came and how to mend it", () => {
    const error = errorOf('{ .a = 1 &&\n  .b == "x" }');
    expect(error).toBeInstanceOf(TracAggError);
    expect(error).toMatchObject({
      name: "TraceQlError",
      code: "invalid_argument",
      line: 2,
      column: 6,
      start: 17,
      end: 19,
      expected: "an operator or `}`",
      found: "`==`",
      suggestion: "write `=`",
    });
    expect(error.message).toBe("line 2, column 6: expected an operator or `}`, got `==`; write `=`");
  });

  it("has no suggestion where there is none", () => {
    expect(errorOf("{ .a = }").message).toBe("line 1, column 8: expected a field or a value, got `}`");
  });

  it("says so when the query ended too soon", () => {
    expect(errorOf("{ .a = 1").message).toBe(
      "line 1, column 9: expected an operator or `}`, got the end of the query",
    );
    expect(errorOf("").message).toBe(
      "line 1, column 1: expected spans such as `{ ... }`, or an aggregate, got the end of the query",
    );
  });

  it.each([
    ['{ service.name = "a" }', "a scope before an attribute", "did you mean `resource.service.name`?"],
    ["{ http.method = 1 }", "a scope before an attribute", "did you mean `span.http.method`?"],
    ["{ resorce.a = 1 }", "a scope before an attribute", "did you mean `resource.a`?"],
    ["{ .a == 1 }", "an operator or `}`", "write `=`"],
    ["{ .a === 1 }", "an operator or `}`", "write `=`"],
    ["{ .a =< 1 }", "an operator or `}`", "write `<=`"],
    ["{ .a and .b }", "an operator or `}`", "write `&&`"],
    ["{ .a OR .b }", "an operator or `}`", "write `||`"],
    ["{ .a & .b }", "an operator or `}`", "write `&&`"],
    ["{ not .a }", "a field or a value", "write `!`"],
    ["{ .a = null }", "a field or a value", "write `nil`"],
    ["{ .a = 'x' }", "a text in double quotes", 'write `"x"`'],
    ['{ .a = "x }', '`"` at the end of the text', 'a `"` is missing'],
    ["{ .a = `x }", "a backtick at the end of the text", "a backtick is missing"],
    ["{ durtion > 1s }", "a field or a value", "did you mean `duration`?"],
    ["{ span:durtion > 1s }", "a field or a value", "did you mean `span:duration`?"],
    ["{ status = eror }", "a field or a value", "did you mean `error`?"],
    ["{ .a = checkout }", "a field or a value", 'an attribute is `.checkout`, a text is `"checkout"`'],
    [
      "{ parent.a = 1 }",
      "an attribute of the span itself",
      "attributes of the parent are not supported, write `{ .a ... } > { ... }`",
    ],
    ["{ parent = nil }", "a field or a value", "`parent` is not supported, write `{ ... } > { ... }`"],
    [
      "{ .a > 5sec }",
      "a number or a duration",
      "durations are written `50ms`, `1.5s` or `1h30m`; a text needs quotes",
    ],
    ["{} | cuont() > 1", "spans such as `{ ... }`, or a stage", "did you mean `count`?"],
    ["{} | slect(.a)", "spans such as `{ ... }`, or a stage", "did you mean `select`?"],
    ["rate()", "spans before a function over time", "write `{ } | rate(...)`"],
    ["topk(5)", "a function over time before it", "write `{ } | rate() | topk(...)`"],
    [
      "{} | rate() / 2",
      "`|` or the end of the query",
      "functions over time stand in parentheses beside an operator: `(...) / (...)`",
    ],
    [
      "{} | rate() | select(.a)",
      "`topk`, `bottomk` or a comparison, as a function over time is the last stage over spans",
      undefined,
    ],
    [
      "{} | quantile_over_time(duration, 95)",
      "a quantile from 0 to 1, such as `.95`",
      "did you mean `0.95`?",
    ],
    ["{} | by(.a, .b)", "`)`: spans are grouped by one value", "write `| by(...) | by(...)`"],
    [
      "{ .a } > 5",
      "an operator that goes between spans and a number",
      "an aggregate is compared in a stage of its own: `{ ... } | count() > 2`",
    ],
    ["{} | count()", "a comparison of the aggregate, such as `> 2`", undefined],
    ["{} with(sampel=true)", "the name of a hint", "did you mean `sample`?"],
    ["({} | rate()) * 50ms", "a number", "series of durations are in seconds, write `0.05` for 50ms"],
    ["({} | rate()) * (1 / 0)", "a divisor other than 0", undefined],
    ["{} | orderBy(.a, down)", "`asc` or `desc`", undefined],
    ['{ .a = "\\q" }', "an escape such as `\\n` or `\\\\`", "write `\\\\`, or the text in backticks"],
    ['{ ."a\\n" = 1 }', '`\\"` or `\\\\` in a quoted key', "write `\\\\` for a backslash"],
    [
      "{ .a = 9223372036854775808 }",
      "a number of 64 bits",
      "the greatest is 9223372036854775807, or write it with `.0`",
    ],
    ["{ .a = 300y }", "a duration under 292 years", undefined],
    [
      "{ .a = 1.5d }",
      "a number or a duration",
      "durations are written `50ms`, `1.5s` or `1h30m`; a text needs quotes",
    ],
    ["{ .a /* b }", "`*/` at the end of the comment", undefined],
    ["{ . = 1 }", "the key of an attribute", 'a key with blanks needs quotes: `span."a b"`'],
    ["{} {}", "`|`, an operator or the end of the query", undefined],
    ["{ .a # 1 }", "an operator or `}`", undefined],
  ])("of %s expects %s", (text, expected, suggestion) => {
    const error = errorOf(text);
    expect([error.expected, error.suggestion]).toEqual([expected, suggestion]);
  });

  it("repeats no more than a piece of the query", () => {
    expect(errorOf(`{ .a = '${"x".repeat(1000)}' }`).message.length).toBeLessThan(200);
  });
});

describe("a limit of a query", () => {
  it("is its length", () => {
    const longest = `{ .a = "${"é".repeat((MAX_QUERY_BYTES - 12) / 2)}" }`;
    expect(() => parseQuery(longest)).not.toThrow();
    expect(errorOf(`${longest}  `).expected).toBe("at most 131072 bytes");
  });

  it.each([
    ["parentheses in a condition", (depth: number) => `{ ${"(".repeat(depth)}.a${")".repeat(depth)} }`],
    ["signs", (depth: number) => `{ ${"!".repeat(depth)}.a }`],
    ["powers", (depth: number) => `{ .a${" ^ .a".repeat(depth)} = 1 }`],
    ["parentheses round spans", (depth: number) => `${"(".repeat(depth)}{}${")".repeat(depth)}`],
  ])("is the nesting of %s", (_name, textOf) => {
    expect(() => parseQuery(textOf(MAX_NESTING))).not.toThrow();
    expect(errorOf(textOf(MAX_NESTING + 1)).expected).toBe(`at most ${MAX_NESTING} levels of nesting`);
  });

  it("is the number of operators", () => {
    const textOf = (operators: number): string => `{.a${" || .a".repeat(operators)} }`;
    const longest = textOf(MAX_OPERATORS);
    expect(printQuery(parseQuery(longest)).length).toBeGreaterThan(longest.length);
    expect(lintQuery(longest)).toEqual([]);
    expect(errorOf(textOf(MAX_OPERATORS + 1)).expected).toBe(`at most ${MAX_OPERATORS} operators in a query`);
  });
});
