/** Call-path profiles: the critical paths of many traces added up by the way down to where the time went. */

import type { Steps } from "../../base/time-slice.ts";
import { atOnce } from "../../base/time-slice.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { LatencySketch } from "../latency-sketch.ts";
import { stepsOfWeight, WEIGHT_STEPS } from "../weight-steps.ts";
import { FrameTable } from "./frame-table.ts";
import type { PathSum } from "./path-sums.ts";
import { PathSums } from "./path-sums.ts";
import { OVERFLOW_PATH, PathTable } from "./path-table.ts";
import { TracePaths } from "./trace-paths.ts";

/** Deepest call path told apart; what is deeper counts where it leaves that depth. */
export const MAX_PATH_DEPTH = 64;
/** Some megabytes; real systems have hundreds of call paths, and random names would have no end. */
const DEFAULT_MAX_PATHS = 10_000;

/** Bounds of a {@link CallPathProfile}, and what it shares with others. */
export interface CallPathProfileOptions {
  /** Most call paths told apart; further ones are one node named `(other)`. Default 10,000. */
  readonly maxPaths?: number;
  /** Numbers of the columns that are added; profiles that share one merge faster. Default: one of its own. */
  readonly frames?: FrameTable;
  /** Numbers of call paths; profiles that share them merge without looking paths up. Default: of its own, `maxPaths`. */
  readonly paths?: PathTable;
  /** Where traces are worked out; profiles that are added to one after the other may share it. Default: of its own. */
  readonly working?: TracePaths;
}

/** What one trace added; the arrays are written over by the next trace. */
export interface TraceContribution {
  /** Number of the call path of the trace's root. */
  readonly rootPath: number;
  /** The root's duration: what the critical path tiles. */
  readonly durationNanos: number;
  /** How many call paths have time on the critical path. */
  readonly pathCount: number;
  /** Their numbers, the first `pathCount`. */
  readonly paths: Int32Array;
  /** Critical-path time by number of call path. */
  readonly selfNanos: Float64Array;
  /** True when the clock of a host was set. */
  readonly isCorrected: boolean;
}

/** Sums over all traces of a profile. */
export interface ProfileTotals {
  /** Traces added, less those removed. */
  readonly traceCount: number;
  /** Sum of their weights, in 1/1,024. */
  readonly traceSteps: number;
  /** Their distinct spans. */
  readonly spanCount: number;
}

/**
 * A profile of the critical paths of many traces.
 *
 * Everything in it but the exemplars is a sum of whole numbers: merging is associative and commutative, and
 * {@link remove} takes a trace back to the last bit, from the profile it was added to. The critical-path times of all
 * call paths sum to the time of all traces exactly, so their shares sum to 1. Where call paths find no room, which
 * ones depends on the order; sums over all of them do not.
 *
 * @example
 * const profile = new CallPathProfile();
 * for (const trace of traces) profile.add(columnsOfSpans(trace, profile.frames));
 * rankOperations(profile, "critical")[0]; // where a fix would help most
 */
export class CallPathProfile {
  /** Numbers of services, operations and kinds, as the columns have them. */
  readonly frames: FrameTable;
  /** Numbers of call paths. */
  readonly paths: PathTable;
  readonly #sums: PathSums = new PathSums();
  /** By frame, of every span. */
  readonly #durations: (LatencySketch | undefined)[] = [];
  readonly #working: TracePaths;
  #totals: ProfileTotals = { traceCount: 0, traceSteps: 0, spanCount: 0 };

  constructor({ maxPaths = DEFAULT_MAX_PATHS, frames, paths, working }: CallPathProfileOptions = {}) {
    this.frames = frames ?? new FrameTable();
    this.paths = paths ?? new PathTable(maxPaths, MAX_PATH_DEPTH);
    this.#working = working ?? new TracePaths();
    this.#reservePaths();
  }

  /** Sums over all traces. */
  get totals(): ProfileTotals {
    return this.#totals;
  }

  /** Spans whose call path found no room: they are in the node named `(other)`. */
  get overflowSpanCount(): number {
    return this.#sums.spanCountOf(OVERFLOW_PATH);
  }

  /**
   * Adds a trace.
   *
   * @param columns frame numbers are those of {@link CallPathProfile.frames}
   * @param weight how many traces it stands for, its adjusted count: 1/1,024 to 2^30, rounded to 1/1,024. Default 1.
   * @throws RangeError for other weights, and for a trace without a span.
   */
  add(columns: TraceColumns, weight = 1): TraceContribution {
    return this.#count(columns, stepsOfWeight(weight), 1);
  }

  /** Takes back a trace that was added with these very spans and this weight. @throws RangeError as {@link add}. */
  remove(columns: TraceColumns, weight = 1): TraceContribution {
    return this.#count(columns, stepsOfWeight(weight), -1);
  }

  /** Adds everything in another profile; returns the number here of each of its call paths. */
  merge(other: CallPathProfile): Int32Array {
    return atOnce(this.mergeInSteps(other));
  }

