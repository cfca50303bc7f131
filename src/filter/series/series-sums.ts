/** Series put together from observations, or from sums of them that were made elsewhere. Knows nothing of traces. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import type { Steps } from "../../base/time-slice.ts";
import type { MetricsAggregate } from "../query-model.ts";
import type { SpanIdentity } from "./exemplar-picker.ts";
import { ExemplarPicker } from "./exemplar-picker.ts";
import type { IntervalSums, PowerSums, SummedValues } from "./interval-sums.ts";
import { createIntervalSums, createPowerSums } from "./interval-sums.ts";
import { exponentOf, quantileOf } from "./power-of-two.ts";
import type { Series, SeriesExemplar } from "./series.ts";
import type { SeriesGrid } from "./series-grid.ts";
import { intervalOf } from "./series-grid.ts";
import type { SeriesLabel } from "./series-labels.ts";
import { compareLabels, labelsKey, SERIES_LABELS, shownLabels } from "./series-labels.ts";

/** What a {@link SeriesSums} is of. */
export interface SeriesSumsOptions {
  readonly metrics: Pick<MetricsAggregate, "function" | "quantiles" | "by">;
  readonly grid: SeriesGrid;
  /** True when values are nanoseconds: series of them are in seconds. */
  readonly isDuration: boolean;
  /** Most groups: what comes in further ones is left out, see {@link SeriesSums.isCut}. */
  readonly maxGroups: number;
  /** Most exemplars of all series together. */
  readonly maxExemplars: number;
  readonly held: HeldBytes;
}

/** One series, or those of one histogram or of several quantiles. */
interface Group {
  readonly labels: readonly SeriesLabel[];
  readonly sums: IntervalSums;
  /** The same as `sums` where a function needs them. */
  readonly powers: PowerSums | undefined;
}

/** Maps, labels and what else a group has beside its sums. */
const GROUP_BYTES = 400;
const DOUBLE_BYTES = 8;
const NANOS_PER_SECOND = 1e9;

/**
 * Sums up spans, or what was summed up already, by labels and interval. In whatever order and parts things come, the
 * series are the same, as long as there are no more groups than may be (sums of fractions may differ in their last digit).
 *
 * @example
 * const sums = new SeriesSums({ metrics, grid, isDuration: false, maxGroups, maxExemplars, held });
 * sums.add([{ name: "resource.service.name", value: "checkout" }], startTimeUnixNano, 1);
 * sums.addSums([{ name: "resource.service.name", value: "cart" }], 0, { count: 40 });
 * const series = await inSlices(sums.series(), slice);
 */
export class SeriesSums {
  readonly #options: SeriesSumsOptions;
  readonly #picker: ExemplarPicker;
  readonly #numbers = new Map<string, number>();
  readonly #groups: Group[] = [];
  #isCut = false;

  constructor(options: SeriesSumsOptions) {
    this.#options = options;
    this.#picker = new ExemplarPicker(options.grid, options.maxExemplars);
  }

  /** True when there were more groups than may be. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /**
   * Adds one span, or a value of one.
   *
   * @param labels - what `by` asks for, in its order, nil ones too; none without `by`
   * @param timeUnixNano - start of the span; outside the grid it does not count
   * @param value - in nanoseconds for a duration; of no matter where spans are only counted
   * @param identify - who the span is, should it be chosen as an exemplar; absent: it is not to be
   */
  add(
    labels: readonly SeriesLabel[],
    timeUnixNano: bigint,
    value: number,
    identify?: () => SpanIdentity,
  ): void {
    const { grid, metrics } = this.#options;
    const interval = intervalOf(grid, timeUnixNano);
    if (interval === -1 || Number.isNaN(value)) return;
    if (takesPowers(metrics.function) && exponentOf(value) === undefined) return;
    const series = this.#numberOf(labels);
    if (series === -1) return;
    this.#groups[series]?.sums.add(interval, value);
    if (identify !== undefined) this.#picker.offer({ series, interval, timeUnixNano, value, identify });
  }

