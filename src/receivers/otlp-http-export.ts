/** One export request over HTTP: what is checked, in which order, and what is answered. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { TranscodedRequest } from "../codec/otlp-json/decode.ts";
import type { IngestRequest, Reservation, SpanSink } from "../ingest/span-sink.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import { assertDeclaredLength, firstBodyBytes, readBody } from "../io/http-body.ts";
import type { OtlpEncoding } from "./otlp-encoding.ts";
import { isGzipEncoded, JSON_ENCODING, otlpEncodingFrom } from "./otlp-encoding.ts";
import type { AnswerHeaders } from "./otlp-http-answer.ts";
import { sendError, sendSuccess } from "./otlp-http-answer.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";

/** What every exchange of one receiver shares. */
export interface ExportContext {
  readonly sink: SpanSink;
  readonly maxRequestBytes: number;
  readonly bodyIdleTimeoutMillis: number;
  readonly metrics: ReceiverMetrics;
  /** Makes protobuf of OTLP/JSON. The bytes are its own from then on. */
  readonly transcode: (json: Uint8Array) => Promise<TranscodedRequest>;
}

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers that go with every answer (CORS, `Connection: close` while stopping). */
  readonly headers: AnswerHeaders;
}

/** Answers a request to the traces path; never rejects. */
export async function answerExport(context: ExportContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const encoding = otlpEncodingFrom(request.headers["content-type"]);
  let outcome: "accepted" | ErrorCode = "accepted";
  let reservation: Reservation | undefined;
  try {
    assertPost(request);
    if (encoding === undefined) throw contentTypeError(request);
    const isGzip = isGzipEncoded(request.headers);
    assertDeclaredLength(request, context.maxRequestBytes);
    // Everything that can be refused without the body has been refused by now.
    reservation = context.sink.reserve(firstBodyBytes(request));
    if (request.headers.expect !== undefined) response.writeContinue();
    const body = await readBody(request, {
      maxBytes: context.maxRequestBytes,
      idleTimeoutMillis: context.bodyIdleTimeoutMillis,
      onGrow: reservation.grow,
    });
    const ingest = isGzip
      ? await fromGzip(context, body, encoding, reservation)
      : encoding === JSON_ENCODING
        ? await fromJson(context, body, reservation)
        : { payload: body, transport: encoding.transport };
    sendSuccess(exchange, encoding, await context.sink.submit(ingest));
  } catch (thrown) {
    const error = errorFrom(thrown);
    outcome = error.code;
    if (error.code !== "cancelled") sendError(exchange, encoding ?? JSON_ENCODING, error);
  } finally {
    reservation?.release();
  }
  context.metrics.answered(encoding?.transport ?? "otlp_http", outcome);
}

/** Counts and answers a request that is refused for its path or method. */
export function refuse(context: ExportContext, exchange: Exchange, error: TracAggError): void {
  const encoding = otlpEncodingFrom(exchange.request.headers["content-type"]);
  sendError(exchange, encoding ?? JSON_ENCODING, error);
  context.metrics.answered(encoding?.transport ?? "otlp_http", error.code);
}

async function fromGzip(
  context: ExportContext,
  body: Uint8Array,
  encoding: OtlpEncoding,
  reservation: Reservation,
): Promise<IngestRequest> {
  const plain = await gunzipBounded(body, {
    maxBytes: context.maxRequestBytes,
    onGrow: (bytes) => reservation.grow(body.length + bytes),
  });
  if (encoding === JSON_ENCODING) return await fromJson(context, plain, reservation);
  return { payload: plain, gzipPayload: body, transport: encoding.transport };
}

async function fromJson(
  { transcode, metrics }: ExportContext,
  json: Uint8Array,
  reservation: Reservation,
): Promise<IngestRequest> {
  // The protobuf form, made beside the text, is smaller than it.
  reservation.grow(json.length * 2);
  const { payload, lenientNames } = await transcode(json);
  metrics.lenientNames(lenientNames);
  return { payload, transport: JSON_ENCODING.transport };
}

function assertPost(request: IncomingMessage): void {
  if (request.method === "POST") return;
  throw new TracAggError("method_not_allowed", `expected POST, got ${request.method}`);
}

function contentTypeError(request: IncomingMessage): TracAggError {
  const came = request.headers["content-type"]?.slice(0, 100);
  return new TracAggError(
    "unsupported_media_type",
    `Content-Type: expected application/x-protobuf or application/json, got ${came === undefined ? "none" : JSON.stringify(came)}`,
  );
}
