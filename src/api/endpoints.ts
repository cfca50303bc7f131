/** The table of endpoints: routes, document and page are made from it. */

import type { Queries } from "../query/queries.ts";
import type { Endpoint } from "./endpoint.ts";
import type { ServerFacts } from "./health/health-endpoints.ts";
import { healthEndpoints } from "./health/health-endpoints.ts";
import { attributeEndpoints } from "./native/attribute-endpoints.ts";
import { catalogueEndpoints } from "./native/catalogue-endpoints.ts";
import { compareEndpoints } from "./native/compare-endpoints.ts";
import { liveEndpoints } from "./native/live-endpoints.ts";
import { profileEndpoints } from "./native/profile-endpoints.ts";
import { queryEndpoint } from "./native/query-endpoint.ts";
import { statisticsEndpoints } from "./native/statistics-endpoints.ts";
import { topologyEndpoints } from "./native/topology-endpoints.ts";
import { traceAnalysisEndpoints } from "./native/trace-analysis-endpoints.ts";
import { traceEndpoints } from "./native/trace-endpoints.ts";

/** Groups of endpoints with a sentence each, in the order people read them. */
export const API_TAGS: Readonly<Record<string, string>> = Object.freeze({
  traces: "Search, and everything about one trace.",
  catalogue: "Which services, operations and attributes there are.",
  statistics: "Sums and percentiles over many spans or traces.",
  profiles: "Where the time of many traces goes.",
  dependencies: "Who calls whom.",
  server: "The server itself: status, health, metrics.",
});

/** Every endpoint of the server, most asked for first. */
export function apiEndpoints(queries: Queries, facts: ServerFacts): readonly Endpoint[] {
  return [
    ...traceEndpoints(queries),
    ...traceAnalysisEndpoints(queries),
    queryEndpoint(queries),
    ...catalogueEndpoints(queries),
    ...attributeEndpoints(queries),
    ...statisticsEndpoints(queries),
    ...liveEndpoints(queries),
    ...topologyEndpoints(queries),
    ...compareEndpoints(queries),
    ...profileEndpoints(queries),
    ...healthEndpoints(facts),
  ];
}
