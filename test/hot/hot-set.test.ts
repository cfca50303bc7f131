import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexFromBytes } from "../../src/base/bytes.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { batchByteSize } from "../../src/hot/hot-block.ts";
import { HotSet } from "../../src/hot/hot-set.ts";
import type { Span } from "../../src/model/span.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";

function span(trace: string, id: string, at: readonly [number, number] = [0, 1]): Span {
  return buildSpan(trace, { id, at });
}

function filled(rowsPerBlock: number, ...batches: readonly (readonly Span[])[]): HotSet {
  const hotSet = new HotSet({ maxBlockRows: rowsPerBlock });
  const feed = new BatchFeed(hotSet);
  for (const spans of batches) feed.append(...spans);
  return hotSet;
}

function namesOf(hotSet: HotSet, trace: string): string[] {
  return atOnce(hotSet.rowsOf(traceIdOf(trace))).map((row) => spanFromRow(row).name);
}

type Step =
  | { readonly append: readonly string[] }
  | { readonly close: true }
  | { readonly dropThrough: number };

/** A span that should be held, in the order of arrival. */
interface Held {
  readonly position: number;
  readonly traceId: string;
  readonly name: string;
}

/** Does the steps and returns what should be held after them. */
function runSteps(hotSet: HotSet, steps: readonly Step[]): Held[] {
  const feed = new BatchFeed(hotSet);
  let held: Held[] = [];
  for (const step of steps) {
    if ("close" in step) hotSet.closeBlock();
    if ("dropThrough" in step) {
      hotSet.dropThrough(step.dropThrough);
      held = held.filter(({ position }) => position > step.dropThrough);
    }
    if ("append" in step) {
      const spans = step.append.map((trace, at) => span(trace, `${feed.committed.length}-${at}`));
      const position = feed.append(...spans);
      held.push(...spans.map(({ traceId, name }) => ({ position, traceId, name })));
    }
  }
  return held;
}

function expectSame(hotSet: HotSet, held: readonly Held[]): void {
  expect(hotSet.rowCount).toBe(held.length);
  const view = hotSet.view();
  expect([...view.traceIds()].sort()).toEqual([...new Set(held.map(({ traceId }) => traceId))].sort());
  for (const traceId of ["a", "b", "c", "d"].map(traceIdOf)) {
    const names = held.filter((row) => row.traceId === traceId).map(({ name }) => name);
    expect(atOnce(hotSet.rowsOf(traceId)).map((row) => spanFromRow(row).name)).toEqual(names.reverse());
    expect(atOnce(view.rowsOf(traceId))).toEqual(atOnce(hotSet.rowsOf(traceId)));
  }
}

