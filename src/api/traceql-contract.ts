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
