/** Paths through a service and the quality of its traces, worked out of stored traces: Jaeger answers with samples. */

import { ServicePaths } from "../../analysis/service-paths.ts";
import { TraceQuality } from "../../analysis/trace-quality.ts";
import { MAX_SPANS_AT_ONCE } from "../../base/limits.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import { lazySpan } from "../../batch/span-from-row.ts";
import { jaegerTraceId } from "../../codec/jaeger-json/encode.ts";
import type { Span } from "../../model/span.ts";
import type { Queries } from "../../query/queries.ts";
import type { TraceFilter } from "../../query/trace-filter.ts";
import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import { badRequest, integerParameter } from "./go-values.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { bareReply } from "./legacy-answer.ts";
import { microsParameter, rangeOf } from "./legacy-search.ts";
import { qualityMetricsJson } from "./quality-json.ts";

/** Traces looked at, the newest ones, and spans after which no further one is. */
const MAX_TRACES = 500;
const ENOUGH_SPANS = 50_000;
/** Paths of an answer: a person looks at them. */
const MAX_PATHS = 1_000;
const NANOS_PER_HOUR = 3_600_000_000_000n;
const DEFAULT_HOURS = 24n;
/** As long as statistics are kept. */
const MAX_HOURS = 720n;
/** Up to the last moment there is. */
const FAR_FUTURE = 2n ** 64n - 1n;

/** Routes of what Jaeger calls analytics. */
export function analyticsRoutes({ queries, clock }: JaegerApiOptions): readonly ForeignRoute[] {
  const deepDependencies = (request: ForeignRequest) => deepDependenciesReply(queries, request);
  return [
    { method: "GET", path: "/api/deep-dependencies", reply: deepDependencies },
    { method: "GET", path: "/analytics/v1/dependencies", reply: deepDependencies },
    {
      method: "GET",
      path: "/api/quality-metrics",
      reply: (request) => qualityReply(queries, request, clock.nowMillis()),
    },
  ];
}

function serviceOf(search: URLSearchParams): string {
  const service = search.get("service") ?? "";
  if (service === "") throw badRequest("parameter 'service' is required", "service");
  return service;
}

async function deepDependenciesReply(queries: Queries, request: ForeignRequest): Promise<Reply> {
  const { search } = request;
  const service = serviceOf(search);
  const operation = search.get("operation") || undefined;
  // The UI sends zeros for "no range".
  const start = microsParameter(search, "start") ?? 0n;
  const end = microsParameter(search, "end") || FAR_FUTURE;
  const range = rangeOf(start, end);
  if (range === undefined) return bareReply(request, { dependencies: [] });
  const paths = new ServicePaths();
  const named = operation === undefined ? {} : { operationName: operation };
  const filter = { serviceName: service, ...named, ...range };
  await eachTrace(queries, request, filter, (traceId, spans) => paths.add(traceId, spans));
  const dependencies = paths
    .through({ service, operation })
    .slice(0, MAX_PATHS)
    .map(({ nodes, exemplarTraceIds }) => ({
      path: nodes,
      attributes: exemplarTraceIds.map((id) => ({ key: "exemplar_trace_id", value: jaegerTraceId(id) })),
    }));
  return bareReply(request, { dependencies });
}

async function qualityReply(queries: Queries, request: ForeignRequest, nowMillis: number): Promise<Reply> {
  const service = serviceOf(request.search);
  const hours = integerParameter(request.search, "hours") ?? DEFAULT_HOURS;
  if (hours < 1n || hours > MAX_HOURS) {
    throw badRequest(`'hours' should be from 1 to ${MAX_HOURS}, received: ${hours}`, "hours");
  }
  const now = BigInt(Math.trunc(nowMillis)) * 1_000_000n;
  const range = rangeOf(now - hours * NANOS_PER_HOUR, FAR_FUTURE);
  const quality = new TraceQuality(service);
  const filter = { serviceName: service, ...range };
  const tracesRead = await eachTrace(queries, request, filter, (traceId, spans) =>
    quality.add(traceId, spans),
  );
  return bareReply(request, qualityMetricsJson(quality.results(), { service, hours, tracesRead }));
}

/**
 * Gives the spans of the newest traces that match, those of more than {@link MAX_SPANS_AT_ONCE} spans left out; others
 * run in between. Gives how many it were.
 */
async function eachTrace(
  queries: Queries,
  { caller }: ForeignRequest,
  filter: TraceFilter,
  take: (traceId: string, spans: readonly Span[]) => void,
): Promise<number> {
  const limits = { maxTraces: MAX_TRACES, enoughSpans: ENOUGH_SPANS };
  const { traces } = await queries.newestTraceRows({ filter, ...limits }, caller);
  const slice = new TimeSlice(caller.signal);
  let taken = 0;
  for (const { summary, rows } of traces) {
    if (rows.length > MAX_SPANS_AT_ONCE) continue;
    taken++;
    take(summary.traceId, rows.map(lazySpan));
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return taken;
}
