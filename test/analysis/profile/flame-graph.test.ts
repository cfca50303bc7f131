import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlameNode } from "../../../src/analysis/profile/flame-graph.ts";
import { flameGraph } from "../../../src/analysis/profile/flame-graph.ts";
import { foldedDifference, foldedStacks } from "../../../src/analysis/profile/folded-stacks.ts";
import { profileDifference } from "../../../src/analysis/profile/profile-difference.ts";
import { speedscopeFile } from "../../../src/analysis/profile/speedscope.ts";
import { buildTrace, traceIdOf } from "../../helpers/trace-builder.ts";
import { anySpans, traceOf } from "./any-trace.ts";
import { checkout, profileOf } from "./profile-fixture.ts";

const anyProfile = fc.array(anySpans, { maxLength: 4 }).map((traces) => profileOf(traces.map(traceOf)));

function boxes(nodes: readonly FlameNode[]): FlameNode[] {
  return nodes.flatMap((node) => [node, ...boxes(node.children)]);
}

describe("flame graph data", () => {
  it("nests call paths with the time on the critical path as their width, widest first", () => {
    const graph = flameGraph(profileOf([checkout("one", { "pay/charge": 30, "stock/reserve": 60 })]));
    const exemplar = (nanos: number) => ({ traceId: traceIdOf("one"), nanos });
    expect(graph).toMatchObject({ valueNanos: 100e6, nodeCount: 3, omittedCount: 0 });
    expect(graph.roots).toMatchObject([
      {
        name: "shop: checkout [server]",
        role: "operation",
        service: "shop",
        operation: "checkout",
        kind: "SERVER",
        valueNanos: 100e6,
        selfNanos: 10e6,
        omittedNanos: 0,
        share: 0.1,
        spanCount: 1,
        inclusiveNanos: 100e6,
        exemplars: { max: exemplar(10e6), p50: exemplar(10e6), p95: exemplar(10e6) },
        children: [
          { name: "stock: reserve", valueNanos: 60e6, selfNanos: 60e6, children: [] },
          { name: "pay: charge", valueNanos: 30e6, selfNanos: 30e6, children: [] },
        ],
      },
    ]);
  });

  it("leaves the narrowest out, says how many and how much, and draws no box without those above it", () => {
    const profile = profileOf([checkout("one", { "pay/charge": 30, "stock/reserve": 60 })]);
    const graph = flameGraph(profile, { maxNodes: 2 });
    expect([graph.nodeCount, graph.omittedCount]).toEqual([2, 1]);
    expect(graph.roots[0]).toMatchObject({ omittedNanos: 30e6, children: [{ name: "stock: reserve" }] });
    expect(flameGraph(profile, { maxDepth: 1 }).roots).toMatchObject([{ omittedNanos: 90e6, children: [] }]);
    const covered = buildTrace("covered", { id: "a", at: [0, 9] }, { id: "b", parent: "a", at: [0, 9] });
    expect(flameGraph(profileOf([covered]), { maxNodes: 1 }).roots).toMatchObject([{ operation: "a" }]);
    fc.assert(
      fc.property(anyProfile, fc.nat(6), fc.integer({ min: 1, max: 4 }), (any, maxNodes, maxDepth) => {
        const drawn = flameGraph(any, { maxNodes, maxDepth });
        const all = boxes(drawn.roots);
        expect(all).toHaveLength(drawn.nodeCount);
        expect(all.length).toBeLessThanOrEqual(maxNodes);
        for (const { valueNanos, selfNanos, omittedNanos, children } of all) {
          const below = children.reduce((sum, child) => sum + child.valueNanos, 0);
          expect(valueNanos).toBe(selfNanos + below + omittedNanos);
        }
      }),
    );
  });
});

describe("the difference of two profiles", () => {
  const before = profileOf([checkout("one", { "pay/charge": 30, "stock/reserve": 60 })]);
  const after = profileOf([
    checkout("two", { "pay/charge": 30, "stock/reserve": 60, "stock/lock": 100 }),
    checkout("three", { "pay/charge": 30, "stock/reserve": 60, "stock/lock": 100 }),
  ]);

  it("compares shares, largest change first, with the mean time a trace", () => {
    const { paths } = profileDifference(before, after);
    const told = paths.map((path) => [path.frames.at(-1)?.operation, path.shareDelta, path.afterMeanNanos]);
    expect(told).toEqual([
      ["lock", 0.5, 100e6],
      ["reserve", 0.3 - 0.6, 60e6],
      ["charge", 0.15 - 0.3, 30e6],
      ["checkout", 0.05 - 0.1, 10e6],
    ]);
  });

  it("has nothing of a profile and itself, sums to 0, and turns its signs when the sides are exchanged", () => {
    fc.assert(
      fc.property(anyProfile, anyProfile, (left, right) => {
        expect(profileDifference(left, left).paths.filter(({ shareDelta }) => shareDelta !== 0)).toEqual([]);
        const forth = profileDifference(left, right).paths;
        const back = profileDifference(right, left).paths;
        expect(back.map(({ frames, shareDelta }) => [frames, shareDelta])).toEqual(
          forth.map(({ frames, shareDelta }) => [frames, shareDelta === 0 ? 0 : -shareDelta]),
        );
        if ([left, right].every((profile) => flameGraph(profile).valueNanos > 0)) {
          expect(forth.reduce((sum, path) => sum + path.shareDelta, 0)).toBeCloseTo(0, 12);
        }
      }),
    );
  });

  it("is folded into stacks with two counts", () => {
    expect([...foldedDifference(profileDifference(before, after))]).toEqual([
      "shop: checkout [server];stock: lock 0 500000000\n",
      "shop: checkout [server];stock: reserve 600000000 300000000\n",
      "shop: checkout [server];pay: charge 300000000 150000000\n",
      "shop: checkout [server] 100000000 50000000\n",
    ]);
  });
});

describe("exports for profile viewers", () => {
  const profile = profileOf([checkout("one", { "pay/charge": 30, "stock/reserve": 60 })]);

  it("folds stacks, one line a call path with time of its own", () => {
    expect([...foldedStacks(profile)]).toEqual([
      "shop: checkout [server] 10000000\n",
      "shop: checkout [server];pay: charge 30000000\n",
      "shop: checkout [server];stock: reserve 60000000\n",
    ]);
  });

  it("keeps names with separators and line breaks in one part of one line", () => {
    const odd = buildTrace("odd", { id: "root", service: "a;b", name: "x\ny\u2028z 7", at: [0, 1] });
    expect([...foldedStacks(profileOf([odd]))]).toEqual(["a,b: x y z 7 1000000\n"]);
  });

  it("writes speedscope's file format", () => {
    expect(speedscopeFile(profile, "shop")).toEqual({
      $schema: "https://www.speedscope.app/file-format-schema.json",
      name: "shop",
      exporter: "tracagg",
      activeProfileIndex: 0,
      shared: {
        frames: [
          { name: "shop: checkout [server]", file: "shop" },
          { name: "pay: charge", file: "pay" },
          { name: "stock: reserve", file: "stock" },
        ],
      },
      profiles: [
        {
          type: "sampled",
          name: "shop",
          unit: "nanoseconds",
          startValue: 0,
          endValue: 100_000_000,
          samples: [[0], [0, 1], [0, 2]],
          weights: [10_000_000, 30_000_000, 60_000_000],
        },
      ],
    });
  });
});
