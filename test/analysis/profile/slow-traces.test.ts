import { describe, expect, it } from "vitest";
import { CallPathProfile } from "../../../src/analysis/profile/call-path-profile.ts";
import { columnsOfSpans } from "../../../src/analysis/profile/columns-of-spans.ts";
import { frameLabel } from "../../../src/analysis/profile/frame-table.ts";
import { SlowTraceCollector } from "../../../src/analysis/profile/slow-traces.ts";
import { atOnce } from "../../../src/base/time-slice.ts";
import type { Trace } from "../../../src/model/trace.ts";
import { buildTrace, traceIdOf } from "../../helpers/trace-builder.ts";
import { CHECKOUT, checkout, profileOf } from "./profile-fixture.ts";

/** 100 checkouts of 10 + 90 ms and a little; the last four wait 300 ms more for a lock nobody else needs. */
function traces(): Trace[] {
  return Array.from({ length: 100 }, (_, at) => {
    const usual = { "pay/charge": 60 + at / 100, "stock/reserve": 30 };
    return checkout(`t${at}`, at < 96 ? usual : { ...usual, "stock/lock": 300 + at });
  });
}

function collected(all: Iterable<Trace>): SlowTraceCollector {
  const collector = new SlowTraceCollector();
  for (const trace of all) collector.add(columnsOfSpans(trace, collector.profile.frames));
  return collector;
}

describe("slow traces against middling ones", () => {
  it("names what only the slow ones wait for first, with the shares of both", () => {
    const { rootOperations, operations, paths, slowCount, middleCount } = collected(traces()).comparison();
    expect(rootOperations).toHaveLength(1);
    expect(rootOperations[0]).toMatchObject({
      frame: CHECKOUT,
      traceCount: 100,
      slowCount: 5,
      middleCount: 20,
    });
    expect([slowCount, middleCount]).toEqual([5, 20]);
    const [lock] = operations;
    expect(frameLabel(lock!.frames[0]!)).toBe("stock: lock");
    // Slow: trace 95 with 100.95 ms, 96 to 99 with 100.96 ms and so on and 396 to 399 ms of waiting.
    const waited = 396 + 397 + 398 + 399;
    const whole = 100.95 + 100.96 + 100.97 + 100.98 + 100.99 + waited;
    expect(lock!.slowShare).toBeCloseTo(waited / whole, 9);
    expect(lock!.middleShare).toBe(0);
    expect(lock!.shareDelta).toBe(lock!.slowShare);
    expect(lock!.slowMeanNanos).toBeCloseTo((waited * 1e6) / 5, 3);
    expect(lock!.exemplar).toEqual({ traceId: traceIdOf("t99"), nanos: 399e6 });
    expect(paths[0]!.frames.map(frameLabel)).toEqual(["shop: checkout [server]", "stock: lock"]);
  });

  it("has shares of 1 on both sides, so deltas sum to 0", () => {
    const { paths } = collected(traces()).comparison();
    const sum = (of: "slowShare" | "middleShare" | "shareDelta") =>
      paths.reduce((total, path) => total + path[of], 0);
    expect(sum("slowShare")).toBeCloseTo(1, 12);
    expect(sum("middleShare")).toBeCloseTo(1, 12);
    expect(sum("shareDelta")).toBeCloseTo(0, 12);
  });

  it("says slow of each root operation by itself, and leaves out those with too few traces", () => {
    const fast = Array.from({ length: 40 }, (_, at) =>
      buildTrace(`fast${at}`, { id: "root", service: "shop", name: "ping", at: [0, 1 + at / 100] }),
    );
    const rare = [buildTrace("rare", { id: "root", service: "shop", name: "rare", at: [0, 9_000] })];
    const comparison = collected([...traces(), ...fast, ...rare]).comparison();
    expect(comparison.rootOperations.map(({ frame, slowCount }) => [frame.operation, slowCount])).toEqual([
      ["checkout", 5],
      ["ping", 2],
    ]);
    expect(comparison.leftOutCount).toBe(1);
    expect(frameLabel(comparison.operations[0]!.frames[0]!)).toBe("stock: lock");
  });

  it("is the same for profiles of single traces made elsewhere", () => {
    const elsewhere = new SlowTraceCollector(new CallPathProfile());
    for (const trace of traces()) {
      atOnce(elsewhere.addProfileInSteps(trace.traceId, profileOf([trace])));
    }
    expect(elsewhere.comparison()).toEqual(collected(traces()).comparison());
  });

  it("is empty where nobody is slower than the others, or nobody came", () => {
    const same = Array.from({ length: 30 }, (_, at) => checkout(`s${at}`, { "pay/charge": 5 }));
    expect(collected(same).comparison()).toMatchObject({ slowCount: 0, middleCount: 30 });
    expect(collected([]).comparison()).toMatchObject({ rootOperations: [], operations: [], paths: [] });
  });
});
