/** The use cases of asking, each within the limits of one {@link QueryLimiter}. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import type { LazyCriticalPath } from "../analysis/critical-path.ts";
import type { TraceFindings } from "../analysis/findings/finding.ts";
import type { WhatIf } from "../analysis/what-if/what-if.ts";
import type { Clock } from "../base/clock.ts";
import type { Metrics } from "../base/metrics.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { EventsAfter } from "../rollup/bottleneck-feed.ts";
import type { Operation } from "../store/catalogue.ts";
import type {
  AttributeKeysFound,
  AttributeKeysQuestion,
  AttributeValuesFound,
  AttributeValuesQuestion,
} from "./attribute-questions.ts";
import { attributeKeysIn, attributeValuesIn } from "./attribute-questions.ts";
import type { EventsRequest, FollowedEvents } from "./bottleneck-events-of.ts";
import { bottleneckEventsIn, followBottleneckEvents } from "./bottleneck-events-of.ts";
import type { CompareSetsRequest, SetComparison } from "./compare-sets.ts";
import { compareSets } from "./compare-sets.ts";
import type { CompareTracesRequest, TraceComparison } from "./compare-traces.ts";
import { compareTraces } from "./compare-traces.ts";
import type { CompleteAnswer, CompleteRequest } from "./complete-query.ts";
import { completeQuery } from "./complete-query.ts";
import type { DependenciesAnswer } from "./dependency-graph.ts";
import { dependenciesIn } from "./dependency-graph.ts";
import type { FilteredTrace, FilteredTraceRequest } from "./filtered-trace.ts";
import { filteredTrace } from "./filtered-trace.ts";
import type { FindBySpanRequest, FindWholeTracesRequest } from "./find-by-span.ts";
import { findTraceOutlines, findWholeTraces } from "./find-by-span.ts";
import type { TraceQlFindAnswer, TraceQlFindRequest } from "./find-traceql.ts";
import { findTraceQl } from "./find-traceql.ts";
import type {
  FoundTraceRows,
  FoundTraceRowsRequest,
  NewestTraceRowsRequest,
  TracesByIdRequest,
} from "./found-trace-rows.ts";
import { foundTraceRows, newestTraceRows, tracesById } from "./found-trace-rows.ts";
import type { GraphAnswer, GraphRequest } from "./live-graph.ts";
import { graphIn } from "./live-graph.ts";
import type { RedAnswer, RedRequest, RedSeriesAnswer } from "./live-red.ts";
import { redIn, redSeriesIn } from "./live-red.ts";
import type { TopologyAnswer, TopologyRequest } from "./live-topology.ts";
import { topologyIn } from "./live-topology.ts";
import type { PerformanceAnswer } from "./performance-of.ts";
import { performanceOf } from "./performance-of.ts";
import type { ProfileAnswer, ProfileRequest, SlowTracesAnswer } from "./profile-of.ts";
import { profileOf, slowTracesOf } from "./profile-of.ts";
import type { AnswerLimits, QueryContext, QueryPorts } from "./query-context.ts";
import { DEFAULT_ANSWER_LIMITS } from "./query-context.ts";
import type { QueryCaller, QueryLimiterOptions, RunningQuery } from "./query-limiter.ts";
import { QueryLimiter } from "./query-limiter.ts";
import type { SeriesAnswer, SeriesRequest } from "./query-series.ts";
import { querySeries } from "./query-series.ts";
import type { TraceQlSearchAnswer, TraceQlSearchRequest } from "./search-traceql.ts";
import { searchTraceQl } from "./search-traceql.ts";
import type { SearchAnswer, SearchRequest } from "./search-traces.ts";
import { searchTraces } from "./search-traces.ts";
import type { ServiceStatisticsAnswer, ServiceStatisticsRequest } from "./service-statistics.ts";
import { serviceStatisticsIn } from "./service-statistics.ts";
import type { StoredTrace } from "./stored-trace.ts";
import { storedTrace } from "./stored-trace.ts";
import type { TraceRequest } from "./trace-analysis.ts";
import { bottlenecksOf, criticalPathOf } from "./trace-analysis.ts";
import type { TextRange, TraceFilter } from "./trace-filter.ts";
import type { TraceOutline } from "./trace-outline.ts";
import type { ClockSkewRequest, TraceClocks, WhatIfRequest } from "./trace-questions.ts";
import { clockSkewOf, findingsOf, whatIfOf } from "./trace-questions.ts";
import type { WhatIfOverAnswer, WhatIfOverRequest } from "./what-if-over.ts";
import { whatIfOver } from "./what-if-over.ts";
import type { ZipkinDependenciesAnswer, ZipkinDependenciesRequest } from "./zipkin-dependencies.ts";
import { zipkinDependenciesIn } from "./zipkin-dependencies.ts";
import type { ZipkinRemotesRequest } from "./zipkin-names.ts";
import { zipkinRemotes, zipkinServices, zipkinSpanNames, zipkinTagValues } from "./zipkin-names.ts";
import type { ZipkinSearchRequest, ZipkinTraceText } from "./zipkin-search.ts";
import { searchZipkin } from "./zipkin-search.ts";
import type { ZipkinTraceRequest } from "./zipkin-trace.ts";
import { zipkinTrace } from "./zipkin-trace.ts";

/** Limits of {@link createQueries}; each absent one has its default. */
export type QueryLimits = Partial<AnswerLimits> & Omit<QueryLimiterOptions, "metrics">;

