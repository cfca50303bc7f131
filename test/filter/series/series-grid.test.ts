import { describe, expect, it } from "vitest";
import {
  endOf,
  instantGrid,
  intervalOf,
  rangeGrid,
  stampOf,
  usualStepNanos,
} from "../../../src/filter/series/series-grid.ts";

const SECOND = 1_000_000_000n;
const at = (seconds: number): bigint => BigInt(Math.round(seconds * 1_000)) * 1_000_000n;
const grid = (start: number, end: number, step: number) =>
  rangeGrid({ startUnixNano: at(start), endUnixNano: at(end), stepNanos: at(step) });

describe("the intervals of a range", () => {
  it("begin one step before the start, which is a multiple of the step, and end at the next multiple", () => {
    expect(grid(103, 125, 10)).toEqual({ startUnixNano: at(90), stepNanos: at(10), intervals: 4 });
    expect(grid(100, 120, 10)).toEqual({ startUnixNano: at(90), stepNanos: at(10), intervals: 3 });
  });

  it("are without their start, with their end, and known by their end", () => {
    const tens = grid(100, 120, 10);
    expect([90, 90.001, 100, 100.001, 120, 120.001].map((moment) => intervalOf(tens, at(moment)))).toEqual([
      -1, 0, 0, 1, 2, -1,
    ]);
    expect([stampOf(tens, 0), stampOf(tens, 2), endOf(tens)]).toEqual([at(100), at(120), at(120)]);
    expect(intervalOf(tens, at(100) + 1n)).toBe(1);
  });

  it("are one for an instant, from the start to the end it is known by", () => {
    const instant = instantGrid({ startUnixNano: at(103), endUnixNano: at(125) });
    expect([intervalOf(instant, at(103)), intervalOf(instant, at(125)), stampOf(instant, 0)]).toEqual([
      -1,
      0,
      at(125),
    ]);
  });

  it("are at most 10,000, however the step is asked for", () => {
    expect(grid(10, 10_000, 1).intervals).toBe(9_991);
    expect(grid(1, 10_000, 1).intervals).toBe(10_000);
    expect(() => grid(1, 10_001, 1)).toThrow(/at most 10000 intervals, not 10001; got 1 s/);
    expect(() => grid(1, 2, 0)).toThrow(/above 0/);
  });
});

describe("the step that is not asked for", () => {
  it.each([
    ["30 days", 30 * 86_400, 3_600],
    ["10 days and more", 240 * 3_600, 3_600],
    ["a day", 86_400, 300],
    ["20 hours", 20 * 3_600, 300],
    ["4 hours", 4 * 3_600, 60],
    ["an hour", 3_600, 15],
    ["just below an hour", 3_599, 5],
    ["20 minutes", 1_200, 5],
    ["4 minutes", 240, 1],
    ["a minute", 60, 1],
    ["just below a minute", 59.9, 0.2],
    ["half a minute", 30, 0.1],
    ["10 seconds", 10, 0.05],
  ])("of %s is one of the usual ones", (_words, range, step) => {
    expect(usualStepNanos(at(range))).toBe(at(step));
  });

  it("is taken by a range without one", () => {
    expect(rangeGrid({ startUnixNano: 0n, endUnixNano: 3_600n * SECOND }).stepNanos).toBe(15n * SECOND);
  });
});
