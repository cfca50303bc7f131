import { describe, expect, it } from "vitest";
import { tagsFromLogfmt } from "../../../src/api/tempo/logfmt.ts";
import { goDurationText, nanosFromGoDuration } from "../../../src/base/go-duration.ts";

describe("durations as Go writes them", () => {
  it.each([
    ["0s", 0n],
    ["1ns", 1n],
    ["1.5µs", 1_500n],
    ["60ms", 60_000_000n],
    ["1.5s", 1_500_000_000n],
    ["1m0s", 60_000_000_000n],
    ["1m30.5s", 90_500_000_000n],
    ["26h0m0.000000001s", 93_600_000_000_001n],
    ["-2ms", -2_000_000n],
  ])("%s is written and read", (text, nanos) => {
    expect(goDurationText(nanos)).toBe(text);
    expect(nanosFromGoDuration(text)).toBe(nanos);
  });

  it.each([
    [".5s", 500_000_000n],
    ["1.s", 1_000_000_000n],
    ["1h1ms", 3_600_001_000_000n],
    ["2us", 2_000n],
    ["0", 0n],
    ["", undefined],
    ["5", undefined],
    ["1d", undefined],
    ["s", undefined],
    ["9999999999h", undefined],
  ])("%j is read", (text, nanos) => {
    expect(nanosFromGoDuration(text)).toBe(nanos);
  });
});

describe("tags in logfmt", () => {
  it.each([
    ["", []],
    ["a=b", [["a", "b"]]],
    [
      ' a=b  c="d e" ',
      [
        ["a", "b"],
        ["c", "d e"],
      ],
    ],
    ['k="say \\"hi\\"\\n"', [["k", 'say "hi"\n']]],
    [
      "alone http.url=/a?b=c",
      [
        ["alone", ""],
        ["http.url", "/a?b=c"],
      ],
    ],
  ])("reads %j", (text, tags) => {
    expect(tagsFromLogfmt(text).map(({ key, value }) => [key, value])).toEqual(tags);
  });

  it.each(["=b", 'a="b', 'a="b"c', 'a b"'])("refuses %j", (text) => {
    expect(() => tagsFromLogfmt(text)).toThrow(/^invalid tags: expected key=value/);
  });
});
