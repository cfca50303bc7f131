/** The words of the language and what they stand for. */

import type { AttributeScope, FilterValue, Intrinsic, MetricsFunction } from "../filter/query-model.ts";
import { INTRINSICS, KINDS, STATUSES } from "../filter/query-model.ts";

/** Least and greatest 64-bit integer. */
export const MIN_INT: bigint = -(2n ** 63n);
/** Greatest 64-bit integer. */
export const MAX_INT: bigint = 2n ** 63n - 1n;

/** What may stand before the dot of an attribute; a dot alone is `any`. */
export const SCOPE_WORDS: ReadonlyMap<string, AttributeScope> = new Map<string, AttributeScope>([
  ["span", "span"],
  ["resource", "resource"],
  ["event", "event"],
  ["link", "link"],
  ["instrumentation", "instrumentation"],
]);

/** Names of intrinsics without a scope. */
const BARE_INTRINSICS: readonly (readonly [string, Intrinsic])[] = [
  ["duration", "span:duration"],
  ["name", "span:name"],
  ["status", "span:status"],
  ["statusMessage", "span:statusMessage"],
  ["kind", "span:kind"],
  ["rootName", "trace:rootName"],
  ["rootServiceName", "trace:rootService"],
  ["traceDuration", "trace:duration"],
  ["nestedSetLeft", "span:nestedSetLeft"],
  ["nestedSetRight", "span:nestedSetRight"],
  ["nestedSetParent", "span:nestedSetParent"],
  ["selfTime", "span:selfTime"],
  ["criticalPath", "span:criticalPath"],
];

/** Every name of an intrinsic, scoped and not. */
export const INTRINSIC_WORDS: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ...INTRINSICS.map((name) => [name, name] as const),
  ...BARE_INTRINSICS,
]);

/** Intrinsics that other readers of the language know by their name without a scope only. */
export const PRINTED_BARE: ReadonlyMap<Intrinsic, string> = new Map<Intrinsic, string>([
  ["span:nestedSetLeft", "nestedSetLeft"],
  ["span:nestedSetRight", "nestedSetRight"],
  ["span:nestedSetParent", "nestedSetParent"],
]);

/** Names of intrinsics without a scope, by what they stand for: labels of series have them. */
export const BARE_NAMES: ReadonlyMap<Intrinsic, string> = new Map(
  BARE_INTRINSICS.map(([name, intrinsic]) => [intrinsic, name]),
);

/** Words that are values. */
export const VALUE_WORDS: ReadonlyMap<string, FilterValue> = new Map<string, FilterValue>([
  ["true", { type: "boolean", value: true }],
  ["false", { type: "boolean", value: false }],
  ["nil", { type: "nil" }],
  ["minInt", { type: "int", value: MIN_INT }],
  ["maxInt", { type: "int", value: MAX_INT }],
  ...STATUSES.map((value) => [value, { type: "status", value }] as const),
  ...KINDS.map((value) => [value, { type: "kind", value }] as const),
]);

/** Functions over the spans of a spanset. */
export const AGGREGATE_WORDS: ReadonlySet<string> = new Set(["count", "min", "max", "avg", "sum"]);

/** Stages that are written as a call. */
export const STAGE_WORDS: ReadonlySet<string> = new Set(["by", "coalesce", "select", "orderBy"]);

/** What a function over time takes in its parentheses. */
export const METRICS_WORDS: ReadonlyMap<
  MetricsFunction | "compare",
  "nothing" | "field" | "quantiles" | "filter"
> = new Map<MetricsFunction | "compare", "nothing" | "field" | "quantiles" | "filter">([
  ["rate", "nothing"],
  ["count_over_time", "nothing"],
  ["min_over_time", "field"],
  ["max_over_time", "field"],
  ["avg_over_time", "field"],
  ["sum_over_time", "field"],
  ["quantile_over_time", "quantiles"],
  ["histogram_over_time", "field"],
  ["compare", "filter"],
]);

/** Stages over series that are written as a call. */
export const SERIES_WORDS: ReadonlySet<string> = new Set(["topk", "bottomk"]);

/** How tightly operators of conditions bind; `^` alone groups to the right. */
export const FIELD_PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ...["&&", "||"].map((text) => [text, 1] as const),
  ...["=", "!=", "<", "<=", ">", ">=", "=~", "!~"].map((text) => [text, 2] as const),
  ...["+", "-"].map((text) => [text, 3] as const),
  ...["*", "/", "%"].map((text) => [text, 4] as const),
  ["^", 5],
]);

/** Precedence of what stands behind a sign: `-a * b` is `-(a * b)`. */
export const SIGN_OPERAND_PRECEDENCE: number = 4;
/** Precedence of `^`. */
export const POWER_PRECEDENCE: number = 5;
