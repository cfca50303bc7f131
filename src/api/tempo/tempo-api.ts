/** The HTTP application of the Tempo API: under `/tempo` of the main port, and at the root of a port of its own. */

import type { Express } from "express";
import type { Queries } from "../../query/queries.ts";
import type { ForeignAppOptions, ForeignRoute } from "../foreign-api.ts";
import { createForeignApp } from "../foreign-api.ts";
import type { RenderedMetrics } from "../health/prometheus-metrics.ts";
import { toldText } from "../problem.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { searchRoutes } from "./search-routes.ts";
import type { TempoServerFacts } from "./status-routes.ts";
import { statusRoutes } from "./status-routes.ts";
import { tagRoutes } from "./tag-routes.ts";
import { tempoHttpStatus } from "./tempo-error.ts";
import { formFrom } from "./tempo-parameters.ts";
import type { TempoRoute } from "./tempo-route.ts";
import { traceRoutes } from "./trace-routes.ts";

/** Two ids and a word. */
const MAX_BODY_BYTES = 64 * 1024;

/** What {@link createTempoApi} works with. */
export interface TempoApiOptions extends Omit<TempoServerFacts, "metrics">, ForeignAppOptions {
  readonly metrics: RenderedMetrics;
  readonly queries: Queries;
}

/**
 * Makes the express application; the caller listens or mounts it. Answers of 400 and above are lines of plain text.
 *
 * @example
 * createServer(createTempoApi({ version, queries, metrics, logger, notReadyReasons: () => [] })).listen(3200);
 */
export function createTempoApi(options: TempoApiOptions): Express {
  return createForeignApp({
    ...options,
    routes: tempoRoutes(options).map(foreignRoute),
    refusalOf: (error) => ({
      status: tempoHttpStatus(error),
      contentType: "text/plain; charset=utf-8",
      text: `${toldText(error)}\n`,
    }),
    unknownPathMessage: (path) => `there is no ${path} here; /status/endpoints lists what there is`,
  });
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

function foreignRoute({ method, path, reply }: TempoRoute): ForeignRoute {
  return {
    method,
    path,
    reply: (request) => {
      const form = formFrom(request.accept);
      return reply({ ...request, form, body: () => request.body({ maxBytes: MAX_BODY_BYTES }) });
    },
  };
}
