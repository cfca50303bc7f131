/** The questions, as a person or a page would ask them. */

import type { AttributePair, CorpusFacts } from "./corpus-facts.ts";

/** Names of the questions, as the tables have them. */
export const QueryName: {
  readonly TRACE_BY_ID: "trace by id";
  readonly SERVICE: "search: service, newest 20";
  readonly SERVICE_SLOW: "search: service and duration > 20 ms";
  readonly ERRORS: "search: errors, newest 20";
  readonly ATTRIBUTE_COMMON: "search: attribute, common value";
  readonly ATTRIBUTE_RARE: "search: attribute, rare value";
  readonly ATTRIBUTE_ABSENT: "search: attribute, absent value";
  readonly SERVICES: "services list";
  readonly OPERATIONS: "operations of a service";
  readonly DEPENDENCIES: "dependencies, everything";
  readonly SERVICE_STATISTICS: "service statistics, everything";
  readonly PERFORMANCE: "performance of one service";
  readonly TRACEQL_SERVICE: "TraceQL: service and duration > 20 ms";
  readonly TRACEQL_COMPARED: "TraceQL: attribute compared by size";
  readonly TRACEQL_LISTED: "TraceQL: attribute without a column";
  readonly TRACEQL_STRUCTURE: "TraceQL: errors below a service";
  readonly TRACEQL_COMMON_STRUCTURE: "TraceQL: client spans below server spans";
  readonly TRACEQL_RATE: "TraceQL: rate by service, 1 h, without exemplars";
  readonly TRACEQL_QUANTILES: "TraceQL: quantiles by service of server spans > 1 ms, 1 h";
  readonly ATTRIBUTE_VALUES: "values of an attribute";
  readonly JAEGER_SEARCH: "Jaeger: service, newest 20 traces";
  readonly JAEGER_SUMMARIES: "Jaeger: service, summaries of 20 traces";
  readonly ZIPKIN_SEARCH: "Zipkin: service, newest 20 traces";
} = Object.freeze({
  TRACE_BY_ID: "trace by id",
  SERVICE: "search: service, newest 20",
  SERVICE_SLOW: "search: service and duration > 20 ms",
  ERRORS: "search: errors, newest 20",
  ATTRIBUTE_COMMON: "search: attribute, common value",
  ATTRIBUTE_RARE: "search: attribute, rare value",
  ATTRIBUTE_ABSENT: "search: attribute, absent value",
  SERVICES: "services list",
  OPERATIONS: "operations of a service",
  DEPENDENCIES: "dependencies, everything",
  SERVICE_STATISTICS: "service statistics, everything",
  PERFORMANCE: "performance of one service",
  TRACEQL_SERVICE: "TraceQL: service and duration > 20 ms",
  TRACEQL_COMPARED: "TraceQL: attribute compared by size",
  TRACEQL_LISTED: "TraceQL: attribute without a column",
  TRACEQL_STRUCTURE: "TraceQL: errors below a service",
  TRACEQL_COMMON_STRUCTURE: "TraceQL: client spans below server spans",
  TRACEQL_RATE: "TraceQL: rate by service, 1 h, without exemplars",
  TRACEQL_QUANTILES: "TraceQL: quantiles by service of server spans > 1 ms, 1 h",
  ATTRIBUTE_VALUES: "values of an attribute",
  JAEGER_SEARCH: "Jaeger: service, newest 20 traces",
  JAEGER_SUMMARIES: "Jaeger: service, summaries of 20 traces",
  ZIPKIN_SEARCH: "Zipkin: service, newest 20 traces",
});

/** One kind of question. */
export interface QueryCase {
  readonly name: string;
  /** How often it is asked, if time allows. */
  readonly runs: number;
  readonly path: (run: number) => string;
}

