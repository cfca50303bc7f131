/** Jaeger's query services by name, and what they work with. */

import type { Logger } from "../../base/logger.ts";
import type { Queries } from "../../query/queries.ts";

/** Name of the service that answers in OTLP. */
export const V3_SERVICE = "jaeger.api_v3.QueryService";
/** Name of the service that answers in Jaeger's own spans. */
export const V2_SERVICE = "jaeger.api_v2.QueryService";

/** What the services work with. */
export interface JaegerGrpcOptions {
  readonly queries: Queries;
  readonly logger: Logger;
}
