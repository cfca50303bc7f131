/** Routes of Jaeger's api_v3 over HTTP. */

import type { ForeignRoute } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";

/** What is asked under `/api/v3`. */
export function v3Routes(_options: JaegerApiOptions): readonly ForeignRoute[] {
  return [];
}
