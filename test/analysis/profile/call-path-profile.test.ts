import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencySketch } from "../../../src/analysis/latency-sketch.ts";
import { CallPathProfile } from "../../../src/analysis/profile/call-path-profile.ts";
import { columnsOfSpans } from "../../../src/analysis/profile/columns-of-spans.ts";
import { FrameTable, frameLabel } from "../../../src/analysis/profile/frame-table.ts";
import { profileFromBytes, profileToBytes } from "../../../src/analysis/profile/profile-bytes.ts";
import type { ProfileNode } from "../../../src/analysis/profile/profile-tree.ts";
import { exemplarsOf, framesTo, profileTree } from "../../../src/analysis/profile/profile-tree.ts";
import { TracAggError } from "../../../src/base/errors.ts";
import type { Span } from "../../../src/model/span.ts";
import { buildTrace, traceIdOf } from "../../helpers/trace-builder.ts";
import { anySpans, traceOf } from "./any-trace.ts";

const MS = 1_000_000n * 1_024n;

interface Weighted {
  readonly spans: readonly Span[];
  readonly weight: number;
}

const anyWeighted: fc.Arbitrary<Weighted> = fc
  .record({
    trace: fc.nat(50),
    spans: anySpans,
    weight: fc.constantFrom(1, 1, 3, 1 / 0.3, 0.01, 1_000_000),
  })
  .map(({ trace, spans, weight }) => ({
    spans: spans.map((span) => ({ ...span, traceId: traceIdOf(`t${trace}`) })),
    weight,
  }));
const anyTraces = fc.array(anyWeighted, { maxLength: 5 });

function add(profile: CallPathProfile, spans: readonly Span[], weight = 1): void {
  profile.add(columnsOfSpans(traceOf(spans), profile.frames), weight);
}

function remove(profile: CallPathProfile, spans: readonly Span[], weight = 1): void {
  profile.remove(columnsOfSpans(traceOf(spans), profile.frames), weight);
}

function profileOf(traces: readonly Weighted[], maxPaths = 10_000): CallPathProfile {
  const profile = new CallPathProfile({ maxPaths });
  for (const { spans, weight } of traces) add(profile, spans, weight);
  return profile;
}

function pathText(node: ProfileNode): string {
  return framesTo(node).map(frameLabel).join(" > ");
}

/** Everything but the exemplars. */
function sumsOf(profile: CallPathProfile): unknown {
  const durations = [...profile.durations()]
    .map(([frame, sketch]) => [frameLabel(profile.frames.frame(frame)), String(sketch.toBytes())])
    .sort();
  const nodes = profileTree(profile).nodes.map((node) => ({
    path: pathText(node),
    spanCount: node.spanCount,
    spanSteps: node.spanSteps,
    self: node.self,
    inclusive: node.inclusive,
    sketch: String((node.selfSketch ?? new LatencySketch()).toBytes()),
  }));
  return { totals: profile.totals, durations, nodes };
}

function merged(...profiles: readonly CallPathProfile[]): CallPathProfile {
  const sum = new CallPathProfile();
  for (const profile of profiles) sum.merge(profile);
  return sum;
}

const checkout = buildTrace(
  "one",
  { id: "root", service: "shop", name: "checkout", kind: "SERVER", at: [0, 100] },
  { id: "call", parent: "root", service: "shop", name: "charge", kind: "CLIENT", at: [10, 60] },
  { id: "charge", parent: "call", service: "pay", name: "charge", kind: "SERVER", at: [20, 50] },
  { id: "log", parent: "root", service: "shop", name: "log", at: [20, 70] },
  { id: "call2", parent: "root", service: "shop", name: "charge", kind: "CLIENT", at: [80, 90] },
);

