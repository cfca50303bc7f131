import { expect, test } from "vitest";
import type { LogFollowing } from "../../src/ingest/log-catch-up.ts";
import { LogCatchUp } from "../../src/ingest/log-catch-up.ts";
import type { IngestLog, LogEntry } from "../../src/log/ingest-log.ts";
import { createMemoryLog } from "../../src/log/memory-log.ts";
import type { CommittedBatch } from "../../src/store/span-writer.ts";
import { plainRequest } from "../helpers/otlp-client.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "./recording-metrics.ts";

/** In place of a position. */
const END_OF_LOG = -2;
const TRACE = "0af7651916cd43dd8448eb211c80319c";

async function logOf(records: number): Promise<IngestLog> {
  const log = createMemoryLog({ readers: ["statistics"] });
  await log.start();
  for (let at = 0; at < records; at++) {
    await log.append({ payload: plainRequest(TRACE, 1), encoding: "identity", arrivalUnixMillis: at });
  }
  return log;
}

/** Only remembers what it was given, and does as told when something comes. */
function recorder(nextPosition: number, onAppend: (position: number) => void = () => {}) {
  const positions: number[] = [];
  const follower: LogFollowing = {
    nextPosition,
    append: ({ position }) => {
      positions.push(position);
      onAppend(position);
    },
    endOfLog: () => positions.push(END_OF_LOG),
  };
  return { follower, positions };
}

function committed(position: number, bytes = 1): CommittedBatch {
  const span = buildSpan("t", { id: `${position}`, at: [0, 1], attributes: { text: "x".repeat(bytes) } });
  return { batch: batchOf([span]), position, arrivalUnixMillis: 0 };
}

const never = new AbortController().signal;

test("what was missed comes before what came meanwhile, and that before what comes", async () => {
  const { follower, positions } = recorder(1, (position) => {
    if (position === 2) catchUp.append(committed(4));
    if (position === 4) catchUp.append(committed(5));
  });
  let done = 0;
  const log = await logOf(4);
  const catchUp = new LogCatchUp({
    log,
    follower,
    untilPosition: log.nextPosition(),
    saidFromPosition: 4,
    onDone: () => {
      done++;
      positions.push(-1);
    },
  });
  // A new record lies in the log too by the time it is read.
  await log.append({ payload: plainRequest(TRACE, 1), encoding: "identity", arrivalUnixMillis: 4 });
  catchUp.begin();
  expect([catchUp.isDone, positions]).toEqual([false, []]);
  await catchUp.done(never);
  catchUp.append(committed(6));
  expect(positions).toEqual([1, 2, 3, END_OF_LOG, 4, 5, -1, 6]);
  expect([catchUp.isDone, catchUp.waitingSpans, done]).toEqual([true, 0, 1]);
});

test("much that waits turns requests away until it is handed over", async () => {
  const { follower } = recorder(0);
  const log = await logOf(1);
  const catchUp = new LogCatchUp({ log, follower, untilPosition: 1, saidFromPosition: 1, onDone: () => {} });
  const large = committed(1, 1024 * 1024);
  for (let copies = 0; copies < 64; copies++) {
    expect(catchUp.isOverloaded()).toBe(false);
    catchUp.append(large);
  }
  expect([catchUp.isOverloaded(), catchUp.waitingSpans]).toEqual([true, 64]);
  catchUp.begin();
  await catchUp.done(never);
  expect(catchUp.isOverloaded()).toBe(false);
});

test("what comes while others are handed over never makes more wait, and each is let go of when it is its turn", async () => {
  /** At each batch that is handed over. */
  const waiting: number[] = [];
  let next = 101;
  const { follower, positions } = recorder(0, (position) => {
    if (position > 0) waiting.push(catchUp.waitingSpans);
    // Slow, so that handing over has to rest many times.
    for (const endMillis = performance.now() + 2; performance.now() < endMillis; );
  });
  const log = await logOf(1);
  const catchUp = new LogCatchUp({ log, follower, untilPosition: 1, saidFromPosition: 1, onDone: () => {} });
  for (let at = 0; at < 100; at++) catchUp.append(committed(1 + at));
  catchUp.begin();
  // In every turn of the loop more come than are handed over between two rests.
  while (!catchUp.isDone && next < 1_000) {
    for (let some = 0; some < 20; some++) catchUp.append(committed(next++));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(catchUp.isDone).toBe(true);
  expect(Math.max(...waiting)).toBeLessThanOrEqual((waiting[0] as number) + 1);
  expect(positions.filter((position) => position >= 0)).toEqual(
    [...positions.filter((position) => position >= 0)].sort((one, other) => one - other),
  );
});

test("stopped before the end it is not done, and who waits is told", async () => {
  const { follower, positions } = recorder(0);
  const log = await logOf(3);
  let done = 0;
  const catchUp = new LogCatchUp({
    log,
    follower,
    untilPosition: 3,
    saidFromPosition: 3,
    onDone: () => {
      done++;
    },
  });
  catchUp.begin();
  const waiting = catchUp.done(never);
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: "unavailable" }), catchUp.stop()]);
  expect([catchUp.isDone, done, positions]).toEqual([false, 0, []]);
});

test("a log that cannot be read is said, to those who ask too, and nothing is handed over from then on", async () => {
  const lines: string[] = [];
  const logger = { info: () => {}, warn: () => {}, error: (line: string) => void lines.push(line) };
  const { follower, positions } = recorder(0);
  const log: IngestLog = {
    ...(await logOf(0)),
    // biome-ignore lint/correctness/useYield: it fails before the first entry
    async *read(): AsyncGenerator<LogEntry> {
      throw new Error("the disk is gone");
    },
  };
  const catchUp = new LogCatchUp({
    log,
    follower,
    untilPosition: 3,
    saidFromPosition: 3,
    onDone: () => positions.push(-1),
    logger,
  });
  catchUp.append(committed(3));
  catchUp.begin();
  await expect(catchUp.done(never)).rejects.toMatchObject({ code: "unavailable" });
  catchUp.append(committed(4));
  expect([positions, catchUp.waitingSpans, lines.length]).toEqual([[], 0, 1]);
});

test("who leaves does not wait", async () => {
  const { follower } = recorder(0);
  const log = await logOf(1);
  const catchUp = new LogCatchUp({ log, follower, untilPosition: 1, saidFromPosition: 1, onDone: () => {} });
  const left = new AbortController();
  const waiting = catchUp.done(left.signal);
  left.abort();
  await expect(waiting).rejects.toThrow();
  await expect(catchUp.done(left.signal)).rejects.toThrow();
});

test("a record that cannot be read is said once, here or where the store read it", async () => {
  const { follower, positions } = recorder(0);
  const log = await logOf(1);
  for (let at = 0; at < 2; at++) {
    await log.append({ payload: Buffer.from("nonsense"), encoding: "identity", arrivalUnixMillis: 0 });
  }
  const metrics = new RecordingMetrics();
  const catchUp = new LogCatchUp({
    log,
    follower,
    untilPosition: 3,
    saidFromPosition: 2,
    onDone: () => {},
    metrics,
  });
  catchUp.begin();
  await catchUp.done(never);
  expect(positions).toEqual([0, END_OF_LOG]);
  expect(metrics.sum("tracagg_replay_unreadable_records_total")).toBe(1);
});