/** What {@link createQueries} works with. */
export interface QueriesOptions extends QueryPorts {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly limits?: QueryLimits;
}

/**
 * Everything that can be asked of the stored traces. Every call may besides its own errors reject with `overloaded`
 * (too many queries, or too much memory held by them), `too_large` (too much memory held by this one),
 * `deadline_exceeded` (over the time limit) or `cancelled` (its caller left).
 */
export interface Queries {
  /** See {@link searchTraces}. */
  searchTraces(request: SearchRequest, caller?: QueryCaller): Promise<SearchAnswer>;
  /** See {@link searchTraceQl}. */
  searchTraceQl(request: TraceQlSearchRequest, caller?: QueryCaller): Promise<TraceQlSearchAnswer>;
  /** See {@link findTraceQl}. */
  findTraceQl(request: TraceQlFindRequest, caller?: QueryCaller): Promise<TraceQlFindAnswer>;
  /** See {@link findTraceOutlines}. */
  findTraceOutlines(request: FindBySpanRequest, caller?: QueryCaller): Promise<readonly TraceOutline[]>;
  /** See {@link findWholeTraces}. */
  findWholeTraces(
    request: FindWholeTracesRequest,
    caller?: QueryCaller,
  ): Promise<readonly (readonly SpanRow[])[]>;
  /** See {@link foundTraceRows}. */
  foundTraceRows(request: FoundTraceRowsRequest, caller?: QueryCaller): Promise<FoundTraceRows>;
  /** See {@link newestTraceRows}. */
  newestTraceRows(request: NewestTraceRowsRequest, caller?: QueryCaller): Promise<FoundTraceRows>;
  /** See {@link tracesById}. */
  tracesById(request: TracesByIdRequest, caller?: QueryCaller): Promise<readonly StoredTrace[]>;
  /** See {@link filteredTrace}. */
  filteredTrace(request: FilteredTraceRequest, caller?: QueryCaller): Promise<FilteredTrace>;
  /** See {@link querySeries}. */
  querySeries(request: SeriesRequest, caller?: QueryCaller): Promise<SeriesAnswer>;
  /** See {@link storedTrace}. */
  getTrace(traceId: string, caller?: QueryCaller): Promise<StoredTrace>;
  /** See {@link criticalPathOf}. */
  criticalPathOf(request: TraceRequest, caller?: QueryCaller): Promise<LazyCriticalPath>;
  /** See {@link bottlenecksOf}. */
  bottlenecksOf(traceId: string, thresholdMs: number, caller?: QueryCaller): Promise<Iterable<Bottleneck>>;
  /** See {@link findingsOf}. */
  findingsOf(request: TraceRequest, caller?: QueryCaller): Promise<TraceFindings>;
  /** See {@link whatIfOf}. */
  whatIfOf(request: WhatIfRequest, caller?: QueryCaller): Promise<WhatIf>;
  /** See {@link clockSkewOf}. */
  clockSkewOf(request: ClockSkewRequest, caller?: QueryCaller): Promise<TraceClocks>;
  /** See {@link whatIfOver}. */
  whatIfOver(request: WhatIfOverRequest, caller?: QueryCaller): Promise<WhatIfOverAnswer>;
  /** See {@link compareTraces}. */
  compareTraces(request: CompareTracesRequest, caller?: QueryCaller): Promise<TraceComparison>;
  /** See {@link compareSets}. */
  compareSets(request: CompareSetsRequest, caller?: QueryCaller): Promise<SetComparison>;
  /** See {@link serviceStatisticsIn}. */
  serviceStatistics(
    request: ServiceStatisticsRequest,
    caller?: QueryCaller,
  ): Promise<ServiceStatisticsAnswer>;
  /** See {@link performanceOf}. */
  performance(filter: TraceFilter, caller?: QueryCaller): Promise<PerformanceAnswer>;
  /** See {@link profileOf}. */
  profile(request: ProfileRequest, caller?: QueryCaller): Promise<ProfileAnswer>;
  /** See {@link slowTracesOf}. */
  slowTraces(request: ProfileRequest, caller?: QueryCaller): Promise<SlowTracesAnswer>;
  /** See {@link bottleneckEventsIn}. */
  bottleneckEvents(request: EventsRequest, caller?: QueryCaller): Promise<EventsAfter>;
  /** See {@link followBottleneckEvents}; bounded by the number of those who follow, not by that of queries. */
  followBottleneckEvents(request: EventsRequest): FollowedEvents;
  /** See {@link dependenciesIn}. */
  dependencies(range: TextRange, caller?: QueryCaller): Promise<DependenciesAnswer>;
  /** See {@link zipkinDependenciesIn}. */
  zipkinDependencies(
    request: ZipkinDependenciesRequest,
    caller?: QueryCaller,
  ): Promise<ZipkinDependenciesAnswer>;
  /** See {@link searchZipkin}. */
  zipkinSearch(request: ZipkinSearchRequest, caller?: QueryCaller): Promise<readonly ZipkinTraceText[]>;
  /** See {@link zipkinTrace}. */
  zipkinTrace(request: ZipkinTraceRequest, caller?: QueryCaller): Promise<readonly SpanRow[]>;
  /** See {@link zipkinServices}. */
  zipkinServices(caller?: QueryCaller): Promise<readonly string[]>;
  /** See {@link zipkinSpanNames}. */
  zipkinSpanNames(serviceName: string, caller?: QueryCaller): Promise<readonly string[]>;
  /** See {@link zipkinRemotes}. */
  zipkinRemotes(request: ZipkinRemotesRequest, caller?: QueryCaller): Promise<readonly string[]>;
  /** See {@link zipkinTagValues}. */
  zipkinTagValues(key: string, caller?: QueryCaller): Promise<readonly string[]>;
  /** See {@link graphIn}. */
  graph(request: GraphRequest, caller?: QueryCaller): Promise<GraphAnswer>;
  /** See {@link topologyIn}. */
  topology(request: TopologyRequest, caller?: QueryCaller): Promise<TopologyAnswer>;
  /** See {@link redIn}. */
  red(request: RedRequest, caller?: QueryCaller): Promise<RedAnswer>;
  /** See {@link redSeriesIn}. */
  redSeries(
    request: RedRequest & { readonly stepSeconds?: number },
    caller?: QueryCaller,
  ): Promise<RedSeriesAnswer>;
  /** Distinct service names, sorted. */
  services(caller?: QueryCaller): Promise<readonly string[]>;
  /** Operations of a service, sorted by name, then kind; empty for an unknown service. */
  operations(serviceName: string, caller?: QueryCaller): Promise<readonly Operation[]>;
  /** See {@link attributeKeysIn}. */
  attributeKeys(question: AttributeKeysQuestion, caller?: QueryCaller): Promise<AttributeKeysFound>;
  /** See {@link attributeValuesIn}. */
  attributeValues(question: AttributeValuesQuestion, caller?: QueryCaller): Promise<AttributeValuesFound>;
  /** See {@link completeQuery}. */
  complete(request: CompleteRequest, caller?: QueryCaller): Promise<CompleteAnswer>;
}

