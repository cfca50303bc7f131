/** The header by which Jaeger tells under which trace it answered. */

import { randomBytes } from "node:crypto";
import type { RequestHandler } from "express";

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
/** TracAgg records no spans of its own: what is named is not sampled. */
const NOT_SAMPLED = "00";

/** Sets `traceresponse`: the trace of the request where it names one, else one of its own. */
export function traceResponse(random: (bytes: number) => Buffer = randomBytes): RequestHandler {
  return (request, response, next) => {
    const parent = request.headers["traceparent"];
    const asked = typeof parent === "string" ? TRACE_PARENT.exec(parent)?.[1] : undefined;
    const traceId = asked ?? random(16).toString("hex");
    response.setHeader("traceresponse", `00-${traceId}-${random(8).toString("hex")}-${NOT_SAMPLED}`);
    next();
  };
}
