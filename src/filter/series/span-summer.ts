/** Functions over time of single spans, which a store may sum up by itself. */

import { MAX_CONDITIONS } from "../conditions/bounded-condition.ts";
import type { SpanCondition } from "../conditions/condition.ts";
import { ALWAYS, allOf, leavesIn } from "../conditions/condition.ts";
import { exactSpanCondition } from "../conditions/exact-condition.ts";
import type { Value } from "../evaluator/values.ts";
import type { Field, MetricsAggregate, Pipeline } from "../query-model.ts";
import type { SpanIdentity } from "./exemplar-picker.ts";
import type { SummedValues } from "./interval-sums.ts";
import type { SeriesGrid } from "./series-grid.ts";

/** What is summed up. */
export interface SpanSumsRequest {
  /** Spans that count: these and no others. */
  readonly condition: SpanCondition;
  /** What they are told apart by: names, kinds, statuses, attributes of spans and resources. */
  readonly by: readonly Field[];
  /** What is measured: durations or attributes of spans; undefined: spans are counted. */
  readonly value: Field | undefined;
  /** True when values are counted by powers of two. */
  readonly needsPowers: boolean;
  readonly grid: SeriesGrid;
  /** Intervals, or parts of the grid that have several, that exemplars are chosen in; 0: none are. */
  readonly slots: number;
  readonly exemplarsPerSlot: number;
}

/** Takes what a store summed up. */
export interface SpanSummer {
  readonly request: SpanSumsRequest;
  /** Adds spans with equal values of what they are told apart by, in its order, that start in one interval. */
  addSums(labels: readonly Value[], interval: number, sums: SummedValues): void;
  /** Offers a span that was added, should it stand for others. */
  offer(labels: readonly Value[], timeUnixNano: bigint, value: number, span: SpanIdentity): void;
}

/** The condition on spans that a pipeline comes to, if it asks nothing of traces; undefined when it does. */
export function conditionOfSpans({ stages }: Pipeline): SpanCondition | undefined {
  let condition: SpanCondition = ALWAYS;
  for (const stage of stages) {
    if (stage.node !== "filter") return undefined;
    const exact = stage.condition === undefined ? ALWAYS : exactSpanCondition(stage.condition);
    if (exact === undefined) return undefined;
    condition = allOf(condition, exact);
  }
  return leavesIn(condition).length > MAX_CONDITIONS ? undefined : condition;
}

/** True when what is measured and told apart is in single spans. */
export function isOfSingleSpans({ field, by }: MetricsAggregate): boolean {
  return by.every(isLabel) && (field === undefined || isMeasured(field));
}

function isLabel(field: Field): boolean {
  if (field.node === "attribute") {
    return field.scope === "any" || field.scope === "span" || field.scope === "resource";
  }
  return field.name === "span:name" || field.name === "span:kind" || field.name === "span:status";
}

function isMeasured(field: Field): boolean {
  return field.node === "attribute" ? field.scope === "span" : field.name === "span:duration";
}
