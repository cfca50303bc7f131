/** Answers of the OTLP/HTTP receiver, written so that the client gets to read them. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { TracAggError } from "../base/errors.ts";
import { declaredLength } from "../io/http-body.ts";
import type { OtlpEncoding } from "./otlp-encoding.ts";
import { retryDelayMillis } from "./otlp-encoding.ts";

/** Headers of an answer. */
export type AnswerHeaders = Readonly<Record<string, string | number>>;

/** A rest of body up to this size is read and dropped, which is cheaper than a new connection. */
const MAX_DROPPED_BODY_BYTES = 256 * 1024;
/** How long a refused sender may go on writing before the connection is cut: time enough to read the answer. */
const LINGER_MILLIS = 2_000;

/** Sends an answer to a request whose body has been read to its end. */
export function sendAnswer(
  response: ServerResponse,
  status: number,
  headers: AnswerHeaders,
  body: Uint8Array,
): void {
  response.writeHead(status, { ...headers, "Content-Length": body.length });
  response.end(body);
}

/**
 * Sends an error as a `google.rpc.Status` body, also while the request's body is still arriving.
 *
 * The answer goes out at once. A long rest of the body is dropped as it comes and the connection closes once the client
 * stops or {@link LINGER_MILLIS} are over: closing at once would reset the connection, and the client would see the
 * reset in place of the answer.
 */
export function sendError(
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  encoding: OtlpEncoding,
  error: TracAggError,
  headers: AnswerHeaders,
): void {
  const { request, response } = exchange;
  if (response.destroyed || response.headersSent) return;
  const body = encoding.status(error);
  const all = { ...headers, ...errorHeaders(error), "Content-Type": encoding.contentType };
  if (request.readableEnded || hasShortRest(request)) {
    sendAnswer(response, error.meaning.httpStatus, all, body);
    return;
  }
  response.writeHead(error.meaning.httpStatus, {
    ...all,
    "Content-Length": body.length,
    Connection: "close",
  });
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
  const end = (): void => {
    clearTimeout(timer);
    if (!response.writableEnded) response.end();
  };
  const timer = setTimeout(end, LINGER_MILLIS);
  timer.unref();
  request.on("end", end).on("close", end).resume();
}
