/** What sets a selection of spans apart: how often each value of each attribute occurs in it, and elsewhere. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import { HeldPart } from "../../base/held-bytes.ts";
import type { Steps } from "../../base/time-slice.ts";
import { groupKey } from "../evaluator/group-key.ts";
import type { Value } from "../evaluator/values.ts";
import type { Series } from "./series.ts";
import type { SeriesGrid } from "./series-grid.ts";
import type { SeriesLabel } from "./series-labels.ts";
import { compareLabels, SERIES_LABELS } from "./series-labels.ts";

/** Which spans are counted. */
export type ComparedSide = "baseline" | "selection";

/** What a {@link ComparisonSums} is of. */
export interface ComparisonSumsOptions {
  readonly grid: SeriesGrid;
  /** Values given of each attribute and side: those that occur most. */
  readonly topN: number;
  /** Values counted of each attribute and side, default 10,000: beyond it none is given, and the attribute is marked. */
  readonly maxValues?: number;
  readonly held: HeldBytes;
}

/** Enough for any attribute whose values say something; ids of requests have more. */
const DEFAULT_MAX_VALUES = 10_000;
const TOO_MANY_VALUES = "__too_many_values__";

/** About what a value takes beside its text, and each interval that it occurs in. */
const VALUE_BYTES = 300;
const INTERVAL_BYTES = 40;

/** By interval; most values occur in few. */
type Counts = Map<number, number>;

interface CountedValue {
  readonly value: Value;
  readonly counts: Counts;
  total: number;
}

interface SideSums {
  readonly totals: Counts;
  readonly values: Map<string, CountedValue>;
  readonly held: HeldPart;
  hasTooMany: boolean;
}

interface AttributeSums extends Readonly<Record<ComparedSide, SideSums>> {
  total: number;
}

const SIDES: readonly ComparedSide[] = ["baseline", "selection"];

/** Counts values of attributes on both sides, in any order. */
export class ComparisonSums {
  readonly #options: ComparisonSumsOptions;
  readonly #attributes = new Map<string, AttributeSums>();

  constructor(options: ComparisonSumsOptions) {
    this.#options = options;
  }

  /** Counts an attribute of one span. */
  add(side: ComparedSide, interval: number, { name, value }: SeriesLabel): void {
    const attribute = this.#attributeOf(name);
    attribute.total++;
    const sums = attribute[side];
    count(sums.totals, interval, sums.held);
    if (sums.hasTooMany) return;
    const key = groupKey(value);
    let known = sums.values.get(key);
    if (known === undefined) {
      if (sums.values.size >= (this.#options.maxValues ?? DEFAULT_MAX_VALUES)) {
        sums.hasTooMany = true;
        sums.values.clear();
        sums.held.release();
        return;
      }
      sums.held.add(VALUE_BYTES + key.length * 4);
      known = { value, counts: new Map(), total: 0 };
      sums.values.set(key, known);
    }
    known.total++;
    count(known.counts, interval, sums.held);
  }

  /** The attributes that most spans have first, of each the values that occur most. */
  *series(): Steps<readonly Series[]> {
    const all: Series[] = [];
    const byTotal = [...this.#attributes].sort(
      ([leftName, left], [rightName, right]) => right.total - left.total || (leftName < rightName ? -1 : 1),
    );
    for (const [name, attribute] of byTotal) {
      for (const side of SIDES) {
        const made = this.#seriesOf(name, side, attribute[side]);
        this.#options.held.add(made.length * (8 * this.#options.grid.intervals + VALUE_BYTES));
        all.push(...made);
        yield attribute[side].values.size + made.length * this.#options.grid.intervals;
      }
    }
    return all;
  }

  #attributeOf(name: string): AttributeSums {
    let attribute = this.#attributes.get(name);
    if (attribute === undefined) {
      const { held } = this.#options;
      held.add(VALUE_BYTES + name.length * 2);
      attribute = { total: 0, baseline: emptySums(held), selection: emptySums(held) };
      this.#attributes.set(name, attribute);
    }
    return attribute;
  }

  #seriesOf(name: string, side: ComparedSide, { totals, values, hasTooMany }: SideSums): Series[] {
    if (totals.size === 0) return [];
    const type = { name: SERIES_LABELS.compared, value: side };
    const none = { name, value: undefined };
    const series = [...values.values()]
      .sort(
        (left, right) =>
          right.total - left.total ||
          compareLabels([{ name, value: left.value }], [{ name, value: right.value }]),
      )
      .slice(0, this.#options.topN)
      .map(({ value, counts }) => this.#counted([type, { name, value }], counts));
    if (hasTooMany) {
      const error = { name: SERIES_LABELS.error, value: TOO_MANY_VALUES };
      series.push(this.#counted([type, error, none], new Map()));
    }
    series.push(this.#counted([{ ...type, value: `${side}_total` }, none], totals));
    return series;
  }

  #counted(labels: readonly SeriesLabel[], counts: Counts): Series {
    const values = new Float64Array(this.#options.grid.intervals);
    for (const [interval, count] of counts) values[interval] = count;
    return { labels, values, exemplars: [] };
  }
}

function emptySums(held: HeldBytes): SideSums {
  return { totals: new Map(), values: new Map(), held: new HeldPart(held), hasTooMany: false };
}

function count(counts: Counts, interval: number, held: HeldBytes): void {
  const known = counts.get(interval);
  if (known === undefined) held.add(INTERVAL_BYTES);
  counts.set(interval, (known ?? 0) + 1);
}
