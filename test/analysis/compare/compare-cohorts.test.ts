import { describe, expect, it } from "vitest";
import { AttributePairs, NO_PAIR } from "../../../src/analysis/compare/attribute-pairs.ts";
import { CallPathTable, OTHER_PATHS } from "../../../src/analysis/compare/call-paths.ts";
import { Cohort } from "../../../src/analysis/compare/cohort.ts";
import { compareCohorts } from "../../../src/analysis/compare/compare-cohorts.ts";
import { addTrace } from "../../../src/analysis/compare/trace-facts.ts";
import {
  failedTraces,
  slowTraces,
  splitTraces,
  tracesAfter,
} from "../../../src/analysis/compare/trace-sides.ts";
import { traceTree } from "../../../src/analysis/trace-tree.ts";
import type { Attributes } from "../../../src/model/attribute-value.ts";
import type { SpanSketch } from "../../helpers/trace-builder.ts";
import { BUILDER_START_UNIX_NANO, buildTrace } from "../../helpers/trace-builder.ts";

interface Request {
  readonly millis?: number;
  readonly isFailed?: boolean;
  readonly attributes?: Attributes;
  readonly resourceAttributes?: Attributes;
  readonly below?: readonly SpanSketch[];
}

/** A cohort of requests; number n is what `requestOf(n)` says. */
function cohortOf(count: number, requestOf: (number: number) => Request): Cohort {
  const cohort = new Cohort();
  for (let number = 0; number < count; number++) {
    const { millis = 10, isFailed = false, below = [], ...attributes } = requestOf(number);
    const root: SpanSketch = {
      id: "root",
      name: "GET /",
      kind: "SERVER",
      at: [0, millis],
      status: isFailed ? "ERROR" : "UNSET",
      ...attributes,
    };
    addTrace(cohort, buildTrace(`request ${number}`, root, ...below));
  }
  return cohort;
}

/** One request in ten fails. */
const isFailed = (number: number): boolean => number % 10 === 0;

