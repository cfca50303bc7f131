/** The HTTP application of port 16686: native API, APIs of other backends, health, metrics, document, pages. */

import type { Express, Request, RequestHandler } from "express";
import express from "express";
import type { Clock } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Queries, QueriesOptions, QueryLimits } from "../query/queries.ts";
import { createQueries } from "../query/queries.ts";
import type { QueryPorts } from "../query/query-context.ts";
import { callerOf } from "./answer-caller.ts";
import { refusing, routeMethod } from "./answer-refusal.ts";
import type { Endpoint } from "./endpoint.ts";
import { API_TAGS, apiEndpoints } from "./endpoints.ts";
import { writeEvents } from "./event-stream.ts";
import type { ServerFacts } from "./health/health-endpoints.ts";
import type { RenderedMetrics } from "./health/prometheus-metrics.ts";
import { checkHost } from "./host-guard.ts";
import { openApiDocument, PROBLEM_TYPE } from "./openapi/document.ts";
import { apiPage } from "./pages/api-page.ts";
import type { Page } from "./pages/page.ts";
import { startPage } from "./pages/start-page.ts";
import { problemFrom } from "./problem.ts";
import { createTempoApi } from "./tempo/tempo-api.ts";
import type { WriteReplyOptions } from "./write-reply.ts";
import { answerWriting, writeReply } from "./write-reply.ts";

/** An application and the path it is under. */
export interface ApiMount {
  readonly path: string;
  readonly app: Express;
}

/** What {@link createApi} works with. */
export interface CreateApiOptions extends QueryPorts, Omit<ServerFacts, "metrics"> {
  /** Version of TracAgg, for the OpenAPI document. */
  readonly version: string;
  readonly metrics: RenderedMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits?: QueryLimits;
  /** The use cases when others have them too; absent: made of the ports and limits. */
  readonly queries?: Queries;
  /** APIs of other backends on the same port, asked in this order for what the native API does not have. */
  readonly mounts?: readonly ApiMount[];
  /** Longest time a client may take nothing of an answer, in milliseconds. Default 30,000. */
  readonly answerIdleMillis?: number;
  /**
   * Guards against DNS rebinding where the server is bound to loopback: requests whose `Host` is neither loopback nor
   * one of these names are refused. Absent for a server bound to another address: any host is answered.
   */
  readonly loopbackHosts?: readonly string[];
}

/**
 * Makes the express application; the caller listens. Every answer of 400 and above is a problem document, a fault of
 * ours is logged with its cause, and nothing of the cause reaches the client.
 *
 * @example
 * const api = createApi({ version: "0.1.0", reader: store, catalogue: store, statistics: store, metrics, logger,
 *   clock: systemClock, status: () => statusNow(), notReadyReasons: () => [], loopbackHosts: [] });
 * createServer(api).listen(16686, "127.0.0.1");
 */
export function createApi(options: CreateApiOptions): Express {
  const queries = options.queries ?? createQueries(options satisfies QueriesOptions);
  const endpoints = apiEndpoints(queries, options);
  const document = openApiDocument(endpoints, API_TAGS, options.version);
  const documentText = JSON.stringify(document);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.use(securityHeaders(options.loopbackHosts));
  const writing = answerWriting(options);
  for (const endpoint of endpoints) routeEndpoint(app, endpoint, writing);
  routeMethod(app, "GET", "/openapi.json", (_request, response) => {
    response.type("application/json").send(documentText);
  });
  routePage(app, "/", () => startPage(options.status()));
  const documentPage = apiPage(document);
  routePage(app, "/api", () => documentPage);
  app.use("/tempo", createTempoApi({ ...options, queries }));
  for (const mount of options.mounts ?? []) app.use(mount.path, mount.app);
  app.use((request) => {
    throw new TracAggError(
      "not_found",
      `there is no ${request.path} here; /openapi.json lists what there is`,
    );
  });
  app.use(
    refusing(options.logger, (error, { path }) => ({
      status: error.meaning.httpStatus,
      contentType: PROBLEM_TYPE,
      text: JSON.stringify(problemFrom(error, path)),
    })),
  );
  return app;
}

function routeEndpoint(app: Express, endpoint: Endpoint, writing: Omit<WriteReplyOptions, "signal">): void {
  const path = endpoint.path.replace(/\{(\w+)\}/g, ":$1");
  routeMethod(app, "GET", path, async (request, response) => {
    const caller = callerOf(request, response);
    const reply = await endpoint.reply({
      search: new URL(request.originalUrl, "http://localhost").searchParams,
      path: request.params as Record<string, string>,
      accept: request.headers.accept ?? "",
      lastEventId: lastEventIdOf(request),
      caller,
    });
    if (reply.events === undefined) {
      await writeReply(request, response, reply, { ...writing, signal: caller.signal });
    } else writeEvents(request, response, reply.events, { onSlow: writing.onIdle });
  });
}

function lastEventIdOf({ headers }: Request): string {
  const id = headers["last-event-id"];
  return typeof id === "string" ? id : "";
}

function routePage(app: Express, path: string, make: () => Page): void {
  routeMethod(app, "GET", path, (_request, response) => {
    const page = make();
    response.setHeader("Content-Security-Policy", page.contentSecurityPolicy);
    response.setHeader("Cache-Control", "no-store");
    response.type("html").send(page.html);
  });
}

function securityHeaders(loopbackHosts: readonly string[] | undefined): RequestHandler {
  return (request, response, next) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("X-Frame-Options", "DENY");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (loopbackHosts !== undefined) checkHost(request.headers.host, loopbackHosts);
    next();
  };
}
