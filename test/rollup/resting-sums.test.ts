import fc from "fast-check";
import { expect, test } from "vitest";
import type { Cells, EdgeCell, SpanCell } from "../../src/rollup/cells.ts";
import { slower } from "../../src/rollup/cells.ts";
import type { SecondsRange } from "../../src/rollup/rollup-level.ts";
import { RollupWindow } from "../../src/rollup/rollup-window.ts";
import type { RollupsOptions } from "../../src/rollup/rollups.ts";
import { Rollups } from "../../src/rollup/rollups.ts";
import { cellsOf } from "../helpers/statistics-dump.ts";

const NOW = 1_700_001_234;
const HOUR = 3_600;
const DAY = 86_400;

const moment = fc.oneof(
  fc.integer({ min: NOW - 1_200, max: NOW + 600 }),
  fc.integer({ min: NOW - 4 * HOUR, max: NOW }),
  fc.integer({ min: NOW - 3 * DAY, max: NOW }),
);
const TWO_LENGTHS: RollupsOptions = {
  resolutions: [
    { windowSeconds: 60, keepSeconds: 2 * DAY },
    { windowSeconds: HOUR, keepSeconds: 30 * DAY },
  ],
};
const HALF_AN_HOUR: SecondsRange = { start: NOW - DAY, end: NOW - DAY + 1_800 };
const MINUTES = Array.from({ length: 30 }, (_, at) => HALF_AN_HOUR.start + at * 60);
const room = fc.constantFrom<RollupsOptions>(
  {},
  { ...TWO_LENGTHS, maxSumBytes: 1_500 },
  { maxBytes: 2_000 },
  { maxSumBytes: 0 },
);

interface Change {
  readonly at: number;
  readonly series: number;
  readonly nanos: number;
  readonly kind: "add" | "take" | "call" | "restore" | "none";
}

const step = fc.record({
  at: moment,
  series: fc.integer({ min: 1, max: 3 }),
  nanos: fc.integer({ min: 0, max: 1_000 }),
  kind: fc.constantFrom<Change["kind"]>("add", "take", "call", "restore", "none"),
  later: fc.constantFrom(0, 0, 10, 60, HOUR, 40_000),
  start: moment,
  length: fc.integer({ min: 0, max: 3 * DAY }),
});