describe("attributes", () => {
  it("tell what failed traces have and others do not, with its figures", () => {
    // Of 100 failed traces 80 have it, of 900 others 45 do.
    const cohort = cohortOf(1_000, (number) => {
      const isBad = isFailed(number) ? number < 800 : number % 20 === 1 && number < 900;
      return { isFailed: isFailed(number), attributes: { version: isBad ? "bad" : "good" } };
    });
    const { attributes, selectionSize, baselineSize } = compareCohorts(cohort, failedTraces(cohort));
    expect([selectionSize, baselineSize]).toEqual([100, 900]);
    const bad = attributes[0];
    expect(bad).toMatchObject({ key: "version", value: "bad", selectionCount: 80, baselineCount: 45 });
    expect(bad?.selectionShare).toBeCloseTo(0.8, 12);
    expect(bad?.baselineShare).toBeCloseTo(0.05, 12);
    expect(bad?.score).toBeCloseTo(0.75, 12);
    expect(bad?.purity).toBeCloseTo(80 / 125, 12);
    expect(bad?.lift).toBeCloseTo(80 / 125 / 0.1, 12);
    expect(bad?.z).toBeCloseTo(0.75 / Math.sqrt(0.125 * 0.875 * (1 / 100 + 1 / 900)), 9);
    expect(bad?.chance).toBeLessThan(1e-30);
    // The other value of a key with two says the same, the other way round.
    expect(attributes[1]).toMatchObject({ key: "version", value: "good" });
    expect(attributes[1]?.z).toBeCloseTo(-(bad?.z as number), 9);
  });

  it("are ranked by the difference of their shares, not by how sure it is", () => {
    // Half of 100 failed traces against none of 900: surer, but less of a difference than all against 40 %.
    const cohort = cohortOf(1_000, (number) => ({
      isFailed: isFailed(number),
      attributes: {
        ...(isFailed(number) && number % 20 === 0 ? { sure: "x" } : {}),
        ...(isFailed(number) || number % 10 < 5 ? { common: "x" } : {}),
      },
    }));
    const { attributes } = compareCohorts(cohort, failedTraces(cohort));
    expect(attributes.map(({ key }) => key)).toEqual(["common", "sure"]);
    expect(attributes[0]?.z).toBeLessThan(attributes[1]?.z as number);
  });

  it("count once a trace, however many spans have them", () => {
    const spans = (number: number): SpanSketch[] =>
      Array.from({ length: 4 }, (_, at) => ({
        id: `s${at}`,
        parent: "root",
        at: [at, at + 1] as const,
        attributes: { table: isFailed(number) ? "orders" : "users" },
      }));
    const cohort = cohortOf(200, (number) => ({ isFailed: isFailed(number), below: spans(number) }));
    const { attributes } = compareCohorts(cohort, failedTraces(cohort));
    expect(
      attributes.map(({ value, selectionCount, baselineCount }) => [value, selectionCount, baselineCount]),
    ).toEqual([
      ["orders", 20, 0],
      ["users", 0, 180],
    ]);
  });

  it("may be those of the resource", () => {
    const cohort = cohortOf(200, (number) => ({
      isFailed: isFailed(number),
      resourceAttributes: { "host.name": isFailed(number) ? "node-7" : `node-${number % 3}` },
    }));
    expect(compareCohorts(cohort, failedTraces(cohort)).attributes[0]).toMatchObject({
      key: "host.name",
      value: "node-7",
      score: 1,
    });
  });

  it("that nearly the same traces have are told as one", () => {
    const cohort = cohortOf(400, (number) => {
      const build = isFailed(number) ? "bad" : "good";
      const commit = number === 10 ? "other" : `commit of ${build}`;
      return { isFailed: isFailed(number), attributes: { build, commit, host: `node-${number % 4}` } };
    });
    const { attributes } = compareCohorts(cohort, failedTraces(cohort));
    expect(attributes[0]).toMatchObject({
      key: "build",
      value: "bad",
      alongside: [{ key: "commit", value: "commit of bad" }],
    });
    expect(attributes.map(({ key }) => key)).not.toContain("commit");
  });

  it("that nearly the same traces have are told by the one whose spans have the time", () => {
    const cohort = cohortOf(200, (number) => ({
      isFailed: isFailed(number),
      millis: 20,
      below: isFailed(number)
        ? [
            { id: "a", parent: "root", at: [0, 2], attributes: { cache: "miss" } },
            { id: "b", parent: "root", at: [2, 18], attributes: { host: "slow" } },
          ]
        : [],
    }));
    const [first] = compareCohorts(cohort, failedTraces(cohort)).attributes;
    expect(first).toMatchObject({
      key: "host",
      value: "slow",
      criticalDeltaNanos: 16e6,
      alongside: [{ key: "cache", value: "miss" }],
    });
  });

  it("that too few traces have, or all, are not tested", () => {
    const cohort = cohortOf(200, (number) => ({
      isFailed: isFailed(number),
      attributes: {
        all: "same",
        // Five traces, all failed; four traces, all failed.
        ...(isFailed(number) && number < 50 ? { five: "x" } : {}),
        ...(isFailed(number) && number < 40 ? { four: "x" } : {}),
      },
    }));
    const comparison = compareCohorts(cohort, failedTraces(cohort));
    expect(comparison.tested).toMatchObject({ values: 1 });
    expect(comparison.attributes.map(({ key }) => key)).toEqual(["five"]);
  });

  it("by which the selection was made are left out when the caller says so", () => {
    const cohort = cohortOf(200, (number) => ({ attributes: { tier: isFailed(number) ? "a" : "b" } }));
    const sides = splitTraces(cohort, isFailed);
    expect(compareCohorts(cohort, sides).attributes).toHaveLength(2);
    expect(compareCohorts(cohort, sides, { excludedKeys: ["tier"] }).attributes).toEqual([]);
  });

  it("are told up to the limit", () => {
    const cohort = cohortOf(200, (number) => ({
      isFailed: isFailed(number),
      attributes: Object.fromEntries(
        // Each of them on other failed traces.
        [0, 1].map((third) => [`key ${third}`, isFailed(number) && number % 20 === third * 10 ? "x" : "y"]),
      ),
    }));
    expect(compareCohorts(cohort, failedTraces(cohort), { maxListed: 1 }).attributes).toHaveLength(1);
  });
});

