/**
 * Cohorts with a known cause of slowness among attributes that mean nothing, or with none.
 *
 * Durations are log-normal, their 95th percentile 1.4 to 1.8 times the median, as of one root operation. 30 noise
 * attributes have 20 to 60 values each, half of them evenly spread, half with a few frequent ones; every fifth follows
 * the one before it in most traces, and two follow the cause in many.
 */

import type { AttributePair } from "../../src/analysis/compare/attribute-pairs.ts";
import { Cohort } from "../../src/analysis/compare/cohort.ts";
import { traceTree } from "../../src/analysis/trace-tree.ts";
import type { SeededRandom } from "../../src/cli/demo/seeded-random.ts";
import { createSeededRandom } from "../../src/cli/demo/seeded-random.ts";
import { buildSpan } from "./trace-builder.ts";

/** What is planted. */
export interface PlantedCause {
  /** Of the traces, 0 to 1. */
  readonly share: number;
  /** How many times longer these traces take. */
  readonly effect: number;
}

/** A cohort and what is known of it. */
export interface PlantedCohort {
  readonly cohort: Cohort;
  /** The attribute value that marks the slow traces, or would. */
  readonly cause: AttributePair;
}

/** What a cohort is made by. */
export interface PlantOptions {
  readonly seed: number;
  readonly traces: number;
  /** Absent: nothing makes traces slow. */
  readonly cause?: PlantedCause;
}

const NOISE_ATTRIBUTES = 30;
const NUMERIC_ATTRIBUTES = 4;
const CALL_PATHS = 12;
const MEDIAN_NANOS = 50e6;
/** One trace in twenty has a span in error, whatever else it has. */
const ERROR_SHARE = 0.05;
const CAUSE: AttributePair = { key: "app.build", value: "bad" };

/** One attribute of the cohort: which of its values a trace has. */
interface NoiseAttribute {
  /** Numbers of its pairs. */
  readonly pairs: readonly number[];
  readonly isSkewed: boolean;
  /** In this share of traces it follows the attribute before it, or the cause. */
  readonly follows: "before" | "cause" | "nothing";
  readonly fidelity: number;
}

/** The cause of one of 200 cases: on 1 to 20 % of traces, 1.5 to 5 times as slow. */
export function causeOfCase(seed: number): PlantedCause {
  const random = createSeededRandom(seed * 7_919 + 1);
  return { share: 0.01 * 20 ** random.next(), effect: 1.5 + 3.5 * random.next() };
}

/** Makes a cohort; the same seed makes the same one. */
export function plantedCohort({ seed, traces, cause }: PlantOptions): PlantedCohort {
  const random = createSeededRandom(seed);
  const cohort = new Cohort();
  const noise = noiseAttributes(cohort, random);
  const builds = pairsOf(cohort, CAUSE.key, 20);
  const causePair = cohort.attributes.pairOf(CAUSE.key, CAUSE.value);
  addPaths(cohort);
  const spread = 0.2 + 0.15 * random.next();
  const causeShare = cause?.share ?? causeOfCase(seed).share;
  for (let trace = 0; trace < traces; trace++) {
    const hasCause = random.chance(causeShare);
    const slowness = hasCause && cause !== undefined ? cause.effect : 1;
    const durationNanos = Math.round(MEDIAN_NANOS * Math.exp(spread * normal(random)) * slowness);
    cohort.add({
      durationNanos,
      startTimeUnixNano: BigInt(trace) * 1_000_000n,
      hasError: random.chance(ERROR_SHARE),
      pairs: new Map(
        [hasCause ? causePair : random.pick(builds), ...noiseOf(noise, random, hasCause)].map((pair) => [
          pair,
          0,
        ]),
      ),
      numbers: numbersOf(cohort, random),
      paths: pathsOf(random, durationNanos),
    });
  }
  return { cohort, cause: CAUSE };
}

function noiseAttributes(cohort: Cohort, random: SeededRandom): NoiseAttribute[] {
  return Array.from({ length: NOISE_ATTRIBUTES }, (_, number): NoiseAttribute => {
    const follows = number >= NOISE_ATTRIBUTES - 2 ? "cause" : number % 5 === 1 ? "before" : "nothing";
    return {
      pairs: pairsOf(cohort, `noise.${number}`, random.whole(20, 60)),
      isSkewed: number % 2 === 0,
      follows,
      fidelity: follows === "cause" ? 0.3 + 0.4 * random.next() : 0.7 + 0.25 * random.next(),
    };
  });
}

function pairsOf(cohort: Cohort, key: string, count: number): number[] {
  return Array.from({ length: count }, (_, value) => cohort.attributes.pairOf(key, `value ${value}`));
}

function noiseOf(noise: readonly NoiseAttribute[], random: SeededRandom, hasCause: boolean): number[] {
  let before = 0;
  return noise.map(({ pairs, isSkewed, follows, fidelity }) => {
    const free = Math.floor(pairs.length * (isSkewed ? random.next() ** 3 : random.next()));
    const isFollowing = random.chance(fidelity);
    let place = free;
    if (follows === "before" && isFollowing) place = before % pairs.length;
    if (follows === "cause" && isFollowing && hasCause) place = 0;
    before = place;
    return pairs[place] as number;
  });
}

function numbersOf(cohort: Cohort, random: SeededRandom): ReadonlyMap<number, number> {
  const numbers = new Map<number, number>();
  for (let number = 0; number < NUMERIC_ATTRIBUTES; number++) {
    if (number % 2 === 1 && random.chance(0.7)) continue;
    const key = cohort.attributes.keyOf(`amount.${number}`) as number;
    numbers.set(key, Math.exp(normal(random)));
  }
  return numbers;
}

/** Paths 0 to 11: a root and what it calls. */
function addPaths(cohort: Cohort): void {
  const spans = Array.from({ length: CALL_PATHS }, (_, path) =>
    buildSpan("paths", {
      id: `s${path}`,
      name: `call ${String.fromCharCode(97 + path)}`,
      at: [path, path + 1],
      ...(path === 0 ? {} : { parent: "s0" }),
    }),
  );
  cohort.paths.pathsOf(traceTree({ spans }));
}

/** Each trace has some of the paths, with shares of the root by chance. */
function pathsOf(random: SeededRandom, durationNanos: number): ReadonlyMap<number, number> {
  const paths = new Map<number, number>();
  let left = durationNanos;
  for (let path = 0; path < CALL_PATHS; path++) {
    if (path > 0 && random.chance(path / CALL_PATHS)) continue;
    const nanos = Math.floor(left * random.next() * 0.5);
    paths.set(path, nanos);
    left -= nanos;
  }
  return paths;
}

/** The sum of twelve even numbers: near enough to a normal one for durations. */
function normal(random: SeededRandom): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw++) sum += random.next();
  return sum;
}
