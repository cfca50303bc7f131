/** Call-path profiles: the critical paths of many traces added up by the way down to where the time went. */

import type { Steps } from "../../base/time-slice.ts";
import { atOnce } from "../../base/time-slice.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { LatencySketch } from "../latency-sketch.ts";
import { stepsOfWeight, WEIGHT_STEPS } from "../weight-steps.ts";
import { ColumnPath } from "./column-path.ts";
import { ColumnTree } from "./column-tree.ts";
import { FrameTable, UNTRACED_FRAME } from "./frame-table.ts";
import { NestedSpans } from "./nested-spans.ts";
import type { PathSum } from "./path-sums.ts";
import { PathSums } from "./path-sums.ts";
import { OVERFLOW_PATH, PathTable, ROOT_PATH } from "./path-table.ts";

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
  readonly #tree: ColumnTree = new ColumnTree();
  readonly #path: ColumnPath = new ColumnPath();
  readonly #nested: NestedSpans = new NestedSpans();
  #totals: ProfileTotals = { traceCount: 0, traceSteps: 0, spanCount: 0 };
  /** Call path of each node of the trace at hand. */
  #pathOfNode: Int32Array = new Int32Array(64);
  /** Critical-path time of the trace at hand by call path, and which ones have some. */
  #selfOfPath: Float64Array = new Float64Array(64);
  #touched: Int32Array = new Int32Array(64);
  #touchedCount = 0;

  constructor({ maxPaths = DEFAULT_MAX_PATHS, frames = new FrameTable() }: CallPathProfileOptions = {}) {
    this.frames = frames;
    this.paths = new PathTable(maxPaths, MAX_PATH_DEPTH);
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
    const places = new Int32Array(other.paths.count);
    places[OVERFLOW_PATH] = OVERFLOW_PATH;
    for (let path = 1; path < places.length; path++) {
      const parent = places[other.paths.parentOf(path)] as number;
      if (path !== OVERFLOW_PATH) {
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
    for (const [path, sum] of sums) {
      this.#reservePaths();
      this.#sums.merge(path, sum);
    }
    for (const [frame, sketch] of durations) this.#durationsOf(frame).merge(sketch);
    this.#addTotals(totals, 1);
  }

  #count(columns: TraceColumns, steps: number, sign: 1 | -1): TraceContribution {
    const tree = this.#tree;
    tree.build(columns, this.frames);
    this.#path.walk(tree);
    this.#findPaths(columns);
    this.#countSpans(columns, steps, sign);
    this.#sumSegments();
    this.#countPath(columns.traceId, steps, sign);
    this.#addTotals({ traceCount: 1, traceSteps: steps, spanCount: tree.spanCount }, sign);
    return {
      rootPath: this.#pathOfNode[tree.root] as number,
      durationNanos: (tree.ends[tree.root] as number) - (tree.starts[tree.root] as number),
      pathCount: this.#touchedCount,
      paths: this.#touched,
      selfNanos: this.#selfOfPath,
    };
  }

  /** Finds the call path of every node, and which ones lie inside another one of theirs. */
  #findPaths(columns: TraceColumns): void {
    const { parentsFirst, parents, rows, nodeCount } = this.#tree;
    if (nodeCount > this.#pathOfNode.length) this.#pathOfNode = new Int32Array(nodeCount * 2);
    const pathOfNode = this.#pathOfNode;
    let isRecursive = false;
    for (let at = 0; at < nodeCount; at++) {
      const node = parentsFirst[at] as number;
      const row = rows[node] as number;
      const above = at === 0 ? ROOT_PATH : (pathOfNode[parents[node] as number] as number);
      const frame = row < 0 ? UNTRACED_FRAME : (columns.frames[row] as number);
      const path = this.paths.below(above, frame);
      pathOfNode[node] = path;
      isRecursive ||= this.paths.parentOf(path) !== above;
    }
    this.#reservePaths();
    if (isRecursive) this.#nested.mark(this.#tree, pathOfNode, this.paths.count);
    else this.#nested.clear(nodeCount);
  }

  #countSpans(columns: TraceColumns, steps: number, sign: 1 | -1): void {
    const { rows, starts, ends, durations, nodeCount } = this.#tree;
    const { isNested } = this.#nested;
    const weight = steps / WEIGHT_STEPS;
    for (let node = 0; node < nodeCount; node++) {
      const path = this.#pathOfNode[node] as number;
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

  /** Adds the segments of the path up by call path. */
  #sumSegments(): void {
    for (let at = 0; at < this.#touchedCount; at++) this.#selfOfPath[this.#touched[at] as number] = 0;
    this.#touchedCount = 0;
    const { nodes, starts, ends, segmentCount } = this.#path;
    for (let segment = 0; segment < segmentCount; segment++) {
      const path = this.#pathOfNode[nodes[segment] as number] as number;
      const before = this.#selfOfPath[path] as number;
      if (before === 0) this.#touched[this.#touchedCount++] = path;
      this.#selfOfPath[path] = before + ((ends[segment] as number) - (starts[segment] as number));
    }
  }

  #countPath(traceId: string, steps: number, sign: 1 | -1): void {
    for (let at = 0; at < this.#touchedCount; at++) {
      const path = this.#touched[at] as number;
      const nanos = this.#selfOfPath[path] as number;
      if (sign === 1) this.#sums.addSelf(path, nanos, steps, traceId);
      else this.#sums.removeSelf(path, nanos, steps, traceId);
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
    const { count } = this.paths;
    this.#sums.reserve(count);
    if (count <= this.#selfOfPath.length) return;
    const selfOfPath = new Float64Array(count * 2);
    const touched = new Int32Array(count * 2);
    selfOfPath.set(this.#selfOfPath);
    touched.set(this.#touched);
    this.#selfOfPath = selfOfPath;
    this.#touched = touched;
  }
}