/**
 * Makes the use cases over a store.
 *
 * @example
 * const queries = createQueries({ reader: store, catalogue: store, statistics: store, metrics, clock: systemClock });
 * const { summaries } = await queries.searchTraces({ filter: { serviceName: "checkout", start: "-1h" } });
 */
export function createQueries(options: QueriesOptions): Queries {
  const { context, limiter } = partsOf(options);
  const { limited, limitedLive } = limitedBy(context, limiter);
  const bottlenecks = limited("bottlenecks", bottlenecksOf, true);
  return {
    searchTraces: limited("search_traces", searchTraces),
    searchTraceQl: limited("search_traceql", searchTraceQl),
    findTraceQl: limited("find_traceql", findTraceQl, true),
    findTraceOutlines: limited("find_trace_outlines", findTraceOutlines),
    findWholeTraces: limited("find_whole_traces", findWholeTraces, true),
    foundTraceRows: limited("found_trace_rows", foundTraceRows, true),
    newestTraceRows: limited("newest_trace_rows", newestTraceRows, true),
    tracesById: limited("traces_by_id", tracesById, true),
    filteredTrace: limited("filtered_trace", filteredTrace, true),
    querySeries: limited("query_series", querySeries, true),
    getTrace: limited("get_trace", storedTrace, true),
    criticalPathOf: limited("critical_path", criticalPathOf, true),
    bottlenecksOf: (traceId, thresholdMs, caller) => bottlenecks({ traceId, thresholdMs }, caller),
    findingsOf: limited("findings", findingsOf, true),
    whatIfOf: limited("what_if", whatIfOf, true),
    clockSkewOf: limited("clock_skew", clockSkewOf),
    whatIfOver: limited("what_if_over", whatIfOver),
    compareTraces: limited("compare_traces", compareTraces),
    compareSets: limited("compare_sets", compareSets),
    serviceStatistics: limited("service_statistics", serviceStatisticsIn),
    performance: limited("performance", performanceOf),
    profile: limited("profile", profileOf),
    slowTraces: limited("slow_traces", slowTracesOf),
    bottleneckEvents: limitedLive("bottleneck_events", bottleneckEventsIn),
    followBottleneckEvents: (request) => followBottleneckEvents(context, request),
    dependencies: limited("dependencies", dependenciesIn),
    zipkinDependencies: limited("zipkin_dependencies", zipkinDependenciesIn),
    zipkinSearch: limited("zipkin_search", searchZipkin, true),
    zipkinTrace: limited("zipkin_trace", zipkinTrace, true),
    zipkinServices: (caller) =>
      limiter.run({ useCase: "zipkin_services", caller }, () => zipkinServices(context)),
    zipkinSpanNames: limited("zipkin_span_names", zipkinSpanNames),
    zipkinRemotes: limited("zipkin_remotes", zipkinRemotes),
    zipkinTagValues: limited("zipkin_tag_values", zipkinTagValues),
    graph: limitedLive("graph", graphIn),
    topology: limitedLive("topology", topologyIn),
    red: limitedLive("red", redIn),
    redSeries: limitedLive("red_series", redSeriesIn),
    services: (caller) => limiter.run({ useCase: "services", caller }, () => context.catalogue.services()),
    operations: limited("operations", (_context, serviceName: string) =>
      context.catalogue.operations(serviceName),
    ),
    attributeKeys: limited("attribute_keys", attributeKeysIn),
    attributeValues: limited("attribute_values", attributeValuesIn),
    complete: limited("complete", completeQuery),
  };
}