describe("a call-path profile", () => {
  it("adds up counts, critical-path time and inclusive time by call path", () => {
    const profile = profileOf([{ spans: checkout.spans, weight: 1 }]);
    const tree = profileTree(profile);
    expect(tree.whole).toBe(100n * MS);
    const told = tree.nodes.map((node) => [
      pathText(node),
      node.spanCount,
      node.self,
      node.total,
      node.inclusive,
    ]);
    // The path: checkout 0-20, log 20-70, checkout 70-80, charge 80-90, checkout 90-100.
    expect(told).toEqual([
      ["shop: checkout [server]", 1, 40n * MS, 100n * MS, 100n * MS],
      ["shop: checkout [server] > shop: charge [client]", 2, 10n * MS, 10n * MS, 60n * MS],
      ["shop: checkout [server] > shop: charge [client] > pay: charge [server]", 1, 0n, 0n, 30n * MS],
      ["shop: checkout [server] > shop: log", 1, 50n * MS, 50n * MS, 50n * MS],
    ]);
    expect(tree.nodes.map(({ share }) => share)).toEqual([0.4, 0.1, 0, 0.5]);
    expect(profile.totals).toEqual({ traceCount: 1, traceSteps: 1_024, spanCount: 5 });
  });

  it("has one node for a frame met again on the way down, and counts its time once", () => {
    const trace = buildTrace(
      "recursion",
      { id: "a", name: "walk", at: [0, 10] },
      { id: "b", parent: "a", name: "read", at: [1, 9] },
      { id: "c", parent: "b", name: "walk", at: [2, 8] },
      { id: "d", parent: "c", name: "read", at: [3, 7] },
    );
    const tree = profileTree(profileOf([{ spans: trace.spans, weight: 1 }]));
    expect(tree.nodes.map((node) => [pathText(node), node.spanCount, node.self, node.inclusive])).toEqual([
      ["service: walk", 2, 4n * MS, 10n * MS],
      ["service: walk > service: read", 2, 6n * MS, 8n * MS],
    ]);
  });

  it("names time that no span covers, at missing parents and between roots", () => {
    const trace = buildTrace(
      "gaps",
      { id: "first", name: "first", at: [0, 10] },
      { id: "orphan", parent: "lost", name: "orphan", at: [5, 8] },
      { id: "second", name: "second", at: [20, 35] },
    );
    const tree = profileTree(profileOf([{ spans: trace.spans, weight: 1 }]));
    expect(tree.nodes.map((node) => [pathText(node), node.spanCount, node.self])).toEqual([
      ["(untraced)", 0, 10n * MS],
      ["(untraced) > service: first", 1, 10n * MS],
      ["(untraced) > service: orphan", 1, 0n],
      ["(untraced) > service: second", 1, 15n * MS],
    ]);
  });

  it("folds what is deeper than 64 levels into the node it leaves them at", () => {
    const deep = Array.from({ length: 200 }, (_, at) => ({
      id: `s${at}`,
      ...(at === 0 ? {} : { parent: `s${at - 1}` }),
      at: [at, 400 - at] as const,
    }));
    const tree = profileTree(profileOf([{ spans: buildTrace("deep", ...deep).spans, weight: 1 }]));
    expect(tree.nodes).toHaveLength(64);
    expect(tree.nodes.at(-1)).toMatchObject({ depth: 64, spanCount: 137, self: (400n - 2n * 63n) * MS });
    expect(tree.nodes.at(-1)?.inclusive).toBe((400n - 2n * 63n) * MS);
  });

  it("knows the longest trace of a call path, and traces near its median and its 95th percentile", () => {
    const profile = new CallPathProfile();
    for (let millis = 1; millis <= 100; millis++) {
      add(profile, buildTrace(`t${millis}`, { id: "root", at: [0, millis] }).spans);
    }
    const { max, p50, p95 } = exemplarsOf(profileTree(profile).nodes[0]!);
    expect(max).toEqual({ traceId: traceIdOf("t100"), nanos: 100_000_000 });
    expect(p50!.nanos / 50e6).toBeGreaterThan(0.7);
    expect(p50!.nanos / 50e6).toBeLessThan(1.42);
    expect(p95!.nanos / 95e6).toBeGreaterThan(0.7);
  });

  it("refuses weights it cannot count exactly", () => {
    const profile = new CallPathProfile();
    for (const weight of [0, -1, Number.NaN, 2 ** 31]) {
      expect(() => add(profile, checkout.spans, weight)).toThrow(RangeError);
    }
    expect(profile.totals.traceCount).toBe(0);
  });
});

