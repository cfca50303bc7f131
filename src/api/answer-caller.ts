/** Who asks over HTTP, and what is logged when answering them failed. */

import type { Request, Response } from "express";
import type { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { QueryCaller } from "../query/query-limiter.ts";

/** The caller of a request: gone when its connection is, or when the answer may not be held any longer. */
export function callerOf(request: Request, response: Response): QueryCaller {
  const left = new AbortController();
  response.once("close", () => left.abort());
  // Of pipelined requests only the one being answered owns the socket: the others hear of its end by the request.
  request.once("close", () => {
    if (request.socket.destroyed) left.abort();
  });
  return { signal: left.signal, end: (error) => left.abort(error) };
}

/** Logs a fault of ours with its cause; nothing of that reaches the client. */
export function logFault(logger: Logger, { method, path }: Request, error: TracAggError): void {
  const cause = error.cause instanceof Error ? error.cause : error;
  logger.error("request failed", {
    method,
    path,
    code: error.code,
    message: error.message,
    stack: cause.stack,
  });
}
