import fc from "fast-check";
import { expect, test } from "vitest";
import { durationMsBetween, isoFromUnixNano, unixNanoFromIso } from "../../src/model/time.ts";

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

test("ISO text has nine fractional digits, always", () => {
  expect(isoFromUnixNano(0n)).toBe("1970-01-01T00:00:00.000000000Z");
  expect(isoFromUnixNano(1_700_000_000_123_456_789n)).toBe("2023-11-14T22:13:20.123456789Z");
  expect(isoFromUnixNano(MAX_UINT64)).toBe("2554-07-21T23:34:33.709551615Z");
});

test("every nanosecond of 64 bits survives the way to ISO and back", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MAX_UINT64 }), (nanos) => {
      expect(unixNanoFromIso(isoFromUnixNano(nanos))).toBe(nanos);
    }),
  );
});

test.each([
  ["2023-11-14T22:13:20Z", 1_700_000_000_000_000_000n],
  ["2023-11-14T22:13:20.5Z", 1_700_000_000_500_000_000n],
  ["2023-11-14T23:13:20.000000001+01:00", 1_700_000_000_000_000_001n],
  ["2023-11-14t22:13:20z", 1_700_000_000_000_000_000n],
])("%s reads as %s", (text, nanos) => {
  expect(unixNanoFromIso(text)).toBe(nanos);
});

test.each([
  "",
  "now",
  "2023-11-14",
  "2023-11-14T22:13:20",
  "2023-13-14T22:13:20Z",
  "2023-11-14T22:13:20.1234567890Z",
  "1969-12-31T23:59:59Z",
  "2600-01-01T00:00:00Z",
])("%j is no time", (text) => {
  expect(unixNanoFromIso(text)).toBeUndefined();
});

test("durations keep their fraction and are never negative", () => {
  expect(durationMsBetween(0n, 1_500_001n)).toBe(1.500001);
  expect(durationMsBetween(5n, 3n)).toBe(0);
});
