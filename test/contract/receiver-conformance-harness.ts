/** Real receivers over a real pipeline, and one way to speak to each transport. */

import { gzipSync } from "node:zlib";
import { errorFrom } from "../../src/base/errors.ts";
import { otlpJsonFromRows } from "../../src/codec/otlp-json/encode.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { IngestPipeline, IngestPipelineOptions } from "../../src/ingest/ingest-pipeline.ts";
import { createIngestPipeline } from "../../src/ingest/ingest-pipeline.ts";
import type { OtlpGrpcReceiver, OtlpGrpcReceiverOptions } from "../../src/receivers/otlp-grpc.ts";
import { createOtlpGrpcReceiver } from "../../src/receivers/otlp-grpc.ts";
import type { OtlpHttpReceiverOptions } from "../../src/receivers/otlp-http.ts";
import { createOtlpHttpReceiver } from "../../src/receivers/otlp-http.ts";
import type { Receiver } from "../../src/receivers/receiver.ts";
import { createReceiverMetrics } from "../../src/receivers/receiver-metrics.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { GrpcSender, readPartialSuccess, readStatus, sendHttp } from "../helpers/otlp-client.ts";
import type { HeldLog } from "../ingest/held-log.ts";
import { createHeldLog } from "../ingest/held-log.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

/** A trace id. */
export const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A running system, both receivers before one pipeline. */
export interface System {
  readonly grpc: OtlpGrpcReceiver;
  readonly http: Receiver;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly pipeline: IngestPipeline;
  readonly log: HeldLog;
  readonly store: TraceStore;
  readonly metrics: RecordingMetrics;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a test wants different. */
export interface SystemOptions {
  readonly pipeline?: Partial<IngestPipelineOptions>;
  readonly grpc?: Partial<OtlpGrpcReceiverOptions>;
  readonly http?: Partial<OtlpHttpReceiverOptions>;
  readonly maxRequestBytes?: number;
}

/** Starts everything on free ports. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const log = await createHeldLog();
  const store = createMemoryStore();
  await store.start();
  const metrics = new RecordingMetrics();
  const pipeline = createIngestPipeline({ log, store, metrics, ...options.pipeline });
  const { maxRequestBytes = 64 * 1024 * 1024 } = options;
  const shared = {
    sink: pipeline,
    port: 0,
    maxRequestBytes,
    receiverMetrics: createReceiverMetrics(metrics),
  };
  const grpc = createOtlpGrpcReceiver({ ...shared, ...options.grpc });
  const http = createOtlpHttpReceiver({ ...shared, ...options.http });
  await Promise.all([grpc.start(), http.start()]);
  return {
    grpc,
    http,
    grpcPort: grpc.address().port,
    httpPort: http.address().port,
    pipeline,
    log,
    store,
    metrics,
    [Symbol.asyncDispose]: async () => {
      log.letGo();
      await Promise.all([grpc.stop(), http.stop()]);
      await store.stop();
    },
  };
}

/** An answer in words that both transports share. */
export interface ExportAnswer {
  /** gRPC status number; over HTTP that of the Status body. 0 is success. */
  readonly code: number;
  readonly message: string;
  /** Set when the sender is told to come again. */
  readonly retrySeconds: number | undefined;
  /** Bytes of the response message, on success. */
  readonly response: Buffer | undefined;
  /** HTTP status; undefined over gRPC. */
  readonly httpStatus: number | undefined;
}

/** One way to send a request; `message` is protobuf whatever the way makes of it. */
export interface Way {
  readonly name: string;
  readonly transport: string;
  /** Sends many requests at once. */
  sendAll(system: System, messages: readonly Uint8Array[]): Promise<ExportAnswer[]>;
}

/** Sends one request. */
export async function send(way: Way, system: System, message: Uint8Array): Promise<ExportAnswer> {
  const [answer] = await way.sendAll(system, [message]);
  return answer as ExportAnswer;
}

function grpcWay(name: string, gzip: boolean): Way {
  return {
    name,
    transport: "otlp_grpc",
    sendAll: async (system, messages) => {
      const sender = new GrpcSender(system.grpcPort, { gzip });
      const answers = await Promise.all(messages.map((message) => sender.call(message)));
      sender.close();
      return answers.map(({ code, details, response, statusDetails }) => ({
        code,
        message: details,
        retrySeconds: statusDetails && readStatus(statusDetails).retrySeconds,
        response,
        httpStatus: undefined,
      }));
    },
  };
}

function httpProtobufWay(name: string, gzip: boolean): Way {
  return {
    name,
    transport: "otlp_http_protobuf",
    sendAll: (system, messages) =>
      Promise.all(messages.map((message) => sendProtobuf(system, message, gzip))),
  };
}

async function sendProtobuf(system: System, message: Uint8Array, gzip: boolean): Promise<ExportAnswer> {
  const type = { "content-type": "application/x-protobuf" };
  const answer = await sendHttp(system.httpPort, {
    headers: gzip ? { ...type, "content-encoding": "gzip" } : type,
    body: gzip ? gzipSync(message) : message,
  });
  if (answer.status === 200) return succeeded(answer.body);
  const { code, message: text } = readStatus(answer.body);
  return failed(code, text, answer.headers["retry-after"], answer.status);
}

const HTTP_JSON: Way = {
  name: "HTTP/JSON",
  transport: "otlp_http_json",
  sendAll: (system, messages) => Promise.all(messages.map((message) => sendJson(system, jsonFrom(message)))),
};

/** The message as OTLP/JSON; what is not OTLP stays what it is. */
function jsonFrom(message: Uint8Array): string {
  try {
    const { batch } = new OtlpRequestDecoder().decode(message);
    return otlpJsonFromRows(Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row })));
  } catch (error) {
    return `not JSON: ${errorFrom(error).message}`;
  }
}

/** Sends OTLP/JSON text. */
export async function sendJson(system: System, body: string): Promise<ExportAnswer> {
  const headers = { "content-type": "application/json" };
  const answer = await sendHttp(system.httpPort, { headers, body });
  if (answer.status === 200) return succeeded(answer.body);
  const { code, message } = JSON.parse(answer.body.toString()) as { code: number; message: string };
  return failed(code, message, answer.headers["retry-after"], answer.status);
}

function succeeded(response: Buffer): ExportAnswer {
  return { code: 0, message: "", retrySeconds: undefined, response, httpStatus: 200 };
}

function failed(
  code: number,
  message: string,
  retryAfter: string | undefined,
  httpStatus: number,
): ExportAnswer {
  const retrySeconds = retryAfter === undefined ? undefined : Number(retryAfter);
  return { code, message, retrySeconds, response: undefined, httpStatus };
}

/** Ways that carry protobuf. */
export const PROTOBUF_WAYS: readonly Way[] = [
  grpcWay("gRPC", false),
  grpcWay("gRPC with gzip", true),
  httpProtobufWay("HTTP/protobuf", false),
  httpProtobufWay("HTTP/protobuf with gzip", true),
];

/** Every way. */
export const WAYS: readonly Way[] = [...PROTOBUF_WAYS, HTTP_JSON];

/** What a success says in its partial success. */
export function partialSuccess(way: Way, response: Buffer): { rejectedSpans: number; errorMessage: string } {
  if (way !== HTTP_JSON) return readPartialSuccess(response);
  const { partialSuccess: said } = JSON.parse(response.toString()) as {
    partialSuccess: { rejectedSpans: string; errorMessage: string };
  };
  return { rejectedSpans: Number(said.rejectedSpans), errorMessage: said.errorMessage };
}
