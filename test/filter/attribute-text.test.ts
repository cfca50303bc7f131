import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesAttributeText, typedText } from "../../src/filter/attribute-text.ts";
import type { AttributeValue } from "../../src/model/attribute-value.ts";

const CASES: readonly (readonly [string, AttributeValue, string, boolean])[] = [
  ["the same text", "a", "a", true],
  ["the empty text", "", "", true],
  ["a text in another case", "a", "A", false],
  ["a text that reads as the same number", "1.0", "1", false],
  ["true", true, "true", true],
  ["false as text of true", true, "false", false],
  ["true as a number", true, "1", false],
  ["an integer", 42n, "42", true],
  ["an integer with a sign", 42n, "+42", true],
  ["a negative integer", -42n, "-42", true],
  ["an integer with a fraction of zero", 42n, "42.0", true],
  ["an integer in scientific notation", 42n, "4.2e1", true],
  ["an integer and a fraction", 42n, "42.5", false],
  ["the greatest 64-bit integer", 9_223_372_036_854_775_807n, "9223372036854775807", true],
  ["the neighbour of a great integer", 9_223_372_036_854_775_807n, "9223372036854775806", false],
  ["an integer in hexadecimal", 16n, "0x10", false],
  ["zero and the empty text", 0n, "", false],
  ["zero and a blank", 0, " ", false],
  ["a number with blanks round it", 1, " 1 ", false],
  ["a double", 0.1, "0.1", true],
  ["a double without its leading zero", 0.5, ".5", true],
  ["a whole double", 3, "3", true],
  ["a double beyond integers", 1e300, "1e300", true],
  ["not a number", Number.NaN, "NaN", true],
  ["infinity", Number.POSITIVE_INFINITY, "Infinity", true],
  ["negative infinity", Number.NEGATIVE_INFINITY, "-Infinity", true],
  ["infinity and its negative", Number.POSITIVE_INFINITY, "-Infinity", false],
  ["not a number and a word", Number.NaN, "x", false],
  ["zero and its negative", 0, "-0", true],
  ["no bytes", new Uint8Array(0), "", true],
  ["bytes without padding", new Uint8Array([1]), "AQ", false],
  ["bytes as base64", new Uint8Array([1]), "AQ==", true],
  ["an element of an array", ["a", 1n], "1", true],
  ["an element of an array in an array", [["a"]], "a", true],
  ["an empty array", [], "", false],
  ["the empty value", null, "null", false],
  ["the empty value and no text", null, "", false],
  ["a map", { a: "b" }, "b", false],
];

describe("an attribute text", () => {
  it.each(CASES)("is compared with %s", (_name, value, text, expected) => {
    expect(matchesAttributeText(value, typedText(text))).toBe(expected);
  });

  it("equals every 64-bit integer written out, and only that one", async () => {
    const anyInteger = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    await fc.assert(
      fc.property(anyInteger, (value) => {
        expect(matchesAttributeText(value, typedText(`${value}`))).toBe(true);
        expect(matchesAttributeText(value, typedText(`${value + 1n}`))).toBe(false);
      }),
    );
  });

  it("equals every double written out", async () => {
    await fc.assert(
      fc.property(fc.double(), (value) => {
        expect(matchesAttributeText(value, typedText(`${value}`))).toBe(true);
      }),
    );
  });

  it("that is very long is a text and nothing else", () => {
    const digits = "9".repeat(100_000);
    expect(typedText(digits).integer).toBeUndefined();
    expect(matchesAttributeText(digits, typedText(digits))).toBe(true);
  });
});
