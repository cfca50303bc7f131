/** The HTTP application of the Zipkin API: under `/zipkin` of the main port, and at the root of a port of its own. */

import type { Express, RequestHandler } from "express";
import type { Clock } from "../../base/clock.ts";
import { TracAggError } from "../../base/errors.ts";
import type { Queries } from "../../query/queries.ts";
import type { Refusal } from "../answer-refusal.ts";
import type { ForeignAppOptions } from "../foreign-api.ts";
import { createForeignApp } from "../foreign-api.ts";
import type { ServerFacts } from "../health/health-endpoints.ts";
import type { RenderedMetrics } from "../health/prometheus-metrics.ts";
import { toldText } from "../problem.ts";
import type { ZipkinCollectorCounts } from "./collector-counts.ts";
import type { ZipkinIngest } from "./ingest.ts";
import { zipkinIngestRoutes } from "./ingest.ts";
import { routeLens } from "./lens-routes.ts";
import { queryRoutes } from "./query-routes.ts";
import { statusRoutes } from "./status-routes.ts";

/** How the Zipkin API is set up. */
export interface ZipkinSettings {
  /** False: traces are told apart by the lower 64 bits of their ids alone. */
  readonly strictTraceId: boolean;
  /** Tag keys whose values clients are offered. */
  readonly autocompleteKeys: readonly string[];
  /** Folder of the built assets of Zipkin's Lens, "" for none. */
  readonly uiDir: string;
}

/** What {@link createZipkinApi} works with. */
export interface ZipkinApiOptions extends ForeignAppOptions, Pick<ServerFacts, "live" | "notReadyReasons"> {
  readonly metrics: RenderedMetrics;
  /** Version of TracAgg. */
  readonly version: string;
  readonly queries: Queries;
  readonly ingest: ZipkinIngest;
  readonly counts: ZipkinCollectorCounts;
  readonly clock: Clock;
  readonly zipkin: ZipkinSettings;
}

/** Makes the express application; the caller listens or mounts it. Answers of 400 and above are plain text. */
export function createZipkinApi(options: ZipkinApiOptions): Express {
  const { queries, clock, zipkin } = options;
  return createForeignApp({
    ...options,
    routes: [
      ...queryRoutes({ queries, clock, ...zipkin }),
      ...statusRoutes(options),
      ...zipkinIngestRoutes(options.ingest),
    ],
    before: (app) => {
      app.use(refuseTrace);
      routeLens(app, zipkin.uiDir);
    },
    refusalOf,
    unknownPathMessage: (path) => `there is no ${path} here`,
  });
}

const refuseTrace: RequestHandler = ({ method, path }, _response, next) => {
  if (method !== "TRACE") next();
  else throw new TracAggError("method_not_allowed", `${path}: expected another method, got TRACE`);
};

function refusalOf(error: TracAggError): Refusal {
  return {
    status: error.meaning.httpStatus,
    contentType: "text/plain; charset=utf-8",
    text: toldText(error),
  };
}
