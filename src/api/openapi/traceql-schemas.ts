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
  wordOf,
} from "./schema-parts.ts";

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
    SearchExplanation: objectOf({
      candidates: described(
        mapOf({}),
        "Conditions that the store looked for; the rest was asked of whole traces.",
      ),
      conditions: described(
        TEXT,
        "What holds on every trace that matches: traces without it were passed over.",
      ),
      tracesExamined: COUNT,
      spansExamined: COUNT,
      tracesMatched: COUNT,
      store: described(
        objectOf({
          segmentsPassedOver: described(COUNT, "None of their traces can match."),
          segmentsByColumns: described(COUNT, "Only the columns that the query reads were read."),
          segmentsByRows: described(COUNT, "Whole spans were read."),
          tracesByColumns: COUNT,
        }),
        "How the store went about it.",
      ),
    }),
    FoundTraceList: objectOf({
      traces: listOf(ref("FoundTrace")),
      nextPageToken: TEXT,
      range: ref("CoveredRange"),
      warnings: described(
        listOf(objectOf({ rule: TEXT, start: COUNT, end: COUNT, message: TEXT })),
        "What is legal in the query and probably not meant, with its place in UTF-16 units.",
      ),
      explanation: ref("SearchExplanation"),
    }),
  };
}