describe("P12: profiles are sums", () => {
  it("the shares of all call paths sum to the whole exactly, which is the time of all traces", () => {
    fc.assert(
      fc.property(anyTraces, (traces) => {
        const profile = new CallPathProfile();
        let whole = 0n;
        for (const { spans, weight } of traces) {
          const columns = columnsOfSpans(traceOf(spans), profile.frames);
          whole += BigInt(profile.add(columns, weight).durationNanos) * BigInt(Math.round(weight * 1_024));
        }
        const tree = profileTree(profile);
        expect(tree.whole).toBe(whole);
        expect(tree.nodes.reduce((sum, node) => sum + node.self, 0n)).toBe(whole);
        expect(tree.roots.reduce((sum, node) => sum + node.total, 0n)).toBe(whole);
        // What a call path has of the critical path lies inside its spans.
        expect(tree.nodes.filter((node) => node.total > node.inclusive)).toEqual([]);
        const shares = tree.nodes.reduce((sum, node) => sum + node.share, 0);
        expect(shares).toBeCloseTo(whole === 0n ? 0 : 1, 12);
      }),
    );
  });

  it("merging is commutative and associative, bit by bit, and equals adding everything to one", () => {
    fc.assert(
      fc.property(anyTraces, anyTraces, anyTraces, (a, b, c) => {
        const whole = profileToBytes(profileOf([...a, ...b, ...c]));
        const [pa, pb, pc] = [profileOf(a), profileOf(b), profileOf(c)];
        expect(profileToBytes(merged(pa, merged(pb, pc)))).toEqual(whole);
        expect(profileToBytes(merged(merged(pc, pa), pb))).toEqual(whole);
        expect(profileToBytes(profileOf([...c, ...b, ...a]))).toEqual(whole);
      }),
    );
  });

  it("profiles that share a table of frames merge to the same", () => {
    fc.assert(
      fc.property(anyTraces, anyTraces, (a, b) => {
        const frames = new FrameTable();
        const [left, right] = [new CallPathProfile({ frames }), new CallPathProfile({ frames })];
        for (const { spans, weight } of a) add(left, spans, weight);
        for (const { spans, weight } of b) add(right, spans, weight);
        left.merge(right);
        expect(profileToBytes(left)).toEqual(profileToBytes(profileOf([...a, ...b])));
      }),
    );
  });

  it("taking a trace back leaves the sums as if it had never come, and its id in no exemplar", () => {
    fc.assert(
      fc.property(anyTraces, anyWeighted, anyTraces, (before, gone, after) => {
        const profile = profileOf([...before, gone, ...after]);
        remove(profile, gone.spans, gone.weight);
        expect(sumsOf(profile)).toEqual(sumsOf(profileOf([...before, ...after])));
        const named = profileTree(profile).nodes.flatMap((node) => node.exemplars?.all() ?? []);
        const others = [...before, ...after].map(({ spans }) => spans[0]!.traceId);
        const { traceId } = gone.spans[0]!;
        if (!others.includes(traceId)) expect(named.map((each) => each.traceId)).not.toContain(traceId);
      }),
    );
  });

  it("a weight of three is three traces", () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        const tree = (weights: readonly number[]) =>
          profileTree(profileOf(weights.map((weight) => ({ spans, weight })))).nodes.map((node) => ({
            steps: node.spanSteps,
            self: node.self,
            inclusive: node.inclusive,
            count: node.selfSketch?.count,
          }));
        expect(tree([3])).toEqual(tree([1, 1, 1]));
      }),
    );
  });
});

