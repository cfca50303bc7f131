import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { textPattern } from "../../../src/filter/evaluator/text-pattern.ts";

describe("a pattern", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["a", "a", true],
    ["a", "ab", false],
    ["a", "ba", false],
    ["a.c", "abc", true],
    ["a\\.c", "abc", false],
    ["a\\.c", "a.c", true],
    ["a|b|c", "b", true],
    ["a|b|c", "ab", false],
    ["a|", "", true],
    ["a\\|b", "a|b", true],
    ["ab.*", "abc", true],
    ["ab.*", "ab", true],
    ["ab.*", "xab", false],
    ["ab.*", "abc\nd", false],
    ["a\\.*", "a...", true],
    ["a\\.*", "abc", false],
    [".*b.*", "abc", true],
    ["(?i)A", "a", true],
    ["(?s)a.*", "a\nb", true],
    ["^a$", "a", true],
    ["", "", true],
    ["", "a", false],
    ["\\d+", "42", true],
    [".", "\u{1f600}", true],
  ];

  it.each(cases)("%j matches the whole of a text or nothing: %j -> %s", (pattern, text, expected) => {
    expect(textPattern(pattern, 0)(text)).toBe(expected);
  });

  it("is matched the same with and without the machine", () => {
    const unit = fc.constantFrom("a", "b", ".", "*", "|", "\\", "-", "/", "\n", "+", "é");
    const text = fc.string({ unit, maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, subject) => {
        let machine: RE2JS;
        try {
          machine = RE2JS.compile(pattern);
        } catch {
          expect(() => textPattern(pattern, 0)).toThrow(/regular expression/);
          return;
        }
        const matches = textPattern(pattern, 0);
        for (const each of [subject, pattern, pattern.slice(0, -2), ...pattern.split("|")]) {
          expect([each, matches(each)]).toEqual([each, machine.testExact(each)]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes a text that would hold a backtracking machine for years", () => {
    expect(textPattern("(a+)+(b|c)", 0)("a".repeat(20_000))).toBe(false);
  });

  it("that is none is refused with its place", () => {
    expect(() => textPattern("a(", 7)).toThrow(/^character 8: expected a regular expression/);
    expect(() => textPattern("(?<=a)b", 0)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
