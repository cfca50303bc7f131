/** Findings, what-if and clock skew: what is wrong in a trace, and what would help. */

import type { WhatIfTarget } from "../../analysis/what-if/what-if.ts";
import type { Queries } from "../../query/queries.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonChunksReply, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import {
  millisParameterWithDefault,
  requiredTextParameter,
  textParameter,
  wholeNumberParameter,
} from "../query-parameters.ts";
import { CLOCK_PARAMETER, FILTER_PARAMETERS, filterFrom } from "./filter-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { findingListJson, hostClockChunks, whatIfJson, whatIfOverJson } from "./trace-analysis-json.ts";
import { TRACE_ID_PARAMETER } from "./trace-endpoints.ts";

/** Half as long is what people ask for first. */
const DEFAULT_PERCENT = 50;
/** One hour, as `ClockSkewOptions` has it. */
const DEFAULT_MAX_OFFSET_MS = 3_600_000;

const TARGET_PARAMETERS = Object.freeze({
  service: requiredTextParameter("Service that becomes faster."),
  operation: textParameter("Name of its spans that become faster; absent: all of them."),
  percent: wholeNumberParameter("By how much of their own time, in percent.", {
    minimum: 0,
    maximum: 100,
    default: DEFAULT_PERCENT,
  }),
});

/** Endpoints of findings, what-if and clock skew. */
export function traceAnalysisEndpoints(queries: Queries): readonly Endpoint[] {
  return [
    findingsEndpoint(queries),
    whatIfEndpoint(queries),
    clockSkewEndpoint(queries),
    whatIfOverEndpoint(queries),
  ];
}

function findingsEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getFindings",
    path: "/api/v1/traces/{traceId}/findings",
    tag: "traces",
    summary: "What is wrong in a trace",
    description:
      "N+1 and repeated queries, sequential calls that could be parallel, retries, timeouts, untraced gaps, missing " +
      "spans, origins of errors: each with the spans that prove it, the critical-path time it costs, and what to do.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: { clock: CLOCK_PARAMETER },
    answers: [jsonAnswer(ref("FindingList"), "The findings, most severe first.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const request = { traceId: path["traceId"] ?? "", clock: values.clock };
      return jsonReply(findingListJson(await queries.findingsOf(request, caller)));
    },
  });
}

function whatIfEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getWhatIf",
    path: "/api/v1/traces/{traceId}/what-if",
    tag: "traces",
    summary: "A trace with an operation made faster",
    description:
      "The trace scheduled anew with less own time in the spans named; what waited for them moves forward. Drag is " +
      "the most that one span alone can save, slack how late it may be without holding the trace up.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: { ...TARGET_PARAMETERS, clock: CLOCK_PARAMETER },
    answers: [jsonAnswer(ref("WhatIf"), "The duration it would have had.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const { clock, ...target } = values;
      const answer = await queries.whatIfOf({ traceId: path["traceId"] ?? "", target, clock }, caller);
      return jsonReply(whatIfJson(target, answer));
    },
  });
}

function clockSkewEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getClockSkew",
    path: "/api/v1/traces/{traceId}/clock-skew",
    tag: "traces",
    summary: "Clocks of the hosts of a trace",
    description:
      "One offset for each host, to be added to all its times, so that calls between hosts lie where they must have " +
      "been. Nothing stored is changed; analyses go by these times unless clock=raw, traces have them as they were sent.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: {
      maxOffsetMs: millisParameterWithDefault(
        "Largest offset in milliseconds; a host that would need more keeps its times and is flagged.",
        DEFAULT_MAX_OFFSET_MS,
      ),
    },
    answers: [jsonAnswer(ref("HostClockList"), "The clocks, by host.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const maxOffsetNanos = BigInt(Math.round(values.maxOffsetMs * 1e6));
      const request = { traceId: path["traceId"] ?? "", maxOffsetNanos };
      return jsonChunksReply(hostClockChunks(await queries.clockSkewOf(request, caller)));
    },
  });
}

function whatIfOverEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getWhatIfOver",
    path: "/api/v1/statistics/what-if",
    tag: "statistics",
    summary: "Many traces with an operation made faster",
    description:
      "How the durations of the newest 10,000 matching traces would be distributed. service and operation name what " +
      "becomes faster and, with the other conditions, which traces match; truncated says whether more do.",
    pathParameters: {},
    parameters: { ...FILTER_PARAMETERS, ...TARGET_PARAMETERS, clock: CLOCK_PARAMETER },
    answers: [jsonAnswer(ref("WhatIfOver"), "Durations before and after.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const target: WhatIfTarget = {
        service: values.service,
        operation: values.operation,
        percent: values.percent,
      };
      const request = { filter: filterFrom(values), target, clock: values.clock };
      return jsonReply(whatIfOverJson(target, await queries.whatIfOver(request, caller)));
    },
  });
}
