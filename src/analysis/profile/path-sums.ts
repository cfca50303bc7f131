/** What a profile knows of each call path: counts, exact sums, a sketch, exemplars. */

import { LatencySketch, MAX_SKETCH_NANOS } from "../latency-sketch.ts";
import { WEIGHT_STEPS } from "../weight-steps.ts";
import { ExactSums } from "./exact-sums.ts";
import { ExemplarSlots } from "./exemplars.ts";

/** Sums of one call path. */
export interface PathSum {
  readonly spanCount: number;
  /** Sum of the spans' weights, in 1/1,024. */
  readonly spanSteps: number;
  /** Critical-path time of the path's own spans, in (nanoseconds x 1/1,024). */
  readonly self: bigint;
  /** Time of the path's spans, those inside another one of the path left out, in (nanoseconds x 1/1,024). */
  readonly inclusive: bigint;
  /** Of `self`, one value a trace. */
  readonly selfSketch: LatencySketch | undefined;
  readonly exemplars: ExemplarSlots | undefined;
}

const INITIAL_PATHS = 64;

/** Sums by number of call path. */
export class PathSums {
  readonly #self: ExactSums = new ExactSums();
  readonly #inclusive: ExactSums = new ExactSums();
  #spanCounts: Float64Array = new Float64Array(0);
  #spanSteps: Float64Array = new Float64Array(0);
  readonly #sketches: (LatencySketch | undefined)[] = [];
  readonly #exemplars: (ExemplarSlots | undefined)[] = [];

  /** Makes room for so many call paths. */
  reserve(paths: number): void {
    const { length } = this.#spanCounts;
    if (paths <= length) return;
    const room = Math.max(paths, length * 2, INITIAL_PATHS);
    this.#self.reserve(room);
    this.#inclusive.reserve(room);
    const spanCounts = new Float64Array(room);
    const spanSteps = new Float64Array(room);
    spanCounts.set(this.#spanCounts);
    spanSteps.set(this.#spanSteps);
    this.#spanCounts = spanCounts;
    this.#spanSteps = spanSteps;
  }

  /** The sums of a call path. */
  at(path: number): PathSum {
    return {
      spanCount: this.#spanCounts[path] as number,
      spanSteps: this.#spanSteps[path] as number,
      self: this.#self.at(path),
      inclusive: this.#inclusive.at(path),
      selfSketch: this.#sketches[path],
      exemplars: this.#exemplars[path],
    };
  }

  /** Spans of a call path. */
  spanCountOf(path: number): number {
    return this.#spanCounts[path] as number;
  }

  /** Counts a span; `sign` -1 takes it back. */
  countSpan(path: number, steps: number, sign: 1 | -1): void {
    this.#spanCounts[path] = (this.#spanCounts[path] as number) + sign;
    this.#spanSteps[path] = (this.#spanSteps[path] as number) + sign * steps;
  }

  /** Adds to the inclusive time; negative steps take back. */
  addInclusive(path: number, nanos: number, steps: number): void {
    this.#inclusive.add(path, nanos, steps);
  }

  /** Adds the critical-path time, more than 0, that a trace spent in a call path. */
  addSelf(path: number, nanos: number, steps: number, trace: { readonly traceId: string }): void {
    this.#self.add(path, nanos, steps);
    this.#sketchOf(path).add(nanos, steps / WEIGHT_STEPS);
    this.#exemplarsOf(path).offer(trace, Math.min(nanos, MAX_SKETCH_NANOS));
  }

  /** Takes back what {@link addSelf} added. */
  removeSelf(path: number, nanos: number, steps: number, traceId: string): void {
    this.#self.add(path, nanos, -steps);
    this.#sketchOf(path).remove(nanos, steps / WEIGHT_STEPS);
    this.#exemplarsOf(path).remove(traceId);
  }

  /** Adds sums of another profile; `isNested`: their spans lie inside spans of this path that are added too. */
  merge(path: number, sum: PathSum, isNested = false): void {
    this.#spanCounts[path] = (this.#spanCounts[path] as number) + sum.spanCount;
    this.#spanSteps[path] = (this.#spanSteps[path] as number) + sum.spanSteps;
    this.#self.addSum(path, sum.self);
    if (!isNested) this.#inclusive.addSum(path, sum.inclusive);
    if (sum.selfSketch !== undefined) this.#sketchOf(path).merge(sum.selfSketch);
    if (sum.exemplars !== undefined) this.#exemplarsOf(path).merge(sum.exemplars.all());
  }

  #sketchOf(path: number): LatencySketch {
    let sketch = this.#sketches[path];
    if (sketch === undefined) {
      sketch = new LatencySketch();
      this.#sketches[path] = sketch;
    }
    return sketch;
  }

  #exemplarsOf(path: number): ExemplarSlots {
    let exemplars = this.#exemplars[path];
    if (exemplars === undefined) {
      exemplars = new ExemplarSlots();
      this.#exemplars[path] = exemplars;
    }
    return exemplars;
  }
}
