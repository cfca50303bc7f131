/** Many traces as numbers, for comparing one set of them with another. */

import type { Steps } from "../../base/time-slice.ts";
import type { AttributePairLimits } from "./attribute-pairs.ts";
import { AttributePairs } from "./attribute-pairs.ts";
import type { CallPathLimits } from "./call-paths.ts";
import { CallPathTable } from "./call-paths.ts";

/** What a comparison of sets needs of one trace. */
export interface TraceFacts {
  /** Duration of the root. */
  readonly durationNanos: number;
  readonly startTimeUnixNano: bigint;
  /** True when a span has status ERROR. */
  readonly hasError: boolean;
  /**
   * Critical-path self time in nanoseconds of the spans that have a value, themselves or on their resource, by its
   * number of `Cohort.attributes`.
   */
  readonly pairs: ReadonlyMap<number, number>;
  /** The largest value of each numeric attribute in the trace, by number of its key. */
  readonly numbers: ReadonlyMap<number, number>;
  /** Critical-path self time in nanoseconds by number of the call path; 0 for paths that are there without any. */
  readonly paths: ReadonlyMap<number, number>;
}

/** Limits of a {@link Cohort}. */
export interface CohortLimits extends AttributePairLimits, CallPathLimits {}

const DEFAULT_MAX_DEPTH = 64;
const DEFAULT_MAX_PATHS = 10_000;
/** Bytes of a number in a list of numbers. */
const NUMBER_BYTES = 8;
/** Traces copied between two chances for others to run, and what copying one costs beside looking at a span. */
const TRACES_PER_STEP = 64;
const COPY_STEPS = 64;
/** What every trace has: duration, start, error, three ends. */
const TRACE_NUMBERS = 8;

/** The numbers that belong to each trace, one trace after another. */
export interface TraceNumbers {
  readonly values: readonly number[];
  /** Those of trace t are `values[ends[t - 1], ends[t])`. */
  readonly ends: readonly number[];
}

/**
 * Facts about traces, one record of numbers each: some kilobytes for a trace of 50 spans with 10 attributes. Names are
 * kept once for all traces.
 */
export class Cohort {
  /** Attributes of the traces. */
  readonly attributes: AttributePairs;
  /** Call paths of the traces: at most 10,000 of at most 64 steps unless told otherwise. */
  readonly paths: CallPathTable;
  readonly #durationsNanos: number[] = [];
  readonly #startTimesUnixNano: bigint[] = [];
  readonly #errors: boolean[] = [];
  readonly #pairs = new NumberLists();
  readonly #pairNanos: number[] = [];
  readonly #numberKeys = new NumberLists();
  readonly #numberValues: number[] = [];
  readonly #pathNumbers = new NumberLists();
  readonly #pathNanos: number[] = [];

  /** @param names the tables of another cohort, to have its numbers; absent: tables of its own */
  constructor(limits: CohortLimits = {}, names?: Pick<Cohort, "attributes" | "paths">) {
    this.attributes = names?.attributes ?? new AttributePairs(limits);
    this.paths =
      names?.paths ??
      new CallPathTable({
        maxDepth: limits.maxDepth ?? DEFAULT_MAX_DEPTH,
        maxPaths: limits.maxPaths ?? DEFAULT_MAX_PATHS,
      });
  }

  /** Traces added so far. */
  get traceCount(): number {
    return this.#durationsNanos.length;
  }

  /** Root duration of each trace. */
  get durationsNanos(): readonly number[] {
    return this.#durationsNanos;
  }

  /** Start of each trace. */
  get startTimesUnixNano(): readonly bigint[] {
    return this.#startTimesUnixNano;
  }

  /** Whether a span of each trace failed. */
  get errors(): readonly boolean[] {
    return this.#errors;
  }

  /** Attribute pairs of each trace; the times of their spans are {@link Cohort.pairNanos}. */
  get pairs(): TraceNumbers {
    return this.#pairs;
  }

  /** Critical-path self times of the spans that have each pair, in the order of {@link Cohort.pairs}. */
  get pairNanos(): readonly number[] {
    return this.#pairNanos;
  }

  /** Keys of the numeric attributes of each trace; their values are {@link Cohort.numberValues}. */
  get numberKeys(): TraceNumbers {
    return this.#numberKeys;
  }

  /** Values of the numeric attributes, in the order of {@link Cohort.numberKeys}. */
  get numberValues(): readonly number[] {
    return this.#numberValues;
  }

  /** Call paths of each trace; their times are {@link Cohort.pathNanos}. */
  get pathNumbers(): TraceNumbers {
    return this.#pathNumbers;
  }

  /** Critical-path self times, in the order of {@link Cohort.pathNumbers}. */
  get pathNanos(): readonly number[] {
    return this.#pathNanos;
  }

  /** Bytes of the records and of the attributes they are numbers of. */
  get byteSize(): number {
    const listed =
      this.#pairs.values.length + this.#numberKeys.values.length + this.#pathNumbers.values.length;
    return this.attributes.byteSize + (listed * 2 + this.traceCount * TRACE_NUMBERS) * NUMBER_BYTES;
  }

  /** Adds a trace; its number is the count of those before it. */
  add(facts: TraceFacts): void {
    this.#durationsNanos.push(facts.durationNanos);
    this.#startTimesUnixNano.push(facts.startTimeUnixNano);
    this.#errors.push(facts.hasError);
    this.#pairs.add(facts.pairs, this.#pairNanos);
    this.#numberKeys.add(facts.numbers, this.#numberValues);
    this.#pathNumbers.add(facts.paths, this.#pathNanos);
  }

  /** The traces that `isKept` picks, in a cohort of the same numbers. Work that can be done in slices. */
  *only(isKept: (trace: number) => boolean): Steps<Cohort> {
    const kept = new Cohort({}, this);
    for (let trace = 0; trace < this.traceCount; trace++) {
      if (isKept(trace)) kept.add(this.#factsOf(trace));
      if (trace % TRACES_PER_STEP === TRACES_PER_STEP - 1) yield TRACES_PER_STEP * COPY_STEPS;
    }
    return kept;
  }

  #factsOf(trace: number): TraceFacts {
    return {
      durationNanos: this.#durationsNanos[trace] as number,
      startTimeUnixNano: this.#startTimesUnixNano[trace] as bigint,
      hasError: this.#errors[trace] as boolean,
      pairs: this.#pairs.mapOf(trace, this.#pairNanos),
      numbers: this.#numberKeys.mapOf(trace, this.#numberValues),
      paths: this.#pathNumbers.mapOf(trace, this.#pathNanos),
    };
  }
}

class NumberLists implements TraceNumbers {
  readonly values: number[] = [];
  readonly ends: number[] = [];

  /** Adds the numbers of a trace, and what they stand before to another list. */
  add(map: ReadonlyMap<number, number>, others: number[]): void {
    const { values } = this;
    // Half of what a loop over the entries takes.
    map.forEach((other, value) => {
      values.push(value);
      others.push(other);
    });
    this.ends.push(values.length);
  }

  /** The numbers of a trace, each with what another list has in its place. */
  mapOf(trace: number, others: readonly number[]): Map<number, number> {
    const map = new Map<number, number>();
    for (let at = this.ends[trace - 1] ?? 0; at < (this.ends[trace] as number); at++) {
      map.set(this.values[at] as number, others[at] as number);
    }
    return map;
  }
}
