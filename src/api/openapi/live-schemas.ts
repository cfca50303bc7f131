/** JSON Schemas of the shapes in `live-contract.ts`, under the same names without `Json`. */

import { SpanKind } from "../../model/span-kind.ts";
import type { JsonSchema } from "../query-parameters.ts";
import {
  AMOUNT,
  described,
  ISO_TIME,
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

const ADJUSTED = described(AMOUNT, "A sampled span counts as often as it stands for.");
const KIND_OR_NULL = orNull(wordOf(...Object.values(SpanKind)));

const redSums: Readonly<Record<string, JsonSchema>> = Object.freeze({
  spanCount: ADJUSTED,
  errorCount: ADJUSTED,
  durations: ref("Durations"),
  exemplar: orNull(ref("Exemplar")),
});

/** Schemas of graph and rate, errors, durations. */
export function liveSchemas(): Record<string, JsonSchema> {
  return { ...durationSchemas(), Graph: graphSchema(orNull(ref("Durations"))), ...redSchemas() };
}

function durationSchemas(): Record<string, JsonSchema> {
  return {
    Durations: described(
      objectOf({
        avgMs: AMOUNT,
        p50Ms: AMOUNT,
        p90Ms: AMOUNT,
        p95Ms: AMOUNT,
        p99Ms: AMOUNT,
        maxMs: AMOUNT,
        stdDevMs: AMOUNT,
      }),
      "Percentiles and maximum within 1.09 %, average exact.",
    ),
    Exemplar: objectOf({ traceId: TRACE_ID, spanId: SPAN_ID, durationMs: AMOUNT }),
  };
}

function redSchemas(): Record<string, JsonSchema> {
  return {
    RedList: objectOf({
      rows: listOf(
        objectOf({
          service: TEXT,
          operation: TEXT,
          kind: KIND_OR_NULL,
          ...redSums,
          spansPerSecond: AMOUNT,
          errorShare: AMOUNT,
        }),
      ),
      nextPageToken: TEXT,
      range: ref("CoveredRange"),
    }),
    RedSeriesList: objectOf({
      stepSeconds: AMOUNT,
      series: listOf(
        objectOf({
          service: TEXT,
          operation: TEXT,
          kind: KIND_OR_NULL,
          points: listOf(objectOf({ time: ISO_TIME, timeUnixNano: NANOS, ...redSums })),
        }),
      ),
      range: ref("CoveredRange"),
    }),
  };
}

function graphSchema(durations: JsonSchema): JsonSchema {
  return objectOf({
    nodes: listOf(
      objectOf({
        name: TEXT,
        type: wordOf("service", "database", "messaging", "virtual_node", "entry"),
        callCount: ADJUSTED,
        errorCount: ADJUSTED,
        server: durations,
      }),
    ),
    edges: listOf(
      objectOf({
        from: TEXT,
        to: TEXT,
        type: wordOf("rpc", "messaging", "database", "virtual_node", "entry"),
        fromOperation: TEXT,
        toOperation: TEXT,
        callCount: ADJUSTED,
        callsPerSecond: AMOUNT,
        errorCount: ADJUSTED,
        clientErrorCount: ADJUSTED,
        serverErrorCount: ADJUSTED,
        pairedCount: ADJUSTED,
        retryCount: ADJUSTED,
        isSelf: TRUTH,
        client: durations,
        server: durations,
        gap: durations,
        delay: durations,
        clampedGapCount: ADJUSTED,
        exemplar: orNull(ref("Exemplar")),
      }),
    ),
    coverage: objectOf({
      pairedCalls: ADJUSTED,
      unpairedCalls: ADJUSTED,
      share: orNull({ type: "number", minimum: 0, maximum: 1 }),
    }),
    range: ref("CoveredRange"),
  });
}
