/** `/api/v1/statistics/*` and `/api/v1/dependencies`: sums over many traces. */

import { dependencyGraph } from "../../query/dependency-graph.ts";
import type { Queries } from "../../query/queries.ts";
import type { ZipkinDependenciesAnswer } from "../../query/zipkin-dependencies.ts";
import type {
  DependencyGraphJson,
  DependencyListJson,
  ServiceStatisticsJson,
  ServiceStatisticsListJson,
  ZipkinDependencyGraphJson,
  ZipkinDependencyListJson,
} from "../contract.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import { choiceParameter, textParameter } from "../query-parameters.ts";
import { FILTER_PARAMETERS, filterFrom, RANGE_PARAMETERS, rangeFrom } from "./filter-parameters.ts";
import { performanceJson } from "./performance-json.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { rangeJson } from "./range-json.ts";

/** Endpoints of statistics and dependencies. */
export function statisticsEndpoints(queries: Queries): readonly Endpoint[] {
  return [serviceEndpoint(queries), performanceEndpoint(queries), dependencyEndpoint(queries)];
}

function serviceEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getServiceStatistics",
    path: "/api/v1/statistics/services",
    tag: "statistics",
    summary: "Sums by service",
    description: "Spans, errors and durations of each service, exact: every distinct span counts once.",
    pathParameters: {},
    parameters: { service: textParameter("Only this service."), ...RANGE_PARAMETERS },
    answers: [jsonAnswer(ref("ServiceStatisticsList"), "The sums, by service name.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { service } = values;
      const named = service === undefined ? {} : { serviceName: service };
      const answer = await queries.serviceStatistics({ ...named, ...rangeFrom(values) }, caller);
      const body: ServiceStatisticsListJson = {
        services: answer.services.map((sums): ServiceStatisticsJson => {
          const totalDurationMs = Number(sums.totalDurationNanos) / 1e6;
          return {
            service: sums.serviceName,
            spanCount: sums.spanCount,
            errorCount: sums.errorCount,
            avgDurationMs: sums.spanCount === 0 ? 0 : totalDurationMs / sums.spanCount,
            totalDurationMs,
            totalDurationNanos: sums.totalDurationNanos.toString(),
            operations: sums.operations,
            operationsTruncated: sums.operationsTruncated,
          };
        }),
        nextPageToken: "",
        range: rangeJson(answer.range),
      };
      return jsonReply(body);
    },
  });
}

function performanceEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getPerformance",
    path: "/api/v1/statistics/performance",
    tag: "statistics",
    summary: "Durations over the matching traces",
    description:
      "Durations and errors of the newest 10,000 matching traces and their slowest operations; truncated says " +
      "whether more match. Percentiles interpolate linearly between ranks.",
    pathParameters: {},
    parameters: FILTER_PARAMETERS,
    answers: [jsonAnswer(ref("Performance"), "The figures.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) =>
      jsonReply(performanceJson(await queries.performance(filterFrom(values), caller))),
  });
}

function dependencyEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getDependencies",
    path: "/api/v1/dependencies",
    tag: "dependencies",
    summary: "Who calls whom",
    description:
      "Calls between services, databases, queues and peers that send no spans, summed over the range. rules=zipkin " +
      "gives what Zipkin's own linker would say of the newest 10,000 traces of the range, for comparing with it.",
    pathParameters: {},
    parameters: {
      rules: choiceParameter("Whose rules say what a call is.", ["tracagg", "zipkin"], "tracagg"),
      format: choiceParameter<"list" | "graph">(
        "list: one entry for each link; graph: called nodes by node.",
        ["list", "graph"],
        "list",
      ),
      ...RANGE_PARAMETERS,
    },
    answers: [
      jsonAnswer(
        {
          anyOf: ["DependencyList", "DependencyGraph", "ZipkinDependencyList", "ZipkinDependencyGraph"].map(
            ref,
          ),
        },
        "Links or graph, as asked for.",
      ),
    ],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      if (values.rules === "zipkin") {
        const answer = await queries.zipkinDependencies(rangeFrom(values), caller);
        return jsonReply(zipkinJson(answer, values.format));
      }
      const { links, range } = await queries.dependencies(rangeFrom(values), caller);
      if (values.format === "graph") {
        const graph: DependencyGraphJson = {
          graph: Object.fromEntries(dependencyGraph(links)),
          range: rangeJson(range),
        };
        return jsonReply(graph);
      }
      const list: DependencyListJson = {
        dependencies: links.map(({ fromService, toService, callCount, errorCount, type }) => ({
          fromService,
          toService,
          callCount,
          errorCount,
          type,
        })),
        nextPageToken: "",
        range: rangeJson(range),
      };
      return jsonReply(list);
    },
  });
}

function zipkinJson(
  { links, tracesRead, leftOutCount, truncated, range }: ZipkinDependenciesAnswer,
  format: "list" | "graph",
): ZipkinDependencyListJson | ZipkinDependencyGraphJson {
  const reading = { tracesRead, leftOutCount, truncated, range: rangeJson(range) };
  if (format === "list") return { dependencies: links, nextPageToken: "", ...reading };
  const calls = links.map(({ parent, child }) => ({ fromService: parent, toService: child }));
  return { graph: Object.fromEntries(dependencyGraph(calls)), ...reading };
}
