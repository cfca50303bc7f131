/**
 * JSON shapes of the native API: what `/api/v1` answers, shared by server, command line and web pages. Types only.
 *
 * Manners of every answer: times are nanoseconds since the Unix epoch as decimal strings, beside them ISO 8601 in UTC
 * with nine fractional digits where people read; durations come as `durationNanos` (decimal string) and, where people
 * read, `durationMs` (number). Lists are `{ "<plural>": [...], "nextPageToken": "" }`; an empty token is the end.
 * Findings, what-if and clock skew are in `trace-analysis-contract.ts`.
 */

import type { CriticalPathClass } from "../analysis/critical-path.ts";
import type { DependencyType } from "../analysis/dependency-links.ts";
import type { ErrorCode } from "../base/errors.ts";
import type { SpanKind } from "../model/span-kind.ts";
import type { SpanStatus } from "../model/span-status.ts";

/** Nanoseconds since the Unix epoch, or a length of time in nanoseconds, as a decimal string. */
export type NanosJson = string;

/**
 * An attribute value in JSON. 64-bit integers beyond 2^53 are decimal strings, NaN and infinities the strings `"NaN"`,
 * `"Infinity"`, `"-Infinity"`, bytes base64 strings; `?format=otlp` keeps every type apart.
 */
export type AttributeValueJson =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValueJson[]
  | { readonly [key: string]: AttributeValueJson };

/** Attribute values by key; of a repeated key the last. */
export type AttributesJson = Readonly<Record<string, AttributeValueJson>>;

