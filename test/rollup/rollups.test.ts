import fc from "fast-check";
import { expect, test } from "vitest";
import { RollupWindow } from "../../src/rollup/rollup-window.ts";
import type { RollupsOptions } from "../../src/rollup/rollups.ts";
import { Rollups } from "../../src/rollup/rollups.ts";
import { cellsOf } from "../helpers/statistics-dump.ts";

const NOW = 1_700_001_234;
const DAY = 86_400;
const SERIES = 7;

const moment = fc.oneof(
  fc.integer({ min: NOW - 1_200, max: NOW + 600 }),
  fc.integer({ min: NOW - 3 * DAY, max: NOW }),
  fc.integer({ min: NOW - 30 * DAY, max: NOW }),
);

const TWO_LENGTHS: RollupsOptions = {
  resolutions: [
    { windowSeconds: 60, keepSeconds: 2 * DAY },
    { windowSeconds: 3_600, keepSeconds: 30 * DAY },
  ],
};
/** Room for the hours of a test, not for everything. */
const LITTLE_ROOM: RollupsOptions = { maxBytes: 2_000 };

function addAt(rollups: Rollups, seconds: number, nanos: number): void {
  for (const window of rollups.windowsAt(seconds)) window.spanCell(SERIES).durations.add(nanos);
}

function rollupsOf(moments: readonly number[]): Rollups {
  const rollups = new Rollups();
  rollups.observe(NOW);
  for (const at of moments) addAt(rollups, at, 1);
  return rollups;
}

function countIn(
  rollups: Rollups,
  start: number,
  end: number,
): { count: number; start: number; end: number } {
  let covered = { start, end };
  const { spans } = cellsOf((sums) => {
    covered = rollups.addUp({ start, end }, sums);
  });
  return { count: spans.get(SERIES)?.durations.count ?? 0, ...covered };
}

test("a range takes in every moment of it once, whatever windows answer, and says what it covered", () => {
  fc.assert(
    fc.property(
      fc.array(moment, { maxLength: 60 }),
      moment,
      moment,
      fc.boolean(),
      (moments, one, other, rests) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other) + 1];
        const rollups = rollupsOf(moments);
        if (rests) rollups.tick(NOW);
        const answer = countIn(rollups, start, end);
        expect(answer.start).toBeLessThanOrEqual(start);
        expect(answer.end).toBeGreaterThanOrEqual(end);
        // Nothing is wider than the windows held at that end.
        expect(start - answer.start).toBeLessThan(start >= NOW - 2 * DAY ? 60 : 3_600);
        expect(answer.count).toBe(moments.filter((at) => at >= answer.start && at < answer.end).length);
      },
    ),
    { numRuns: 500 },
  );
});

test("every moment is held once in each length, however late it comes, however often time goes on, whatever is dropped for memory, restarts included", () => {
  const step = fc.record({
    at: moment,
    later: fc.integer({ min: 0, max: 4_000 }),
    isTaken: fc.boolean(),
    isTicked: fc.boolean(),
  });
  // Beyond the end of the hour that is now, so that a range has whole hours of which not all is folded.
  const other = fc.oneof(moment, fc.constant(NOW + 7_200));
  const kept = fc.constantFrom({}, TWO_LENGTHS, LITTLE_ROOM);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), moment, other, kept, (steps, one, another, options) => {
      const [start, end] = [Math.min(one, another), Math.max(one, another) + 1];
      let rollups = new Rollups(options);
      let now = NOW - steps.reduce((sum, { later }) => sum + later, 0);
      rollups.observe(now);
      const held: number[] = [];
      for (const { at, later, isTaken, isTicked } of steps) {
        addAt(rollups, at, 1);
        if (isTaken) for (const window of rollups.windowsAt(at)) window.spanCell(SERIES).durations.remove(1);
        else held.push(at);
        now += later;
        if (isTicked) rollups.tick(now);
        else rollups.observe(now);
        if (later % 7 === 0) rollups = storedAndBack(rollups, options, now);
      }
      const answer = countIn(rollups, start, end);
      expect(answer.start).toBeLessThanOrEqual(start);
      expect(answer.end).toBeGreaterThanOrEqual(end);
      expect(answer.count).toBe(held.filter((at) => at >= answer.start && at < answer.end).length);
    }),
    { numRuns: 500 },
  );
});

/** As a restart does. */
function storedAndBack(rollups: Rollups, options: RollupsOptions, now: number): Rollups {
  const again = new Rollups(options);
  for (const { windowSeconds, window } of rollups.all())
    again.restore(windowSeconds, new RollupWindow(window.startSeconds, window.toBytes()));
  again.restoreUnfolded(rollups.unfolded());
  again.observe(now);
  return again;
}

