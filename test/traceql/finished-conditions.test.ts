import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finishedConditions } from "../../src/traceql/finished-conditions.ts";
import { expressionText } from "../../src/traceql/print-query.ts";

/** The conditions of the first filter; undefined when nothing narrows the spans down. */
function conditionsIn(text: string): string | undefined {
  const stage = finishedConditions(text)?.stages[0];
  return stage?.node === "filter" && stage.condition !== undefined
    ? expressionText(stage.condition)
    : undefined;
}

describe("what is finished of half a query", () => {
  it.each([
    ['{ span.a = "x" && span.b = }', 'span.a = "x"'],
    ['{ span.a = "x" && span.b = 1', 'span.a = "x" && span.b = 1'],
    ['{a="x" && b= }', undefined],
    ['{ .a="x" && true&& duration > }', '.a = "x" && true'],
    ['{ span.a = "x && y" && span.b = "half', 'span.a = "x && y"'],
    ["{ span.a = `}` && ", 'span.a = "}"'],
    ['{ (span.a = "x" && span.b = 2) && span.', 'span.a = "x" && span.b = 2'],
    ['{ span.a = "x" && (span.b = 1 && span.c', 'span.a = "x"'],
    ['{ span.a = "x" && span.half }', 'span.a = "x" && span.half'],
    ['{ span.a = "x" && span.half', 'span.a = "x"'],
    ['{ span.a = "x" } | by(', 'span.a = "x"'],
    ['{ span.a = "x" } | rate()', 'span.a = "x"'],
    ['{ span.a = "x" || span.b = }', undefined],
    ['{ span.a = "x" && span.b = 1 || span.c = }', undefined],
    ['{ span.a = "x" } >> { span.b = }', undefined],
    ["{ }", undefined],
    ["", undefined],
    ["span.a = 1", undefined],
    ["}{", undefined],
  ])("%s", (text, expected) => {
    expect(conditionsIn(text)).toBe(expected);
  });

  it("is read out of any text without a failure", () => {
    const words = fc.constantFrom(...'{ } ( ) && || = != span.a .b "x" "h ` 1 5ms true |'.split(" "));
    fc.assert(
      fc.property(fc.array(words, { maxLength: 14 }), (all) => {
        finishedConditions(all.join(" "));
      }),
      { numRuns: 2_000 },
    );
  });
});
