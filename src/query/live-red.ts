/** Rate, errors and duration of operations, as a table or over time, from live statistics. */

import type { LatencySketch } from "../analysis/latency-sketch.ts";
import { TracAggError } from "../base/errors.ts";
import { floorTo } from "../base/whole-steps.ts";
import type { SpanKind } from "../model/span-kind.ts";
import { spanKindFromNumber } from "../model/span-kind.ts";
import type { CellSums, Exemplar } from "../rollup/cells.ts";
import { SpanCell } from "../rollup/cells.ts";
import type { LiveStatistics } from "../rollup/live-statistics.ts";
import type { SecondsRange } from "../rollup/rollup-level.ts";
import { RESOLUTIONS } from "../rollup/rollups.ts";
import { partsOfSeries } from "../rollup/series.ts";
import { coveredOf, liveStatisticsOf, secondsRangeFrom } from "./live-range.ts";
import type { QueryContext } from "./query-context.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";

/** Most points of an answer over time, all of its series together. */
const MAX_POINTS = 11_000;
/** Steps aimed at when none is asked for: a point for every few pixels of a chart. */
const WANTED_STEPS = 240;
const STATUS_ERROR = 2;

/** How finely spans are told apart. */
export type RedGrouping = "service" | "operation" | "kind";

/** Which spans are asked for. */
export interface RedRequest extends TextRange {
  readonly serviceName?: string;
  readonly operationName?: string;
  readonly kind?: SpanKind;
  /** Default `operation`: one row for service and operation. */
  readonly groupBy?: RedGrouping;
}

/** Sums of some spans. */
export interface RedSums {
  /** Adjusted counts: a sampled span counts as often as it stands for. */
  readonly spanCount: number;
  readonly errorCount: number;
  readonly durations: LatencySketch;
  /** The slowest span that was seen. */
  readonly exemplar: Exemplar | undefined;
}

/** What a row or a series is of; "" and undefined where rows are not told apart by it. */
export interface RedKey {
  readonly serviceName: string;
  readonly operationName: string;
  readonly kind: SpanKind | undefined;
}

/** A table. */
export interface RedAnswer {
  /** By service, operation, kind. */
  readonly rows: readonly { readonly key: RedKey; readonly sums: RedSums }[];
  readonly range: CoveredRange;
}

/** Rows over time. */
export interface RedSeriesAnswer {
  /** Length of a step; start of each step in seconds since the epoch. */
  readonly stepSeconds: number;
  readonly series: readonly {
    readonly key: RedKey;
    /** Steps in which there was a span, oldest first. */
    readonly points: readonly { readonly startSeconds: number; readonly sums: RedSums }[];
  }[];
  readonly range: CoveredRange;
}

/**
 * Sums by operation over a range.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read, `unimplemented` without live statistics.
 */
export async function redIn(context: QueryContext, request: RedRequest): Promise<RedAnswer> {
  const live = liveStatisticsOf(context);
  const groups = new RedGroups(live, request);
  const nowMillis = context.clock.nowMillis();
  const range = coveredOf(live.rollups.addUp(secondsRangeFrom(request, nowMillis, live), groups), nowMillis);
  return { rows: groups.rows(), range };
}

/**
 * The same over time. Without a step one is chosen that gives some 240 points; steps are multiples of the windows that
 * reach back so far.
 *
 * @throws TracAggError `invalid_argument` for a range that cannot be read, `too_large` for more than 11,000 points,
 * `unimplemented` without live statistics.
 */
export async function redSeriesIn(
  context: QueryContext,
  request: RedRequest & { readonly stepSeconds?: number },
): Promise<RedSeriesAnswer> {
  const live = liveStatisticsOf(context);
  const nowMillis = context.clock.nowMillis();
  const asked = secondsRangeFrom(request, nowMillis, live);
  const windowSeconds = windowsFor(asked, nowMillis / 1_000, request.stepSeconds);
  const upToNow = { ...asked, end: Math.min(asked.end, nowMillis / 1_000) };
  const stepSeconds = stepOf(upToNow, windowSeconds, request.stepSeconds);
  const steps = new Map<number, RedGroups>();
  for (const window of live.rollups.windows(windowSeconds, asked)) {
    const start = floorTo(window.startSeconds, stepSeconds);
    const groups = steps.get(start) ?? new RedGroups(live, request);
    steps.set(start, groups);
    window.addTo(groups);
  }
  return { stepSeconds, series: seriesOf(steps), range: coveredOf(asked, nowMillis) };
}

