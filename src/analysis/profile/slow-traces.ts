/** What makes slow traces slow: where those above the 95th percentile spend more of their time than middling ones. */

import type { Steps } from "../../base/time-slice.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { quantileOfSorted } from "../quantile.ts";
import type { TraceContribution } from "./call-path-profile.ts";
import { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { Exemplar } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames } from "./frame-table.ts";
import { FIRST_PATH, OVERFLOW_PATH } from "./path-table.ts";
import { comparePaths } from "./profile-difference.ts";

/** Fewer traces of a root operation have no 95th percentile to speak of. */
const DEFAULT_MIN_TRACES = 20;

/** What {@link SlowTraceCollector.comparison} goes by. */
export interface SlowTraceOptions {
  /** Root operations with fewer traces are left out. Default 20. */
  readonly minTraces?: number;
}

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

/** What is kept of a trace: some ten bytes for each call path on its critical path. */
interface KeptTrace {
  readonly traceId: string;
  readonly rootPath: number;
  readonly durationNanos: number;
  readonly paths: Int32Array;
  readonly selfNanos: Float64Array;
}

interface Sums {
  slow: number;
  middle: number;
  exemplar: Exemplar | undefined;
}

/**
 * Takes traces one at a time and keeps numbers only. Slow and middling are said of each root operation by itself, so
 * that a slow kind of request is not compared with a fast one. Every trace counts once, whatever weight it has elsewhere.
 */
export class SlowTraceCollector {
  /** The profile of all traces. */
  readonly profile: CallPathProfile;
  readonly #traces: KeptTrace[] = [];

  constructor(profile: CallPathProfile = new CallPathProfile()) {
    this.profile = profile;
  }

  /** Adds a trace; frame numbers are those of the profile's table. */
  add(columns: TraceColumns): void {
    this.#keep(columns.traceId, this.profile.add(columns));
  }

  /** Adds the profile of one trace, made elsewhere, as work that can be done in slices. */
  *addProfileInSteps(traceId: string, one: CallPathProfile): Steps<void> {
    const places = yield* this.profile.mergeInSteps(one);
    const selfNanos = new Map<number, number>();
    let durationNanos = 0;
    for (const [path, place] of places.entries()) {
      const nanos = nanosOfSum(one.at(path).self);
      if (nanos === 0) continue;
      selfNanos.set(place, (selfNanos.get(place) ?? 0) + nanos);
      durationNanos += nanos;
    }
    this.#traces.push({
      traceId,
      // The first path of a profile is that of its first trace's root.
      rootPath: places[FIRST_PATH] ?? OVERFLOW_PATH,
      durationNanos,
      paths: Int32Array.from(selfNanos.keys()),
      selfNanos: Float64Array.from(selfNanos.values()),
    });
  }

  /** Slow traces against middling ones. */
  comparison({ minTraces = DEFAULT_MIN_TRACES }: SlowTraceOptions = {}): SlowTraceComparison {
    const rootOperations: SlowRootOperation[] = [];
    const sums = new Map<number, Sums>();
    let leftOutCount = 0;
    for (const [rootPath, traces] of groupedByRoot(this.#traces)) {
      if (traces.length < minTraces) {
        leftOutCount += traces.length;
        continue;
      }
      const root = rootOperationOf(this.#frameOf(rootPath), traces);
      rootOperations.push(root);
      for (const trace of traces) addTo(sums, trace, root);
    }
    rootOperations.sort(
      (left, right) => right.traceCount - left.traceCount || compareFrames(left.frame, right.frame),
    );
    const slowCount = rootOperations.reduce((sum, root) => sum + root.slowCount, 0);
    const middleCount = rootOperations.reduce((sum, root) => sum + root.middleCount, 0);
    const counts = { slowCount, middleCount };
    const paths = differencesOf(sums, counts, (path) => this.#framesTo(path));
    const byFrame = summedBy(sums, (path) => this.profile.paths.frameOf(path));
    const operations = differencesOf(byFrame, counts, (frame) => [this.profile.frames.frame(frame)]);
    return { rootOperations, leftOutCount, ...counts, operations, paths };
  }

  #keep(traceId: string, contribution: TraceContribution): void {
    const { rootPath, durationNanos, pathCount } = contribution;
    const paths = contribution.paths.slice(0, pathCount);
    const selfNanos = Float64Array.from(paths, (path) => contribution.selfNanos[path] as number);
    this.#traces.push({ traceId, rootPath, durationNanos, paths, selfNanos });
  }

  #frameOf(path: number): ProfileFrame {
    return this.profile.frames.frame(this.profile.paths.frameOf(path));
  }

  #framesTo(path: number): ProfileFrame[] {
    const frames: ProfileFrame[] = [];
    for (let at = path; at > 0; at = this.profile.paths.parentOf(at)) frames.push(this.#frameOf(at));
    return frames.reverse();
  }
}

