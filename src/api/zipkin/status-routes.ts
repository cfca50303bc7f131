/** What clients and probes of Zipkin ask of the server itself. */

import type { Reply } from "../endpoint.ts";
import { jsonReply } from "../endpoint.ts";
import type { ForeignRoute } from "../foreign-api.ts";
import type { ServerFacts } from "../health/health-endpoints.ts";
import { metricsReply } from "../health/health-endpoints.ts";

/** The version of Zipkin whose API this is. Our own version is the commit. */
const ZIPKIN_VERSION = "3.6.1";

/** What the routes tell. */
export interface ZipkinServerFacts extends Pick<ServerFacts, "metrics" | "live" | "notReadyReasons"> {
  /** Version of TracAgg. */
  readonly version: string;
}

/** Routes about the server. */
export function statusRoutes(facts: ZipkinServerFacts): readonly ForeignRoute[] {
  const get = (path: string, reply: ForeignRoute["reply"]): ForeignRoute => ({ method: "GET", path, reply });
  const health = async () => healthReply(facts);
  return [
    get("/health", health),
    get("/actuator/health", health),
    get("/info", async () =>
      jsonReply({ zipkin: { version: ZIPKIN_VERSION, commit: `tracagg-${facts.version}` } }),
    ),
    get("/prometheus", ({ accept }) => metricsReply(facts, accept)),
  ];
}

function healthReply({ notReadyReasons }: ZipkinServerFacts): Reply {
  const reasons = notReadyReasons();
  const status = reasons.length === 0 ? "UP" : "DOWN";
  const component = status === "UP" ? { status } : { status, details: { error: reasons.join(", ") } };
  const body = { status, zipkin: { status, details: { TracAgg: component } } };
  return jsonReply(body, status === "UP" ? 200 : 503);
}
