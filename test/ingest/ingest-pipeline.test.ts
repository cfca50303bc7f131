import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { spanIdOf } from "../../src/batch/row-ids.ts";
import type { IngestPipeline, IngestPipelineOptions } from "../../src/ingest/ingest-pipeline.ts";
import { createIngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { CommittedBatch } from "../../src/store/span-writer.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { plainRequest, requestMessage, spanMessage } from "../helpers/otlp-client.ts";
import type { HeldLog } from "./held-log.ts";
import { createHeldLog } from "./held-log.ts";
import { RecordingMetrics } from "./recording-metrics.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const OTHER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRANSPORT = "otlp_grpc";

interface Setup {
  readonly pipeline: IngestPipeline;
  readonly log: HeldLog;
  readonly store: TraceStore;
  readonly metrics: RecordingMetrics;
}

async function setUp(options: Partial<IngestPipelineOptions> = {}): Promise<Setup> {
  const log = await createHeldLog();
  const store = createMemoryStore();
  await store.start();
  const metrics = new RecordingMetrics();
  return { pipeline: createIngestPipeline({ log, store, metrics, ...options }), log, store, metrics };
}

/** One good span between two whose ids are not ids. */
function mixedRequest(): Buffer {
  return requestMessage([
    spanMessage({ traceId: "00".repeat(16), spanId: "00000000000000aa" }),
    spanMessage({ traceId: TRACE, spanId: "00000000000000bb" }),
    spanMessage({ traceId: TRACE, spanId: "cc" }),
  ]);
}

describe("submit", () => {
  test("answers with the count once the spans are logged and searchable", async () => {
    const { pipeline, log, store } = await setUp();
    const payload = plainRequest(TRACE, 3);
    const result = await pipeline.submit({ payload, transport: TRANSPORT });
    expect(result).toEqual({ acceptedSpans: 3, rejectedSpans: 0, errorMessage: "" });
    expect(log.appended).toMatchObject([{ payload, encoding: "identity" }]);
    expect((await store.trace(TRACE)).length).toBe(3);
  });

  test("does not answer, and shows nothing to readers, before the log is durable", async () => {
    const { pipeline, log, store } = await setUp();
    log.hold();
    let isAnswered = false;
    const submitted = pipeline.submit({ payload: plainRequest(TRACE, 1), transport: TRANSPORT }).then(() => {
      isAnswered = true;
    });
    await log.untilAppended(1);
    expect(await store.trace(TRACE)).toEqual([]);
    expect(isAnswered).toBe(false);
    log.letGo();
    await submitted;
    expect((await store.trace(TRACE)).length).toBe(1);
  });

  test("logs a gzip body as it came", async () => {
    const { pipeline, log } = await setUp();
    const payload = plainRequest(TRACE, 50);
    const gzipPayload = gzipSync(payload);
    await pipeline.submit({ payload, gzipPayload, transport: TRANSPORT });
    expect(log.appended).toMatchObject([{ payload: gzipPayload, encoding: "gzip" }]);
  });

  test("logs the plain form when gzip made it longer", async () => {
    const { pipeline, log } = await setUp();
    const payload = requestMessage([spanMessage({ traceId: TRACE, spanId: "00000000000000bb" })]);
    const gzipPayload = gzipSync(payload, { level: 0 });
    await pipeline.submit({ payload, gzipPayload, transport: TRANSPORT });
    expect(log.appended).toMatchObject([{ payload, encoding: "identity" }]);
  });

  test("takes refused spans out of what is logged and stored, and says which they were", async () => {
    const { pipeline, log, store } = await setUp();
    const payload = mixedRequest();
    const result = await pipeline.submit({ payload, gzipPayload: gzipSync(payload), transport: TRANSPORT });
    expect(result).toMatchObject({ acceptedSpans: 1, rejectedSpans: 2 });
    expect(result.errorMessage).toContain("trace_id");
    expect(result.errorMessage).toContain("span_id");
    const good = spanMessage({ traceId: TRACE, spanId: "00000000000000bb" });
    expect(log.appended.map(({ encoding }) => encoding)).toEqual(["identity"]);
    expect(Buffer.from(log.appended[0]?.payload as Uint8Array)).toEqual(requestMessage([good]));
    const rows = await store.trace(TRACE);
    expect(rows.map(spanIdOf)).toEqual(["00000000000000bb"]);
    expect(Buffer.from(rows[0]?.batch.payload as Uint8Array)).toEqual(requestMessage([good]));
  });

  test.each([
    ["no bytes at all", Buffer.alloc(0)],
    ["an envelope without spans", requestMessage([])],
  ])("succeeds without the log for %s", async (_, payload) => {
    const { pipeline, log } = await setUp();
    const result = await pipeline.submit({ payload, transport: TRANSPORT });
    expect(result).toEqual({ acceptedSpans: 0, rejectedSpans: 0, errorMessage: "" });
    expect(log.appended).toEqual([]);
  });

  test("logs nothing when every span is refused", async () => {
    const { pipeline, log } = await setUp();
    const payload = requestMessage([spanMessage({ traceId: "00".repeat(16), spanId: "00000000000000aa" })]);
    expect(await pipeline.submit({ payload, transport: TRANSPORT })).toMatchObject({ rejectedSpans: 1 });
    expect(log.appended).toEqual([]);
  });

  test("refuses what is not OTLP as invalid_argument", async () => {
    const { pipeline, log } = await setUp();
    await expect(
      pipeline.submit({ payload: Buffer.from("not protobuf"), transport: TRANSPORT }),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    expect(log.appended).toEqual([]);
  });

  test("passes on a refusal of the log as unavailable, and recovers by itself", async () => {
    const { pipeline, log, store } = await setUp();
    log.breakDisk(true);
    const request = { payload: plainRequest(TRACE, 2), transport: TRANSPORT };
    await expect(pipeline.submit(request)).rejects.toMatchObject({ code: "unavailable" });
    expect(await store.trace(TRACE)).toEqual([]);
    log.breakDisk(false);
    await pipeline.submit(request);
    expect((await store.trace(TRACE)).length).toBe(2);
  });

  test("hands batches to the store in the order of their positions", async () => {
    const positions: number[] = [];
    const store = {
      append: (committed: CommittedBatch): void => {
        positions.push(committed.position);
      },
      coveredPosition: () => -1,
      flush: async () => {},
    };
    const { pipeline } = await setUp({ store });
    const payload = plainRequest(TRACE, 1);
    await Promise.all(Array.from({ length: 20 }, () => pipeline.submit({ payload, transport: TRANSPORT })));
    expect(positions).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});

describe("admission", () => {
  test("refuses over the limit of bytes with a delay, and admits again after release", async () => {
    const { pipeline, metrics } = await setUp({ maxInFlightBytes: 1_000 });
    const first = pipeline.reserve(800);
    expect(() => pipeline.reserve(300)).toThrowError(
      expect.objectContaining({ code: "overloaded", retryAfterMillis: 1_000 }),
    );
    expect(metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(800);
    first.release();
    pipeline.reserve(300).release();
    expect(metrics.sum("tracagg_ingest_overload_total", { limit: "bytes" })).toBe(1);
    expect(metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(0);
  });

  test("refuses while the disk of the log is further behind than allowed, and takes more as soon as it is not", async () => {
    const { pipeline, log, metrics } = await setUp({ maxLogLagMillis: 500 });
    log.fallBehind(500);
    pipeline.reserve(1).release();
    log.fallBehind(501);
    expect(() => pipeline.reserve(1)).toThrowError(
      expect.objectContaining({
        code: "overloaded",
        retryAfterMillis: 1_000,
        message: "the disk of the ingest log is 501 ms behind; send again after the delay given",
      }),
    );
    expect(metrics.sum("tracagg_ingest_overload_total", { limit: "log" })).toBe(1);
    log.fallBehind(0);
    pipeline.reserve(1).release();
  });

  test("refuses while the store asks for a pause", async () => {
    let isBehind = true;
    const { pipeline, metrics } = await setUp({ isOverloaded: () => isBehind });
    expect(() => pipeline.reserve(1)).toThrowError(expect.objectContaining({ code: "overloaded" }));
    expect(metrics.sum("tracagg_ingest_overload_total", { limit: "store" })).toBe(1);
    isBehind = false;
    pipeline.reserve(1).release();
  });
});

describe("drain", () => {
  test("turns new requests away retryably and waits for those admitted", async () => {
    const { pipeline, log, store } = await setUp();
    log.hold();
    const order: string[] = [];
    const reservation = pipeline.reserve(10);
    const submitted = pipeline.submit({ payload: plainRequest(TRACE, 1), transport: TRANSPORT }).then(() => {
      order.push("answered");
      reservation.release();
    });
    const drained = pipeline.drain().then(() => order.push("drained"));
    expect(() => pipeline.reserve(1)).toThrowError(
      expect.objectContaining({ code: "unavailable", retryAfterMillis: 1_000 }),
    );
    await log.untilAppended(1);
    log.letGo();
    await Promise.all([submitted, drained]);
    expect(order).toEqual(["answered", "drained"]);
    expect((await store.trace(TRACE)).length).toBe(1);
  });

  test("waits for submitted work that holds no reservation", async () => {
    const { pipeline, log } = await setUp();
    log.hold();
    const order: string[] = [];
    const submitted = pipeline
      .submit({ payload: plainRequest(TRACE, 1), transport: TRANSPORT })
      .then(() => order.push("answered"));
    const drained = pipeline.drain().then(() => order.push("drained"));
    await log.untilAppended(1);
    log.letGo();
    await Promise.all([submitted, drained]);
    expect(order).toEqual(["answered", "drained"]);
  });

  test("is done at once when nothing is in flight", async () => {
    const { pipeline } = await setUp();
    await pipeline.drain();
    await expect(pipeline.drain()).resolves.toBeUndefined();
  });
});

describe("counters", () => {
  test("received spans are accepted plus refused spans, whatever happened to them", async () => {
    const { pipeline, log, metrics } = await setUp();
    await pipeline.submit({ payload: plainRequest(TRACE, 5), transport: "otlp_grpc" });
    await pipeline.submit({ payload: mixedRequest(), transport: "otlp_http_json" });
    await pipeline.submit({ payload: Buffer.from("nonsense"), transport: TRANSPORT }).catch(() => {});
    log.breakDisk(true);
    await pipeline.submit({ payload: plainRequest(OTHER_TRACE, 4), transport: TRANSPORT }).catch(() => {});
    await pipeline.submit({ payload: mixedRequest(), transport: TRANSPORT }).catch(() => {});
    const received = metrics.sum("tracagg_received_spans_total");
    const accepted = metrics.sum("tracagg_accepted_spans_total");
    expect(received).toBe(5 + 3 + 4 + 3);
    expect(accepted).toBe(5 + 1);
    expect(metrics.sum("tracagg_refused_spans_total", { reason: "invalid" })).toBe(2 + 2);
    expect(metrics.sum("tracagg_refused_spans_total", { reason: "unavailable" })).toBe(4 + 1);
    expect(received).toBe(accepted + metrics.sum("tracagg_refused_spans_total"));
    expect(metrics.sum("tracagg_received_spans_total", { transport: "otlp_http_json" })).toBe(3);
    expect(metrics.sum("tracagg_log_append_seconds")).toBe(2);
  });
});