describe("the limit on call paths", () => {
  it("puts what finds no room into one node with a name and a count, and loses no time", () => {
    fc.assert(
      fc.property(anyTraces, fc.nat(4), (traces, maxPaths) => {
        const profile = profileOf(traces, maxPaths);
        const whole = profileTree(profileOf(traces));
        const tree = profileTree(profile);
        const other = tree.nodes.filter(({ frame }) => frame.role === "overflow");
        expect(tree.nodes.length - other.length).toBeLessThanOrEqual(maxPaths);
        expect(tree.whole).toBe(whole.whole);
        expect(tree.nodes.reduce((sum, node) => sum + node.self, 0n)).toBe(whole.whole);
        expect(tree.nodes.reduce((sum, node) => sum + node.spanCount, 0)).toBe(whole.totals.spanCount);
        expect(profile.overflowSpanCount).toBe(other[0]?.spanCount ?? 0);
        expect(other.every((node) => node.frame.operation === "(other)" && node.depth === 1)).toBe(true);
      }),
    );
  });

  it("still takes traces back exactly", () => {
    fc.assert(
      fc.property(anyTraces, anyWeighted, anyWeighted, fc.nat(4), (before, gone, after, maxPaths) => {
        const profile = profileOf([...before, gone], maxPaths);
        const withoutLast = sumsOf(profile);
        add(profile, after.spans, after.weight);
        remove(profile, after.spans, after.weight);
        expect(sumsOf(profile)).toEqual(withoutLast);
        for (const { spans, weight } of [...before, gone]) remove(profile, spans, weight);
        expect(profileTree(profile).nodes).toEqual([]);
        expect([...profile.durations()]).toEqual([]);
      }),
    );
  });

  it("counts what lies inside other overflow once in its inclusive time, added or merged", () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        const sum = new CallPathProfile({ maxPaths: 0 });
        sum.merge(profileOf([{ spans, weight: 1 }]));
        const told = (profile: CallPathProfile) =>
          profileTree(profile).nodes.map(({ spanCount, self, inclusive }) => ({
            spanCount,
            self,
            inclusive,
          }));
        expect(told(sum)).toEqual(told(profileOf([{ spans, weight: 1 }], 0)));
      }),
    );
  });

  it("gives no node to a path once paths were counted as overflow, though others become empty or bytes are read", () => {
    const first = buildTrace("first", { id: "first", at: [0, 1] }).spans;
    const second = buildTrace("second", { id: "second", at: [0, 5] }).spans;
    const later = buildTrace("later", { id: "second", at: [0, 7] }).spans;
    const profile = profileOf(
      [first, second].map((spans) => ({ spans, weight: 1 })),
      1,
    );
    remove(profile, first);
    const again = profileFromBytes(profileToBytes(profile), { maxPaths: 1 });
    const into = merged(profile);
    for (const each of [profile, again, into]) {
      add(each, later);
      remove(each, second);
      expect(profileTree(each).nodes.map((node) => [pathText(node), node.spanCount, node.self])).toEqual([
        ["(other)", 1, 7n * MS],
      ]);
    }
  });

  it("counts names beyond the table of frames as other", () => {
    const frames = new FrameTable({ maxFrames: 3 });
    const profile = new CallPathProfile({ frames });
    for (const name of ["first", "second", "third"]) {
      add(profile, buildTrace(name, { id: name, at: [0, 5] }).spans);
    }
    expect(profileTree(profile).nodes.map((node) => [pathText(node), node.spanCount])).toEqual([
      ["service: first", 1],
      ["(other)", 2],
    ]);
  });
});

describe("the bytes of a profile", () => {
  it("give the same profile again, overflow included", () => {
    fc.assert(
      fc.property(anyTraces, fc.constantFrom(2, 10_000), anyWeighted, (traces, maxPaths, more) => {
        const profile = profileOf(traces, maxPaths);
        const bytes = profileToBytes(profile);
        const again = profileFromBytes(bytes, { maxPaths });
        expect(sumsOf(again)).toEqual(sumsOf(profile));
        expect(profileToBytes(again)).toEqual(bytes);
        expect(profileTree(again).nodes.map(exemplarsOf)).toEqual(
          profileTree(profile).nodes.map(exemplarsOf),
        );
        add(again, more.spans, more.weight);
        remove(again, more.spans, more.weight);
        expect(sumsOf(again)).toEqual(sumsOf(profile));
      }),
    );
  });

  it("are refused when they are cut short, prolonged or of another format", () => {
    const bytes = profileToBytes(profileOf([{ spans: checkout.spans, weight: 1 }]));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => profileFromBytes(bytes.subarray(0, length))).toThrow(TracAggError);
    }
    expect(() => profileFromBytes(Uint8Array.of(...bytes, 0))).toThrow(/followed by 1 more/);
    expect(() => profileFromBytes(Uint8Array.of(9, ...bytes.subarray(1)))).toThrow(/format 1, got 9/);
  });

  it("take little: some hundred bytes for the demo of a shop", () => {
    const bytes = profileToBytes(profileOf([{ spans: checkout.spans, weight: 1 }]));
    expect(bytes.length).toBeLessThan(300);
  });
});