type Ask<Request, Answer> = (
  context: QueryContext,
  request: Request,
  running: RunningQuery,
) => Promise<Answer>;

/** Ways to make a use case that runs within the limits, with live statistics up to date or without them. */
function limitedBy(context: QueryContext, limiter: QueryLimiter) {
  return {
    limited:
      <Request, Answer>(useCase: string, ask: Ask<Request, Answer>, answerHoldsRows = false) =>
      (request: Request, caller?: QueryCaller): Promise<Answer> =>
        limiter.run({ useCase, caller, answerHoldsRows }, (running) => ask(context, request, running)),
    limitedLive:
      <Request, Answer>(useCase: string, ask: Ask<Request, Answer>) =>
      (request: Request, caller?: QueryCaller): Promise<Answer> =>
        limiter.run({ useCase, caller, before: context.liveUpToDate }, (running) =>
          ask(context, request, running),
        ),
  };
}

function partsOf(options: QueriesOptions): {
  readonly context: QueryContext;
  readonly limiter: QueryLimiter;
} {
  const { maxSpansPerAnswer, maxTracesAnalysed, maxSpansAnalysed, maxSpansCompared, ...limiterLimits } =
    options.limits ?? {};
  const limiter = new QueryLimiter({ ...limiterLimits, metrics: options.metrics });
  const context: QueryContext = {
    reader: options.reader,
    catalogue: options.catalogue,
    statistics: options.statistics,
    largeAnalyses: options.largeAnalyses,
    live: options.live,
    liveUpToDate: options.liveUpToDate,
    clock: options.clock,
    answerLimits: {
      maxSpansPerAnswer: maxSpansPerAnswer ?? DEFAULT_ANSWER_LIMITS.maxSpansPerAnswer,
      maxTracesAnalysed: maxTracesAnalysed ?? DEFAULT_ANSWER_LIMITS.maxTracesAnalysed,
      maxSpansAnalysed: maxSpansAnalysed ?? DEFAULT_ANSWER_LIMITS.maxSpansAnalysed,
      maxSpansCompared: maxSpansCompared ?? DEFAULT_ANSWER_LIMITS.maxSpansCompared,
    },
  };
  return { context, limiter };
}
