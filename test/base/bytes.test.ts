import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesFromHex, hexFromBytes } from "../../src/base/bytes.ts";

describe("hex", () => {
  test("of any bytes reads back, in either case", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = hexFromBytes(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("hex"));
        expect(bytesFromHex(text)).toEqual(bytes);
        expect(bytesFromHex(text.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test.each(["0", "0g", "g0", "@1", "/0", ":0", "`a", "0x", " 0", "é0", "00\ud83d\ude00", "1A2"])(
    "%j is none",
    (text) => {
      expect(bytesFromHex(text)).toBeUndefined();
    },
  );
});
