import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { CommittedBatch } from "../../src/batch/committed-batch.ts";
import { nodeFileLayer } from "../../src/io/file-layer.ts";
import type { Span } from "../../src/model/span.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { RecentPositions } from "../../src/rollup/recent-positions.ts";
import { decodeRecord, encodeRecord } from "../../src/rollup/rollup-record.ts";
import type { StatisticsKeeperOptions } from "../../src/rollup/statistics-keeper.ts";
import { StatisticsKeeper } from "../../src/rollup/statistics-keeper.ts";
import { createRollupFiles } from "../../src/store/lake/rollup-files.ts";
import type { RollupRecordKind, RollupStore } from "../../src/store/rollup-store.ts";
import { MinuteTraffic } from "../helpers/checkout-traffic.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { sumsOf, windowed } from "../helpers/profile-dump.ts";
import { traceArbitrary } from "../helpers/span-arbitrary.ts";
import { cellDumpOf, dumpOf } from "../helpers/statistics-dump.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "../helpers/trace-builder.ts";

const ARRIVAL_UNIX_MILLIS = Number(BUILDER_START_UNIX_NANO / 1_000_000n) + 60_000;
const CLOCK = { ...systemClock, nowMillis: () => ARRIVAL_UNIX_MILLIS };

/** Keeps records in memory; refuses while `isFull`. */
class MemoryRecords implements RollupStore {
  records: Uint8Array[] = [];
  /** Records of instances that are gone. */
  others: readonly (readonly Uint8Array[])[] = [];
  isFull = false;
  readonly kinds: RollupRecordKind[] = [];

  async load(): Promise<readonly (readonly Uint8Array[])[]> {
    const instances = [this.records, ...this.others];
    return instances.some(({ length }) => length > 0) ? instances : [];
  }

  async save(kind: RollupRecordKind, record: Uint8Array): Promise<void> {
    if (this.isFull) throw new Error("disk full");
    this.kinds.push(kind);
    this.records = kind === "whole" ? [record] : [...this.records, record];
    if (kind === "whole") this.others = [];
  }
}

interface Process {
  readonly keeper: StatisticsKeeper;
  released: number;
}

async function startProcess(
  store: RollupStore,
  log: readonly CommittedBatch[],
  options: Pick<StatisticsKeeperOptions, "minChangeBytes"> = {},
): Promise<Process> {
  const process: Process = {
    keeper: new StatisticsKeeper({
      statistics: new LiveStatistics(),
      store,
      clock: CLOCK,
      logger: silentLogger,
      ...options,
      onCovered: (position) => {
        process.released = position;
      },
    }),
    released: -1,
  };
  await process.keeper.load();
  for (const committed of log)
    if (committed.position >= process.keeper.nextPosition) process.keeper.append(committed);
  process.keeper.start();
  return process;
}

function committedOf(spans: readonly Span[]): CommittedBatch[] {
  return spans.map((span, position) => ({
    batch: batchOf([span]),
    position,
    arrivalUnixMillis: ARRIVAL_UNIX_MILLIS,
  }));
}

/** Completes traces that are quiet, as a tick does after some time. */
function complete({ keeper }: Process): void {
  keeper.current().tick(performance.now() + 60_000, ARRIVAL_UNIX_MILLIS / 1_000);
}

interface Finished {
  readonly cells: readonly string[];
  readonly profile: unknown;
}

function finished({ keeper }: Process): Finished {
  const statistics = keeper.current();
  statistics.window.completeOpen(performance.now(), "all");
  return { cells: dumpOf(statistics), profile: sumsOf(windowed(statistics)) };
}

test("stopped and started again anywhere, or killed after any save, nothing is counted twice and nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(traceArbitrary(6), { minLength: 1, maxLength: 4, selector: ([span]) => span?.traceId }),
      fc.array(fc.record({ at: fc.nat(24), isClean: fc.boolean(), completes: fc.boolean() }), {
        maxLength: 4,
      }),
      async (traces, restarts) => {
        // Round robin, so that traces are open across restarts.
        const longest = Math.max(...traces.map((spans) => spans.length));
        const spans = Array.from({ length: longest }, (_, at) =>
          traces.flatMap((trace) => trace[at] ?? []),
        ).flat();
        const log = committedOf(spans);
        const store = new MemoryRecords();
        let process = await startProcess(store, []);
        for (const [position, committed] of log.entries()) {
          process.keeper.append(committed);
          for (const { at, isClean, completes } of restarts.filter((restart) => restart.at === position)) {
            // Only traces that got all their spans: late ones after a restart are another part.
            if (completes && position === log.length - 1) complete(process);
            await process.keeper.stop();
            if (!isClean && at > 0)
              store.records = store.records.slice(0, Math.max(1, store.records.length - 1));
            process = await startProcess(store, log.slice(0, position + 1));
          }
        }
        const straight = await startProcess(new MemoryRecords(), log);
        expect(finished(process)).toEqual(finished(straight));
        await process.keeper.stop();
        await straight.keeper.stop();
      },
    ),
    { numRuns: 60 },
  );
});

