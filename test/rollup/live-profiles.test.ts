/** Profiles as traces complete: what is in the windows is what the same traces give from scratch. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { adjustedCount } from "../../src/analysis/adjusted-count.ts";
import { CallPathProfile } from "../../src/analysis/profile/call-path-profile.ts";
import { columnsOfSpans } from "../../src/analysis/profile/columns-of-spans.ts";
import { profileTree } from "../../src/analysis/profile/profile-tree.ts";
import type { RankedOperation } from "../../src/analysis/profile/rankings.ts";
import { rankOperations } from "../../src/analysis/profile/rankings.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import type { Span } from "../../src/model/span.ts";
import type { LiveStatisticsOptions } from "../../src/rollup/live-statistics.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { sumsOf, windowed } from "../helpers/profile-dump.ts";
import { traceArbitrary } from "../helpers/span-arbitrary.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";

const START_SECONDS = Number(BUILDER_START_UNIX_NANO / 1_000_000_000n);
const ARRIVAL_UNIX_MILLIS = START_SECONDS * 1_000 + 60_000;
const HOUR = 3_600;

function statisticsOf(batches: readonly SpanBatch[], options: LiveStatisticsOptions = {}): LiveStatistics {
  const statistics = new LiveStatistics(options);
  feed(statistics, batches);
  return statistics;
}

/** Sends batches a second apart, lets traces complete on the way, completes the rest at the end. */
function feed(statistics: LiveStatistics, batches: readonly SpanBatch[]): void {
  let nowMillis = 0;
  for (const [position, batch] of batches.entries()) {
    statistics.append({ batch, position, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS }, nowMillis);
    nowMillis += 1_000;
    while (statistics.tick(nowMillis, ARRIVAL_UNIX_MILLIS / 1_000)) {
      // More are due.
    }
  }
  statistics.window.completeOpen(nowMillis, "all");
}

function fromScratch(traces: readonly (readonly Span[])[]): CallPathProfile {
  const profile = new CallPathProfile();
  for (const spans of traces) {
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    const [root] = roots.sort(
      (left, right) =>
        Number(left.startTimeUnixNano - right.startTimeUnixNano) || (left.spanId < right.spanId ? -1 : 1),
    );
    const weight = root === undefined ? 1 : adjustedCount(root.traceState);
    // Windows take times as they were sent.
    const { hosts: _, ...columns } = columnsOfSpans({ traceId: spans[0]!.traceId, spans }, profile.frames);
    profile.add(columns, weight);
  }
  return profile;
}

const anyTraces = fc.uniqueArray(traceArbitrary(8), {
  minLength: 1,
  maxLength: 4,
  selector: ([span]) => span?.traceId,
});
const states = ["", "", "ot=th:c", "ot=th:8"];

/** Some of them sampled, each span of a trace alike. */
const weightedTraces = fc
  .tuple(anyTraces, fc.infiniteStream(fc.constantFrom(...states)))
  .map(([traces, weights]) =>
    traces.map((spans) => {
      const traceState = weights.next().value as string;
      return spans.map((span) => ({ ...span, traceState }));
    }),
  );

test("whatever the order, one span a request, sent twice and late, the windows hold what the whole traces give", () => {
  fc.assert(
    fc.property(weightedTraces, fc.infiniteStream(fc.nat()), (traces, numbers) => {
      const single = [...traces.flat(), ...traces.flat()].map((span) => ({
        span,
        at: numbers.next().value!,
      }));
      single.sort((left, right) => left.at - right.at);
      const statistics = statisticsOf(single.map(({ span }) => batchOf([span])));
      expect(sumsOf(windowed(statistics))).toEqual(sumsOf(fromScratch(traces)));
    }),
    { numRuns: 150 },
  );
});

