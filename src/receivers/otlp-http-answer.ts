/** Answers of the OTLP/HTTP receiver, written so that the client gets to read them. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { TracAggError } from "../base/errors.ts";
import type { ExportResult } from "../codec/otlp-protobuf/responses.ts";
import { declaredLength } from "../io/http-body.ts";
import type { OtlpEncoding } from "./otlp-encoding.ts";
import { retryDelayMillis } from "./otlp-encoding.ts";

/** A request, and where and with what its answer goes. */
interface AnsweredExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: AnswerHeaders;
}

/** Headers of an answer. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** As much of a refused body is read and dropped, which is cheaper than a new connection. */
const MAX_DROPPED_BODY_BYTES = 256 * 1024;
/** How long a refused sender may go on writing before the connection is cut: time enough to read the answer. */
const LINGER_MILLIS = 2_000;

/** Sends the answer to a request whose body has been read to its end. */
export function sendSuccess(
  { response, headers }: AnsweredExchange,
  encoding: OtlpEncoding,
  result: ExportResult,
): void {
  const body = encoding.response(result);
  response.writeHead(200, {
    ...headers,
    "Content-Type": encoding.contentType,
    "Content-Length": body.length,
  });
  // Without a body the head goes out by itself, in one write.
  if (body.length === 0) response.end();
  else response.end(body);
}

/**
 * Sends an error as a `google.rpc.Status` body, also while the request's body is still arriving.
 *
 * The answer goes out at once. A short rest of the body is dropped as it comes, which keeps the connection. Of a long
 * one no more than {@link MAX_DROPPED_BODY_BYTES} are read, and the connection closes once the client has stopped or
 * {@link LINGER_MILLIS} are over: closing at once would reset it, and the client would see the reset in place of the
 * answer.
 */
export function sendError(
  { request, response, headers }: AnsweredExchange,
  encoding: OtlpEncoding,
  error: TracAggError,
): void {
  if (response.destroyed || response.headersSent) return;
  const body = encoding.status(error);
  const all = {
    ...headers,
    ...errorHeaders(error),
    "Content-Type": encoding.contentType,
    "Content-Length": body.length,
  };
  if (request.readableEnded || hasShortRest(request)) {
    response.writeHead(error.meaning.httpStatus, all);
    response.end(body);
    return;
  }
  response.writeHead(error.meaning.httpStatus, { ...all, Connection: "close" });
  response.write(body);
  linger(request, response);
}

function errorHeaders(error: TracAggError): AnswerHeaders {
  const headers: Record<string, string | number> = {};
  if (error.code === "method_not_allowed") headers["Allow"] = "POST";
  if (error.code === "unsupported_media_type") headers["Accept-Encoding"] = "gzip";
  if (error.meaning.retryable)
    headers["Retry-After"] = Math.max(1, Math.ceil(retryDelayMillis(error) / 1_000));
  return headers;
}

function hasShortRest(request: IncomingMessage): boolean {
  const declared = declaredLength(request);
  if (declared === undefined) return request.headers["transfer-encoding"] === undefined;
  // Whoever waits for "100 Continue" has not sent its body, and will not after a refusal.
  return declared <= MAX_DROPPED_BODY_BYTES && request.headers.expect === undefined;
}

function linger(request: IncomingMessage, response: ServerResponse): void {
  let dropped = 0;
  const end = (): void => {
    clearTimeout(timer);
    if (!response.writableEnded) response.end();
  };
  const timer = setTimeout(end, LINGER_MILLIS);
  timer.unref();
  const onData = (chunk: Uint8Array): void => {
    dropped += chunk.length;
    // Not read on: what the client still sends waits at its side.
    if (dropped > MAX_DROPPED_BODY_BYTES) request.pause();
  };
  request.on("data", onData).on("end", end).on("close", end).resume();
}