test("a copy that comes after two restarts, long after its trace was complete, is counted once", async () => {
  const store = new MemoryRecords();
  const [first, copy] = committedOf(
    ["a", "a"].map((id) => buildSpan("t", { id, service: "s", kind: "SERVER", at: [0, 1] })),
  ) as [CommittedBatch, CommittedBatch];
  let process = await startProcess(store, []);
  process.keeper.append(first);
  for (let restart = 0; restart < 2; restart++) {
    complete(process);
    await process.keeper.stop();
    process = await startProcess(store, [first]);
  }
  process.keeper.append(copy);
  expect(process.keeper.current().window.counters.duplicates).toBe(1);
  const straight = await startProcess(new MemoryRecords(), [first]);
  expect(finished(process)).toEqual(finished(straight));
  await process.keeper.stop();
  await straight.keeper.stop();
});

test("the log is needed from the oldest of the spans that came last, and of traces that are not complete", async () => {
  const store = new MemoryRecords();
  const done = buildSpan("done", { id: "a", service: "s", kind: "SERVER", at: [0, 1] });
  const open = buildSpan("open", { id: "b", parent: "missing", service: "s", kind: "SERVER", at: [0, 1] });
  const process = await startProcess(store, []);
  const [first, second, third] = committedOf([done, open, done]) as [
    CommittedBatch,
    CommittedBatch,
    CommittedBatch,
  ];
  process.keeper.append(first);
  complete(process);
  process.keeper.append(second);
  process.keeper.append(third);
  await process.keeper.stop();
  expect(process.released).toBe(-1);
  const record = decodeRecord(store.records[0] as Uint8Array);
  expect(record).toMatchObject({ coveredPosition: 2, resumePosition: 0 });
});

test("what cannot be stored is stored with the next try", async () => {
  const store = new MemoryRecords();
  const process = await startProcess(store, []);
  const [committed] = committedOf([buildSpan("t", { id: "a", service: "s", kind: "SERVER", at: [0, 1] })]);
  process.keeper.append(committed as CommittedBatch);
  store.isFull = true;
  await process.keeper.stop();
  expect(process.keeper.failedSaves).toBe(1);
  store.isFull = false;
  await process.keeper.stop();
  const again = await startProcess(store, [committed as CommittedBatch]);
  expect(finished(again)).toEqual(finished(process));
  await again.keeper.stop();
});

test("first everything is stored, then changes", async () => {
  const store = new MemoryRecords();
  const process = await startProcess(store, []);
  for (const committed of committedOf(
    ["a", "b"].map((id) => buildSpan(id, { id, service: "s", at: [0, 1] })),
  )) {
    process.keeper.append(committed);
    complete(process);
    await process.keeper.stop();
  }
  expect(store.kinds).toEqual(["whole", "change"]);
  const [, change] = store.records.map((bytes) => decodeRecord(bytes));
  expect(change?.operations).toEqual([["s", "b"]]);
});

test("everything is stored anew once changes take more than it did", async () => {
  const store = new MemoryRecords();
  const process = await startProcess(store, [], { minChangeBytes: 1 });
  for (const committed of committedOf(
    ["a", "b", "c", "d"].map((id) => buildSpan(id, { id, service: "s", at: [0, 1] })),
  )) {
    process.keeper.append(committed);
    complete(process);
    await process.keeper.stop();
  }
  expect(store.kinds).toEqual(["whole", "change", "whole", "change"]);
});

test("events and what they go by are stored: a restart tells none again, and goes on with the next number", async () => {
  const store = new MemoryRecords();
  const before = await startProcess(store, []);
  const traffic = new MinuteTraffic(before.keeper.current());
  for (let minute = 0; minute < 3; minute++) traffic.minute("pay", 60);
  await before.keeper.stop();
  const told = before.keeper.current().profiles.feed.after(0);
  expect(told.events.map(({ id, event }) => [id, event.type])).toEqual([[1, "bottleneck_started"]]);
  const after = await startProcess(store, []);
  const { feed } = after.keeper.current().profiles;
  expect(feed.after(0)).toEqual(told);
  const again = new MinuteTraffic(after.keeper.current(), 3);
  for (let minute = 0; minute < 2; minute++) again.minute("stock", 65);
  expect(feed.after(1).events.map(({ id, event }) => [id, event.type])).toEqual([[2, "bottleneck_moved"]]);
  // Three minutes before the restart had none of it, the first after it had as much.
  expect(feed.after(1).events[0]?.event.changeScore).toBeCloseTo(0.65 - 0.65 / 4, 12);
  await after.keeper.stop();
});