/** The finest windows that reach back to the start of the range and are no longer than a step. */
function windowsFor({ start }: SecondsRange, now: number, stepSeconds: number | undefined): number {
  const reaching = RESOLUTIONS.filter(({ keepSeconds }) => start >= now - keepSeconds - 1);
  const coarsest = RESOLUTIONS.at(-1) as (typeof RESOLUTIONS)[number];
  const finest = (reaching[0] ?? coarsest).windowSeconds;
  if (stepSeconds === undefined) return finest;
  const fitting = RESOLUTIONS.filter(
    ({ windowSeconds }) => windowSeconds >= finest && stepSeconds % windowSeconds === 0,
  );
  return fitting.at(-1)?.windowSeconds ?? finest;
}

function stepOf({ start, end }: SecondsRange, windowSeconds: number, asked: number | undefined): number {
  const wanted = asked ?? (end - start) / WANTED_STEPS;
  return Math.max(1, Math.ceil(wanted / windowSeconds)) * windowSeconds;
}

function seriesOf(steps: ReadonlyMap<number, RedGroups>): RedSeriesAnswer["series"] {
  const series = new Map<string, { key: RedKey; points: { startSeconds: number; sums: RedSums }[] }>();
  let pointCount = 0;
  for (const startSeconds of [...steps.keys()].sort((left, right) => left - right)) {
    for (const { key, sums } of (steps.get(startSeconds) as RedGroups).rows()) {
      if (++pointCount > MAX_POINTS) throw tooManyPoints();
      const text = textOf(key);
      const known = series.get(text) ?? { key, points: [] };
      series.set(text, known);
      known.points.push({ startSeconds, sums });
    }
  }
  return [...series].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
}

function tooManyPoints(): TracAggError {
  return new TracAggError(
    "too_large",
    `more than ${MAX_POINTS} points: ask for one service or operation, a longer step or a shorter range`,
  );
}

interface RedGroup {
  readonly key: RedKey;
  readonly failed: SpanCell;
  readonly others: SpanCell;
}

/** Sums cells by what the request tells apart. */
class RedGroups implements CellSums {
  readonly #live: LiveStatistics;
  readonly #request: RedRequest;
  readonly #groups: Map<string, RedGroup> = new Map();
  /** The sum of each series seen so far, undefined for one that is not asked for. */
  readonly #sums: Map<number, SpanCell | undefined> = new Map();

  constructor(live: LiveStatistics, request: RedRequest) {
    this.#live = live;
    this.#request = request;
  }

  spanCell(series: number): SpanCell | undefined {
    if (!this.#sums.has(series)) this.#sums.set(series, this.#sumOf(series));
    return this.#sums.get(series);
  }

  edgeCell(): undefined {
    return undefined;
  }

  rows(): { key: RedKey; sums: RedSums }[] {
    const sorted = [...this.#groups].sort(([left], [right]) => (left < right ? -1 : 1));
    return sorted.map(([, { key, failed, others }]) => {
      const all = new SpanCell();
      all.merge(failed);
      all.merge(others);
      const { durations, exemplar } = all;
      return {
        key,
        sums: { spanCount: durations.count, errorCount: failed.durations.count, durations, exemplar },
      };
    });
  }

  #sumOf(series: number): SpanCell | undefined {
    const { serviceName, operationName, kind, groupBy = "operation" } = this.#request;
    const parts = partsOfSeries(series);
    const service = this.#live.operations.service(parts.operation);
    const operation = this.#live.operations.name(parts.operation);
    const spanKind = spanKindFromNumber(parts.kind);
    const isWanted =
      (serviceName === undefined || service === serviceName) &&
      (operationName === undefined || operation === operationName) &&
      (kind === undefined || spanKind === kind);
    if (!isWanted) return undefined;
    const group = this.#groupOf({
      serviceName: service,
      operationName: groupBy === "service" ? "" : operation,
      kind: groupBy === "kind" ? spanKind : undefined,
    });
    return parts.statusCode === STATUS_ERROR ? group.failed : group.others;
  }

  #groupOf(key: RedKey): RedGroup {
    const text = textOf(key);
    const known = this.#groups.get(text);
    if (known !== undefined) return known;
    const fresh = { key, failed: new SpanCell(), others: new SpanCell() };
    this.#groups.set(text, fresh);
    return fresh;
  }
}

function textOf({ serviceName, operationName, kind }: RedKey): string {
  return JSON.stringify([serviceName, operationName, kind ?? ""]);
}