/** Every question that a corpus allows. */
export function queryCases(facts: CorpusFacts, traceIds: readonly string[]): QueryCase[] {
  const service = (run: number) => encodeURIComponent(facts.services[run % facts.services.length] ?? "");
  const traces = (query: string) => `/api/v1/traces?${query}`;
  const attribute = (name: string, runs: number, pair: AttributePair | undefined): QueryCase[] => {
    if (pair === undefined) return [];
    const path = traces(`attribute=${encodeURIComponent(`${pair.key}=${pair.value}`)}`);
    return [{ name, runs, path: () => path }];
  };
  return [
    {
      name: QueryName.TRACE_BY_ID,
      runs: 200,
      path: (run) => `/api/v1/traces/${traceIds[run % traceIds.length]}`,
    },
    { name: QueryName.SERVICE, runs: 100, path: (run) => traces(`service=${service(run)}`) },
    {
      name: QueryName.SERVICE_SLOW,
      runs: 100,
      path: (run) => traces(`service=${service(run)}&minDurationMs=20`),
    },
    { name: QueryName.ERRORS, runs: 100, path: () => traces("hasErrors=true") },
    ...attribute(QueryName.ATTRIBUTE_COMMON, 50, facts.common),
    ...attribute(QueryName.ATTRIBUTE_RARE, 50, facts.rare),
    ...attribute(QueryName.ATTRIBUTE_ABSENT, 50, facts.absent),
    { name: QueryName.SERVICES, runs: 200, path: () => "/api/v1/services" },
    {
      name: QueryName.OPERATIONS,
      runs: 100,
      path: (run) => `/api/v1/operations?service=${service(run)}`,
    },
    { name: QueryName.DEPENDENCIES, runs: 50, path: () => "/api/v1/dependencies" },
    { name: QueryName.SERVICE_STATISTICS, runs: 50, path: () => "/api/v1/statistics/services" },
    {
      name: QueryName.PERFORMANCE,
      runs: 20,
      path: (run) => `/api/v1/statistics/performance?service=${service(run)}`,
    },
    ...traceQlCases(facts),
    ...foreignCases(service),
  ];
}

const FOREIGN_TRACES = 20;
/** Everything stored, in a form that says so without a clock. */
const ALWAYS = { startTimeMin: "2000-01-01T00:00:00Z", startTimeMax: "2100-01-01T00:00:00Z" };

/** Searches as the pages of Jaeger and Zipkin ask them: whole traces, or what their lists show. */
function foreignCases(service: (run: number) => string): QueryCase[] {
  const range = Object.entries(ALWAYS).map(([name, time]) => `query.${name}=${time}`);
  const summaries = `/api/v3/trace-summaries?${range.join("&")}&query.searchDepth=${FOREIGN_TRACES}`;
  return [
    {
      name: QueryName.JAEGER_SEARCH,
      runs: 50,
      path: (run) => `/api/traces?service=${service(run)}&limit=${FOREIGN_TRACES}`,
    },
    {
      name: QueryName.JAEGER_SUMMARIES,
      runs: 50,
      path: (run) => `${summaries}&query.serviceName=${service(run)}`,
    },
    {
      name: QueryName.ZIPKIN_SEARCH,
      runs: 50,
      path: (run) => `/zipkin/api/v2/traces?serviceName=${service(run)}&limit=${FOREIGN_TRACES}`,
    },
  ];
}

function traceQlCases({ services, seldom, common }: CorpusFacts): QueryCase[] {
  const path = (query: string): string => `/api/v1/traces?q=${encodeURIComponent(query)}`;
  const series = (query: string): string => `/api/v1/query?since=1h&q=${encodeURIComponent(query)}`;
  const service = (run: number): string => JSON.stringify(services[run % services.length] ?? "");
  return [
    {
      name: QueryName.TRACEQL_SERVICE,
      runs: 50,
      path: (run) => path(`{ resource.service.name = ${service(run)} && duration > 20ms }`),
    },
    {
      name: QueryName.TRACEQL_COMPARED,
      runs: 20,
      path: () => path("{ span.http.status_code >= 500 }"),
    },
    ...(seldom === undefined
      ? []
      : [
          {
            name: QueryName.TRACEQL_LISTED,
            runs: 20,
            path: () => path(`{ span.${JSON.stringify(seldom.key)} = ${JSON.stringify(seldom.value)} }`),
          },
        ]),
    {
      name: QueryName.TRACEQL_STRUCTURE,
      runs: 20,
      path: (run) => path(`{ resource.service.name = ${service(run)} } >> { status = error }`),
    },
    {
      name: QueryName.TRACEQL_COMMON_STRUCTURE,
      runs: 20,
      path: () => path("{ kind = server } >> { kind = client }"),
    },
    {
      name: QueryName.TRACEQL_RATE,
      runs: 20,
      path: () => `${series("{ } | rate() by (resource.service.name)")}&exemplars=0`,
    },
    {
      name: QueryName.TRACEQL_QUANTILES,
      runs: 20,
      path: () =>
        series(
          "{ kind = server && duration > 1ms } | quantile_over_time(duration, .5, .95, .99) by (resource.service.name)",
        ),
    },
    ...(common === undefined
      ? []
      : [
          {
            name: QueryName.ATTRIBUTE_VALUES,
            runs: 50,
            path: () => `/api/v1/attributes/values?level=span&key=${encodeURIComponent(common.key)}`,
          },
        ]),
  ];
}
