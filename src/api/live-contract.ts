/** Shapes of the JSON of `/api/v1/graph` and `/api/v1/red`: statistics as spans arrive. */

import type { SpanKind } from "../model/span-kind.ts";
import type { EdgeType } from "../window/edges.ts";
import type { CoveredRangeJson } from "./contract.ts";

/** Durations of many spans. Percentiles are within 1.09 % of a value of that rank; avg is exact. */
export interface DurationsJson {
  readonly avgMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly stdDevMs: number;
}

/** A span to look at. */
export interface ExemplarJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly durationMs: number;
}

/** A node of the graph. Counts are adjusted: a sampled span counts as often as it stands for. */
export interface GraphNodeJson {
  readonly name: string;
  readonly type: "service" | "database" | "messaging" | "virtual_node" | "entry";
  /** Calls answered, whoever made them. */
  readonly callCount: number;
  readonly errorCount: number;
  /** Null for nodes that send no spans. */
  readonly server: DurationsJson | null;
}

/** Calls of an edge. */
export interface EdgeSumsJson {
  readonly callCount: number;
  readonly callsPerSecond: number;
  /** Calls in error on either side. */
  readonly errorCount: number;
  readonly clientErrorCount: number;
  readonly serverErrorCount: number;
  /** Calls of which both sides sent spans. */
  readonly pairedCount: number;
  /** Second and later tries of one client span. */
  readonly retryCount: number;
  /** As the caller saw it, as the callee saw it, the time between the two, and how long messages waited. */
  readonly client: DurationsJson | null;
  readonly server: DurationsJson | null;
  readonly gap: DurationsJson | null;
  readonly delay: DurationsJson | null;
  /** Calls whose servers worked longer than the client waited: their gap counts as 0. */
  readonly clampedGapCount: number;
  readonly exemplar: ExemplarJson | null;
}

/** An edge of the graph. */
export interface GraphEdgeJson extends EdgeSumsJson {
  readonly from: string;
  readonly to: string;
  readonly type: EdgeType;
  /** "" at service level, and where there is none. */
  readonly fromOperation: string;
  readonly toOperation: string;
  /** A service that calls itself. */
  readonly isSelf: boolean;
}

/** `GET /api/v1/graph`. */
export interface GraphJson {
  readonly nodes: readonly GraphNodeJson[];
  readonly edges: readonly GraphEdgeJson[];
  /** How much of what services call is seen from both sides. */
  readonly coverage: {
    readonly pairedCalls: number;
    readonly unpairedCalls: number;
    /** Null when nothing was called. */
    readonly share: number | null;
  };
  readonly range: CoveredRangeJson;
}

/** Rate, errors and durations of some spans. */
export interface RedSumsJson {
  readonly spanCount: number;
  readonly errorCount: number;
  readonly durations: DurationsJson;
  readonly exemplar: ExemplarJson | null;
}

/** One row of `GET /api/v1/red`. */
export interface RedRowJson extends RedSumsJson {
  readonly service: string;
  /** "" when rows are services. */
  readonly operation: string;
  /** Null when kinds are summed. */
  readonly kind: SpanKind | null;
  readonly spansPerSecond: number;
  readonly errorShare: number;
}

/** `GET /api/v1/red`. */
export interface RedListJson {
  readonly rows: readonly RedRowJson[];
  readonly nextPageToken: string;
  readonly range: CoveredRangeJson;
}

/** One step of a series. */
export interface RedPointJson extends RedSumsJson {
  readonly time: string;
  readonly timeUnixNano: string;
}

/** `GET /api/v1/red/series`. */
export interface RedSeriesListJson {
  readonly stepSeconds: number;
  readonly series: readonly {
    readonly service: string;
    readonly operation: string;
    readonly kind: SpanKind | null;
    /** Steps in which there was a span, oldest first. */
    readonly points: readonly RedPointJson[];
  }[];
  readonly range: CoveredRangeJson;
}