function groupedByRoot(traces: readonly KeptTrace[]): Map<number, KeptTrace[]> {
  const groups = new Map<number, KeptTrace[]>();
  for (const trace of traces) {
    const group = groups.get(trace.rootPath);
    if (group === undefined) groups.set(trace.rootPath, [trace]);
    else group.push(trace);
  }
  return groups;
}

function rootOperationOf(frame: ProfileFrame, traces: readonly KeptTrace[]): SlowRootOperation {
  const sorted = Float64Array.from(traces, ({ durationNanos }) => durationNanos).sort();
  const cuts = {
    p40Nanos: quantileOfSorted(sorted, 0.4),
    p60Nanos: quantileOfSorted(sorted, 0.6),
    p95Nanos: quantileOfSorted(sorted, 0.95),
  };
  let slowCount = 0;
  let middleCount = 0;
  for (const nanos of sorted) {
    if (isSlow(nanos, cuts)) slowCount++;
    else if (isMiddle(nanos, cuts)) middleCount++;
  }
  return { frame, traceCount: traces.length, ...cuts, slowCount, middleCount };
}

type Cuts = Pick<SlowRootOperation, "p40Nanos" | "p60Nanos" | "p95Nanos">;

function isSlow(nanos: number, { p95Nanos }: Cuts): boolean {
  return nanos > p95Nanos;
}

function isMiddle(nanos: number, { p40Nanos, p60Nanos }: Cuts): boolean {
  return nanos >= p40Nanos && nanos <= p60Nanos;
}

function addTo(sums: Map<number, Sums>, trace: KeptTrace, cuts: Cuts): void {
  const slow = isSlow(trace.durationNanos, cuts);
  if (!slow && !isMiddle(trace.durationNanos, cuts)) return;
  for (const [at, path] of trace.paths.entries()) {
    const nanos = trace.selfNanos[at] as number;
    const sum = sumsOf(sums, path);
    if (!slow) sum.middle += nanos;
    else {
      sum.slow += nanos;
      sum.exemplar = better(sum.exemplar, { traceId: trace.traceId, nanos });
    }
  }
}

function summedBy(sums: ReadonlyMap<number, Sums>, keyOf: (path: number) => number): Map<number, Sums> {
  const summed = new Map<number, Sums>();
  for (const [path, { slow, middle, exemplar }] of sums) {
    const sum = sumsOf(summed, keyOf(path));
    sum.slow += slow;
    sum.middle += middle;
    sum.exemplar = better(sum.exemplar, exemplar);
  }
  return summed;
}

function sumsOf(sums: Map<number, Sums>, key: number): Sums {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { slow: 0, middle: 0, exemplar: undefined };
    sums.set(key, sum);
  }
  return sum;
}

/** The one with more time, the smaller id of equal ones. */
function better(known: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  if (known === undefined || other === undefined) return known ?? other;
  if (known.nanos !== other.nanos) return known.nanos > other.nanos ? known : other;
  return known.traceId <= other.traceId ? known : other;
}

function differencesOf(
  sums: ReadonlyMap<number, Sums>,
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