describe("conjunctions", () => {
  it("tell of two values that differ together and hardly alone", () => {
    // Version 2 in region eu fails; either alone comes in half of all traces.
    const cohort = cohortOf(2_000, (number) => {
      const version = number % 2 === 0 ? "2" : "1";
      const region = number % 4 < 2 ? "eu" : "us";
      const fails = version === "2" && region === "eu" && number % 3 === 0;
      return { isFailed: fails, attributes: { version, region, host: `node-${number % 7}` } };
    });
    const { conjunctions } = compareCohorts(cohort, failedTraces(cohort));
    expect(conjunctions).toHaveLength(1);
    expect(conjunctions[0]).toMatchObject({ selectionShare: 1 });
    expect(new Set(conjunctions[0]?.conditions.map(({ key, value }) => `${key}=${value}`))).toEqual(
      new Set(["version=2", "region=eu"]),
    );
  });

  it("are not told where one of the values alone says more", () => {
    // Of version 2, a tenth of all, nine in ten fail in eu and half elsewhere.
    const cohort = cohortOf(2_000, (number) => {
      const version = number % 10 === 0 ? "2" : "1";
      const region = number % 20 === 0 ? "eu" : number % 3 === 0 ? "eu" : "us";
      const fails = version === "2" && (number % 20 === 0 ? number % 200 !== 0 : number % 40 === 10);
      return { isFailed: fails, attributes: { version, region } };
    });
    const { attributes, conjunctions } = compareCohorts(cohort, failedTraces(cohort));
    expect(attributes[0]).toMatchObject({ key: "version", value: "2" });
    expect(conjunctions).toEqual([]);
  });

  it("are not told where one value says it all", () => {
    const cohort = cohortOf(1_000, (number) => ({
      isFailed: isFailed(number),
      attributes: { version: isFailed(number) ? "bad" : "good", region: number % 3 === 0 ? "eu" : "us" },
    }));
    expect(compareCohorts(cohort, failedTraces(cohort)).conjunctions).toEqual([]);
  });
});

describe("numeric attributes", () => {
  it("are compared by their distributions, the largest value of a trace counting", () => {
    const cohort = cohortOf(400, (number) => ({
      isFailed: isFailed(number),
      attributes: { bytes: 1n },
      below: [
        {
          id: "call",
          parent: "root",
          at: [1, 2],
          attributes: { bytes: BigInt(isFailed(number) ? 1_000 + number : number + 2) },
        },
      ],
    }));
    const { numericAttributes, tested } = compareCohorts(cohort, failedTraces(cohort));
    expect(tested.numbers).toBe(1);
    expect(numericAttributes).toMatchObject([
      { key: "bytes", distance: 1, selectionCount: 40, baselineCount: 360, selectionMedian: 1_195 },
    ]);
  });
});

describe("call paths", () => {
  it("tell where the critical path of the selection goes, and which calls are new or missing", () => {
    const cohort = cohortOf(400, (number) => {
      const fallback: SpanSketch = { id: "f", parent: "root", name: "fallback", at: [2, 12] };
      const cache: SpanSketch = { id: "c", parent: "root", name: "cache", at: [2, 4] };
      return isFailed(number) ? { isFailed: true, millis: 20, below: [fallback] } : { below: [cache] };
    });
    const { paths } = compareCohorts(cohort, failedTraces(cohort));
    expect(paths.map(({ path, change }) => [path.at(-1)?.operation, change])).toEqual([
      ["fallback", "new"],
      ["GET /", "same"],
      ["cache", "missing"],
    ]);
    // 10 of 20 ms in fallback; 10 of 20 against 8 of 10 in the root itself; 2 of 10 in cache.
    expect(paths.map(({ shareDelta }) => Math.round(shareDelta * 100))).toEqual([50, -30, -20]);
    expect(paths[0]).toMatchObject({
      selection: { traceCount: 40, presence: 1, share: 0.5, meanNanos: 10e6 },
      baseline: { traceCount: 0, presence: 0, share: 0, meanNanos: 0 },
    });
  });

  it("have mean times that sum to the mean durations of both sides", () => {
    const cohort = cohortOf(100, (number) => ({
      millis: 10 + (number % 7),
      isFailed: number % 2 === 0,
      below: [{ id: "c", parent: "root", name: number % 2 === 0 ? "a" : "b", at: [2, 5 + (number % 3)] }],
    }));
    const { paths } = compareCohorts(cohort, failedTraces(cohort), { maxChance: 1 });
    const mean = (side: number) =>
      cohort.durationsNanos.filter((_, trace) => trace % 2 === side).reduce((sum, nanos) => sum + nanos, 0) /
      50;
    expect(paths.reduce((sum, { selection }) => sum + selection.meanNanos, 0)).toBeCloseTo(mean(0), 0);
    expect(paths.reduce((sum, { baseline }) => sum + baseline.meanNanos, 0)).toBeCloseTo(mean(1), 0);
    expect(paths.reduce((sum, { selection }) => sum + selection.share, 0)).toBeCloseTo(1, 9);
  });
});

