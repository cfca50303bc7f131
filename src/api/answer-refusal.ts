/** What every API over HTTP does with methods it does not have, and with what is thrown while a request is answered. */

import type { Express, NextFunction, Request, RequestHandler, Response } from "express";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { logFault } from "./answer-caller.ts";
import { requestErrorFrom, retryAfterSeconds } from "./problem.ts";

/** How an API tells an error. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Express knows an error handler by its four parameters. */
export type ErrorHandler = (
  thrown: unknown,
  request: Request,
  response: Response,
  next: NextFunction,
) => void;

/** Answers every error as an API tells it; a fault of ours is logged, an answer that has begun is cut off. */
export function refusing(
  logger: Logger,
  refusalOf: (error: TracAggError, request: Request) => Refusal,
): ErrorHandler {
  return (thrown, request, response, _next) => {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const error = requestErrorFrom(thrown);
    if (error.meaning.httpStatus === 500) logFault(logger, request, error);
    const seconds = retryAfterSeconds(error);
    if (seconds !== undefined) response.setHeader("Retry-After", String(seconds));
    response.removeHeader("Content-Encoding");
    const { status, contentType, text } = refusalOf(error, request);
    response.status(status).setHeader("Cache-Control", "no-store");
    response.setHeader("Content-Type", contentType);
    response.end(text);
  };
}

/** Adds a path that answers one method (HEAD with GET, and OPTIONS); others are refused with 405 and `Allow`. */
export function routeMethod(
  app: Express,
  method: "GET" | "POST",
  path: string,
  handler: RequestHandler,
): void {
  routeMethods(app, path, { [method]: handler });
}

/** {@link routeMethod} for a path that may answer both methods. */
export function routeMethods(
  app: Express,
  path: string,
  { GET: onGet, POST: onPost }: { readonly GET?: RequestHandler; readonly POST?: RequestHandler },
): void {
  const allow = [...(onGet ? ["GET", "HEAD"] : []), ...(onPost ? ["POST"] : []), "OPTIONS"].join(", ");
  const route = app.route(path);
  if (onGet !== undefined) route.get(onGet);
  if (onPost !== undefined) route.post(onPost);
  route
    .options((_request, response) => {
      response.status(204).setHeader("Allow", allow).end();
    })
    .all((request, response) => {
      response.setHeader("Allow", allow);
      throw new TracAggError(
        "method_not_allowed",
        `${request.path}: expected ${allow}, got ${request.method}`,
      );
    });
}