describe("a hot set", () => {
  it("gives the rows of a trace over all blocks, newest arrival first", () => {
    const hotSet = filled(
      2,
      [span("a", "a1"), span("b", "b1"), span("a", "a2")],
      [span("a", "a3")],
      [span("b", "b2"), span("a", "a1")],
    );
    expect(hotSet.blocks()).toHaveLength(2);
    expect(namesOf(hotSet, "a")).toEqual(["a1", "a3", "a2", "a1"]);
    expect(namesOf(hotSet, "b")).toEqual(["b2", "b1"]);
    expect(namesOf(hotSet, "c")).toEqual([]);
  });

  it("knows a trace by hex in either case and by bytes", () => {
    const hotSet = filled(10, [span("a", "a1")]);
    const hex = traceIdOf("a");
    expect([hex, hex.toUpperCase(), Buffer.from(hex, "hex")].map((id) => hotSet.has(id))).toEqual([
      true,
      true,
      true,
    ]);
    expect(hotSet.has(traceIdOf("b"))).toBe(false);
    expect(hotSet.has("no id at all")).toBe(false);
    expect(atOnce(hotSet.rowsOf(hex.slice(2)))).toEqual([]);
  });

  it("closes a block when it is full or when asked, so that a seal can take it", () => {
    const hotSet = filled(3, [span("a", "a1"), span("a", "a2"), span("a", "a3")], [span("b", "b1")]);
    expect(hotSet.closedBlocks().map((block) => [block.firstPosition, block.lastPosition])).toEqual([[0, 0]]);
    hotSet.closeBlock();
    hotSet.closeBlock();
    expect(hotSet.closedBlocks().map((block) => block.batches.map(({ position }) => position))).toEqual([
      [0],
      [1],
    ]);
  });

  it("forgets whole blocks up to a position and keeps the rest of a block that goes on", () => {
    const batches = ["a", "b", "c", "d", "e"].map((name) => [span(name, "1"), span("all", name)]);
    const hotSet = filled(4, ...batches);
    expect(hotSet.dropThrough(2)).toEqual({ batches: 3, rows: 6 });
    expect([...hotSet.view().traceIds()].sort()).toEqual(["all", "d", "e"].map(traceIdOf).sort());
    expect(namesOf(hotSet, "all")).toEqual(["e", "d"]);
    expect(hotSet.rowCount).toBe(4);
    expect(hotSet.dropThrough(2)).toEqual({ batches: 0, rows: 0 });
    expect(hotSet.dropThrough(9)).toEqual({ batches: 2, rows: 4 });
    expect(hotSet.blocks()).toEqual([]);
    expect(hotSet.lastPosition).toBe(4);
  });

  it("counts rows, bytes and the oldest arrival", () => {
    const hotSet = new HotSet();
    expect(hotSet).toMatchObject({
      rowCount: 0,
      byteSize: 0,
      oldestArrivalUnixMillis: undefined,
      lastPosition: -1,
    });
    const feed = new BatchFeed(hotSet, 5_000);
    feed.append(span("a", "a1"));
    feed.arrivalUnixMillis = 4_000;
    feed.append(span("a", "a2"));
    expect(hotSet).toMatchObject({ rowCount: 2, oldestArrivalUnixMillis: 4_000, lastPosition: 1 });
    const batchBytes = feed.committed.reduce((sum, { batch }) => sum + batchByteSize(batch), 0);
    expect(hotSet.byteSize).toBeGreaterThan(batchBytes);
    hotSet.dropThrough(1);
    expect(hotSet.byteSize).toBe(0);
  });

  it("gives each trace once with its extent, also when blocks share it", () => {
    const failed = buildSpan("a", { id: "a3", at: [1, 9], status: "ERROR" });
    const hotSet = filled(
      1,
      [span("a", "a1", [5, 6]), span("b", "b1", [3, 4])],
      [span("a", "a2", [2, 3])],
      [failed, span("c", "c1", [7, 2])],
    );
    const traces = [...hotSet.view().traces()].map((trace) => ({
      id: trace.traceId,
      extent: [trace.startTimeUnixNano, trace.endTimeUnixNano],
      hasError: trace.hasError,
      rows: atOnce(trace.rows()).length,
    }));
    expect(traces).toEqual([
      { id: traceIdOf("a"), extent: [1, 9].map(unixNanoAt), hasError: true, rows: 3 },
      { id: traceIdOf("c"), extent: [7, 2].map(unixNanoAt), hasError: false, rows: 1 },
      { id: traceIdOf("b"), extent: [3, 4].map(unixNanoAt), hasError: false, rows: 1 },
    ]);
  });

  it("answers a view as it was, whatever is appended and dropped later", () => {
    const hotSet = new HotSet({ maxBlockRows: 3 });
    const feed = new BatchFeed(hotSet);
    feed.append(span("a", "a1", [5, 6]));
    feed.append(span("b", "b1"));
    const view = hotSet.view();
    feed.append(span("a", "a2", [1, 9]), span("c", "c1"));
    feed.append(span("a", "a3"));
    hotSet.dropThrough(3);
    expect(hotSet.rowCount).toBe(0);
    expect([...view.traceIds()]).toEqual([traceIdOf("a"), traceIdOf("b")]);
    expect(atOnce(view.rowsOf(traceIdOf("a"))).map((row) => spanFromRow(row).name)).toEqual(["a1"]);
    expect(view.has(traceIdOf("b"))).toBe(true);
    expect(view.has(traceIdOf("c"))).toBe(false);
    expect([...view.traces()][0]?.startTimeUnixNano).toBe(unixNanoAt(5));
  });

  it("holds what a list of rows would hold, through any appends, closings and drops", async () => {
    const anyName = fc.constantFrom("a", "b", "c", "d");
    const anyStep: fc.Arbitrary<Step> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ append: fc.array(anyName, { maxLength: 5 }) }) },
      { weight: 1, arbitrary: fc.constant({ close: true as const }) },
      { weight: 1, arbitrary: fc.record({ dropThrough: fc.nat(12) }) },
    );
    const anySteps = fc.array(anyStep, { maxLength: 20 });
    await fc.assert(
      fc.property(anySteps, fc.integer({ min: 1, max: 9 }), (steps, maxBlockRows) => {
        const hotSet = new HotSet({ maxBlockRows });
        expectSame(hotSet, runSteps(hotSet, steps));
      }),
    );
  });

  it("writes trace ids as lower-case hex", () => {
    const hotSet = filled(10, [span("a", "a1")]);
    const [row] = atOnce(hotSet.rowsOf(traceIdOf("a")));
    expect([...hotSet.view().traceIds()]).toEqual([hexFromBytes(row?.batch.traceIds ?? new Uint8Array(0))]);
  });
});
