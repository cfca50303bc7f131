import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nanosFromMillisText, unixNanoFromText } from "../../src/query/moment-text.ts";

/** 2023-11-14T22:13:20Z. */
const NOW_MILLIS = 1_700_000_000_000;
const NOW_NANOS = 1_700_000_000_000_000_000n;

const read = (text: string) => unixNanoFromText(text, "start", NOW_MILLIS);

describe("unixNanoFromText", () => {
  it.each([
    ["2023-11-14T22:13:20Z", NOW_NANOS],
    ["2023-11-14T22:13:20.123456789Z", NOW_NANOS + 123_456_789n],
    ["2023-11-15T00:13:20+02:00", NOW_NANOS],
    ["2023-11-15T00:13:20 02:00", NOW_NANOS],
    ["1700000000", NOW_NANOS],
    ["1700000000.5", NOW_NANOS + 500_000_000n],
    ["1700000000000", NOW_NANOS],
    ["1700000000000000", NOW_NANOS],
    ["1700000000000000001", NOW_NANOS + 1n],
    ["0", 0n],
    ["now", NOW_NANOS],
    ["-1h", NOW_NANOS - 3_600_000_000_000n],
    ["now-15m", NOW_NANOS - 900_000_000_000n],
    ["-30s", NOW_NANOS - 30_000_000_000n],
    ["-7d", NOW_NANOS - 604_800_000_000_000n],
    ["-999999999d", 0n],
  ])("reads %s", (text, nanos) => {
    expect(read(text)).toBe(nanos);
  });

  it.each([
    "",
    "yesterday",
    "-1y",
    "+1h",
    "-1",
    "2023-11-14",
    "2023-11-14T22:13:20",
    "1e9",
    "0x10",
    "20000000000000000000",
  ])('refuses "%s" and says what it reads', (text) => {
    expect(() => read(text)).toThrow(
      `start: expected an RFC 3339 time (2026-01-31T12:00:00Z), an epoch time in s, ms, us or ns, now, or a time back from now such as -1h (units s m h d), got "${text}"`,
    );
  });

  it("reads every nanosecond of this century exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 17n, max: 4n * 10n ** 18n }), (nanos) => {
        expect(read(nanos.toString())).toBe(nanos);
      }),
    );
  });
});

describe("nanosFromMillisText", () => {
  it.each([
    ["0", 0n],
    ["250", 250_000_000n],
    ["0.25", 250_000n],
    ["0.000001", 1n],
    ["1.50000000", 1_500_000n],
  ])("reads %s ms", (text, nanos) => {
    expect(nanosFromMillisText(text, "minDurationMs")).toBe(nanos);
  });

  it.each(["", "-1", "fast", "1,5", "0.0000001", ".5", "99999999999999999999"])('refuses "%s"', (text) => {
    expect(() => nanosFromMillisText(text, "minDurationMs")).toThrow(
      `minDurationMs: expected a number of milliseconds from 0, at most six digits after the point (12.5), got "${text}"`,
    );
  });
});
