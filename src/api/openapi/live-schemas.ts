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

const DURATIONS_OR_NULL = orNull(ref("Durations"));

/** What calls are between. */
export const EDGE_TYPE: JsonSchema = wordOf("rpc", "messaging", "database", "virtual_node", "entry");

/** Members that tell of the calls of an edge. */
export const EDGE_SUMS: Readonly<Record<string, JsonSchema>> = Object.freeze({
  callCount: ADJUSTED,
  callsPerSecond: AMOUNT,
  errorCount: ADJUSTED,
  clientErrorCount: ADJUSTED,
  serverErrorCount: ADJUSTED,
  pairedCount: ADJUSTED,
  retryCount: ADJUSTED,
  client: DURATIONS_OR_NULL,
  server: DURATIONS_OR_NULL,
  gap: DURATIONS_OR_NULL,
  delay: DURATIONS_OR_NULL,
  clampedGapCount: ADJUSTED,
  exemplar: orNull(ref("Exemplar")),
});

/** Schemas of graph and rate, errors, durations. */
export function liveSchemas(): Record<string, JsonSchema> {
  return { ...durationSchemas(), Graph: graphSchema(), ...redSchemas() };
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

function graphSchema(): JsonSchema {
  return objectOf({
    nodes: listOf(
      objectOf({
        name: TEXT,
        type: wordOf("service", "database", "messaging", "virtual_node", "entry"),
        callCount: ADJUSTED,
        errorCount: ADJUSTED,
        server: DURATIONS_OR_NULL,
      }),
    ),
    edges: listOf(
      objectOf({
        from: TEXT,
        to: TEXT,
        type: EDGE_TYPE,
        fromOperation: TEXT,
        toOperation: TEXT,
        isSelf: TRUTH,
        ...EDGE_SUMS,
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