test("windows that rested, became hours and were stored hold the same, and so does the sum of all shares", () => {
  fc.assert(
    fc.property(weightedTraces, (traces) => {
      const statistics = statisticsOf(traces.map((spans) => batchOf(spans)));
      const expected = sumsOf(fromScratch(traces));
      const now = START_SECONDS;
      for (const later of [120, 200, 400]) statistics.profiles.tick(now + later);
      expect(sumsOf(windowed(statistics))).toEqual(expected);
      const again = restored(statistics);
      expect(sumsOf(windowed(again))).toEqual(expected);
      for (let fold = 0; fold < 5; fold++) again.profiles.tick(now + 5 * HOUR);
      expect([...again.profiles.windows.all()].map(({ windowSeconds }) => windowSeconds)).toEqual([HOUR]);
      const profile = windowed(again);
      expect(sumsOf(profile)).toEqual(expected);
      const { nodes, whole } = profileTree(profile);
      expect(nodes.reduce((sum, { self }) => sum + self, 0n)).toBe(whole);
    }),
    { numRuns: 50 },
  );
});

/** What a process that loads what this one stores has. */
function restored({ operations, profiles }: LiveStatistics): LiveStatistics {
  const again = new LiveStatistics();
  for (const [service, name] of operations.from(0)) again.operations.restore(service, name);
  again.profiles.restore(profiles.changes(true).bytes());
  return again;
}

test("a minute that became part of its hour after it was stored is not in both when the records are read", () => {
  const spans = [buildSpan("t", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] })];
  const statistics = statisticsOf([batchOf(spans)]);
  const whole = statistics.profiles.changes(true);
  const again = new LiveStatistics();
  for (const [service, name] of statistics.operations.from(0)) again.operations.restore(service, name);
  again.profiles.restore(whole.bytes());
  whole.stored();
  for (let fold = 0; fold < 3; fold++) statistics.profiles.tick(START_SECONDS + 4 * HOUR);
  again.profiles.restore(statistics.profiles.changes(false).bytes());
  expect(sumsOf(windowed(again))).toEqual(sumsOf(fromScratch([spans])));
  expect([...again.profiles.windows.all()].map(({ windowSeconds }) => windowSeconds)).toEqual([HOUR]);
});

test("a late span takes its trace back from the hour that its minute has become part of", () => {
  const root = buildSpan("t", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] });
  const child = buildSpan("t", { id: "child", parent: "root", service: "pay", kind: "SERVER", at: [10, 90] });
  const other = buildSpan("u", { id: "root", service: "shop", kind: "SERVER", at: [0, 50] });
  const statistics = statisticsOf([batchOf([root]), batchOf([other])]);
  for (let fold = 0; fold < 3; fold++) statistics.profiles.tick(START_SECONDS + 4 * HOUR);
  const late = { batch: batchOf([child]), position: 2, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS };
  statistics.append(late, 5_000);
  statistics.window.completeOpen(10_000, "all");
  expect(sumsOf(windowed(statistics))).toEqual(sumsOf(fromScratch([[root, child], [other]])));
  expect([...statistics.profiles.windows.all()].map(({ windowSeconds }) => windowSeconds)).toEqual([HOUR]);
});

test("what is taken back of a window that went for memory or for its age takes nothing of what came since", () => {
  const root = buildSpan("t", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] });
  const child = buildSpan("t", { id: "child", parent: "root", service: "pay", kind: "SERVER", at: [10, 90] });
  const statistics = statisticsOf([batchOf([root])], { maxProfileBytes: 0 });
  statistics.profiles.tick(START_SECONDS + 100);
  statistics.profiles.tick(START_SECONDS + 400);
  expect(statistics.profiles.windows.counters.droppedForMemory).toBe(1);
  statistics.append({ batch: batchOf([child]), position: 1, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS }, 5_000);
  statistics.window.completeOpen(10_000, "all");
  expect(windowed(statistics).totals).toEqual({ traceCount: 0, traceSteps: 0, spanCount: 0 });
  expect(statistics.profiles.windows.counters.tooOld).toBe(1);
});

