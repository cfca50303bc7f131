import { gzipSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { IngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { createIngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import { createJaegerGrpcReceiver } from "../../src/receivers/jaeger-grpc.ts";
import { createJaegerThriftReceiver } from "../../src/receivers/jaeger-thrift-http.ts";
import type { Receiver } from "../../src/receivers/receiver.ts";
import { createReceiverMetrics } from "../../src/receivers/receiver-metrics.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { JAEGER_CLIENT_PAYLOAD } from "../codec/jaeger-thrift/jaeger-client-payload.ts";
import type { HeldLog } from "../ingest/held-log.ts";
import { createHeldLog } from "../ingest/held-log.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

const MAX_REQUEST_BYTES = 64 * 1024;

let metrics: RecordingMetrics;
let store: TraceStore;
let pipeline: IngestPipeline;
let log: HeldLog;
let thrift: Receiver;
let grpc: Receiver;

beforeEach(async () => {
  metrics = new RecordingMetrics();
  store = createMemoryStore();
  await store.start();
  log = await createHeldLog();
  pipeline = createIngestPipeline({ log, store, metrics, maxInFlightBytes: 1024 * 1024 });
  const receiverMetrics = createReceiverMetrics(metrics);
  const shared = { sink: pipeline, port: 0, maxRequestBytes: MAX_REQUEST_BYTES, receiverMetrics };
  thrift = createJaegerThriftReceiver(shared);
  grpc = createJaegerGrpcReceiver(shared);
  await Promise.all([thrift.start(), grpc.start()]);
});

afterEach(async () => {
  log.letGo();
  await Promise.all([thrift.stop(), grpc.stop()]);
  await store.stop();
});

function post(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${thrift.address().port}/api/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-thrift", ...headers },
    body: Buffer.from(body),
  });
}

function postSpans(message: Uint8Array): Promise<Buffer> {
  const client = new Client(`127.0.0.1:${grpc.address().port}`, credentials.createInsecure());
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(
      "/jaeger.api_v2.CollectorService/PostSpans",
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from(message),
      (error, value) => (error === null ? resolve(value as Buffer) : reject(error)),
    );
  }).finally(() => client.close());
}

test("a batch is to come again, after a delay, while there is no room for it", async () => {
  const held = pipeline.reserve(1024 * 1024);
  const answer = await post(JAEGER_CLIENT_PAYLOAD);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.text()).toMatch(/^Cannot submit Jaeger batch: /);
  await expect(postSpans(new Uint8Array(10))).rejects.toMatchObject({ code: 14 });
  held.release();
  expect((await post(JAEGER_CLIENT_PAYLOAD)).status).toBe(202);
  const refused = { code: "overloaded", transport: "jaeger_thrift_http" };
  expect(metrics.sum("tracagg_refused_requests_total", refused)).toBe(1);
  expect(metrics.sum("tracagg_accepted_requests_total", { transport: "jaeger_thrift_http" })).toBe(1);
});

test("a batch is refused for good when it is too large, also under gzip, and its room is given back", async () => {
  const large = new Uint8Array(MAX_REQUEST_BYTES + 1);
  expect((await post(large)).status).toBe(413);
  const packed = await post(gzipSync(large), { "content-encoding": "gzip" });
  expect([packed.status, await packed.text()]).toEqual([
    413,
    expect.stringMatching(/^Unable to process request body: .*after decompression/),
  ]);
  await expect(postSpans(large)).rejects.toMatchObject({ code: 8 });
  expect(metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
});

test("a batch is answered only once the log has it", async () => {
  log.hold();
  let isAnswered = false;
  const answer = post(JAEGER_CLIENT_PAYLOAD).then((response) => {
    isAnswered = true;
    return response.status;
  });
  await log.untilAppended(1);
  expect(isAnswered).toBe(false);
  log.letGo();
  expect(await answer).toBe(202);
});
