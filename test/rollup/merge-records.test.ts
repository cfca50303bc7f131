import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Span } from "../../src/model/span.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { mergeRecords } from "../../src/rollup/merge-records.ts";
import type { RollupRecord } from "../../src/rollup/rollup-record.ts";
import { decodeRecord, encodeRecord } from "../../src/rollup/rollup-record.ts";
import { StatisticsKeeper } from "../../src/rollup/statistics-keeper.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { traceArbitrary } from "../helpers/span-arbitrary.ts";
import { cellDumpOf } from "../helpers/statistics-dump.ts";
import { BUILDER_START_UNIX_NANO } from "../helpers/trace-builder.ts";

const ARRIVAL_UNIX_MILLIS = Number(BUILDER_START_UNIX_NANO / 1_000_000n) + 60_000;

/** What an instance that saw these traces stores, and what it holds. */
async function instanceOf(
  traces: readonly (readonly Span[])[],
): Promise<{ readonly record: RollupRecord; readonly dump: readonly string[] }> {
  const statistics = new LiveStatistics();
  const saved: Uint8Array[] = [];
  const keeper = new StatisticsKeeper({
    statistics,
    store: { load: async () => [], save: async (_kind, record) => void saved.push(record) },
    clock: { ...systemClock, nowMillis: () => ARRIVAL_UNIX_MILLIS },
    logger: silentLogger,
    onCovered: () => {},
  });
  for (const [position, spans] of traces.entries()) {
    keeper.append({ batch: batchOf(spans), position, arrivalUnixMillis: ARRIVAL_UNIX_MILLIS });
  }
  statistics.window.completeOpen(performance.now(), "all");
  await keeper.stop();
  const [record] = saved;
  return {
    record: record === undefined ? mergeRecords([]) : decodeRecord(record),
    dump: cellDumpOf(statistics),
  };
}

/** What an instance holds that loads the record. */
async function dumpOfRecord(record: RollupRecord): Promise<readonly string[]> {
  const statistics = new LiveStatistics();
  const keeper = new StatisticsKeeper({
    statistics,
    store: { load: async () => [[encodeRecord(record)]], save: async () => {} },
    clock: systemClock,
    logger: silentLogger,
    onCovered: () => {},
  });
  await keeper.load();
  return cellDumpOf(statistics);
}

const anyTraces = fc.uniqueArray(traceArbitrary(), { maxLength: 6, selector: ([span]) => span?.traceId });

test("records of instances that saw some traces each, merged, are those of one that saw all, to the bit", async () => {
  const property = fc.asyncProperty(anyTraces, fc.infiniteStream(fc.nat(2)), async (traces, places) => {
    const parts: Span[][][] = [[], [], []];
    for (const spans of traces) parts[places.next().value]?.push(spans);
    const all = await instanceOf(traces);
    const some = [];
    for (const part of parts) some.push((await instanceOf(part)).record);
    const merged = mergeRecords(some.map((record) => [record]));
    expect(await dumpOfRecord(merged)).toEqual(all.dump);
    const [first, second, third] = some as [RollupRecord, RollupRecord, RollupRecord];
    const inSteps = mergeRecords([[third], [mergeRecords([[second], [first]])]]);
    expect(encodeRecord(inSteps)).toEqual(encodeRecord(merged));
  });
  await fc.assert(property, { numRuns: 150 });
});

test("changes count in place of what they change", async () => {
  const property = fc.asyncProperty(anyTraces, fc.nat(), async (traces, cut) => {
    const before = (await instanceOf(traces.slice(0, cut % (traces.length + 1)))).record;
    const after = (await instanceOf(traces)).record;
    const change: RollupRecord = {
      ...after,
      firstOperation: before.operations.length,
      operations: after.operations.slice(before.operations.length),
      firstEdge: before.edges.length,
      edges: after.edges.slice(before.edges.length),
    };
    expect(encodeRecord(mergeRecords([[before, change]]))).toEqual(encodeRecord(mergeRecords([[after]])));
  });
  await fc.assert(property, { numRuns: 60 });
});

test("nothing merged is a record of nothing", () => {
  expect(mergeRecords([[], []])).toEqual({
    coveredPosition: -1,
    resumePosition: 0,
    completeTraces: new Uint8Array(),
    firstOperation: 0,
    operations: [],
    firstEdge: 0,
    edges: [],
    windows: [],
    unfolded: [],
    profiles: new Uint8Array(),
  });
});
