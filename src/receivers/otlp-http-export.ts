/** One export request over HTTP: what is checked, in which order, and what is answered. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import { otlpProtobufFromJson } from "../codec/otlp-json/decode.ts";
import type { IngestRequest, Reservation, SpanSink } from "../ingest/span-sink.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import { assertDeclaredLength, firstBodyBytes, readBody } from "../io/http-body.ts";
import type { OtlpEncoding } from "./otlp-encoding.ts";
import { isGzipEncoded, JSON_ENCODING, otlpEncodingFrom } from "./otlp-encoding.ts";
import type { AnswerHeaders } from "./otlp-http-answer.ts";
import { sendAnswer, sendError } from "./otlp-http-answer.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";

/** What every exchange of one receiver shares. */
export interface ExportContext {
  readonly sink: SpanSink;
  readonly maxRequestBytes: number;
  readonly metrics: ReceiverMetrics;
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
  const { request, response, headers } = exchange;
  const encoding = otlpEncodingFrom(request.headers["content-type"]);
  let outcome: "accepted" | ErrorCode = "accepted";
  try {
    const answer = await takeIn(context, exchange, encoding);
    sendAnswer(response, 200, { ...headers, "Content-Type": answer.contentType }, answer.body);
  } catch (thrown) {
    const error = errorFrom(thrown);
    outcome = error.code;
    if (error.code !== "cancelled") sendError(exchange, encoding ?? JSON_ENCODING, error, headers);
  }
  context.metrics.answered(encoding?.transport ?? "otlp_http", outcome);
}

/** Counts and answers a request that is refused for its path or method. */
export function refuse(context: ExportContext, exchange: Exchange, error: TracAggError): void {
  const encoding = otlpEncodingFrom(exchange.request.headers["content-type"]);
  sendError(exchange, encoding ?? JSON_ENCODING, error, exchange.headers);
  context.metrics.answered(encoding?.transport ?? "otlp_http", error.code);
}

/** Everything that can be refused without the body is refused before it is read. */
async function takeIn(
  context: ExportContext,
  { request, response }: Exchange,
  encoding: OtlpEncoding | undefined,
): Promise<{ readonly contentType: string; readonly body: Uint8Array }> {
  assertPost(request);
  if (encoding === undefined) throw contentTypeError(request);
  const isGzip = isGzipEncoded(request.headers);
  assertDeclaredLength(request, context.maxRequestBytes);
  const reservation = context.sink.reserve(firstBodyBytes(request));
  try {
    if (request.headers.expect !== undefined) response.writeContinue();
    const ingest = await readRequest(context, request, { encoding, isGzip, reservation });
    const result = await context.sink.submit(ingest);
    return { contentType: encoding.contentType, body: encoding.response(result) };
  } finally {
    reservation.release();
  }
}

async function readRequest(
  { maxRequestBytes, metrics }: ExportContext,
  request: IncomingMessage,
  how: { readonly encoding: OtlpEncoding; readonly isGzip: boolean; readonly reservation: Reservation },
): Promise<IngestRequest> {
  const { encoding, isGzip, reservation } = how;
  const { transport } = encoding;
  const body = await readBody(request, {
    maxBytes: maxRequestBytes,
    onGrow: (bytes) => reservation.grow(bytes),
  });
  const plain = isGzip
    ? await gunzipBounded(body, {
        maxBytes: maxRequestBytes,
        onGrow: (bytes) => reservation.grow(body.length + bytes),
      })
    : body;
  if (encoding === JSON_ENCODING) {
    const { payload, lenientNames } = otlpProtobufFromJson(plain);
    metrics.lenientNames(lenientNames);
    return { payload, transport };
  }
  return isGzip ? { payload: plain, gzipPayload: body, transport } : { payload: plain, transport };
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
