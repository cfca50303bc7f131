/** Receiver of Jaeger's former clients: a Thrift batch in the body of `POST /api/traces`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../base/errors.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import { DEFAULT_MAX_REQUEST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/logger.ts";
import { silentLogger } from "../base/logger.ts";
import { silentMetrics } from "../base/metrics.ts";
import { payloadInSlices } from "../codec/jaeger-model/payload-in-slices.ts";
import { spansFromJaegerThrift } from "../codec/jaeger-thrift/decode.ts";
import type { Reservation, SpanSink } from "../ingest/span-sink.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import { assertDeclaredLength, firstBodyBytes, readBody } from "../io/http-body.ts";
import { HttpPort } from "../io/http-port.ts";
import type { OtlpEncoding } from "./otlp-encoding.ts";
import { isGzipEncoded } from "./otlp-encoding.ts";
import type { AnswerHeaders } from "./otlp-http-answer.ts";
import { sendError } from "./otlp-http-answer.ts";
import type { Receiver } from "./receiver.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import { createReceiverMetrics } from "./receiver-metrics.ts";

/** Options of {@link createJaegerThriftReceiver}. */
export interface JaegerThriftReceiverOptions {
  readonly sink: SpanSink;
  /** "127.0.0.1" */
  readonly host?: string;
  /** 14268; 0 takes a free one. */
  readonly port?: number;
  /** 64 MiB, counted after decompression. */
  readonly maxRequestBytes?: number;
  /** 10,000 between two pieces of a body: meanwhile the room it reserved is not there for others. */
  readonly bodyIdleTimeoutMillis?: number;
  readonly logger?: Logger;
  /** Shared by all receivers of a server. */
  readonly receiverMetrics?: ReceiverMetrics;
}

/** The one path (the query says `format=jaeger.thrift` at most, which nobody reads). */
const TRACES_PATH = "/api/traces";
const TRANSPORT = "jaeger_thrift_http";
const CONTENT_TYPES: ReadonlySet<string> = new Set([
  "application/x-thrift",
  "application/vnd.apache.thrift.binary",
]);
/** Senders come in thousands, as for OTLP. */
const MAX_CONNECTIONS = 10_000;
const MAX_SHOWN_LENGTH = 100;

/** Errors as Go's `http.Error` writes them, which is what these clients log. */
const TEXT: OtlpEncoding = Object.freeze({
  contentType: "text/plain; charset=utf-8",
  transport: TRANSPORT,
  response: () => new Uint8Array(0),
  status: ({ message }: TracAggError) => Buffer.from(`${message}\n`),
});
const NO_SNIFF: AnswerHeaders = Object.freeze({ "X-Content-Type-Options": "nosniff" });

/**
 * Makes the receiver; nothing listens before `start`. A batch is answered 202 once its spans are durable.
 *
 * @example
 * const receiver = createJaegerThriftReceiver({ sink: pipeline, port: 0 });
 * await receiver.start();
 * console.log(receiver.address().port);
 */
export function createJaegerThriftReceiver(options: JaegerThriftReceiverOptions): Receiver {
  const { host = "127.0.0.1", port = 14_268, logger = silentLogger } = options;
  const context: Context = {
    sink: options.sink,
    maxRequestBytes: options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
    bodyIdleTimeoutMillis: options.bodyIdleTimeoutMillis ?? 10_000,
    metrics: options.receiverMetrics ?? createReceiverMetrics(silentMetrics),
  };
  return new HttpPort({
    host,
    port,
    what: "Jaeger Thrift over HTTP (--jaeger-thrift-http-port)",
    maxConnections: MAX_CONNECTIONS,
    listener: (request, response) => {
      // A response to a client that is gone fails on the socket; there is nobody left to tell.
      response.on("error", () => {});
      answer(context, request, response).catch((thrown: unknown) => {
        logger.error("an answer could not be sent", { reason: errorFrom(thrown).message });
        response.destroy();
      });
    },
  });
}

interface Context {
  readonly sink: SpanSink;
  readonly maxRequestBytes: number;
  readonly bodyIdleTimeoutMillis: number;
  readonly metrics: ReceiverMetrics;
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let outcome: "accepted" | ErrorCode = "accepted";
  let reservation: Reservation | undefined;
  try {
    assertPlace(request);
    assertContentType(request.headers["content-type"]);
    const isGzip = isGzipEncoded(request.headers);
    assertDeclaredLength(request, context.maxRequestBytes);
    // Everything that can be refused without the body has been refused by now.
    reservation = withPrefix("Cannot submit Jaeger batch", () =>
      context.sink.reserve(firstBodyBytes(request)),
    );
    if (request.headers.expect !== undefined) response.writeContinue();
    const payload = await payloadOf(context, { request, isGzip, reservation }).catch((thrown: unknown) => {
      throw prefixed("Unable to process request body", thrown);
    });
    await context.sink.submit({ payload, transport: TRANSPORT }).catch((thrown: unknown) => {
      throw prefixed("Cannot submit Jaeger batch", thrown);
    });
    response.writeHead(202, { "Content-Length": 0 }).end();
  } catch (thrown) {
    const error = errorFrom(thrown);
    outcome = error.code;
    if (outcome !== "cancelled") sendError({ request, response, headers: NO_SNIFF }, TEXT, error);
  } finally {
    reservation?.release();
  }
  context.metrics.answered(TRANSPORT, outcome);
}

interface Body {
  readonly request: IncomingMessage;
  readonly isGzip: boolean;
  readonly reservation: Reservation;
}

async function payloadOf(
  { maxRequestBytes, bodyIdleTimeoutMillis }: Context,
  { request, isGzip, reservation }: Body,
): Promise<Uint8Array> {
  const body = await readBody(request, {
    maxBytes: maxRequestBytes,
    idleTimeoutMillis: bodyIdleTimeoutMillis,
    onGrow: reservation.grow,
  });
  const plain = isGzip
    ? await gunzipBounded(body, {
        maxBytes: maxRequestBytes,
        onGrow: (bytes) => reservation.grow(body.length + bytes),
      })
    : body;
  return await payloadInSlices(spansFromJaegerThrift(plain), (bytes) =>
    reservation.grow(plain.length + bytes),
  );
}

function assertPlace({ url = "/", method }: IncomingMessage): void {
  const [path] = url.split("?", 1);
  if (path !== TRACES_PATH) throw new TracAggError("not_found", "404 page not found");
  if (method !== "POST") {
    throw new TracAggError("method_not_allowed", `${TRACES_PATH}: expected POST, got ${method}`);
  }
}

/** Jaeger says 400 here, not 415. */
function assertContentType(header: string | undefined): void {
  const mediaType = (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "") {
    throw new TracAggError("invalid_argument", "Cannot parse content type: mime: no media type");
  }
  if (CONTENT_TYPES.has(mediaType)) return;
  const shown = escapedHtml(mediaType.slice(0, MAX_SHOWN_LENGTH));
  throw new TracAggError("invalid_argument", `Unsupported content type: ${shown}`);
}

const HTML_ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  "&": "&amp;",
  "'": "&#39;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
});

function escapedHtml(text: string): string {
  return text.replace(/[&'<>"]/g, (character) => HTML_ESCAPES[character] as string);
}

function withPrefix<Result>(prefix: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw prefixed(prefix, thrown);
  }
}

function prefixed(prefix: string, thrown: unknown): TracAggError {
  const error = errorFrom(thrown);
  const { code, retryAfterMillis } = error;
  const retry = retryAfterMillis === undefined ? {} : { retryAfterMillis };
  return new TracAggError(code, `${prefix}: ${error.message}`, { cause: error, ...retry });
}
