import { describe, expect, it } from "vitest";
import type { RunSegment } from "../../../src/store/lake/merge-runs.ts";
import { isPressing, nextRun, runLimits } from "../../../src/store/lake/merge-runs.ts";
import type { SegmentMeta } from "../../../src/store/lake/segment-meta.ts";

const MEBIBYTE = 1024 * 1024;
const HOUR_MILLIS = 3_600_000;
const NONE: ReadonlySet<string> = new Set();
const LIMITS = runLimits({ mergeSegments: 4, retentionAgeMillis: 0, retentionBytes: 0 });

/** Segments of these sizes in mebibytes, an hour of arrivals each, named "0", "1", ... */
function segmentsOf(
  sizes: readonly number[],
  meta: (index: number) => Partial<SegmentMeta> = () => ({}),
): RunSegment[] {
  return sizes.map((mebibytes, index) => ({
    name: String(index),
    byteSize: mebibytes * MEBIBYTE,
    meta: {
      formatVersion: 2,
      firstPosition: index,
      lastPosition: index,
      firstArrivalUnixMillis: index * HOUR_MILLIS,
      lastArrivalUnixMillis: (index + 1) * HOUR_MILLIS,
      traceCount: 10,
      replaces: [],
      ...meta(index),
    } as unknown as SegmentMeta,
  }));
}

function namesOf(run: readonly RunSegment[] | undefined): string {
  return run === undefined ? "none" : run.map(({ name }) => name).join();
}

const chosen = (segments: readonly RunSegment[], limits = LIMITS, apart = NONE): string =>
  namesOf(nextRun(segments, limits, apart));

describe("the segments that are merged next", () => {
  it("are neighbours of one size class, once there are enough of them", () => {
    expect(chosen(segmentsOf([5, 5, 5]))).toBe("none");
    expect(chosen(segmentsOf([5, 5, 5, 5, 5]))).toBe("0,1,2,3,4");
    expect(chosen(segmentsOf([40, 40, 5, 5, 5, 5]))).toBe("2,3,4,5");
    expect(chosen(segmentsOf([30, 30, 30, 30]))).toBe("0,1,2,3");
  });

  it("are the smallest first, and take smaller ones between them along", () => {
    expect(chosen(segmentsOf([5, 5, 5, 5, 0.1, 0.1, 0.1, 0.1]))).toBe("4,5,6,7");
    expect(chosen(segmentsOf([5, 0.1, 5, 5]))).toBe("0,1,2,3");
  });

  it("do not write a large one again for the sake of a few small ones, but do so with small ones", () => {
    expect(chosen(segmentsOf([5, 0.1, 0.1, 0.1]))).toBe("none");
    expect(chosen(segmentsOf([0.9, 0.1, 0.1, 0.1]))).toBe("0,1,2,3");
  });

  it("are together no larger and span no longer time than a segment may", () => {
    expect(chosen(segmentsOf([200, 200, 200, 200]))).toBe("none");
    const shortTime = { ...LIMITS, maxWindowMillis: 4 * HOUR_MILLIS };
    expect(chosen(segmentsOf([5, 5, 5, 5, 5, 5]), shortTime)).toBe("0,1,2,3");
    expect(chosen(segmentsOf([5, 5, 5, 5, 5]), { ...LIMITS, maxWindowMillis: 3 * HOUR_MILLIS })).toBe("none");
    const gap = (index: number): Partial<SegmentMeta> =>
      index < 2
        ? { firstArrivalUnixMillis: -99 * HOUR_MILLIS, lastArrivalUnixMillis: -98 * HOUR_MILLIS }
        : {};
    expect(chosen(segmentsOf([5, 5, 5, 5, 5, 5], gap))).toBe("2,3,4,5");
  });

  it("leave out what retention could then not remove in time", () => {
    const limits = runLimits({
      mergeSegments: 4,
      retentionAgeMillis: 16 * HOUR_MILLIS,
      retentionBytes: 80 * MEBIBYTE,
    });
    expect(limits).toEqual({ minSegments: 4, maxBytes: 10 * MEBIBYTE, maxWindowMillis: 2 * HOUR_MILLIS });
    expect(LIMITS).toMatchObject({ maxBytes: 128 * MEBIBYTE, maxWindowMillis: 24 * HOUR_MILLIS });
  });

  it("are never of format 1, and never those that are to be left apart", () => {
    const oldFormat = (index: number): Partial<SegmentMeta> => (index === 2 ? { formatVersion: 1 } : {});
    expect(chosen(segmentsOf([5, 5, 5, 5, 5], oldFormat))).toBe("none");
    expect(chosen(segmentsOf([5, 5, 5, 5, 5, 5, 5], oldFormat))).toBe("3,4,5,6");
    expect(chosen(segmentsOf([5, 5, 5, 5, 5]), LIMITS, new Set(["0"]))).toBe("1,2,3,4");
  });

  it("have no more traces, inputs and replaced segments than a merge takes on", () => {
    expect(chosen(segmentsOf([5, 5, 5, 5], () => ({ traceCount: 300_000 })))).toBe("none");
    expect(chosen(segmentsOf([5, 5, 5, 5], () => ({ replaces: Array(1_500).fill("x") })))).toBe("none");
    const many = segmentsOf(Array(40).fill(0.1), () => ({
      firstArrivalUnixMillis: 0,
      lastArrivalUnixMillis: 1,
    }));
    expect(nextRun(many, LIMITS, NONE)).toHaveLength(32);
  });

  it("do not wait for quiet once they are three times enough, or can grow no more", () => {
    const presses = (sizes: readonly number[], limits = LIMITS): boolean => {
      const segments = segmentsOf(sizes);
      return isPressing(nextRun(segments, limits, NONE)!, segments, limits);
    };
    expect(presses(Array(11).fill(5))).toBe(false);
    expect(presses(Array(12).fill(5))).toBe(true);
    // Limits that end a run before it has three times the segments must not make it wait for ever.
    const small = { ...LIMITS, maxBytes: 30 * MEBIBYTE };
    expect(presses(Array(6).fill(5), small)).toBe(false);
    expect(presses(Array(7).fill(5), small)).toBe(true);
    const many = { ...LIMITS, minSegments: 32, maxWindowMillis: 99 * HOUR_MILLIS };
    expect(presses(Array(32).fill(0.1), many)).toBe(false);
    expect(presses(Array(33).fill(0.1), many)).toBe(true);
    expect(presses([5, 5, 5, 5, 90])).toBe(true);
  });

  it("are none when merging is off", () => {
    for (const minSegments of [0, 1])
      expect(chosen(segmentsOf([5, 5, 5, 5, 5]), { ...LIMITS, minSegments })).toBe("none");
  });
});