describe("durations", () => {
  it("are compared at percentiles", () => {
    const cohort = cohortOf(202, (number) => ({
      millis: number % 2 === 0 ? 1 + number / 2 : 201 + (number - 1) / 2,
      isFailed: number % 2 === 1,
    }));
    const { percentiles } = compareCohorts(cohort, failedTraces(cohort));
    expect(percentiles.find(({ percentile }) => percentile === 50)).toEqual({
      percentile: 50,
      selectionNanos: 251e6,
      baselineNanos: 51e6,
    });
    expect(percentiles.map(({ percentile }) => percentile)).toEqual([1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9]);
  });
});

describe("selections", () => {
  const cohort = cohortOf(20, (number) => ({ millis: number + 1 }));

  it("of slow traces are those above the quantile", () => {
    const { sides, selectionSize, baselineSize } = slowTraces(cohort, 0.1);
    expect([selectionSize, baselineSize]).toEqual([2, 18]);
    expect([...sides].lastIndexOf(0)).toBe(17);
    expect(
      slowTraces(
        cohortOf(20, () => ({})),
        0.1,
      ).selectionSize,
    ).toBe(0);
  });

  it("after a moment begin with it", () => {
    expect(tracesAfter(cohort, BUILDER_START_UNIX_NANO).selectionSize).toBe(20);
    expect(tracesAfter(cohort, BUILDER_START_UNIX_NANO + 1n).selectionSize).toBe(0);
  });

  it("that are empty, or everything, or of nothing compare to nothing", () => {
    for (const sides of [splitTraces(cohort, () => false), splitTraces(cohort, () => true)]) {
      expect(compareCohorts(cohort, sides)).toMatchObject({
        percentiles: [],
        attributes: [],
        conjunctions: [],
        numericAttributes: [],
        paths: [],
      });
    }
    const empty = new Cohort();
    expect(compareCohorts(empty, failedTraces(empty))).toMatchObject({ selectionSize: 0, attributes: [] });
  });
});

describe("limits", () => {
  it("of values hold for each key, for all keys and for their length, and what is over them is counted", () => {
    const pairs = new AttributePairs({ maxValuesPerKey: 2, maxPairs: 3, maxTextLength: 5 });
    expect([pairs.pairOf("a", "1"), pairs.pairOf("a", 2n), pairs.pairOf("a", true)]).toEqual([0, 1, NO_PAIR]);
    expect([pairs.pairOf("a", "2"), pairs.pairOf("b", "long text")]).toEqual([1, NO_PAIR]);
    expect([pairs.pairOf("b", "x"), pairs.pairOf("b", "y")]).toEqual([2, NO_PAIR]);
    expect(pairs.refused).toBe(3);
  });

  it("of call paths put what is over them under one name", () => {
    const tree = traceTree(
      buildTrace(
        "any",
        { id: "root", at: [0, 9] },
        { id: "a", parent: "root", at: [0, 1] },
        { id: "b", parent: "root", at: [1, 2] },
        { id: "c", parent: "b", at: [1, 2] },
      ),
    );
    const table = new CallPathTable({ maxPaths: 2 });
    const names = [...table.pathsOf(tree).values()].map(({ step }) => step.operation);
    expect(names).toEqual(["root", "a", OTHER_PATHS.operation, OTHER_PATHS.operation]);
    const shallow = new CallPathTable({ maxDepth: 2 });
    expect([...shallow.pathsOf(tree).values()].map(({ step }) => step.operation)).toEqual([
      "root",
      "a",
      "b",
      "b",
    ]);
  });

  it("leave a record of some hundred bytes a trace", () => {
    const cohort = cohortOf(100, () => ({ attributes: { a: "1", b: 2n } }));
    // service.name, a and b, one number, one path, each with a time or value.
    expect((cohort.byteSize - cohort.attributes.byteSize) / 100).toBe((3 * 2 + 2 + 2 + 8) * 8);
  });
});