  /** {@link merge} as work that can be done in slices; neither profile may change meanwhile. */
  *mergeInSteps(other: CallPathProfile): Steps<Int32Array> {
    const isSame = other.paths === this.paths;
    const places = isSame
      ? Int32Array.from({ length: this.paths.count }, (_, path) => path)
      : new Int32Array(other.paths.count);
    places[OVERFLOW_PATH] = OVERFLOW_PATH;
    this.#reservePaths();
    for (let path = 1; path < places.length; path++) {
      const parent = places[other.paths.parentOf(path)] as number;
      if (path !== OVERFLOW_PATH && !isSame) {
        places[path] = this.paths.below(parent, this.#frameFrom(other, other.paths.frameOf(path)));
        this.#reservePaths();
      }
      this.#sums.merge(places[path] as number, other.at(path), parent === OVERFLOW_PATH);
      yield 1;
    }
    if (other.paths.isFull) this.paths.close();
    for (const [frame, durations] of other.durations()) {
      this.#durationsOf(this.#frameFrom(other, frame)).merge(durations);
      yield 1;
    }
    this.#addTotals(other.totals, 1);
    return places;
  }

  /** What is known of a call path. */
  at(path: number): PathSum {
    // Another profile may have given the path its number.
    this.#reservePaths();
    return this.#sums.at(path);
  }

  /** Sketches of the durations of all spans by frame, those of empty ones left out. */
  *durations(): Generator<readonly [frame: number, durations: LatencySketch], void> {
    for (const [frame, durations] of this.#durations.entries()) {
      if (durations?.isEmpty === false) yield [frame, durations];
    }
  }

  /** Adds sums that another profile told of a call path, of frames and of all traces: for reading stored profiles. */
  restore(
    totals: ProfileTotals,
    durations: ReadonlyMap<number, LatencySketch>,
    sums: ReadonlyMap<number, PathSum>,
  ): void {
    for (const [path, sum] of sums) this.restorePath(path, sum);
    for (const [frame, sketch] of durations) this.#durationsOf(frame).merge(sketch);
    this.#addTotals(totals, 1);
  }

  /** Adds what another profile told of one call path; totals and durations are {@link restore}d by themselves. */
  restorePath(path: number, sum: PathSum): void {
    this.#reservePaths();
    this.#sums.merge(path, sum);
  }

  #count(columns: TraceColumns, steps: number, sign: 1 | -1): TraceContribution {
    const working = this.#working;
    working.find(columns, this.frames, this.paths);
    const { tree, pathOfNode, touchedCount, touched, selfNanos, isCorrected } = working;
    this.#reservePaths();
    this.#countSpans(columns, steps, sign);
    this.#countPath(columns, steps, sign);
    this.#addTotals({ traceCount: 1, traceSteps: steps, spanCount: tree.spanCount }, sign);
    return {
      rootPath: pathOfNode[tree.root] as number,
      durationNanos: (tree.ends[tree.root] as number) - (tree.starts[tree.root] as number),
      pathCount: touchedCount,
      paths: touched,
      selfNanos,
      isCorrected,
    };
  }

  #countSpans(columns: TraceColumns, steps: number, sign: 1 | -1): void {
    const { tree, nested, pathOfNode } = this.#working;
    const { rows, starts, ends, durations, nodeCount } = tree;
    const { isNested } = nested;
    const weight = steps / WEIGHT_STEPS;
    for (let node = 0; node < nodeCount; node++) {
      const path = pathOfNode[node] as number;
      if (isNested[node] === 0) {
        this.#sums.addInclusive(path, (ends[node] as number) - (starts[node] as number), sign * steps);
      }
      const row = rows[node] as number;
      if (row < 0) continue;
      this.#sums.countSpan(path, steps, sign);
      const sketch = this.#durationsOf(columns.frames[row] as number);
      if (sign === 1) sketch.add(durations[node] as number, weight);
      else sketch.remove(durations[node] as number, weight);
    }
  }

  #countPath(trace: TraceColumns, steps: number, sign: 1 | -1): void {
    const { touched, touchedCount, selfNanos } = this.#working;
    for (let at = 0; at < touchedCount; at++) {
      const path = touched[at] as number;
      const nanos = selfNanos[path] as number;
      if (sign === 1) this.#sums.addSelf(path, nanos, steps, trace);
      else this.#sums.removeSelf(path, nanos, steps, trace.traceId);
    }
  }

  #addTotals({ traceCount, traceSteps, spanCount }: ProfileTotals, sign: 1 | -1): void {
    const before = this.#totals;
    this.#totals = {
      traceCount: before.traceCount + sign * traceCount,
      traceSteps: before.traceSteps + sign * traceSteps,
      spanCount: before.spanCount + sign * spanCount,
    };
  }

  #frameFrom(other: CallPathProfile, frame: number): number {
    return other.frames === this.frames ? frame : this.frames.numberOfFrame(other.frames.frame(frame));
  }

  #durationsOf(frame: number): LatencySketch {
    let sketch = this.#durations[frame];
    if (sketch === undefined) {
      sketch = new LatencySketch();
      this.#durations[frame] = sketch;
    }
    return sketch;
  }

  /** Makes every array by call path as long as there are paths. */
  #reservePaths(): void {
    this.#sums.reserve(this.paths.count);
  }
}