test("records from before there were profiles are read as before", async () => {
  const store = new MemoryRecords();
  const first = await startProcess(store, []);
  const [committed] = committedOf([buildSpan("t", { id: "a", service: "s", kind: "SERVER", at: [0, 1] })]);
  first.keeper.append(committed as CommittedBatch);
  complete(first);
  await first.keeper.stop();
  const record = decodeRecord(store.records[0] as Uint8Array);
  const older = encodeRecord({ ...record, profiles: new Uint8Array(0) });
  const withProfiles = encodeRecord(record);
  // What stands before the profiles is what it was.
  expect(older).toEqual(withProfiles.subarray(0, older.length));
  store.records = [older];
  const again = await startProcess(store, []);
  expect(dumpOf(again.keeper.current())).toEqual(dumpOf(first.keeper.current()));
  expect(again.keeper.hasProfiles).toBe(false);
  await again.keeper.stop();
});

test("a damaged or later record counts as none, and counting goes on", async () => {
  const store = new MemoryRecords();
  store.records = [Uint8Array.of(99)];
  const log = committedOf([buildSpan("t", { id: "a", service: "s", kind: "SERVER", at: [0, 1] })]);
  const process = await startProcess(store, log);
  const straight = await startProcess(new MemoryRecords(), log);
  expect(finished(process)).toEqual(finished(straight));
  await process.keeper.stop();
  await straight.keeper.stop();
});

test("a record's bytes give it back", () => {
  const record = {
    coveredPosition: -1,
    resumePosition: 0,
    completeTraces: new Uint8Array(32).fill(7),
    firstOperation: 2,
    operations: [["shop", "GET /\u{1f600}"]] as const,
    firstEdge: 0,
    edges: [{ fromService: "a", toService: "b", type: "rpc", fromOperation: "", toOperation: "x" }] as const,
    windows: [{ windowSeconds: 10, startSeconds: 1_700_000_000, bytes: Uint8Array.of(1, 2, 3) }],
    topology: {
      places: [[7, { namespace: "", instance: "i-\u{1f600}", host: "h", zone: "z", cluster: "c" }]],
      days: [{ day: 19_675, first: 3, links: [{ pair: 1, from: 0, to: 7 }] }],
      windows: [{ windowSeconds: 60, startSeconds: 1_699_999_980, bytes: Uint8Array.of(4) }],
      unfolded: [{ windowSeconds: 60, startSeconds: 1_699_999_980 }],
    },
    unfolded: [{ windowSeconds: 10, startSeconds: 1_700_000_000 }],
    profiles: Uint8Array.of(4, 5),
  } as const;
  expect(decodeRecord(encodeRecord(record))).toEqual(record);
  expect(() => decodeRecord(encodeRecord(record).subarray(0, 20))).toThrow("end in the middle");
});

/** A call from one pod to another, on nodes of their own. */
const podCall = (trace: string): Span[] =>
  (["a", "b"] as const).map((service) =>
    buildSpan(trace, {
      id: `${trace} ${service}`,
      ...(service === "b" ? { parent: `${trace} a` } : {}),
      service,
      kind: service === "a" ? "CLIENT" : "SERVER",
      at: [0, 10],
      resourceAttributes: { "k8s.pod.name": `${trace}-${service}`, "k8s.node.name": `node-${service}` },
    }),
  );

test("places and links are stored whole, then as changes, and brought back under their numbers", async () => {
  const files = createRollupFiles({
    dataDir: temporaryFolder(),
    layer: nodeFileLayer,
    logger: silentLogger,
  });
  const log = committedOf(["one", "two", "three"].flatMap(podCall));
  let process = await startProcess(files, []);
  for (const [at, committed] of log.entries()) {
    process.keeper.append(committed);
    if (at % 2 === 0) continue;
    complete(process);
    await process.keeper.stop();
    // The second stop of one process stores changes; the third is of one that loaded them.
    if (at === 3) process = await startProcess(files, log.slice(0, at + 1));
  }
  const again = await startProcess(files, log);
  const straight = await startProcess(new MemoryRecords(), log);
  const dump = finished(again);
  expect(dump).toEqual(finished(straight));
  expect(dump.cells.filter((line) => line.startsWith("link 60 "))).toHaveLength(6);
  expect(again.keeper.current().topology.links.counts()).toEqual(
    process.keeper.current().topology.links.counts(),
  );
  await again.keeper.stop();
  await straight.keeper.stop();
});

