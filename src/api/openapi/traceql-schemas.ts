/** Schemas of answers to queries in TraceQL. */

import type { JsonSchema } from "../query-parameters.ts";
import {
  COUNT,
  described,
  listOf,
  mapOf,
  NANOS,
  objectOf,
  ref,
  SPAN_ID,
  TEXT,
  TRACE_ID,
  wordOf,
} from "./schema-parts.ts";

const WARNINGS = described(
  listOf(objectOf({ rule: TEXT, start: COUNT, end: COUNT, message: TEXT })),
  "What is legal in the query and probably not meant, with its place in UTF-16 units.",
);

/** What every query says of how it was worked out. */
const EXPLANATION: Readonly<Record<string, JsonSchema>> = Object.freeze({
  candidates: described(
    mapOf({}),
    "Conditions that the store looked for; the rest was asked of whole traces.",
  ),
  conditions: described(TEXT, "What holds on every trace that matches: traces without it were passed over."),
  tracesExamined: COUNT,
  spansExamined: COUNT,
  store: described(
    objectOf({
      segmentsPassedOver: described(COUNT, "None of their traces can match."),
      segmentsByColumns: described(COUNT, "Only the columns that the query reads were read."),
      segmentsByRows: described(COUNT, "Whole spans were read."),
      tracesByColumns: COUNT,
      segmentsBySums: described(COUNT, "Their spans were summed up where they lie."),
      spansBySums: COUNT,
    }),
    "How the store went about it.",
  ),
});

/**
 * Schemas by name.
 *
 * @param summaryMembers - of a trace in a list
 */
export function traceQlSchemas(
  summaryMembers: Readonly<Record<string, JsonSchema>>,
): Record<string, JsonSchema> {
  return {
    QueryField: objectOf({
      name: described(
        TEXT,
        "As TraceQL writes it: span.http.status_code, span:duration, avg(span:duration).",
      ),
      type: wordOf("string", "int", "float", "bool", "duration", "status", "kind", "list", "other", "nil"),
      value: described(
        {},
        "Nanoseconds as a decimal string for a duration; as attributes of spans otherwise.",
      ),
    }),
    FoundSpan: objectOf({
      spanId: SPAN_ID,
      name: TEXT,
      serviceName: TEXT,
      startTimeUnixNano: NANOS,
      durationNanos: NANOS,
      fields: described(listOf(ref("QueryField")), "What the query reads of the span, and what it selects."),
    }),
    FoundSpanset: objectOf({
      matched: described(COUNT, "Spans in it; spans shows the earliest of them."),
      fields: described(
        listOf(ref("QueryField")),
        "What it was grouped by, and the aggregates that were compared.",
      ),
      spans: listOf(ref("FoundSpan")),
    }),
    FoundTrace: objectOf({
      ...summaryMembers,
      spansetCount: COUNT,
      spansets: described(listOf(ref("FoundSpanset")), "At most 100 of them."),
    }),
    SearchExplanation: objectOf({ ...EXPLANATION, tracesMatched: COUNT }),
    FoundTraceList: objectOf({
      traces: listOf(ref("FoundTrace")),
      nextPageToken: TEXT,
      range: ref("CoveredRange"),
      warnings: WARNINGS,
      explanation: ref("SearchExplanation"),
    }),
    ...seriesSchemas(),
  };
}

function seriesSchemas(): Record<string, JsonSchema> {
  const sample = {
    timeUnixNano: NANOS,
    value: described(
      { anyOf: [{ type: "number" }, wordOf("Infinity", "-Infinity")] },
      "Seconds for durations.",
    ),
  };
  return {
    Series: objectOf({
      labels: listOf(ref("QueryField")),
      samples: described(
        listOf(objectOf(sample)),
        "By time, the end of the interval; intervals without a value are left out.",
      ),
      exemplars: described(
        listOf(objectOf({ traceId: TRACE_ID, spanId: SPAN_ID, ...sample })),
        "Spans that stand for those behind the values, by their start.",
      ),
    }),
    SeriesList: objectOf({
      series: listOf(ref("Series")),
      range: described(ref("CoveredRange"), "All intervals together: without the start, with the end."),
      stepNanos: NANOS,
      status: described(wordOf("COMPLETE", "PARTIAL"), "PARTIAL: there are more series."),
      message: described(TEXT, "Why the answer is not whole; empty when it is."),
      warnings: WARNINGS,
      explanation: objectOf({
        ...EXPLANATION,
        spansCounted: described(COUNT, "In arithmetic by each function of its own."),
      }),
    }),
  };
}