test("a folding window takes a moment in once, as long as it is not at rest", () => {
  const rollups = new Rollups(TWO_LENGTHS);
  rollups.observe(NOW);
  expect(rollups.windowsAt(NOW)).toHaveLength(1);
  rollups.tick(NOW + 300);
  expect(rollups.windowsAt(NOW).map(({ startSeconds }) => startSeconds)).toEqual([
    Math.floor(NOW / 60) * 60,
    Math.floor(NOW / 3_600) * 3_600,
  ]);
});

test("what was not folded when time stood still is, before its windows go", () => {
  const rollups = new Rollups(TWO_LENGTHS);
  rollups.observe(NOW);
  addAt(rollups, NOW, 1);
  rollups.tick(NOW + 3 * DAY);
  expect(rollups.windows(60, { start: 0, end: 4e9 })).toEqual([]);
  expect(countIn(rollups, NOW, NOW + 1).count).toBe(1);
});

test("windows go after their term: tens of seconds after 15 minutes, minutes after two days, hours after thirty", () => {
  const rollups = rollupsOf([NOW]);
  const held = (): number[] =>
    [10, 60, 3_600].map((length) => rollups.windows(length, { start: 0, end: 4e9 }).length);
  expect(held()).toEqual([1, 1, 1]);
  rollups.tick(NOW + 1_000);
  expect(held()).toEqual([0, 1, 1]);
  rollups.tick(NOW + 2 * DAY + 3_600);
  expect(held()).toEqual([0, 0, 1]);
  rollups.tick(NOW + 31 * DAY);
  expect(held()).toEqual([0, 0, 0]);
  addAt(rollups, NOW, 1);
  expect(rollups.counters.tooOld).toBe(1);
});

test("an open range begins with what longer windows hold of the time before the finest ones", () => {
  const first = NOW - (NOW % 60) + 15;
  const rollups = rollupsOf([first, first + 30, first + 5_000]);
  rollups.tick(first + 30 + 15 * 60 + 30);
  const start = rollups.earliestStart();
  expect(countIn(storedAndBack(rollups, {}, first + 6_000), start, first + 6_000).count).toBe(3);
  expect(countIn(rollups, start, first + 6_000).count).toBe(3);
});

test("windows beyond the bound of memory go, the oldest of the finest first", () => {
  const rollups = new Rollups({ maxBytes: 100 });
  rollups.observe(NOW);
  for (let at = NOW - 800; at < NOW; at += 10) addAt(rollups, at, at);
  rollups.tick(NOW);
  expect(rollups.sizes().restingBytes).toBeLessThanOrEqual(100);
  expect(rollups.counters.droppedForMemory).toBeGreaterThan(0);
  expect(rollups.windows(3_600, { start: 0, end: 4e9 })).not.toEqual([]);
});

test("a window at rest has what it had, slowest spans included, and takes more", () => {
  const window = new RollupWindow(NOW);
  const slow = { traceId: "ab".repeat(16), spanId: "cd".repeat(8), durationNanos: 5_000 };
  const cell = window.spanCell(1);
  cell.durations.add(5_000);
  cell.exemplar = slow;
  window.spanCell(2).durations.add(7, 1.5);
  window.rest();
  expect(window.isLive).toBe(false);
  window.spanCell(1).durations.add(6_000);
  window.rest();
  const { spans } = cellsOf((sums) => new RollupWindow(NOW, window.toBytes()).addTo(sums));
  expect(spans.get(1)?.durations.exactSumNanos).toBe(11_000n);
  expect(spans.get(1)?.exemplar).toEqual(slow);
  expect(spans.get(2)?.durations.count).toBe(1.5);
});

test("of two windows the slower exemplar stays", () => {
  const exemplar = (letter: string, durationNanos: number) => ({
    traceId: letter.repeat(32),
    spanId: letter.repeat(16),
    durationNanos,
  });
  const windows = [exemplar("a", 5), exemplar("b", 9), exemplar("c", 9), exemplar("d", 1)].map((slowest) => {
    const window = new RollupWindow(NOW);
    window.spanCell(1).exemplar = slowest;
    window.rest();
    return window;
  });
  for (const order of [windows, [...windows].reverse()]) {
    const { spans } = cellsOf((sums) => {
      for (const window of order) window.addTo(sums);
    });
    expect(spans.get(1)?.exemplar).toEqual(exemplar("b", 9));
  }
});

test("an exemplar longer than any that is told apart can be read again", () => {
  const window = new RollupWindow(NOW);
  window.spanCell(1).exemplar = { traceId: "a".repeat(32), spanId: "b".repeat(16), durationNanos: 2 ** 64 };
  window.rest();
  const { spans } = cellsOf((sums) => window.addTo(sums));
  expect(spans.get(1)?.exemplar?.durationNanos).toBe(2 ** 52 - 1);
});