test("places that could not be stored are stored with the next change", async () => {
  const store = new MemoryRecords();
  const log = committedOf(["one", "two"].flatMap(podCall));
  const process = await startProcess(store, []);
  for (const [at, committed] of log.entries()) {
    process.keeper.append(committed);
    if (at % 2 === 0) continue;
    complete(process);
    store.isFull = at === 3;
    await process.keeper.stop();
  }
  store.isFull = false;
  await process.keeper.stop();
  expect(store.kinds).toEqual(["whole", "change"]);
  const again = await startProcess(store, log);
  expect(finished(again)).toEqual(finished(process));
  await again.keeper.stop();
});

test("a record of a program that knew no places has its edges, and one with parts of a later program what is known", async () => {
  const store = new MemoryRecords();
  const log = committedOf(podCall("one"));
  const process = await startProcess(store, []);
  for (const committed of log) process.keeper.append(committed);
  complete(process);
  await process.keeper.stop();
  const { topology: _, ...record } = decodeRecord(store.records[0] as Uint8Array);
  const older = { ...record, profiles: new Uint8Array(0) };
  const olderBytes = encodeRecord(older);
  expect((store.records[0] as Uint8Array).subarray(0, olderBytes.length)).toEqual(olderBytes);
  store.records = [olderBytes];
  const loaded = await startProcess(store, log);
  const { cells } = finished(process);
  expect(finished(loaded).cells).toEqual(cells.filter((line) => !line.startsWith("link ")));
  await loaded.keeper.stop();
  const laterPart = Uint8Array.of(99, 2, 1, 2);
  const bytes = encodeRecord(older);
  expect(decodeRecord(Uint8Array.from([...bytes, ...laterPart]))).toEqual(decodeRecord(bytes));
});

test("of spans that came last so many are remembered, and for so long", () => {
  const recent = new RecentPositions(60_000);
  const batch = batchOf(
    Array.from({ length: 1_000 }, (_, at) => buildSpan("t", { id: `${at}`, at: [0, 1] })),
  );
  for (let position = 0; position < 80; position++)
    recent.note({ batch, position, arrivalUnixMillis: 0 }, position * 1_000);
  expect(recent.firstPosition(79_000)).toBe(30);
  expect(recent.firstPosition(100_000)).toBe(40);
  expect(recent.firstPosition(200_000)).toBeUndefined();
});

test("an instance takes over what others counted that are gone, once, and goes on in its own log", async () => {
  const spansOf = (trace: string) => [
    buildSpan(trace, { id: `${trace} call`, service: "shop", kind: "CLIENT", at: [0, 90] }),
    buildSpan(trace, {
      id: `${trace} serve`,
      parent: `${trace} call`,
      service: trace,
      kind: "SERVER",
      at: [10, 80],
    }),
  ];
  const stores = [new MemoryRecords(), new MemoryRecords()] as const;
  const logs = [committedOf(spansOf("pay")), committedOf([...spansOf("mail"), ...spansOf("tax")])] as const;
  for (const [at, store] of stores.entries()) {
    const process = await startProcess(store, logs[at] ?? []);
    complete(process);
    await process.keeper.stop();
  }
  const [own, gone] = stores;
  own.others = [gone.records];
  const expected = new LiveStatistics();
  for (const { batch, position, arrivalUnixMillis } of [...logs[0], ...logs[1]]) {
    expected.append({ batch, position, arrivalUnixMillis }, 0);
  }
  expected.window.completeOpen(0, "all");
  for (let restart = 0; restart < 2; restart++) {
    const process = await startProcess(own, logs[0]);
    expect(cellDumpOf(process.keeper.current())).toEqual(cellDumpOf(expected));
    // A copy of a span that was counted before changes nothing: it is known from the log of this instance.
    const [first] = logs[0];
    if (first !== undefined) process.keeper.append({ ...first, position: logs[0].length });
    expect(cellDumpOf(process.keeper.current())).toEqual(cellDumpOf(expected));
    for (const { window } of process.keeper.current().rollups.all()) window.isDirty = true;
    await process.keeper.stop();
    expect(own.others).toEqual([]);
  }
});
