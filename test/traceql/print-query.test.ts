import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSyntax } from "../../src/traceql/parse-query.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { read, withoutRanges } from "./query-text.ts";
import { randomQuery } from "./random-query.ts";

const printed = (text: string): string => printQuery(parseSyntax(text));

describe("a printed query", () => {
  it.each([
    ["{}", "{ }"],
    ['{.a=1&&span.b!="x"}', '{ .a = 1 && span.b != "x" }'],
    ["{duration>90s||name=~`a\\d`}", "{ span:duration > 1m30s || span:name =~ `a\\d` }"],
    ["{nestedSetParent<0}", "{ nestedSetParent < 0 }"],
    ["{ (.a + .b) * .c = ((.d)) }", "{ (.a + .b) * .c = .d }"],
    ["{ -(.a * .b) ^ 2 = - 1 }", "{ -(.a * .b) ^ 2 = -1 }"],
    ["{ (-2) ^ 2 = .a }", "{ (-2) ^ 2 = .a }"],
    ['{ span."a".b = 1 && span."a b" = 2 }', '{ span.a.b = 1 && span."a b" = 2 }'],
    ['{ ."5xx" = 1.0 }', '{ ."5xx" = 1.0 }'],
    ["{.a}||({.b}&&{.c})", "{ .a } || ({ .b } && { .c })"],
    ["({.a}||{.b})&&{.c}", "{ .a } || { .b } && { .c }"],
    ["{.a} !>> ({.b} | count()>2)", "{ .a } !>> ({ .b } | count() > 2)"],
    ["{}|by(.a)|coalesce()|select(name)", "{ } | by(.a) | coalesce() | select(span:name)"],
    ["{}|orderBy(max(duration))", "{ } | orderBy(max(span:duration), desc)"],
    ["{}|rate()by(.a,.b)|topk(3)|>5", "{ } | rate() by(.a, .b) | topk(3) > 5"],
    ["{}|compare({.a},10)", "{ } | compare({ .a })"],
    ["{}|compare({.a},10,1,2)", "{ } | compare({ .a }, 10, 1, 2)"],
    ["1/2*({}|rate())-(({}|rate())-1)", "0 * ({ } | rate()) - (({ } | rate()) - 1)"],
    ["{}with(exemplars=true)", "{ } with(exemplars = true)"],
  ])("of %s is %s", (text, expected) => {
    expect(printed(text)).toBe(expected);
  });

  it.each([
    ["0s", "0s"],
    ["1500us", "1.5ms"],
    ["1000ns", "1us"],
    ["60s", "1m"],
    ["36h", "1d12h"],
    ["1w", "7d"],
    ["25h0.5s", "25h500ms"],
    ["61.25s", "1m1.25s"],
    ["-90m", "-1h30m"],
  ])("writes the duration %s as %s", (written, expected) => {
    expect(printed(`{ .a = ${written} }`)).toBe(`{ .a = ${expected} }`);
  });

  it("is read as the same query again, whatever the query", () => {
    fc.assert(
      fc.property(randomQuery, (query) => {
        const text = printQuery(query);
        expect(read(text)).toEqual(withoutRanges(query));
        expect(printQuery(parseSyntax(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