/** The entity that produced a span. */
export interface ResourceJson {
  readonly attributes: AttributesJson;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** The instrumentation scope (library) that made a span. */
export interface ScopeJson {
  readonly name: string;
  readonly version: string;
  readonly attributes: AttributesJson;
  readonly droppedAttributesCount: number;
  readonly schemaUrl: string;
}

/** Something that happened at one moment of a span. */
export interface SpanEventJson {
  readonly name: string;
  readonly time: string;
  readonly timeUnixNano: NanosJson;
  readonly attributes: AttributesJson;
  readonly droppedAttributesCount: number;
}

/** A pointer from a span to another span. */
export interface SpanLinkJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: AttributesJson;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** One span. */
export interface SpanJson {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, null for a root. */
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTime: string;
  readonly endTime: string;
  readonly startTimeUnixNano: NanosJson;
  readonly endTimeUnixNano: NanosJson;
  readonly durationMs: number;
  readonly durationNanos: NanosJson;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly serviceName: string;
  /** The same as `name`. */
  readonly operationName: string;
  readonly attributes: AttributesJson;
  readonly events: readonly SpanEventJson[];
  readonly links: readonly SpanLinkJson[];
  readonly tags: Readonly<Record<string, string>>;
  readonly resource: ResourceJson;
  readonly scope: ScopeJson;
  readonly traceState: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** Spans and errors of one service in one trace. */
export interface ServiceShareJson {
  readonly name: string;
  readonly spanCount: number;
  readonly errorCount: number;
}

/** One row of a list of traces: `GET /api/v1/traces`. */
export interface TraceSummaryJson {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Service of the earliest span without a parent, "" when none is known. */
  readonly rootService: string;
  /** Name of the earliest span without a parent, "" when none is known. */
  readonly rootOperation: string;
  readonly startTime: string;
  readonly startTimeUnixNano: NanosJson;
  readonly endTime: string;
  readonly endTimeUnixNano: NanosJson;
  readonly durationMs: number;
  readonly durationNanos: NanosJson;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly serviceCount: number;
  readonly services: readonly ServiceShareJson[];
}

/** A whole trace: `GET /api/v1/traces/{traceId}`. */
export interface TraceJson extends TraceSummaryJson {
  /** By start time, then span id. */
  readonly spans: readonly SpanJson[];
}

/**
 * The range of trace starts an answer covers: start inclusive, end exclusive. Without `start` in the request the start
 * is "0"; without `end`, the end is the moment the question was asked, or later when the answer holds a later trace.
 */
export interface CoveredRangeJson {
  readonly startTimeUnixNano: NanosJson;
  readonly endTimeUnixNano: NanosJson;
}

/** `GET /api/v1/traces`: newest first. */
export interface TraceListJson {
  readonly traces: readonly TraceSummaryJson[];
  /** Give it back as `pageToken` with the same filter; "" at the end. */
  readonly nextPageToken: string;
  readonly range: CoveredRangeJson;
}

/** `GET /api/v1/services`: sorted. */
export interface ServiceListJson {
  readonly services: readonly string[];
  readonly nextPageToken: string;
}

/** A span name with its kind. */
export interface OperationJson {
  readonly name: string;
  readonly kind: SpanKind;
}

/** `GET /api/v1/operations?service=`: sorted by name, then kind. */
export interface OperationListJson {
  readonly operations: readonly OperationJson[];
  readonly nextPageToken: string;
}

/** A piece of the critical path: during it the trace's end depended on this span and on none of its children. */
export interface CriticalPathSegmentJson {
  /** 16 lower-case hex digits; "" (as are service and operation) for time that no stored span covers. */
  readonly spanId: string;
  readonly service: string;
  readonly operation: string;
  readonly startTimeUnixNano: NanosJson;
  readonly endTimeUnixNano: NanosJson;
  readonly durationNanos: NanosJson;
  /** What the time was spent on. */
  readonly class: CriticalPathClass;
}

/** How much of the critical path one operation holds. */
export interface CriticalPathShareJson {
  readonly service: string;
  readonly operation: string;
  readonly durationNanos: NanosJson;
  readonly durationMs: number;
  /** Share of the path, 0 to 100. */
  readonly percentageOfTrace: number;
}

/** The clock of one host of a trace. */
export interface HostClockJson {
  /** Attribute and value: `host.name=web-1`; "" for spans that name no host. */
  readonly host: string;
  /** To be added to every time of the host; may be negative. */
  readonly offsetNanos: NanosJson;
  readonly offsetMs: number;
  readonly spanCount: number;
  /** Parents and children on this host and another. */
  readonly pairCount: number;
  readonly impossiblePairs: number;
  readonly skewConflict: boolean;
  readonly isBeyondLimit: boolean;
}

/** `GET /api/v1/traces/{traceId}/critical-path`. */
export interface CriticalPathJson {
  readonly traceId: string;
  readonly durationNanos: NanosJson;
  readonly segments: readonly CriticalPathSegmentJson[];
  /** Largest share first. */
  readonly byOperation: readonly CriticalPathShareJson[];
  /** Hosts whose clock was set: times are those their spans were sent with, and the offset. */
  readonly clocks: readonly HostClockJson[];
}

/** A span that lasts longer than the threshold. */
export interface BottleneckJson {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly service: string;
  readonly operation: string;
  readonly durationMs: number;
  readonly percentageOfTrace: number;
}

/** `GET /api/v1/traces/{traceId}/bottlenecks`: longest first. */
export interface BottleneckListJson {
  readonly traceId: string;
  readonly thresholdMs: number;
  readonly bottlenecks: readonly BottleneckJson[];
  readonly nextPageToken: string;
}

/** Sums over the spans of one service. */
export interface ServiceStatisticsJson {
  readonly service: string;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly avgDurationMs: number;
  readonly totalDurationMs: number;
  readonly totalDurationNanos: NanosJson;
  /** Distinct span names, sorted, at most 1,000. */
  readonly operations: readonly string[];
  readonly operationsTruncated: boolean;
}

/** `GET /api/v1/statistics/services`: sorted by service. */
export interface ServiceStatisticsListJson {
  readonly services: readonly ServiceStatisticsJson[];
  readonly nextPageToken: string;
  readonly range: CoveredRangeJson;
}

/** Durations of one operation, linear interpolation between ranks. */
export interface SlowOperationJson {
  readonly operation: string;
  readonly service: string;
  readonly count: number;
  readonly avgMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** `GET /api/v1/statistics/performance`: over the newest matching traces. */
export interface PerformanceJson {
  /** Traces analysed. */
  readonly totalTraces: number;
  /** Traces with an error / traces, 0 to 1. */
  readonly errorRate: number;
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
  readonly avgDurationMs: number;
  readonly medianDurationMs: number;
  readonly p95DurationMs: number;
  readonly p99DurationMs: number;
  /** Sample standard deviation; 0 for fewer than two traces. */
  readonly stdDevDurationMs: number;
  /** By p95, slowest first. */
  readonly slowestOperations: readonly SlowOperationJson[];
  /** True when more traces match than were analysed. */
  readonly truncated: boolean;
  readonly range: CoveredRangeJson;
}

/** Calls from one node of the dependency graph to another. */
export interface DependencyLinkJson {
  readonly fromService: string;
  readonly toService: string;
  readonly callCount: number;
  readonly errorCount: number;
  readonly type: DependencyType;
}

/** `GET /api/v1/dependencies?format=list`: sorted by from, to, type. */
export interface DependencyListJson {
  readonly dependencies: readonly DependencyLinkJson[];
  readonly nextPageToken: string;
  readonly range: CoveredRangeJson;
}

/** `GET /api/v1/dependencies?format=graph`: who calls whom. */
export interface DependencyGraphJson {
  /** Called nodes by calling node, both sorted; a node that calls nobody has an empty list. */
  readonly graph: Readonly<Record<string, readonly string[]>>;
  readonly range: CoveredRangeJson;
}

/** What answers by Zipkin's rules say of the traces they are of. */
interface ZipkinReadingJson {
  /** Traces of the range, newest first, that the links are of. */
  readonly tracesRead: number;
  /** Traces of more than 4,096 spans, whose links are not among them. */
  readonly leftOutCount: number;
  /** True when the range has more traces than were read. */
  readonly truncated: boolean;
  readonly range: CoveredRangeJson;
}

/** Calls of one service by another, as Zipkin writes them. */
export interface ZipkinLinkJson {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
}

/** `GET /api/v1/dependencies?rules=zipkin&format=list`: sorted by parent, child. */
export interface ZipkinDependencyListJson extends ZipkinReadingJson {
  readonly dependencies: readonly ZipkinLinkJson[];
  readonly nextPageToken: string;
}

/** `GET /api/v1/dependencies?rules=zipkin&format=graph`: as {@link DependencyGraphJson}. */
export interface ZipkinDependencyGraphJson extends ZipkinReadingJson {
  readonly graph: Readonly<Record<string, readonly string[]>>;
}

/** The last request that was refused, and how to mend it. */
export interface IngestErrorJson {
  readonly time: string;
  readonly message: string;
  /** What to do; "" when nothing better than the message is known. */
  readonly fix: string;
}

/** Where the server listens, as seen from the same machine. */
export interface AddressesJson {
  /** `http://host:port` of this API. */
  readonly ui: string;
  /** `host:port`. */
  readonly otlpGrpc: string;
  /** `http://host:port`. */
  readonly otlpHttp: string;
}

/** How much is stored and where it ends. */
export interface StorageJson {
  /** Name of the store: `lake` or `memory`. */
  readonly store: string;
  /** Bytes held now: on disk, or in memory for the memory store. */
  readonly bytes: number;
  /** Cap in bytes, null for none. */
  readonly maxBytes: number | null;
  /** Cap in seconds since arrival, null for none. */
  readonly maxAgeSeconds: number | null;
}

/** `GET /api/v1/status`. */
export interface StatusJson {
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Spans accepted since the server started. */
  readonly receivedSpans: number;
  /** Spans refused since the server started. */
  readonly refusedSpans: number;
  readonly lastIngestError: IngestErrorJson | null;
  readonly addresses: AddressesJson;
  readonly storage: StorageJson;
}

/** `GET /healthz` and `GET /readyz`. */
export interface HealthJson {
  readonly status: "ok" | "unavailable";
  /** Why it is not ready; empty when it is. */
  readonly reasons: readonly string[];
}

/** RFC 9457 problem details, `application/problem+json`: every answer of 400 and above. */
export interface ProblemJson {
  /** `urn:tracagg:error:<code>`; see docs/errors.md. */
  readonly type: string;
  /** What the code means. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  readonly code: ErrorCode;
  /** What was expected, what came, how to mend it. */
  readonly detail: string;
  /** The parameter at fault. */
  readonly field?: string;
  /** Path of the request. */
  readonly instance?: string;
}
