/** `/api/metrics/*`: latencies, calls and errors of services and operations over time. */

import { RESOLUTIONS } from "../../rollup/rollups.ts";
import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import { floatParameter } from "./go-values.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { bareReply, envelopeReply } from "./legacy-answer.ts";
import type { MetricKind } from "./metrics-family.ts";
import { CALL_RATE, ERROR_RATE, latencyOf, metricFamily } from "./metrics-family.ts";
import { checkQuantile, metricsRequestFrom } from "./metrics-request.ts";

/** Routes of metrics. */
export function metricsRoutes({ queries, clock }: JaegerApiOptions): readonly ForeignRoute[] {
  const familyReply = async (request: ForeignRequest, kind: MetricKind): Promise<Reply> => {
    const asked = metricsRequestFrom(request.search, clock.nowMillis());
    return bareReply(request, await metricFamily(queries, kind, { request: asked, caller: request.caller }));
  };
  return [
    {
      method: "GET",
      path: "/api/metrics/latencies",
      reply: async (request) => {
        const quantile = floatParameter(request.search, "quantile");
        return await familyReply(request, latencyOf(checkQuantile(quantile)));
      },
    },
    { method: "GET", path: "/api/metrics/calls", reply: (request) => familyReply(request, CALL_RATE) },
    { method: "GET", path: "/api/metrics/errors", reply: (request) => familyReply(request, ERROR_RATE) },
    { method: "GET", path: "/api/metrics/minstep", reply: minStepReply },
  ];
}

/** In milliseconds: the shortest window that statistics are kept in. */
async function minStepReply(request: ForeignRequest): Promise<Reply> {
  return envelopeReply(request, Math.min(...RESOLUTIONS.map(({ windowSeconds }) => windowSeconds)) * 1_000);
}
