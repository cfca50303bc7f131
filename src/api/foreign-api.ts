/** HTTP applications with the API of another backend: routes as data, refusals as that backend words them. */

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Express, Request, RequestHandler, Response } from "express";
import express from "express";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Metrics } from "../base/metrics.ts";
import { readBody } from "../io/http-body.ts";
import type { QueryCaller } from "../query/query-limiter.ts";
import { callerOf } from "./answer-caller.ts";
import type { Refusal } from "./answer-refusal.ts";
import { refusing, routeMethods } from "./answer-refusal.ts";
import type { Reply } from "./endpoint.ts";
import { checkHost } from "./host-guard.ts";
import type { WriteReplyOptions } from "./write-reply.ts";
import { answerWriting, writeReply } from "./write-reply.ts";

/** Longest silence within a body. */
const BODY_IDLE_MILLIS = 10_000;

/** How much of a body is read, and who is told of the room it takes. */
export interface BodyOptions {
  readonly maxBytes: number;
  readonly onGrow?: (bytes: number) => void;
}

/** What a route is given. */
export interface ForeignRequest {
  readonly search: URLSearchParams;
  /** Decoded path parameters by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The `Accept` header, "" without one. */
  readonly accept: string;
  /** The request itself, for what has to be known before its body is read. */
  readonly incoming: IncomingMessage;
  /** Reads the body of a POST. Rejects with `too_large`, `deadline_exceeded` or `cancelled`. */
  readonly body: (options: BodyOptions) => Promise<Uint8Array>;
  readonly caller: QueryCaller;
}

/** One path and method. */
export interface ForeignRoute {
  readonly method: "GET" | "POST";
  /** As express writes it: `/api/traces/:traceId`, `*tag` for a part that may hold slashes. */
  readonly path: string;
  reply(request: ForeignRequest): Promise<Reply>;
}

/** What every such application works with. */
export interface ForeignAppOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Longest time a client may take nothing of an answer, in milliseconds. Default 30,000. */
  readonly answerIdleMillis?: number | undefined;
  /** See `CreateApiOptions`. */
  readonly loopbackHosts?: readonly string[] | undefined;
}

/** An application. */
export interface ForeignApp extends ForeignAppOptions {
  readonly routes: readonly ForeignRoute[];
  /** Adds what is no route, behind the guard and before the routes: pages, refusals of methods. */
  readonly before?: (app: Express) => void;
  /** How this API tells an error. */
  readonly refusalOf: (error: TracAggError, request: Request) => Refusal;
  /** Message for a path that is not there; absent: such requests are left to whoever mounted the application. */
  readonly unknownPathMessage?: (path: string) => string;
}

/** Makes the express application; the caller listens or mounts it. */
export function createForeignApp(options: ForeignApp): Express {
  const { routes, before, loopbackHosts, logger, refusalOf, unknownPathMessage } = options;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.use((request, response, next) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (loopbackHosts !== undefined) checkHost(request.headers.host, loopbackHosts);
    next();
  });
  before?.(app);
  const writing = answerWriting(options);
  // A path may have a route for each method.
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes.filter((route) => route.path === path);
    const handlers = ofPath.map((route) => [route.method, handlerOf(route, writing)] as const);
    routeMethods(app, path, Object.fromEntries(handlers));
  }
  if (unknownPathMessage !== undefined) {
    app.use((request) => {
      throw new TracAggError("not_found", unknownPathMessage(request.path));
    });
  }
  app.use(refusing(logger, refusalOf));
  return app;
}

function handlerOf({ reply }: ForeignRoute, writing: Omit<WriteReplyOptions, "signal">): RequestHandler {
  return async (request, response) => {
    const asked = requestFrom(request, response);
    await writeReply(request, response, await reply(asked), { ...writing, signal: asked.caller.signal });
  };
}

function requestFrom(request: Request, response: Response): ForeignRequest {
  return {
    search: new URL(request.originalUrl, "http://localhost").searchParams,
    path: pathParameters(request.params),
    headers: request.headers,
    accept: request.headers.accept ?? "",
    incoming: request,
    body: (options) => readBody(request, { ...options, idleTimeoutMillis: BODY_IDLE_MILLIS }),
    caller: callerOf(request, response),
  };
}

/** Parts of a path that may hold slashes come as lists. */
function pathParameters(params: Request["params"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.join("/") : value]),
  );
}