test("what answers add up is what each window holds, whatever changed, came, folded or went between them, with much or little room for sums", () => {
  fc.assert(
    fc.property(
      fc.array(moment, { maxLength: 60 }),
      fc.array(step, { maxLength: 30 }),
      room,
      (before, steps, options) => {
        const rollups = rollupsOf(before, options);
        let now = NOW;
        for (const { start, length, later, ...change } of steps) {
          makeChange(rollups, change);
          now += later;
          if (later > 0) rollups.tick(now);
          // Twice: each answer makes some of the sums only.
          for (let time = 0; time < 2; time++) expectSums(rollups, { start, end: start + length });
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a day that was asked for often takes what is added to it, is taken back from it and comes new", () => {
  const rollups = rollupsOf(
    Array.from({ length: 300 }, (_, at) => NOW - at * 311),
    {},
  );
  const day = { start: NOW - DAY, end: NOW };
  for (let time = 0; time < 20; time++) expectSums(rollups, day);
  expect(rollups.sumSizes().bytes).toBeGreaterThan(0);
  for (let at = NOW - DAY; at < NOW; at += 1_117) {
    const series = 1 + (at % 3);
    makeChange(rollups, { at, series, nanos: at % 997, kind: at % 2 === 0 ? "add" : "call" });
    expectSums(rollups, day);
    rollups.tick(NOW);
    expectSums(rollups, day);
  }
});

test("a window that is put back takes the place of the one that was summed", () => {
  const rollups = rollupsOf(MINUTES, TWO_LENGTHS);
  for (let time = 0; time < 10; time++) expectSums(rollups, HALF_AN_HOUR);
  for (const at of MINUTES) {
    makeChange(rollups, { at, series: 1, nanos: 1, kind: "restore" });
    expectSums(rollups, HALF_AN_HOUR);
  }
});

test("sums go with their windows", () => {
  const rollups = rollupsOf(MINUTES, TWO_LENGTHS);
  for (let time = 0; time < 10; time++) expectSums(rollups, HALF_AN_HOUR);
  expect(rollups.sumSizes().bytes).toBeGreaterThan(0);
  rollups.tick(NOW + 31 * DAY);
  expect(rollups.sumSizes()).toEqual({ bytes: 0, dropped: 0 });
});

test("sums take no more than their bound, and those dropped for it are counted", () => {
  const moments = Array.from({ length: 1_700 }, (_, at) => NOW - at * 101);
  const sumSizes = (options: RollupsOptions): ReturnType<Rollups["sumSizes"]> => {
    const rollups = rollupsOf(moments, options);
    for (let hour = 48; hour > 28; hour--)
      expectSums(rollups, { start: NOW - hour * HOUR, end: NOW - hour * 900 });
    return rollups.sumSizes();
  };
  const all = sumSizes({});
  const few = sumSizes({ maxSumBytes: 1_000 });
  // For each of the three lengths of windows.
  expect(all.bytes).toBeGreaterThan(3 * 1_000);
  expect(all.dropped).toBe(0);
  expect(few.bytes).toBeGreaterThan(0);
  expect(few.bytes).toBeLessThanOrEqual(3 * 1_000);
  expect(few.dropped).toBeGreaterThan(0);
});

function rollupsOf(moments: readonly number[], options: RollupsOptions): Rollups {
  const rollups = new Rollups(options);
  rollups.observe(NOW);
  for (const at of moments) makeChange(rollups, { at, series: 1 + (at % 3), nanos: at % 5_000, kind: "add" });
  rollups.tick(NOW);
  return rollups;
}

function makeChange(rollups: Rollups, { at, series, nanos, kind }: Change): void {
  if (kind === "restore") rollups.restore(60, new RollupWindow(Math.floor(at / 60) * 60));
  if (kind === "none" || kind === "restore") return;
  for (const window of rollups.windowsAt(at)) {
    if (kind !== "add") window.edgeCell(series).add(callOf(nanos), 1, 1);
    if (kind === "take") window.edgeCell(series).add(callOf(nanos), 1, -1);
    if (kind !== "call") changeSpans(window.spanCell(series), nanos, kind);
  }
}

/** What is taken back leaves its series in the window, with nothing in it. */
function changeSpans(cell: SpanCell, nanos: number, kind: "add" | "take"): void {
  cell.durations.add(nanos);
  if (kind === "take") cell.durations.remove(nanos);
  else cell.exemplar = slower(cell.exemplar, { traceId: "ab", spanId: `${nanos % 3}`, durationNanos: nanos });
}

function callOf(nanos: number): Parameters<EdgeCell["add"]>[0] {
  const durations = { clientNanos: nanos, serverNanos: -1, gapNanos: -1, delayNanos: -1 };
  const isClientError = nanos % 2 === 0;
  const flags = { isClientError, isServerError: false, isRetry: false, isGapClamped: false };
  return { callCount: 1, errorCount: 0, facts: { ...durations, ...flags } };
}

/** Against every window alone. */
function expectSums(rollups: Rollups, range: SecondsRange): void {
  let summed = range;
  const sums = cellsOf((cells) => {
    summed = rollups.addUp(range, cells);
  });
  const { windows, covered } = rollups.windowsOver(range);
  const each = cellsOf((cells) => {
    for (const window of windows) window.addTo(cells);
  });
  expect(summed).toEqual(covered);
  expect(contentOf(sums)).toEqual(contentOf(each));
}

/** Everything in them, in one order. */
function contentOf({ spans, edges }: Cells): unknown {
  const spanTexts = Array.from(spans, ([id, { durations, exemplar }]) =>
    JSON.stringify([id, [...durations.toBytes()], exemplar]),
  );
  const edgeTexts = Array.from(edges, ([id, { counts, sketches, exemplar }]) => {
    const texts = Object.entries(sketches).map(([name, sketch]) => `${name} ${sketch?.toBytes().join()}`);
    return JSON.stringify([id, counts, texts.sort(), exemplar]);
  });
  return [spanTexts.sort(), edgeTexts.sort()];
}
