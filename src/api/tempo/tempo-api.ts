/** The HTTP application of the Tempo API: under `/tempo` of the main port, and at the root of a port of its own. */

import type { Express, Request, Response } from "express";
import express from "express";
import { TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { readBody } from "../../io/http-body.ts";
import type { Queries } from "../../query/queries.ts";
import { callerOf } from "../answer-caller.ts";
import { refusing, routeMethod } from "../answer-refusal.ts";
import type { RenderedMetrics } from "../health/prometheus-metrics.ts";
import { checkHost } from "../host-guard.ts";
import type { WriteReplyOptions } from "../write-reply.ts";
import { answerWriting, writeReply } from "../write-reply.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { searchRoutes } from "./search-routes.ts";
import type { TempoServerFacts } from "./status-routes.ts";
import { statusRoutes } from "./status-routes.ts";
import { tagRoutes } from "./tag-routes.ts";
import { tempoErrorText, tempoHttpStatus } from "./tempo-error.ts";
import { formFrom } from "./tempo-parameters.ts";
import type { TempoRoute } from "./tempo-route.ts";
import { traceRoutes } from "./trace-routes.ts";

const BODY_IDLE_MILLIS = 10_000;
/** Two ids and a word. */
const MAX_BODY_BYTES = 64 * 1024;

/** What {@link createTempoApi} works with. */
export interface TempoApiOptions extends Omit<TempoServerFacts, "metrics"> {
  readonly metrics: RenderedMetrics;
  readonly queries: Queries;
  readonly logger: Logger;
  /** Longest time a client may take nothing of an answer, in milliseconds. Default 30,000. */
  readonly answerIdleMillis?: number | undefined;
  /** See `CreateApiOptions`. */
  readonly loopbackHosts?: readonly string[] | undefined;
}

/**
 * Makes the express application; the caller listens or mounts it. Answers of 400 and above are lines of plain text.
 *
 * @example
 * createServer(createTempoApi({ version, queries, metrics, logger, notReadyReasons: () => [] })).listen(3200);
 */
export function createTempoApi(options: TempoApiOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.use((request, response, next) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (options.loopbackHosts !== undefined) checkHost(request.headers.host, options.loopbackHosts);
    next();
  });
  const writing = answerWriting(options);
  for (const route of tempoRoutes(options)) addRoute(app, route, writing);
  app.use((request) => {
    throw new TracAggError(
      "not_found",
      `there is no ${request.path} here; /status/endpoints lists what there is`,
    );
  });
  app.use(
    refusing(options.logger, (error) => ({
      status: tempoHttpStatus(error),
      contentType: "text/plain; charset=utf-8",
      text: `${tempoErrorText(error)}\n`,
    })),
  );
  return app;
}

function tempoRoutes(options: TempoApiOptions): readonly TempoRoute[] {
  const { queries } = options;
  const routes: readonly TempoRoute[] = [
    ...statusRoutes(options, () =>
      routes.map(({ method, path }) => `${method} ${path.replace(/[:*](\w+)/g, "{$1}")}`),
    ),
    ...searchRoutes(queries),
    ...traceRoutes(queries),
    ...tagRoutes(queries),
    ...metricsRoutes(queries),
  ];
  return routes;
}

function addRoute(
  app: Express,
  { method, path, reply }: TempoRoute,
  writing: Omit<WriteReplyOptions, "signal">,
): void {
  const answer = async (request: Request, response: Response): Promise<void> => {
    const caller = callerOf(request, response);
    const accept = request.headers.accept ?? "";
    const answered = await reply({
      search: new URL(request.originalUrl, "http://localhost").searchParams,
      path: pathParameters(request.params),
      accept,
      form: formFrom(accept),
      body: () => readBody(request, { maxBytes: MAX_BODY_BYTES, idleTimeoutMillis: BODY_IDLE_MILLIS }),
      caller,
    });
    await writeReply(request, response, answered, { ...writing, signal: caller.signal });
  };
  routeMethod(app, method, path, answer);
}

/** Parts of a path that may hold slashes come as lists. */
function pathParameters(params: Request["params"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.join("/") : value]),
  );
}