test("traces that are not complete are in an answer once, before and after they are", () => {
  const statistics = new LiveStatistics();
  const root = buildSpan("t", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] });
  statistics.append({ batch: batchOf([root]), position: 0, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS }, 0);
  const expected = sumsOf(fromScratch([[root]]));
  expect(sumsOf(windowed(statistics))).toEqual(expected);
  statistics.tick(20_000, ARRIVAL_UNIX_MILLIS / 1_000);
  expect(statistics.window.openTraces).toBe(0);
  expect(sumsOf(windowed(statistics))).toEqual(expected);
});

test("a trace beyond the cap of spans is left out, its parts too, and what was counted of it is taken back", () => {
  const spans = ["a", "b", "c", "d", "e"].map((id) =>
    buildSpan("large", { id, parent: "root", service: "shop", at: [0, 10] }),
  );
  const statistics = new LiveStatistics({ maxTraceSpans: 4 });
  const append = (position: number, nowMillis: number, ...some: Span[]) =>
    statistics.append({ batch: batchOf(some), position, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS }, nowMillis);
  append(0, 0, spans[0]!, spans[1]!);
  statistics.tick(20_000, ARRIVAL_UNIX_MILLIS / 1_000);
  expect(windowed(statistics).totals.traceCount).toBe(1);
  append(1, 21_000, ...spans.slice(2));
  statistics.window.completeOpen(30_000, "all");
  expect(windowed(statistics).totals.traceCount).toBe(0);
  expect(statistics.profiles.cut.count).toBe(1);
});

test("call paths and root operations beyond their bounds are named (other), with all their time", () => {
  const traces = Array.from({ length: 6 }, (_, at) => [
    buildSpan(`t${at}`, { id: "root", service: `s${at}`, name: "in", kind: "SERVER", at: [0, 100] }),
    buildSpan(`t${at}`, { id: "child", parent: "root", service: "pay", name: `c${at}`, at: [10, 90] }),
  ]);
  const statistics = statisticsOf(
    traces.map((spans) => batchOf(spans)),
    { maxRoots: 3, maxPaths: 5 },
  );
  const { profiles } = statistics;
  expect(profiles.roots.all().map(({ frame }) => profiles.frames.table.frame(frame).role)).toEqual([
    "operation",
    "operation",
    "operation",
    "overflow",
  ]);
  expect(profiles.roots.overflowedRoots).toBe(3);
  expect(profiles.roots.pathCount).toBe(5);
  const ranked = rankOperations(windowed(statistics), "critical");
  const shares = ranked.reduce((sum: number, { criticalShare }: RankedOperation) => sum + criticalShare, 0);
  expect(shares).toBeCloseTo(1, 12);
  expect(profileTree(windowed(statistics)).whole).toBe(600_000_000n * 1_024n);
  expect(windowed(statistics).overflowSpanCount).toBeGreaterThan(0);
});

test("a range is widened to minutes, and to hours where minutes are not told apart any more", () => {
  const statistics = statisticsOf([batchOf([buildSpan("t", { id: "root", at: [0, 1] })])]);
  const { windows } = statistics.profiles;
  const minute = Math.floor(START_SECONDS / 60) * 60;
  const hour = Math.floor(START_SECONDS / HOUR) * HOUR;
  expect(windows.widened({ start: START_SECONDS, end: START_SECONDS + 1 })).toEqual({
    start: minute,
    end: minute + 60,
  });
  statistics.profiles.tick(START_SECONDS + 10 * HOUR);
  statistics.profiles.tick(START_SECONDS + 10 * HOUR);
  const { minutesSince } = windows.bounds;
  expect(minutesSince).toBe(minute + 7 * HOUR);
  expect(windows.widened({ start: START_SECONDS, end: START_SECONDS + 1 })).toEqual({
    start: hour,
    end: hour + HOUR,
  });
  expect(windows.widened({ start: START_SECONDS, end: minutesSince }).end).toBe(minutesSince);
});
