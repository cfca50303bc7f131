/** What makes slow traces slow: where those above the 95th percentile spend more of their time than middling ones. */

import type { Steps } from "../../base/time-slice.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { quantileOfSorted } from "../quantile.ts";
import type { TraceContribution } from "./call-path-profile.ts";
import { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { FIRST_PATH, OVERFLOW_PATH } from "./path-table.ts";
import type { SlowRootOperation, SlowSums, SlowTraceComparison } from "./slow-differences.ts";
import { betterExemplar, slowComparison, slowSumsOf } from "./slow-differences.ts";

/** Fewer traces of a root operation have no 95th percentile to speak of. */
export const DEFAULT_MIN_TRACES = 20;

/** What {@link SlowTraceCollector.comparison} goes by. */
export interface SlowTraceOptions {
  /** Root operations with fewer traces are left out. Default 20. */
  readonly minTraces?: number;
}

/** What is kept of a trace: some ten bytes for each call path on its critical path. */
interface KeptTrace {
  readonly traceId: string;
  readonly rootPath: number;
  readonly durationNanos: number;
  readonly paths: Int32Array;
  readonly selfNanos: Float64Array;
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

  /** Adds a trace; frame numbers are those of the profile's table. Returns whether the clock of a host was set. */
  add(columns: TraceColumns): boolean {
    const contribution = this.profile.add(columns);
    this.#keep(columns.traceId, contribution);
    return contribution.isCorrected;
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
    const sums = new Map<number, SlowSums>();
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
    return slowComparison(this.profile, { rootOperations, leftOutCount, sums });
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

function addTo(sums: Map<number, SlowSums>, trace: KeptTrace, cuts: Cuts): void {
  const slow = isSlow(trace.durationNanos, cuts);
  if (!slow && !isMiddle(trace.durationNanos, cuts)) return;
  for (const [at, path] of trace.paths.entries()) {
    const nanos = trace.selfNanos[at] as number;
    const sum = slowSumsOf(sums, path);
    if (!slow) sum.middle += nanos;
    else {
      sum.slow += nanos;
      sum.exemplar = betterExemplar(sum.exemplar, { traceId: trace.traceId, nanos });
    }
  }
}
