/** The HTTP application of the Zipkin API: under `/zipkin` of the main port, and at the root of a port of its own. */

import type { Express } from "express";
import type { Queries } from "../../query/queries.ts";
import type { ForeignAppOptions, ForeignRoute } from "../foreign-api.ts";
import { createForeignApp } from "../foreign-api.ts";
import type { ServerFacts } from "../health/health-endpoints.ts";
import type { RenderedMetrics } from "../health/prometheus-metrics.ts";
import type { ZipkinCollectorCounts } from "./collector-counts.ts";
import type { ZipkinIngest } from "./ingest.ts";
import { zipkinIngestRoutes } from "./ingest.ts";

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
  readonly zipkin: ZipkinSettings;
}

/** Makes the express application; the caller listens or mounts it. Answers of 400 and above are plain text. */
export function createZipkinApi(options: ZipkinApiOptions): Express {
  const routes: readonly ForeignRoute[] = zipkinIngestRoutes(options.ingest);
  return createForeignApp({
    ...options,
    routes,
    refusalOf: (error) => ({
      status: error.meaning.httpStatus,
      contentType: "text/plain; charset=utf-8",
      text: error.message,
    }),
    unknownPathMessage: (path) => `there is no ${path} here`,
  });
}
