/** Slow traces against middling ones, once it is known which is which and where they spent their time. */

import type { CallPathProfile } from "./call-path-profile.ts";
import type { Exemplar } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames } from "./frame-table.ts";
import { comparePaths } from "./profile-difference.ts";

/** A root operation and where its traces were cut. */
export interface SlowRootOperation {
  readonly frame: ProfileFrame;
  readonly traceCount: number;
  readonly p40Nanos: number;
  readonly p60Nanos: number;
  readonly p95Nanos: number;
  /** Traces longer than `p95Nanos`. */
  readonly slowCount: number;
  /** Traces from `p40Nanos` to `p60Nanos`. */
  readonly middleCount: number;
}

/** Critical-path time of slow traces against middling ones. */
export interface SlowDifference {
  /** From the root down for a call path; one for an operation. */
  readonly frames: readonly ProfileFrame[];
  /** Of the critical-path time of all slow traces, 0 to 1. */
  readonly slowShare: number;
  readonly middleShare: number;
  /** `slowShare` - `middleShare`: positive where slow traces differ for the worse. */
  readonly shareDelta: number;
  /** Mean over all slow traces, those without the path included. */
  readonly slowMeanNanos: number;
  readonly middleMeanNanos: number;
  /** The slow trace with most time in it. */
  readonly exemplar: Exemplar | undefined;
}

/** The answer; empty lists when no root operation has traces enough. */
export interface SlowTraceComparison {
  /** Most traces first. */
  readonly rootOperations: readonly SlowRootOperation[];
  /** Traces of root operations with too few of them. */
  readonly leftOutCount: number;
  readonly slowCount: number;
  readonly middleCount: number;
  /** Largest `shareDelta` first. */
  readonly operations: readonly SlowDifference[];
  /** Largest `shareDelta` first. */
  readonly paths: readonly SlowDifference[];
}

/** Critical-path time of a call path in slow and in middling traces, and the slow trace with most of it. */
export interface SlowSums {
  slow: number;
  middle: number;
  exemplar: Exemplar | undefined;
}

/** What {@link slowComparison} is made of. */
export interface SlowParts {
  readonly rootOperations: SlowRootOperation[];
  readonly leftOutCount: number;
  /** By call path of the profile. */
  readonly sums: ReadonlyMap<number, SlowSums>;
}

/** The differences by operation and by call path. */
export function slowComparison(
  { paths: table, frames }: CallPathProfile,
  { rootOperations, leftOutCount, sums }: SlowParts,
): SlowTraceComparison {
  rootOperations.sort(
    (left, right) => right.traceCount - left.traceCount || compareFrames(left.frame, right.frame),
  );
  const slowCount = rootOperations.reduce((sum, root) => sum + root.slowCount, 0);
  const middleCount = rootOperations.reduce((sum, root) => sum + root.middleCount, 0);
  const counts = { slowCount, middleCount };
  const framesTo = (path: number): ProfileFrame[] => {
    const found: ProfileFrame[] = [];
    for (let at = path; at > 0; at = table.parentOf(at)) found.push(frames.frame(table.frameOf(at)));
    return found.reverse();
  };
  const paths = differencesOf(sums, counts, framesTo);
  const byFrame = summedBy(sums, (path) => table.frameOf(path));
  const operations = differencesOf(byFrame, counts, (frame) => [frames.frame(frame)]);
  return { rootOperations, leftOutCount, ...counts, operations, paths };
}

function summedBy(
  sums: ReadonlyMap<number, SlowSums>,
  keyOf: (path: number) => number,
): Map<number, SlowSums> {
  const summed = new Map<number, SlowSums>();
  for (const [path, { slow, middle, exemplar }] of sums) {
    const sum = slowSumsOf(summed, keyOf(path));
    sum.slow += slow;
    sum.middle += middle;
    sum.exemplar = betterExemplar(sum.exemplar, exemplar);
  }
  return summed;
}

/** The sums of a key. */
export function slowSumsOf(sums: Map<number, SlowSums>, key: number): SlowSums {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { slow: 0, middle: 0, exemplar: undefined };
    sums.set(key, sum);
  }
  return sum;
}

/** The one with more time, the smaller id of equal ones. */
export function betterExemplar(
  known: Exemplar | undefined,
  other: Exemplar | undefined,
): Exemplar | undefined {
  if (known === undefined || other === undefined) return known ?? other;
  if (known.nanos !== other.nanos) return known.nanos > other.nanos ? known : other;
  return known.traceId <= other.traceId ? known : other;
}

function differencesOf(
  sums: ReadonlyMap<number, SlowSums>,
  { slowCount, middleCount }: Pick<SlowTraceComparison, "slowCount" | "middleCount">,
  framesTo: (key: number) => ProfileFrame[],
): SlowDifference[] {
  let slowWhole = 0;
  let middleWhole = 0;
  for (const { slow, middle } of sums.values()) {
    slowWhole += slow;
    middleWhole += middle;
  }
  const differences = [...sums].map(([key, { slow, middle, exemplar }]): SlowDifference => {
    const slowShare = ratio(slow, slowWhole);
    const middleShare = ratio(middle, middleWhole);
    return {
      frames: framesTo(key),
      slowShare,
      middleShare,
      shareDelta: slowShare - middleShare,
      slowMeanNanos: ratio(slow, slowCount),
      middleMeanNanos: ratio(middle, middleCount),
      exemplar,
    };
  });
  return differences.sort(
    (left, right) => right.shareDelta - left.shareDelta || comparePaths(left.frames, right.frames),
  );
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
