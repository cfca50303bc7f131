/** JSON Schemas of the shapes in `contract.ts`, under the same names without `Json`. */

import { ERROR_TABLE } from "../../base/errors.ts";
import { SpanKind } from "../../model/span-kind.ts";
import { SpanStatus } from "../../model/span-status.ts";
import type { JsonSchema } from "../query-parameters.ts";
import { attributeSchemas } from "./attribute-schemas.ts";
import { compareSchemas } from "./compare-schemas.ts";
import { exporterSchemas } from "./exporter-schemas.ts";
import { liveSchemas } from "./live-schemas.ts";
import { profileSchemas } from "./profile-schemas.ts";
import {
  AMOUNT,
  COUNT,
  described,
  ISO_TIME,
  listOf,
  mapOf,
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
import { topologySchemas } from "./topology-schemas.ts";
import { traceAnalysisSchemas } from "./trace-analysis-schemas.ts";
import { traceQlSchemas } from "./traceql-schemas.ts";

const NEXT_PAGE_TOKEN = described(TEXT, "Give it back as pageToken for the next page; empty at the end.");
const ATTRIBUTES = ref("Attributes");

const summaryMembers: Readonly<Record<string, JsonSchema>> = Object.freeze({
  traceId: TRACE_ID,
  rootService: described(TEXT, "Service of the earliest span without a parent; empty when none is known."),
  rootOperation: described(TEXT, "Name of the earliest span without a parent; empty when none is known."),
  startTime: ISO_TIME,
  startTimeUnixNano: NANOS,
  endTime: ISO_TIME,
  endTimeUnixNano: NANOS,
  durationMs: AMOUNT,
  durationNanos: NANOS,
  spanCount: COUNT,
  errorCount: COUNT,
  serviceCount: COUNT,
  services: listOf(objectOf({ name: TEXT, spanCount: COUNT, errorCount: COUNT })),
});

function spanSchemas(): Record<string, JsonSchema> {
  return {
    Attributes: described(
      mapOf({}),
      "Values by key. Integers beyond 2^53, NaN and infinities are strings, bytes base64 strings.",
    ),
    Resource: objectOf({ attributes: ATTRIBUTES, droppedAttributesCount: COUNT, schemaUrl: TEXT }),
    Scope: objectOf({
      name: TEXT,
      version: TEXT,
      attributes: ATTRIBUTES,
      droppedAttributesCount: COUNT,
      schemaUrl: TEXT,
    }),
    SpanEvent: objectOf({
      name: TEXT,
      time: ISO_TIME,
      timeUnixNano: NANOS,
      attributes: ATTRIBUTES,
      droppedAttributesCount: COUNT,
    }),
    SpanLink: objectOf({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      traceState: TEXT,
      attributes: ATTRIBUTES,
      droppedAttributesCount: COUNT,
      flags: COUNT,
    }),
    Span: objectOf({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      parentSpanId: orNull(SPAN_ID),
      name: TEXT,
      kind: wordOf(...Object.values(SpanKind)),
      startTime: ISO_TIME,
      endTime: ISO_TIME,
      startTimeUnixNano: NANOS,
      endTimeUnixNano: NANOS,
      durationMs: AMOUNT,
      durationNanos: NANOS,
      status: wordOf(...Object.values(SpanStatus)),
      statusMessage: TEXT,
      serviceName: TEXT,
      operationName: described(TEXT, "The same as name."),
      attributes: ATTRIBUTES,
      events: listOf(ref("SpanEvent")),
      links: listOf(ref("SpanLink")),
      tags: mapOf(TEXT),
      resource: ref("Resource"),
      scope: ref("Scope"),
      traceState: TEXT,
      flags: COUNT,
      droppedAttributesCount: COUNT,
      droppedEventsCount: COUNT,
      droppedLinksCount: COUNT,
    }),
  };
}

function traceSchemas(): Record<string, JsonSchema> {
  return {
    CoveredRange: described(
      objectOf({ startTimeUnixNano: NANOS, endTimeUnixNano: NANOS }),
      "The range of trace starts the answer covers: start inclusive, end exclusive.",
    ),
    TraceSummary: objectOf(summaryMembers),
    Trace: objectOf({ ...summaryMembers, spans: listOf(ref("Span")) }),
    TraceList: objectOf({
      traces: listOf(ref("TraceSummary")),
      nextPageToken: NEXT_PAGE_TOKEN,
      range: ref("CoveredRange"),
    }),
    ServiceList: objectOf({ services: listOf(TEXT), nextPageToken: NEXT_PAGE_TOKEN }),
    OperationList: objectOf({
      operations: listOf(objectOf({ name: TEXT, kind: wordOf(...Object.values(SpanKind)) })),
      nextPageToken: NEXT_PAGE_TOKEN,
    }),
  };
}

function analysisSchemas(): Record<string, JsonSchema> {
  return {
    CriticalPath: objectOf({
      traceId: TRACE_ID,
      durationNanos: NANOS,
      segments: listOf(ref("CriticalPathSegment")),
      byOperation: listOf(
        objectOf({
          service: TEXT,
          operation: TEXT,
          durationNanos: NANOS,
          durationMs: AMOUNT,
          percentageOfTrace: described(AMOUNT, "Share of the path, 0 to 100."),
        }),
      ),
      clocks: described(listOf(ref("HostClock")), "Hosts whose clock was set."),
    }),
    CriticalPathSegment: objectOf({
      spanId: described(TEXT, "16 hex digits; empty for time no stored span accounts for."),
      service: TEXT,
      operation: TEXT,
      startTimeUnixNano: NANOS,
      endTimeUnixNano: NANOS,
      durationNanos: NANOS,
      class: wordOf("self", "network", "untraced", "messaging"),
    }),
    BottleneckList: objectOf({
      traceId: TRACE_ID,
      thresholdMs: AMOUNT,
      bottlenecks: listOf(
        objectOf({
          spanId: SPAN_ID,
          service: TEXT,
          operation: TEXT,
          durationMs: AMOUNT,
          percentageOfTrace: AMOUNT,
        }),
      ),
      nextPageToken: NEXT_PAGE_TOKEN,
    }),
    ServiceStatisticsList: objectOf({
      services: listOf(
        objectOf({
          service: TEXT,
          spanCount: COUNT,
          errorCount: COUNT,
          avgDurationMs: AMOUNT,
          totalDurationMs: AMOUNT,
          totalDurationNanos: NANOS,
          operations: described(listOf(TEXT), "Distinct span names, sorted, at most 1,000."),
          operationsTruncated: TRUTH,
        }),
      ),
      nextPageToken: NEXT_PAGE_TOKEN,
      range: ref("CoveredRange"),
    }),
    Performance: performanceSchema(),
  };
}

function performanceSchema(): JsonSchema {
  return objectOf({
    totalTraces: described(COUNT, "Traces analysed."),
    errorRate: described(AMOUNT, "Traces with an error / traces, 0 to 1."),
    minDurationMs: AMOUNT,
    maxDurationMs: AMOUNT,
    avgDurationMs: AMOUNT,
    medianDurationMs: AMOUNT,
    p95DurationMs: AMOUNT,
    p99DurationMs: AMOUNT,
    stdDevDurationMs: described(AMOUNT, "Sample standard deviation."),
    slowestOperations: listOf(
      objectOf({
        operation: TEXT,
        service: TEXT,
        count: COUNT,
        avgMs: AMOUNT,
        p95Ms: AMOUNT,
        p99Ms: AMOUNT,
        maxMs: AMOUNT,
      }),
    ),
    truncated: described(TRUTH, "True when more traces match than were analysed."),
    range: ref("CoveredRange"),
  });
}

function dependencySchemas(): Record<string, JsonSchema> {
  const reading = {
    tracesRead: described(COUNT, "Traces of the range, newest first, that the links are of."),
    leftOutCount: described(COUNT, "Traces of more than 4,096 spans, whose links are not among them."),
    truncated: described(TRUTH, "True when the range has more traces than were read."),
    range: ref("CoveredRange"),
  };
  return {
    ZipkinDependencyList: objectOf({
      dependencies: listOf(objectOf({ parent: TEXT, child: TEXT, callCount: COUNT, errorCount: COUNT })),
      nextPageToken: NEXT_PAGE_TOKEN,
      ...reading,
    }),
    ZipkinDependencyGraph: objectOf({
      graph: described(mapOf(listOf(TEXT)), "Called nodes by calling node."),
      ...reading,
    }),
    DependencyList: objectOf({
      dependencies: listOf(
        objectOf({
          fromService: TEXT,
          toService: TEXT,
          callCount: COUNT,
          errorCount: COUNT,
          type: wordOf("rpc", "messaging", "database", "virtual_node"),
        }),
      ),
      nextPageToken: NEXT_PAGE_TOKEN,
      range: ref("CoveredRange"),
    }),
    DependencyGraph: objectOf({
      graph: described(mapOf(listOf(TEXT)), "Called nodes by calling node."),
      range: ref("CoveredRange"),
    }),
  };
}

function serverSchemas(): Record<string, JsonSchema> {
  return {
    Status: objectOf({
      version: TEXT,
      uptimeSeconds: AMOUNT,
      receivedSpans: COUNT,
      refusedSpans: COUNT,
      lastIngestError: orNull(objectOf({ time: ISO_TIME, message: TEXT, fix: TEXT })),
      addresses: objectOf({ ui: TEXT, otlpGrpc: TEXT, otlpHttp: TEXT }),
      storage: objectOf({
        store: TEXT,
        bytes: COUNT,
        maxBytes: orNull(COUNT),
        maxAgeSeconds: orNull(AMOUNT),
      }),
    }),
    Health: objectOf({ status: wordOf("ok", "unavailable"), reasons: listOf(TEXT) }),
    Problem: described(
      objectOf(
        {
          type: TEXT,
          title: TEXT,
          status: { type: "integer", minimum: 400, maximum: 599 },
          code: wordOf(...Object.keys(ERROR_TABLE)),
          detail: described(TEXT, "What was expected, what came, how to mend it."),
          field: described(TEXT, "The parameter at fault."),
          instance: described(TEXT, "Path of the request."),
        },
        ["field", "instance"],
      ),
      "Problem details as in RFC 9457.",
    ),
  };
}

/** All component schemas of the document by name. */
export function componentSchemas(): Record<string, JsonSchema> {
  return {
    ...spanSchemas(),
    ...traceSchemas(),
    ...traceQlSchemas(summaryMembers),
    ...attributeSchemas(),
    ...analysisSchemas(),
    ...traceAnalysisSchemas(),
    ...compareSchemas(),
    ...dependencySchemas(),
    ...liveSchemas(),
    ...topologySchemas(),
    ...profileSchemas(),
    ...exporterSchemas(),
    ...serverSchemas(),
  };
}
