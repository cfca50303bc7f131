/** Routes of Jaeger's legacy HTTP API. */

import type { ForeignRoute } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";

/** What is asked under `/api`. */
export function legacyRoutes(_options: JaegerApiOptions): readonly ForeignRoute[] {
  return [];
}
