/** Routes of Jaeger's legacy HTTP API. */

import type { ForeignRoute } from "../foreign-api.ts";
import { analyticsRoutes } from "./analytics-routes.ts";
import { catalogueRoutes } from "./catalogue-routes.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { traceRoutes } from "./trace-routes.ts";

/** What is asked under `/api`. */
export function legacyRoutes(options: JaegerApiOptions): readonly ForeignRoute[] {
  return [
    ...catalogueRoutes(options),
    ...traceRoutes(options),
    ...metricsRoutes(options),
    ...analyticsRoutes(options),
  ];
}
