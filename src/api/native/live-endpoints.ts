/** `/api/v1/graph` and `/api/v1/red`: statistics as spans arrive. */

import type { SpanKind } from "../../model/span-kind.ts";
import { SpanKind as SpanKinds } from "../../model/span-kind.ts";
import type { GraphLevel } from "../../query/live-graph.ts";
import type { RedGrouping, RedRequest } from "../../query/live-red.ts";
import type { Queries } from "../../query/queries.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { ParameterValues } from "../query-parameters.ts";
import { choiceParameter, textParameter, wholeNumberParameter } from "../query-parameters.ts";
import { rangeFrom } from "./filter-parameters.ts";
import { graphJson, redJson, redSeriesJson } from "./live-json.ts";
import { hopsParameter, LIVE_RANGE_PARAMETERS } from "./live-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";

const MAX_STEP_SECONDS = 30 * 86_400;

const RED_PARAMETERS = Object.freeze({
  service: textParameter("Only spans of this service."),
  operation: textParameter("Only spans of this name."),
  kind: choiceParameter<SpanKind | "any">(
    "Only spans of this kind; any: all of them.",
    ["any", ...Object.values(SpanKinds)],
    "any",
  ),
  groupBy: choiceParameter<RedGrouping>(
    "What rows are: services, operations of services, or these by kind.",
    ["service", "operation", "kind"],
    "operation",
  ),
  ...LIVE_RANGE_PARAMETERS,
});

/** Endpoints of live statistics. */
export function liveEndpoints(queries: Queries): readonly Endpoint[] {
  return [graphEndpoint(queries), redEndpoint(queries), redSeriesEndpoint(queries)];
}

function graphEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getGraph",
    path: "/api/v1/graph",
    tag: "dependencies",
    summary: "The live dependency graph",
    description:
      "Calls, errors by side, both sides' durations, the gap between them and the waiting of messages on every edge, " +
      "as traces complete. Windows of 10 s are held for 15 minutes, minutes for two days, hours for thirty days.",
    pathParameters: {},
    parameters: {
      level: choiceParameter<GraphLevel>(
        "How close: services, or their operations.",
        ["service", "operation"],
        "service",
      ),
      focus: textParameter("Only the neighbourhood of this node."),
      hops: hopsParameter,
      ...LIVE_RANGE_PARAMETERS,
    },
    answers: [jsonAnswer(ref("Graph"), "Nodes by name, edges by their ends.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { level, focus, hops } = values;
      const near = focus === undefined ? {} : { focus, hops };
      return jsonReply(graphJson(await queries.graph({ level, ...near, ...rangeFrom(values) }, caller)));
    },
  });
}

function redEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getRed",
    path: "/api/v1/red",
    tag: "statistics",
    summary: "Rate, errors and durations of operations",
    description: "Sums over every span that arrived, each counted once, in the windows of the range.",
    pathParameters: {},
    parameters: RED_PARAMETERS,
    answers: [jsonAnswer(ref("RedList"), "Rows by service, operation, kind.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => jsonReply(redJson(await queries.red(redRequest(values), caller))),
  });
}

function redSeriesEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getRedSeries",
    path: "/api/v1/red/series",
    tag: "statistics",
    summary: "Rate, errors and durations over time",
    description:
      "The rows of /api/v1/red step by step, at most 11,000 points. Steps without a span are left out. Steps are " +
      "multiples of the finest windows that reach back to the start of the range.",
    pathParameters: {},
    parameters: {
      stepSeconds: wholeNumberParameter("Length of a step in seconds; 0: one that gives some 240 steps.", {
        minimum: 0,
        maximum: MAX_STEP_SECONDS,
        default: 0,
      }),
      ...RED_PARAMETERS,
    },
    answers: [jsonAnswer(ref("RedSeriesList"), "Series by service, operation, kind.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { stepSeconds } = values;
      const step = stepSeconds === 0 ? {} : { stepSeconds };
      return jsonReply(redSeriesJson(await queries.redSeries({ ...redRequest(values), ...step }, caller)));
    },
  });
}

function redRequest(values: ParameterValues<typeof RED_PARAMETERS>): RedRequest {
  const { service, operation, kind, groupBy } = values;
  return {
    groupBy,
    ...(service === undefined ? {} : { serviceName: service }),
    ...(operation === undefined ? {} : { operationName: operation }),
    ...(kind === "any" ? {} : { kind }),
    ...rangeFrom(values),
  };
}
