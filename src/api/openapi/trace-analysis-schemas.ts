/** JSON Schemas of the shapes in `trace-analysis-contract.ts`, under the same names without `Json`. */

import { SpanStatus } from "../../model/span-status.ts";
import type { JsonSchema } from "../query-parameters.ts";
import {
  AMOUNT,
  COUNT,
  described,
  listOf,
  NANOS,
  objectOf,
  orNull,
  ref,
  SPAN_ID,
  TEXT,
  TRACE_ID,
  TRUTH,
  wordOf,
} from "./schema-parts.ts";

const SIGNED_NANOS: JsonSchema = Object.freeze({
  type: "string",
  pattern: "^-?[0-9]+$",
  description: "Nanoseconds as a decimal string, negative for earlier.",
});

const CLOCKS = described(listOf(ref("HostClock")), "Hosts whose clock was set.");

const END_OF_LIST = described(TEXT, "Always empty: the list is whole.");

const targetMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  service: TEXT,
  operation: described(TEXT, "Empty for every operation of the service."),
  percent: AMOUNT,
});

/** Schemas of findings, what-if and clock skew. */
export function traceAnalysisSchemas(): Record<string, JsonSchema> {
  return { ...findingSchemas(), ...whatIfSchemas(), ...clockSchemas() };
}

function findingSchemas(): Record<string, JsonSchema> {
  return {
    FindingList: objectOf({
      traceId: TRACE_ID,
      durationNanos: NANOS,
      findings: described(listOf(ref("Finding")), "At most 100, most severe first."),
      omittedFindings: described(COUNT, "Findings that are not listed."),
      clocks: CLOCKS,
      nextPageToken: END_OF_LIST,
    }),
    Finding: objectOf({
      type: wordOf(
        "n_plus_one",
        "repeated_query",
        "sequential_calls",
        "retry",
        "timeout",
        "untraced_gap",
        "missing_spans",
        "error_origin",
      ),
      severity: wordOf("high", "medium", "low"),
      service: TEXT,
      operation: described(TEXT, "Name of a span, or the shape of a query."),
      costNanos: described(NANOS, "Critical-path time that went into it."),
      costMs: AMOUNT,
      percentageOfTrace: described(AMOUNT, "Cost as a share of the trace, 0 to 100."),
      summary: described(TEXT, "What was found, in one sentence."),
      advice: described(TEXT, "What to do, in one sentence."),
      spans: described(
        listOf(ref("FindingSpan")),
        "Spans that prove it: at most 10, the most telling first.",
      ),
      spanCount: described(COUNT, "All spans that prove it."),
    }),
    FindingSpan: objectOf({
      spanId: SPAN_ID,
      service: TEXT,
      operation: TEXT,
      startTimeUnixNano: NANOS,
      durationNanos: NANOS,
      durationMs: AMOUNT,
      status: wordOf(...Object.values(SpanStatus)),
      error: described(TEXT, "What a failed span says of its failure; empty when it says nothing."),
    }),
  };
}

function whatIfSchemas(): Record<string, JsonSchema> {
  return {
    WhatIf: objectOf({
      traceId: TRACE_ID,
      ...targetMembers,
      matchingSpans: COUNT,
      durationNanos: NANOS,
      durationMs: AMOUNT,
      newDurationNanos: NANOS,
      newDurationMs: AMOUNT,
      savingNanos: NANOS,
      savingMs: AMOUNT,
      savedPercentage: described(AMOUNT, "Of the duration, 0 to 100."),
      criticalSelfNanos: described(NANOS, "What the operation itself has of the critical path."),
      mostSavingNanos: described(NANOS, "The saving if nothing took its place on the critical path."),
      spans: described(listOf(ref("SpanSlack")), "At most 100, largest drag first."),
      clocks: CLOCKS,
    }),
    SpanSlack: objectOf({
      spanId: SPAN_ID,
      service: TEXT,
      operation: TEXT,
      criticalSelfNanos: NANOS,
      dragNanos: described(NANOS, "Most that the trace becomes shorter when this span alone becomes faster."),
      dragMs: AMOUNT,
      slackNanos: described(
        orNull(NANOS),
        "How much later the span may end before the trace does; null when nobody waits for it.",
      ),
      slackMs: orNull(AMOUNT),
    }),
    WhatIfOver: objectOf({
      ...targetMembers,
      totalTraces: COUNT,
      matchingTraces: described(COUNT, "Traces with a span of the operation."),
      matchingSpans: COUNT,
      before: ref("DurationDistribution"),
      after: ref("DurationDistribution"),
      savingNanos: NANOS,
      mostSavingNanos: NANOS,
      savedPercentage: described(AMOUNT, "Of all durations together, 0 to 100."),
      truncated: described(TRUTH, "True when more traces match than were looked at."),
      correctedTraces: described(COUNT, "Traces in which the clock of a host was set."),
      range: ref("CoveredRange"),
    }),
    DurationDistribution: objectOf({
      minMs: AMOUNT,
      avgMs: AMOUNT,
      medianMs: AMOUNT,
      p90Ms: AMOUNT,
      p95Ms: AMOUNT,
      p99Ms: AMOUNT,
      maxMs: AMOUNT,
    }),
  };
}

function clockSchemas(): Record<string, JsonSchema> {
  return {
    HostClockList: objectOf({
      traceId: TRACE_ID,
      impossiblePairsBefore: described(COUNT, "Children outside their parents, as the clocks stamped them."),
      impossiblePairsAfter: described(COUNT, "Those that stay so with the offsets."),
      hosts: listOf(ref("HostClock")),
      nextPageToken: END_OF_LIST,
    }),
    HostClock: objectOf({
      host: described(TEXT, "Attribute and value, host.name=web-1; empty for spans that name no host."),
      offsetNanos: described(SIGNED_NANOS, "To be added to every time of the host, in nanoseconds."),
      offsetMs: { type: "number" },
      spanCount: COUNT,
      pairCount: described(COUNT, "Parents and children on this host and another."),
      impossiblePairs: COUNT,
      skewConflict: described(TRUTH, "True when no offset fits all pairs."),
      isBeyondLimit: described(TRUTH, "True when a larger offset than allowed would fit best."),
    }),
  };
}
