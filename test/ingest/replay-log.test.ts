import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createIngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { replayLog } from "../../src/ingest/replay-log.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { createMemoryLog } from "../../src/log/memory-log.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { CommittedBatch, SpanWriter } from "../../src/store/span-writer.ts";
import { plainRequest, requestMessage, spanMessage } from "../helpers/otlp-client.ts";
import { RecordingMetrics } from "./recording-metrics.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

async function keepingLog(): Promise<IngestLog> {
  const log = createMemoryLog({ readers: ["store"] });
  await log.start();
  return log;
}

/** A store that only remembers what it was given. */
function recorder(coveredPosition: number): SpanWriter & { readonly taken: CommittedBatch[] } {
  const taken: CommittedBatch[] = [];
  return {
    taken,
    append: (committed) => {
      taken.push(committed);
    },
    coveredPosition: () => coveredPosition,
    flush: async () => {},
  };
}

test("what one pipeline took in, a new store gets back from the log: plain, gzip and partly refused", async () => {
  const log = await keepingLog();
  const before = createMemoryStore();
  const pipeline = createIngestPipeline({ log, store: before });
  const transport = "otlp_grpc";
  const gzipped = plainRequest(TRACE, 40);
  await pipeline.submit({ payload: gzipped, gzipPayload: gzipSync(gzipped), transport });
  const mixed = [
    spanMessage({ traceId: TRACE, spanId: "00000000000000f1" }),
    spanMessage({ traceId: TRACE, spanId: "" }),
  ];
  await pipeline.submit({ payload: requestMessage(mixed), transport });
  const after = createMemoryStore();
  const result = await replayLog({ log, store: after });
  expect(result).toEqual({ records: 2, spans: 41, unreadableRecords: 0 });
  const bytesOf = async (store: typeof after): Promise<Buffer[]> =>
    (await store.trace(TRACE)).map(({ batch, row }) =>
      Buffer.from(batch.payload.subarray(batch.spanStarts[row], batch.spanEnds[row])),
    );
  expect(await bytesOf(after)).toEqual(await bytesOf(before));
  expect((await after.trace(TRACE)).length).toBe(41);
});

test("begins after what the store holds by itself, and keeps positions and arrival times", async () => {
  const log = await keepingLog();
  for (const arrivalUnixMillis of [1_000, 2_000, 3_000]) {
    await log.append({ payload: plainRequest(TRACE, 1), encoding: "identity", arrivalUnixMillis });
  }
  const store = recorder(0);
  expect(await replayLog({ log, store })).toMatchObject({ records: 2, spans: 2 });
  expect(store.taken.map(({ position, arrivalUnixMillis }) => [position, arrivalUnixMillis])).toEqual([
    [1, 2_000],
    [2, 3_000],
  ]);
});

test("passes over records that cannot be read, and says which", async () => {
  const log = await keepingLog();
  const good = plainRequest(TRACE, 1);
  await log.append({ payload: Buffer.from("nonsense"), encoding: "identity", arrivalUnixMillis: 0 });
  await log.append({
    payload: Buffer.from("not gzip at all, but long enough"),
    encoding: "gzip",
    arrivalUnixMillis: 0,
  });
  await log.append({ payload: good, encoding: "identity", arrivalUnixMillis: 0 });
  const store = recorder(-1);
  const metrics = new RecordingMetrics();
  const lines: unknown[] = [];
  const logger = {
    info: () => {},
    warn: () => {},
    error: (_: string, fields: unknown) => lines.push(fields),
  };
  const result = await replayLog({ log, store, logger, metrics });
  expect(result).toEqual({ records: 3, spans: 1, unreadableRecords: 2 });
  expect(store.taken.map(({ position }) => position)).toEqual([2]);
  expect(lines).toMatchObject([{ position: 0 }, { position: 1 }]);
  expect(metrics.sum("tracagg_replay_unreadable_records_total")).toBe(2);
});

test("does not hide a store that refuses", async () => {
  const log = await keepingLog();
  await log.append({ payload: plainRequest(TRACE, 1), encoding: "identity", arrivalUnixMillis: 0 });
  const store = createMemoryStore();
  await store.start();
  await store.stop();
  await expect(replayLog({ log, store })).rejects.toMatchObject({ code: "unavailable" });
});

test.each([
  { seals: true, flushes: 3 },
  { seals: false, flushes: 1 },
])(
  "pauses for a store that is over its memory as long as it can seal: $seals",
  async ({ seals, flushes }) => {
    const log = await keepingLog();
    for (let index = 0; index < 8; index++) {
      await log.append({ payload: plainRequest(TRACE, 1), encoding: "identity", arrivalUnixMillis: index });
    }
    const store = recorder(-1);
    let held = 0;
    let asked = 0;
    const result = await replayLog({
      log,
      store: {
        ...store,
        append: (committed) => {
          held++;
          store.append(committed);
        },
        isOverloaded: () => held >= 2,
        flush: async () => {
          asked++;
          if (!seals) throw new Error("the disk is full");
          held = 0;
        },
      },
    });
    expect(result).toMatchObject({ records: 8, spans: 8 });
    expect(store.taken.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(asked).toBe(flushes);
  },
);
