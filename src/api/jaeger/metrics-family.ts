/** Statistics as spans arrive, in the shape of Jaeger's metrics. */

import { TracAggError } from "../../base/errors.ts";
import { floorTo } from "../../base/whole-steps.ts";
import { isoFromUnixNano } from "../../model/time.ts";
import type { RedKey, RedSeriesAnswer } from "../../query/live-red.ts";
import type { Queries } from "../../query/queries.ts";
import type { QueryCaller } from "../../query/query-limiter.ts";
import type { MetricsRequest } from "./metrics-request.ts";
import type { SumsByStep, TrailingSums, TrailingWindow } from "./trailing-sums.ts";
import { stepsOf, trailingSums } from "./trailing-sums.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
/** Steps grow until an answer has room for all operations; past an hour each they would say nothing. */
const MAX_STEP_SECONDS = 86_400;

/** One of the three metrics. */
export interface MetricKind {
  /** What stands behind `service_` or `service_operation_`. */
  readonly name: string;
  readonly help: string;
  /** The value at a moment; undefined: there is none. */
  value(sums: TrailingSums, windowSeconds: number): number | undefined;
}

/** Spans per second; 0 where there were none. */
export const CALL_RATE: MetricKind = {
  name: "call_rate",
  help: "calls/sec, grouped by service",
  value: ({ spanCount }, windowSeconds) => spanCount / windowSeconds,
};

/** Share of spans with an error; 0 where there were spans and none had one. */
export const ERROR_RATE: MetricKind = {
  name: "error_rate",
  help: "error rate, computed as a fraction of errors/sec over calls/sec, grouped by service",
  value: ({ spanCount, errorCount }) => (spanCount > 0 ? errorCount / spanCount : undefined),
};

/** A quantile of durations, in milliseconds. */
export function latencyOf(quantile: number): MetricKind {
  return {
    name: "latencies",
    help: `${quantile.toFixed(2)}th quantile latency, grouped by service`,
    value: ({ durations }) => (durations.isEmpty ? undefined : durations.quantile(quantile) / 1e6),
  };
}

/** `MetricFamily`, in protobuf's JSON form. */
export interface MetricFamilyJson {
  readonly name: string;
  readonly type: "GAUGE";
  readonly help: string;
  readonly metrics: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly metricPoints: readonly {
      readonly gaugeValue: { readonly doubleValue: number };
      readonly timestamp: string;
    }[];
  }[];
}

/**
 * A metric over time. Steps are at least as long as the windows that statistics are kept in so far back, and longer where
 * the answer would else be too large.
 *
 * @throws TracAggError `unimplemented` without live statistics.
 */
export async function metricFamily(
  queries: Queries,
  kind: MetricKind,
  { request, caller }: { readonly request: MetricsRequest; readonly caller: QueryCaller },
): Promise<MetricFamilyJson> {
  const { stepSeconds, series } = await redSeries(queries, request, caller);
  const window = windowOf(request, stepSeconds);
  const metrics = Array.from(grouped(series), ([, { key, of }]) => ({
    labels: labelsOf(key, request.byOperation),
    metricPoints: pointsOf(stepsOf(of), window, kind),
  }));
  const [subject, help] = request.byOperation
    ? ["service_operation", `${kind.help} & operation`]
    : ["service", kind.help];
  return {
    name: `${subject}_${kind.name}`,
    type: "GAUGE",
    help,
    metrics: metrics.filter(({ metricPoints }) => metricPoints.length > 0),
  };
}

/** Series of every service and kind, in steps of one length. */
async function redSeries(
  queries: Queries,
  request: MetricsRequest,
  caller: QueryCaller,
): Promise<Pick<RedSeriesAnswer, "stepSeconds" | "series">> {
  let { stepSeconds } = request;
  for (;;) {
    const answers = await seriesInSteps(queries, { request, stepSeconds, caller }).catch((thrown) => {
      const isTooLarge = thrown instanceof TracAggError && thrown.code === "too_large";
      if (isTooLarge && stepSeconds < MAX_STEP_SECONDS) return undefined;
      throw thrown;
    });
    const longest = Math.max(stepSeconds, ...(answers ?? []).map((answer) => answer.stepSeconds));
    if (answers?.every((answer) => answer.stepSeconds === longest)) {
      return { stepSeconds: longest, series: answers.flatMap(({ series }) => series) };
    }
    stepSeconds = answers === undefined ? Math.min(stepSeconds * 2, MAX_STEP_SECONDS) : longest;
  }
}

async function seriesInSteps(
  queries: Queries,
  {
    request,
    stepSeconds,
    caller,
  }: { readonly request: MetricsRequest; readonly stepSeconds: number; readonly caller: QueryCaller },
): Promise<readonly RedSeriesAnswer[]> {
  const { startSeconds, endSeconds, windowSeconds, byOperation } = request;
  const range = {
    start: isoFromUnixNano(nanosOf(Math.max(0, startSeconds - windowSeconds))),
    end: isoFromUnixNano(nanosOf(Math.max(endSeconds, 1))),
  };
  const answers: RedSeriesAnswer[] = [];
  for (const serviceName of request.services) {
    for (const kind of request.kinds) {
      const groupBy = byOperation ? "operation" : "service";
      answers.push(await queries.redSeries({ ...range, serviceName, kind, groupBy, stepSeconds }, caller));
    }
  }
  return answers;
}

/** Windows of at least one step, so that a rate over less than a step is one over the step. */
function windowOf(
  { startSeconds, endSeconds, windowSeconds }: MetricsRequest,
  stepSeconds: number,
): TrailingWindow {
  return {
    stepSeconds,
    stepsPerWindow: Math.max(1, Math.round(windowSeconds / stepSeconds)),
    firstStart: floorTo(Math.max(0, startSeconds - windowSeconds), stepSeconds),
    lastStart: floorTo(endSeconds - 0.001, stepSeconds),
    fromSeconds: startSeconds,
    untilSeconds: endSeconds,
  };
}

interface Group {
  readonly key: RedKey;
  readonly of: RedSeriesAnswer["series"][number][];
}

/** Series of one service, or one operation, whatever their kinds. */
function grouped(series: RedSeriesAnswer["series"]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const one of series) {
    const text = JSON.stringify([one.key.serviceName, one.key.operationName]);
    const known = groups.get(text);
    if (known === undefined) groups.set(text, { key: one.key, of: [one] });
    else known.of.push(one);
  }
  return new Map([...groups].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function labelsOf({ serviceName, operationName }: RedKey, byOperation: boolean) {
  const labels = [{ name: "service_name", value: serviceName }];
  return byOperation ? [...labels, { name: "operation", value: operationName }] : labels;
}

function pointsOf(steps: SumsByStep, window: TrailingWindow, kind: MetricKind) {
  const windowSeconds = window.stepsPerWindow * window.stepSeconds;
  const points: MetricFamilyJson["metrics"][number]["metricPoints"][number][] = [];
  for (const sums of trailingSums(steps, window)) {
    const doubleValue = kind.value(sums, windowSeconds);
    if (doubleValue === undefined) continue;
    const timestamp = new Date(sums.atSeconds * 1_000).toISOString().replace(".000Z", "Z");
    points.push({ gaugeValue: { doubleValue }, timestamp });
  }
  return points;
}

function nanosOf(seconds: number): bigint {
  return (BigInt(Math.round(seconds * 1_000)) * NANOS_PER_SECOND) / 1_000n;
}
