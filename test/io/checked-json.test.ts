import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCheckedJson, parseCheckedJson } from "../../src/io/checked-json.ts";

const noOldForm = (): boolean => false;
const corrupt = expect.objectContaining({ code: "data_corrupt" });

test("members come back as they were, in one line and in many", () => {
  const member = fc.stringMatching(/^[a-z]{1,8}$/).filter((name) => name !== "crc32");
  const members = fc.dictionary(member, fc.jsonValue({ noUnicodeString: false }));
  fc.assert(
    fc.property(members, fc.constantFrom(0 as const, 2 as const), (given, indent) => {
      const text = formatCheckedJson(given, indent);
      const parsed = parseCheckedJson(text, noOldForm, indent);
      expect(JSON.stringify(parsed)).toBe(JSON.stringify(given));
    }),
  );
});

test("a file with any byte changed is refused", () => {
  for (const indent of [0, 2] as const) {
    const bytes = Buffer.from(formatCheckedJson({ position: 42, names: ["a", "b"] }, indent));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => parseCheckedJson(wrong.toString(), noOldForm, indent)).toThrow(corrupt);
    }
  }
});

test("a file without a checksum is read only when it is as files were before there was one", () => {
  const isOldForm = (members: object): boolean => Object.keys(members).join() === "position";
  expect(parseCheckedJson('{"position":1}', isOldForm)).toEqual({ position: 1 });
  expect(() => parseCheckedJson('{"position":1,"crc33":5}', isOldForm)).toThrow(corrupt);
  expect(() => parseCheckedJson("[", isOldForm)).toThrow(corrupt);
});
