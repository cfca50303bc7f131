/** `/api/v1/traces` and what lies under one trace id. */

import { TracAggError } from "../../base/errors.ts";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from "../../base/limits.ts";
import type { Queries } from "../../query/queries.ts";
import { DEFAULT_SPANS_SHOWN, MAX_SPANS_SHOWN } from "../../query/search-traceql.ts";
import { traceIdFrom } from "../../query/stored-trace.ts";
import type { BottleneckJson, BottleneckListJson, TraceListJson } from "../contract.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonChunksReply, jsonReply } from "../endpoint.ts";
import { listChunks } from "../json-chunks.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { ParameterValues } from "../query-parameters.ts";
import {
  choiceParameter,
  millisParameterWithDefault,
  textParameter,
  tokenParameter,
  wholeNumberParameter,
} from "../query-parameters.ts";
import { criticalPathChunks } from "./critical-path-json.ts";
import { CLOCK_PARAMETER, FILTER_PARAMETERS, filterFrom, rangeFrom } from "./filter-parameters.ts";
import { foundTraceListJson } from "./found-trace-json.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { rangeJson } from "./range-json.ts";
import { summaryJson } from "./summary-json.ts";
import { TRACE_FORMATS, traceChunks } from "./trace-formats.ts";

/** Threshold of bottlenecks when none is given: the one of the original design's examples. */
const DEFAULT_THRESHOLD_MS = 100;

/** `{traceId}` in the path of a request, in every form that is read. */
export const TRACE_ID_PARAMETER: Endpoint["pathParameters"] = Object.freeze({
  traceId: {
    description: "32 hex digits in either case, or 16, which are padded with zeros on the left.",
    schema: { type: "string", pattern: "^([0-9A-Fa-f]{16}|[0-9A-Fa-f]{32})$" },
  },
});

/** Endpoints of search and of single traces. */
export function traceEndpoints(queries: Queries): readonly Endpoint[] {
  return [
    searchEndpoint(queries),
    traceEndpoint(queries),
    pathEndpoint(queries),
    bottleneckEndpoint(queries),
  ];
}

function searchEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "searchTraces",
    path: "/api/v1/traces",
    tag: "traces",
    summary: "Search",
    description:
      "Summaries of the matching traces, newest first. Without start and end everything stored is searched; the " +
      "answer says the range it covered.",
    pathParameters: {},
    parameters: {
      q: textParameter(
        "A query in TraceQL in place of the other conditions, start and end apart: " +
          '{ resource.service.name = "checkout" && duration > 50ms } >> { status = error }.',
      ),
      spansShown: wholeNumberParameter("With q: spans shown of each spanset that matches.", {
        minimum: 0,
        maximum: MAX_SPANS_SHOWN,
        default: DEFAULT_SPANS_SHOWN,
      }),
      ...FILTER_PARAMETERS,
      pageSize: wholeNumberParameter("Traces on one page.", {
        minimum: 1,
        maximum: MAX_PAGE_SIZE,
        default: DEFAULT_PAGE_SIZE,
      }),
      pageToken: tokenParameter("nextPageToken of the page before, with every other parameter as it was."),
    },
    answers: [
      jsonAnswer(
        { anyOf: [ref("TraceList"), ref("FoundTraceList")] },
        "One page; with q also which spans of each trace match, and how the query was answered.",
      ),
    ],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { q, spansShown, pageSize, pageToken } = values;
      if (q !== undefined) {
        refuseOtherConditions(values);
        const page = { ...rangeFrom(values), pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
        return jsonReply(foundTraceListJson(await queries.searchTraceQl({ q, spansShown, ...page }, caller)));
      }
      const request = { filter: filterFrom(values), pageSize };
      const answer = await queries.searchTraces(
        pageToken === undefined ? request : { ...request, pageToken },
        caller,
      );
      const body: TraceListJson = {
        traces: answer.summaries.map(summaryJson),
        nextPageToken: answer.nextPageToken,
        range: rangeJson(answer.range),
      };
      return jsonReply(body);
    },
  });
}

/** They would say what the query says, with other rules for what must hold on one span. */
function refuseOtherConditions(values: ParameterValues<typeof FILTER_PARAMETERS>): void {
  const { start: _start, end: _end, ...conditions } = filterFrom(values);
  if (Object.keys(conditions).length === 0) return;
  throw new TracAggError(
    "invalid_argument",
    "q: expected no other condition beside it but start and end; write it into the query",
    { field: "q" },
  );
}

function traceEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getTrace",
    path: "/api/v1/traces/{traceId}",
    tag: "traces",
    summary: "One trace with all its spans",
    description:
      "format=otlp gives back exactly what was sent (OTLP/JSON, every attribute type apart), but for servers of " +
      "Zipkin's that had their client's id: they get ids of their own; jaeger and zipkin give what the clients of " +
      "those systems read.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: { format: choiceParameter("How the trace is written.", TRACE_FORMATS, "tracagg") },
    answers: [
      jsonAnswer(
        {
          anyOf: [
            ref("Trace"),
            {
              type: "object",
              description: "OTLP/JSON TracesData.",
              properties: { resourceSpans: { type: "array" } },
              required: ["resourceSpans"],
            },
            {
              type: "object",
              description: "Jaeger JSON.",
              properties: { data: { type: "array" } },
              required: ["data"],
            },
            { type: "array", description: "Zipkin v2 JSON.", items: { type: "object" } },
          ],
        },
        "The trace in the format asked for.",
      ),
    ],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const stored = await queries.getTrace(path["traceId"] ?? "", caller);
      return jsonChunksReply(await traceChunks(stored, values.format, caller.signal));
    },
  });
}

function pathEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getCriticalPath",
    path: "/api/v1/traces/{traceId}/critical-path",
    tag: "traces",
    summary: "Critical path of a trace",
    description:
      "What the end of the trace waited for, instant by instant: the segments follow one another without gap or " +
      "overlap, so their durations add up to durationNanos exactly.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: { clock: CLOCK_PARAMETER },
    answers: [jsonAnswer(ref("CriticalPath"), "The path.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const request = { traceId: path["traceId"] ?? "", clock: values.clock };
      return jsonChunksReply(criticalPathChunks(await queries.criticalPathOf(request, caller)));
    },
  });
}

function bottleneckEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getBottlenecks",
    path: "/api/v1/traces/{traceId}/bottlenecks",
    tag: "traces",
    summary: "Spans of a trace above a threshold",
    description: "Spans that last longer than the threshold, longest first, with their share of the trace.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: {
      thresholdMs: millisParameterWithDefault("Spans above it, in milliseconds.", DEFAULT_THRESHOLD_MS),
    },
    answers: [jsonAnswer(ref("BottleneckList"), "The spans.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const traceId = traceIdFrom(path["traceId"] ?? "");
      const bottlenecks = await queries.bottlenecksOf(traceId, values.thresholdMs, caller);
      return jsonChunksReply(bottleneckChunks({ traceId, thresholdMs: values.thresholdMs }, bottlenecks));
    },
  });
}

/** {@link BottleneckListJson} as text in pieces, to be joined. */
function* bottleneckChunks(
  { traceId, thresholdMs }: Pick<BottleneckListJson, "traceId" | "thresholdMs">,
  bottlenecks: Iterable<BottleneckJson>,
): Iterable<string> {
  yield `${JSON.stringify({ traceId, thresholdMs }).slice(0, -1)},"bottlenecks":`;
  yield* listChunks(bottlenecks, (bottleneck) => bottleneck);
  yield ',"nextPageToken":""}';
}