  /** Adds many spans of one group and interval at once. */
  addSums(labels: readonly SeriesLabel[], interval: number, sums: SummedValues): void {
    if (sums.count === 0) return;
    if (takesPowers(this.#options.metrics.function) && (sums.powers?.size ?? 0) === 0) return;
    const number = this.#numberOf(labels);
    if (number !== -1) this.#groups[number]?.sums.addSums(interval, sums);
  }

  /** Offers a span that is in the sums, should it stand for others. */
  offer(labels: readonly SeriesLabel[], timeUnixNano: bigint, value: number, span: SpanIdentity): void {
    const interval = intervalOf(this.#options.grid, timeUnixNano);
    const series = interval === -1 ? -1 : this.#numberOf(labels);
    if (series !== -1) this.#picker.offer({ series, interval, timeUnixNano, value, identify: () => span });
  }

  /** How exemplars are chosen: parts of time, and spans of each. */
  get exemplarSlots(): Pick<ExemplarPicker, "slots" | "perSlot"> {
    return this.#picker;
  }

  /** All series, by their labels. What is counted without `by` is a series even when it counts nothing. */
  *series(): Steps<readonly Series[]> {
    const { metrics, grid, held } = this.#options;
    if (metrics.by.length === 0 && isCount(metrics.function)) this.#numberOf([]);
    const picked = new Map<number, Picked[]>();
    for (const each of this.#picker.picked()) {
      const known = picked.get(each.series);
      if (known === undefined) picked.set(each.series, [each]);
      else known.push(each);
    }
    const all: Series[] = [];
    for (const [number, group] of this.#groups.entries()) {
      const made = this.#seriesOf(group, picked.get(number) ?? []);
      held.add(made.length * (DOUBLE_BYTES * grid.intervals + GROUP_BYTES));
      all.push(...made);
      yield grid.intervals * Math.max(1, made.length);
    }
    return all.sort((left, right) => compareLabels(left.labels, right.labels));
  }

  /** -1 when there are as many as may be. */
  #numberOf(labels: readonly SeriesLabel[]): number {
    const key = labelsKey(labels);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const { maxGroups, held, metrics, grid } = this.#options;
    if (this.#groups.length >= maxGroups) {
      this.#isCut = true;
      return -1;
    }
    held.add(GROUP_BYTES + key.length * 4);
    const number = this.#groups.length;
    this.#numbers.set(key, number);
    this.#groups.push({ labels, ...sumsFor(metrics.function, grid, held) });
    return number;
  }

  #seriesOf(group: Group, picked: readonly Picked[]): Series[] {
    const { metrics } = this.#options;
    if (group.powers === undefined) return [this.#plainSeries(group, picked)];
    if (metrics.function === "histogram_over_time") return this.#histogram(group, group.powers, picked);
    return this.#quantiles(group, group.powers, picked);
  }

  #plainSeries({ labels, sums }: Group, picked: readonly Picked[]): Series {
    const { metrics, grid } = this.#options;
    const counts = isCount(metrics.function);
    const divisor =
      metrics.function === "rate" ? Number(grid.stepNanos) / NANOS_PER_SECOND : counts ? 1 : this.#unit;
    const values = this.#values((interval) => sums.valueAt(interval) / divisor);
    return {
      labels:
        labels.length === 0 ? [{ name: SERIES_LABELS.name, value: metrics.function }] : shownLabels(labels),
      values,
      exemplars: picked.map((each) =>
        exemplarOf(each, counts ? (values[each.interval] as number) : each.value / this.#unit),
      ),
    };
  }

  /** A series for each bucket that anything is in. */
  #histogram({ labels }: Group, powers: PowerSums, picked: readonly Picked[]): Series[] {
    const exponents = new Set<number>();
    this.#values((interval) => {
      for (const exponent of powers.powersAt(interval)?.keys() ?? []) exponents.add(exponent);
      return 0;
    });
    return [...exponents].map((exponent) => {
      const values = this.#values((interval) => powers.powersAt(interval)?.get(exponent) ?? 0);
      const bucket = { name: SERIES_LABELS.bucket, value: 2 ** exponent / this.#unit };
      return {
        labels: [...shownLabels(labels), bucket],
        values,
        exemplars: picked
          .filter(({ value }) => exponentOf(value) === exponent)
          .map((each) => exemplarOf(each, values[each.interval] as number)),
      };
    });
  }

  /** A series for each quantile; an exemplar goes with the one that is closest to it. */
  #quantiles({ labels }: Group, powers: PowerSums, picked: readonly Picked[]): Series[] {
    const series = (this.#options.metrics.quantiles ?? []).map((quantile) => ({
      labels: [...shownLabels(labels), { name: SERIES_LABELS.quantile, value: quantile }],
      values: this.#values((interval) => {
        const counts = powers.powersAt(interval);
        return counts === undefined ? Number.NaN : quantileOf(counts, quantile) / this.#unit;
      }),
      exemplars: [] as SeriesExemplar[],
    }));
    for (const each of picked) {
      const value = each.value / this.#unit;
      const distances = series.map(({ values }) => Math.abs((values[each.interval] as number) - value));
      series[distances.indexOf(Math.min(...distances))]?.exemplars.push(exemplarOf(each, value));
    }
    return series;
  }

  #values(valueAt: (interval: number) => number): Float64Array {
    return new Float64Array(this.#options.grid.intervals).map((_, interval) => valueAt(interval));
  }

  get #unit(): number {
    return this.#options.isDuration ? NANOS_PER_SECOND : 1;
  }
}

type Picked = ReturnType<ExemplarPicker["picked"]>[number];

function exemplarOf({ traceId, spanId, timeUnixNano }: Picked, value: number): SeriesExemplar {
  return { traceId, spanId, timeUnixNano, value };
}

function isCount(name: MetricsAggregate["function"]): boolean {
  return name === "rate" || name === "count_over_time";
}

function takesPowers(
  name: MetricsAggregate["function"],
): name is "quantile_over_time" | "histogram_over_time" {
  return name === "quantile_over_time" || name === "histogram_over_time";
}

function sumsFor(
  name: MetricsAggregate["function"],
  { intervals }: SeriesGrid,
  held: HeldBytes,
): Omit<Group, "labels"> {
  if (!takesPowers(name)) return { sums: createIntervalSums(name, intervals, held), powers: undefined };
  const powers = createPowerSums(intervals, held);
  return { sums: powers, powers };
}
