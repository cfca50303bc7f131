/** Live statistics as the API's JSON. */

import type { LatencySketch } from "../../analysis/latency-sketch.ts";
import { isoFromUnixNano } from "../../model/time.ts";
import type { GraphAnswer, GraphEdge, GraphNode } from "../../query/live-graph.ts";
import type { RedAnswer, RedSeriesAnswer, RedSums } from "../../query/live-red.ts";
import type { CoveredRange } from "../../query/trace-filter.ts";
import type { EdgeCell, Exemplar } from "../../rollup/cells.ts";
import type {
  DurationsJson,
  EdgeSumsJson,
  ExemplarJson,
  GraphEdgeJson,
  GraphJson,
  GraphNodeJson,
  RedListJson,
  RedSeriesListJson,
  RedSumsJson,
} from "../live-contract.ts";
import { rangeJson } from "./range-json.ts";

const NANOS_PER_MILLI = 1e6;

/** A graph. */
export function graphJson({ nodes, edges, coverage, range }: GraphAnswer): GraphJson {
  const { pairedCalls, unpairedCalls } = coverage;
  const all = pairedCalls + unpairedCalls;
  const seconds = secondsOf(range);
  return {
    nodes: nodes.map(nodeJson),
    edges: edges.map((edge) => edgeJson(edge, seconds)),
    coverage: { pairedCalls, unpairedCalls, share: all === 0 ? null : pairedCalls / all },
    range: rangeJson(range),
  };
}

/** A table of operations. */
export function redJson({ rows, range }: RedAnswer): RedListJson {
  const seconds = secondsOf(range);
  return {
    rows: rows.map(({ key, sums }) => ({
      service: key.serviceName,
      operation: key.operationName,
      kind: key.kind ?? null,
      ...sumsJson(sums),
      spansPerSecond: seconds === 0 ? 0 : sums.spanCount / seconds,
      errorShare: sums.spanCount === 0 ? 0 : sums.errorCount / sums.spanCount,
    })),
    nextPageToken: "",
    range: rangeJson(range),
  };
}

/** Operations over time. */
export function redSeriesJson({ stepSeconds, series, range }: RedSeriesAnswer): RedSeriesListJson {
  return {
    stepSeconds,
    series: series.map(({ key, points }) => ({
      service: key.serviceName,
      operation: key.operationName,
      kind: key.kind ?? null,
      points: points.map(({ startSeconds, sums }) => {
        const nanos = BigInt(startSeconds) * 1_000_000_000n;
        return { time: isoFromUnixNano(nanos), timeUnixNano: nanos.toString(), ...sumsJson(sums) };
      }),
    })),
    range: rangeJson(range),
  };
}

/** Length of a range. */
export function secondsOf({ startTimeUnixNano, endTimeUnixNano }: CoveredRange): number {
  return Number(endTimeUnixNano - startTimeUnixNano) / 1e9;
}

function nodeJson({ name, type, callCount, errorCount, server }: GraphNode): GraphNodeJson {
  return { name, type, callCount, errorCount, server: durationsOrNull(server) };
}

function edgeJson({ key, cell }: GraphEdge, seconds: number): GraphEdgeJson {
  return {
    from: key.fromService,
    to: key.toService,
    type: key.type,
    fromOperation: key.fromOperation,
    toOperation: key.toOperation,
    isSelf: key.fromService === key.toService,
    ...edgeSumsJson(cell, seconds),
  };
}

/** What is told of calls, whatever they are between; `seconds` is the length of the range. */
export function edgeSumsJson({ counts, sketches, exemplar }: EdgeCell, seconds: number): EdgeSumsJson {
  return {
    callCount: counts.calls,
    callsPerSecond: seconds === 0 ? 0 : counts.calls / seconds,
    errorCount: counts.errors,
    clientErrorCount: counts.clientErrors,
    serverErrorCount: counts.serverErrors,
    pairedCount: counts.pairedCalls,
    retryCount: counts.retries,
    client: durationsOrNull(sketches.client),
    server: durationsOrNull(sketches.server),
    gap: durationsOrNull(sketches.gap),
    delay: durationsOrNull(sketches.delay),
    clampedGapCount: counts.clampedGaps,
    exemplar: exemplarJson(exemplar),
  };
}

function sumsJson({ spanCount, errorCount, durations, exemplar }: RedSums): RedSumsJson {
  return { spanCount, errorCount, durations: durationsJson(durations), exemplar: exemplarJson(exemplar) };
}

/** Null without a duration. */
export function durationsOrNull(sketch: LatencySketch | undefined): DurationsJson | null {
  return sketch === undefined || sketch.isEmpty ? null : durationsJson(sketch);
}

function durationsJson(sketch: LatencySketch): DurationsJson {
  const quantile = (share: number): number => sketch.quantile(share) / NANOS_PER_MILLI;
  return {
    avgMs: sketch.meanNanos / NANOS_PER_MILLI,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    maxMs: sketch.maxNanos / NANOS_PER_MILLI,
    stdDevMs: sketch.standardDeviationNanos() / NANOS_PER_MILLI,
  };
}

function exemplarJson(exemplar: Exemplar | undefined): ExemplarJson | null {
  if (exemplar === undefined) return null;
  const { traceId, spanId, durationNanos } = exemplar;
  return { traceId, spanId, durationMs: durationNanos / NANOS_PER_MILLI };
}
