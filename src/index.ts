/**
 * The TracAgg library: collect spans into traces and analyse them, in any JavaScript runtime. No server, no native
 * module, no `node:` import.
 *
 * @example
 * import { TraceAggregator, createSpan, createTraceId } from "tracagg";
 *
 * @module
 */

export { adjustedCount } from "./analysis/adjusted-count.ts";
export type { Bottleneck } from "./analysis/bottlenecks.ts";
export { identifyBottlenecks } from "./analysis/bottlenecks.ts";
export type {
  ClockSkew,
  ClockSkewOptions,
  CorrectedSpan,
  HostClock,
  SkewSpan,
} from "./analysis/clock-skew.ts";
export { clockSkew, correctClockSkew } from "./analysis/clock-skew.ts";
export type { AttributePair } from "./analysis/compare/attribute-pairs.ts";
export { AttributePairs } from "./analysis/compare/attribute-pairs.ts";
export type { AttributeDifference, Difference } from "./analysis/compare/attribute-ranking.ts";
export type { CallPath, CallPathStep } from "./analysis/compare/call-paths.ts";
export { CallPathTable } from "./analysis/compare/call-paths.ts";
export type { CohortLimits, TraceFacts, TraceNumbers } from "./analysis/compare/cohort.ts";
export { Cohort } from "./analysis/compare/cohort.ts";
export type { CohortComparison, CohortOptions, PercentilePair } from "./analysis/compare/compare-cohorts.ts";
export { compareCohorts } from "./analysis/compare/compare-cohorts.ts";
export type { ConjunctionDifference } from "./analysis/compare/conjunctions.ts";
export type { NumericDifference } from "./analysis/compare/numeric-ranking.ts";
export type { PathDifference, PathPresenceChange, PathSide } from "./analysis/compare/path-differences.ts";
export type { PathFigures } from "./analysis/compare/path-figures.ts";
export type {
  DiffNode,
  MostChangedPair,
  PathChange,
  TraceDiff,
  TraceDiffOptions,
} from "./analysis/compare/trace-diff.ts";
export { traceDiff } from "./analysis/compare/trace-diff.ts";
export { addTrace } from "./analysis/compare/trace-facts.ts";
export type { ShapeLevel, TraceShape } from "./analysis/compare/trace-shape.ts";
export { traceShape } from "./analysis/compare/trace-shape.ts";
export type { TraceSides } from "./analysis/compare/trace-sides.ts";
export { failedTraces, slowTraces, splitTraces, tracesAfter } from "./analysis/compare/trace-sides.ts";
export type {
  Likeness,
  TypicalCandidate,
  TypicalTrace,
  TypicalTraceOptions,
} from "./analysis/compare/typical-trace.ts";
export { typicalTrace } from "./analysis/compare/typical-trace.ts";
export type { TraceVersion, VersionPick, VersionSides } from "./analysis/compare/version-sides.ts";
export { pickVersions, tracesByVersion } from "./analysis/compare/version-sides.ts";
export type {
  CriticalPath,
  CriticalPathClass,
  CriticalPathOptions,
  CriticalPathSegment,
  CriticalPathShare,
} from "./analysis/critical-path.ts";
export { criticalPath } from "./analysis/critical-path.ts";
export type { DependencyLink, DependencyType } from "./analysis/dependency-links.ts";
export { mergeDependencyLinks } from "./analysis/dependency-links.ts";
export type {
  Finding,
  FindingOptions,
  FindingSeverity,
  FindingSpan,
  FindingType,
  TraceFindings,
} from "./analysis/findings/finding.ts";
export { queryShape } from "./analysis/findings/query-shape.ts";
export { traceFindings } from "./analysis/findings/trace-findings.ts";
export type { SketchBucket } from "./analysis/latency-sketch.ts";
export { LatencySketch } from "./analysis/latency-sketch.ts";
export { longestPath } from "./analysis/longest-path.ts";
export type { NetworkGap } from "./analysis/network-gap.ts";
export { networkGaps } from "./analysis/network-gap.ts";
export { operationTemplate } from "./analysis/operation-template.ts";
export type { OperationPerformance, Performance, PerformanceOptions } from "./analysis/performance.ts";
export { analyzeTraces } from "./analysis/performance.ts";
export type {
  BottleneckDetectorOptions,
  BottleneckEvent,
  BottleneckEventType,
  BottleneckWindow,
} from "./analysis/profile/bottleneck-events.ts";
export { BottleneckDetector } from "./analysis/profile/bottleneck-events.ts";
export type {
  CallPathProfileOptions,
  ProfileTotals,
  TraceContribution,
} from "./analysis/profile/call-path-profile.ts";
export { CallPathProfile } from "./analysis/profile/call-path-profile.ts";
export { columnsOfSpans } from "./analysis/profile/columns-of-spans.ts";
export { nanosOfSum } from "./analysis/profile/exact-sums.ts";
export type { Exemplar, ProfileExemplars } from "./analysis/profile/exemplars.ts";
export type { FlameGraph, FlameGraphOptions, FlameNode } from "./analysis/profile/flame-graph.ts";
export { flameGraph } from "./analysis/profile/flame-graph.ts";
export { foldedDifference, foldedStacks } from "./analysis/profile/folded-stacks.ts";
export type { FrameRole, FrameTableOptions, ProfileFrame } from "./analysis/profile/frame-table.ts";
export { FrameTable, frameLabel } from "./analysis/profile/frame-table.ts";
export type { PathSum } from "./analysis/profile/path-sums.ts";
export type { PprofOptions } from "./analysis/profile/pprof.ts";
export { pprofBytes } from "./analysis/profile/pprof.ts";
export { profileFromBytes, profileToBytes } from "./analysis/profile/profile-bytes.ts";
export type { PathShareChange, ProfileDifference } from "./analysis/profile/profile-difference.ts";
export { profileDifference } from "./analysis/profile/profile-difference.ts";
export type { ProfileNode, ProfileTree } from "./analysis/profile/profile-tree.ts";
export { exemplarsOf, framesTo, profileTree } from "./analysis/profile/profile-tree.ts";
export type { RankBy, RankedOperation } from "./analysis/profile/rankings.ts";
export { rankOperations } from "./analysis/profile/rankings.ts";
export type {
  SlowDifference,
  SlowRootOperation,
  SlowTraceComparison,
} from "./analysis/profile/slow-differences.ts";
export type { SlowTraceOptions } from "./analysis/profile/slow-traces.ts";
export { SlowTraceCollector } from "./analysis/profile/slow-traces.ts";
export type { SpeedscopeFile, SpeedscopeProfile } from "./analysis/profile/speedscope.ts";
export { speedscopeFile } from "./analysis/profile/speedscope.ts";
export type { SelfTime } from "./analysis/self-time.ts";
export { selfTimes } from "./analysis/self-time.ts";
export type { ServiceStatistics } from "./analysis/service-statistics.ts";
export type { PlaceLevel, PlaceNode, PlaceParents } from "./analysis/topology/place-node.ts";
export type { Topology, TopologyEdge, TopologyLevels } from "./analysis/topology/topology.ts";
export { topology } from "./analysis/topology/topology.ts";
export type { ClockOptions, ClockReading } from "./analysis/trace-clocks.ts";
export type { EdgeType } from "./analysis/trace-entry.ts";
export { traceSummary } from "./analysis/trace-summary.ts";
export type { TraceNode, TraceTree } from "./analysis/trace-tree.ts";
export { traceTree } from "./analysis/trace-tree.ts";
export type { SpanSlack } from "./analysis/what-if/span-slack.ts";
export { spanSlacks } from "./analysis/what-if/span-slack.ts";
export type { WhatIf, WhatIfOptions, WhatIfTarget } from "./analysis/what-if/what-if.ts";
export { whatIf } from "./analysis/what-if/what-if.ts";
export type { DurationDistribution, WhatIfDistribution } from "./analysis/what-if/what-if-traces.ts";
export { whatIfOverTraces } from "./analysis/what-if/what-if-traces.ts";
export type { ZipkinLink } from "./analysis/zipkin-links.ts";
export { mergeZipkinLinks, zipkinLinkSpan, zipkinLinks } from "./analysis/zipkin-links.ts";
export type { ZipkinLinkSpan } from "./analysis/zipkin-tree.ts";
export type { Clock } from "./base/clock.ts";
export type { ErrorCode } from "./base/errors.ts";
export { TracAggError } from "./base/errors.ts";
export type { CreateSpanOptions, Moment, SpanEventOptions, SpanLinkOptions } from "./library/create-span.ts";
export { createSpan } from "./library/create-span.ts";
export { createSpanId, createTraceId } from "./library/create-trace-id.ts";
export { dependencyLinks } from "./library/dependency-links-of-trace.ts";
export type { TraceSampler } from "./library/samplers.ts";
export { alwaysKeepErrors, probabilitySampler } from "./library/samplers.ts";
export type {
  AggregatorCounters,
  TraceAggregatorOptions,
  TraceConditions,
} from "./library/trace-aggregator.ts";
export { TraceAggregator } from "./library/trace-aggregator.ts";
export type {
  ServiceDependency,
  TraceDependencyAnalyzerOptions,
} from "./library/trace-dependency-analyzer.ts";
export { TraceDependencyAnalyzer } from "./library/trace-dependency-analyzer.ts";
export type { TracePerformanceAnalyzerOptions } from "./library/trace-performance-analyzer.ts";
export { TracePerformanceAnalyzer } from "./library/trace-performance-analyzer.ts";
export type { PlainJson } from "./model/attribute-json.ts";
export type { AttributeMap, Attributes, AttributeValue } from "./model/attribute-value.ts";
export { hostKeyOf } from "./model/host-key.ts";
export type { Place } from "./model/place.ts";
export { placeOf } from "./model/place.ts";
export type { Resource, Scope, Span, SpanEvent, SpanLink } from "./model/span.ts";
export type { JsonOf, SpanAsJson, TraceAsJson } from "./model/span-json.ts";
export { spanJson, traceJson } from "./model/span-json.ts";
export { SpanKind } from "./model/span-kind.ts";
export { SpanStatus } from "./model/span-status.ts";
export { isoFromUnixNano, unixNanoFromIso } from "./model/time.ts";
export type { Trace } from "./model/trace.ts";
export { traceFromSpans } from "./model/trace.ts";
export type { FrameNumbers, TraceColumns } from "./model/trace-columns.ts";
export type { ServiceShare, TraceSummary } from "./model/trace-summary.ts";
