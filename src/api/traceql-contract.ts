/** Answers to queries in TraceQL, as the native API writes them. */

import type { PlainJson } from "../model/attribute-json.ts";
import type { CoveredRangeJson, NanosJson, TraceSummaryJson } from "./contract.ts";

/** What a value of a query is. */
export type QueryValueType =
  | "string"
  | "int"
  | "float"
  | "bool"
  | "duration"
  | "status"
  | "kind"
  | "list"
  | "other"
  | "nil";

/** A value with the text that asks for it. */
export interface QueryFieldJson {
  /** As TraceQL writes it: `span.http.status_code`, `span:duration`, `avg(span:duration)`. */
  readonly name: string;
  readonly type: QueryValueType;
  /** Nanoseconds as a decimal string for a duration; as attributes of spans otherwise. */
  readonly value: PlainJson;
}

/** A span that matched. */
export interface FoundSpanJson {
  readonly spanId: string;
  readonly name: string;
  readonly serviceName: string;
  readonly startTimeUnixNano: NanosJson;
  readonly durationNanos: NanosJson;
  /** What the query reads of the span, and what it selects. */
  readonly fields: readonly QueryFieldJson[];
}

/** Spans of a trace that match together. */
export interface FoundSpansetJson {
  /** Spans in it; `spans` shows the earliest of them. */
  readonly matched: number;
  /** What it was grouped by, and the aggregates that were compared. */
  readonly fields: readonly QueryFieldJson[];
  readonly spans: readonly FoundSpanJson[];
}

/** A trace that matched, with what matched in it. */
export interface FoundTraceJson extends TraceSummaryJson {
  readonly spansetCount: number;
  /** At most 100 of them. */
  readonly spansets: readonly FoundSpansetJson[];
}

/** Which part of a query ran where, and over how much. */
export interface SearchExplanationJson {
  /** Conditions that the store looked for; the rest was asked of whole traces. */
  readonly candidates: Readonly<Record<string, PlainJson>>;
  /** What holds on every trace that matches: traces without it were passed over. */
  readonly conditions: string;
  readonly tracesExamined: number;
  readonly spansExamined: number;
  readonly tracesMatched: number;
  readonly store: {
    /** None of their traces can match. */
    readonly segmentsPassedOver: number;
    /** Only the columns that the query reads were read. */
    readonly segmentsByColumns: number;
    /** Whole spans were read. */
    readonly segmentsByRows: number;
    readonly tracesByColumns: number;
    /** Their spans were summed up where they lie. */
    readonly segmentsBySums: number;
    readonly spansBySums: number;
  };
}

/** Something in a query that is probably not meant. */
export interface QueryWarningJson {
  /** Name of the habit it is about, such as `absent-attribute`. */
  readonly rule: string;
  /** Where it stands in the query, in UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

/** `GET /api/v1/traces?q=`. */
export interface FoundTraceListJson {
  /** Newest first, or as `orderBy` has it. */
  readonly traces: readonly FoundTraceJson[];
  readonly nextPageToken: string;
  readonly range: CoveredRangeJson;
  /** What is legal in the query and probably not meant; the answer is what the query says. */
  readonly warnings: readonly QueryWarningJson[];
  readonly explanation: SearchExplanationJson;
}

/** A value of a series. */
export interface SampleJson {
  /** End of the interval that it is of. */
  readonly timeUnixNano: NanosJson;
  /** Seconds for durations; `Infinity` and `-Infinity` are words. */
  readonly value: number | string;
}

/** A span that stands for those behind a value. */
export interface ExemplarJson extends SampleJson {
  readonly traceId: string;
  readonly spanId: string;
}

/** Values over time that belong together. */
export interface SeriesJson {
  readonly labels: readonly QueryFieldJson[];
  /** By time; intervals without a value are left out. */
  readonly samples: readonly SampleJson[];
  /** By time, that of the start of the span. */
  readonly exemplars: readonly ExemplarJson[];
}

/** What series were worked out of. */
export interface SeriesExplanationJson extends Omit<SearchExplanationJson, "tracesMatched"> {
  /** In arithmetic by each function of its own. */
  readonly spansCounted: number;
}

/** `GET /api/v1/query`. */
export interface SeriesListJson {
  readonly series: readonly SeriesJson[];
  /** All intervals together: without the start, with the end. */
  readonly range: CoveredRangeJson;
  /** Length of an interval. */
  readonly stepNanos: NanosJson;
  /** `PARTIAL`: there are more series. */
  readonly status: "COMPLETE" | "PARTIAL";
  /** Why the answer is not whole; "" when it is. */
  readonly message: string;
  readonly warnings: readonly QueryWarningJson[];
  readonly explanation: SeriesExplanationJson;
}
