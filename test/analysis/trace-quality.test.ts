import { describe, expect, it } from "vitest";
import { QUALITY_CHECKS, qualityScore, TraceQuality } from "../../src/analysis/trace-quality.ts";
import type { Span } from "../../src/model/span.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan, buildTrace, spanIdOf } from "../helpers/trace-builder.ts";

/** Passed, failed and exempt spans of `shop`, by check. */
function judged(...spans: readonly Span[]): Readonly<Record<string, readonly [number, number, number]>> {
  const quality = new TraceQuality("shop");
  quality.add("trace", spans);
  return Object.fromEntries(
    quality
      .results()
      .map(({ check, passed, failed, exempt }) => [check.name, [passed.count, failed.count, exempt.count]]),
  );
}

const shop = (sketch: Omit<SpanSketch, "service">) => buildSpan("t", { service: "shop", ...sketch });
const ROOT = shop({ id: "root", kind: "SERVER", at: [0, 100], resourceAttributes: { "host.name": "a" } });

describe("Quality of traces", () => {
  it.each<readonly [string, string, readonly Span[], readonly [number, number, number]]>([
    ["Root spans", "a root", [ROOT], [1, 0, 0]],
    ["Root spans", "no root", [shop({ id: "x", parent: "gone", at: [0, 1] })], [0, 1, 0]],
    ["Parent spans", "a root alone", [ROOT], [0, 0, 1]],
    ["Parent spans", "a child", [ROOT, shop({ id: "x", parent: "root", at: [0, 1] })], [1, 0, 1]],
    ["Parent spans", "an orphan", [ROOT, shop({ id: "x", parent: "gone", at: [0, 1] })], [0, 1, 1]],
    ["Unique span ids", "ids of their own", [ROOT, shop({ id: "x", at: [0, 1] })], [2, 0, 0]],
    ["Unique span ids", "one id twice", [ROOT, shop({ id: "root", at: [0, 1] })], [0, 2, 0]],
    ["Possible times", "an end before the start", [shop({ id: "x", at: [2, 1] })], [0, 1, 0]],
    ["Span kinds", "a kind", [ROOT], [1, 0, 0]],
    ["Span kinds", "no kind", [shop({ id: "x", kind: "UNSPECIFIED", at: [0, 1] })], [0, 1, 0]],
    ["Peers of calls", "no call", [ROOT], [0, 0, 1]],
    ["Peers of calls", "a call of nobody", [shop({ id: "x", kind: "CLIENT", at: [0, 1] })], [0, 1, 0]],
    [
      "Peers of calls",
      "a call of a database",
      [shop({ id: "x", kind: "CLIENT", at: [0, 1], attributes: { "db.system": "mysql" } })],
      [1, 0, 0],
    ],
    ["Explained errors", "no error", [ROOT], [0, 0, 1]],
    ["Explained errors", "a bare error", [shop({ id: "x", status: "ERROR", at: [0, 1] })], [0, 1, 0]],
    [
      "Explained errors",
      "an error with its type",
      [shop({ id: "x", status: "ERROR", at: [0, 1], attributes: { "error.type": "timeout" } })],
      [1, 0, 0],
    ],
    ["Service versions", "no version", [ROOT], [0, 1, 0]],
    [
      "Service versions",
      "a version",
      [shop({ id: "x", at: [0, 1], resourceAttributes: { "service.version": "2" } })],
      [1, 0, 0],
    ],
    [
      "Agreeing clocks",
      "a child on another host that fits",
      [ROOT, shop({ id: "x", parent: "root", at: [10, 20], resourceAttributes: { "host.name": "b" } })],
      [1, 0, 1],
    ],
    [
      "Agreeing clocks",
      "a child on another host that begins first",
      [ROOT, shop({ id: "x", parent: "root", at: [-10, 20], resourceAttributes: { "host.name": "b" } })],
      [0, 1, 1],
    ],
    [
      "Agreeing clocks",
      "a child on the same host",
      [ROOT, shop({ id: "x", parent: "root", at: [-10, 20], resourceAttributes: { "host.name": "a" } })],
      [0, 0, 2],
    ],
  ])("%s: counts %s", (check, _what, spans, counts) => {
    expect(judged(...spans)[check]).toEqual(counts);
  });

  it("judges the spans of the service alone", () => {
    const { spans } = buildTrace(
      "t",
      { id: "a", service: "web", at: [0, 9] },
      { id: "b", service: "shop", at: [1, 2] },
    );
    expect(judged(...spans)["Span kinds"]).toEqual([1, 0, 0]);
  });

  it("names a few examples of different traces, and the operations that fail most", () => {
    const quality = new TraceQuality("shop");
    for (let trace = 0; trace < 7; trace++) {
      quality.add(`t${trace}`, [
        shop({ id: "x", name: "b", at: [0, 1] }),
        shop({ id: "y", name: "a", at: [0, 1] }),
      ]);
    }
    const versions = quality.results().find(({ check }) => check.name === "Service versions");
    expect(versions?.failed.count).toBe(14);
    expect(versions?.failed.examples.map(({ traceId }) => traceId)).toEqual(["t0", "t1", "t2", "t3", "t4"]);
    expect([spanIdOf("x"), spanIdOf("y")]).toContain(versions?.failed.examples[0]?.spanIds[0]);
    expect(versions?.failuresByOperation).toEqual([
      ["a", 7],
      ["b", 7],
    ]);
  });

  it("weighs what could be asked, and has no score where nothing could", () => {
    const quality = new TraceQuality("shop");
    expect(qualityScore(quality.results(), "description")).toBeUndefined();
    quality.add("t", [ROOT]);
    // A kind and no version; calls and errors are not asked of it.
    expect(qualityScore(quality.results(), "description")).toBe(0.5);
    expect(qualityScore(quality.results(), "completeness")).toBe(1);
  });

  it("has weights that add up to one in each category", () => {
    for (const category of ["completeness", "consistency", "description"] as const) {
      const weights = QUALITY_CHECKS.filter((check) => check.category === category).map(
        ({ weight }) => weight,
      );
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1);
    }
  });
});
