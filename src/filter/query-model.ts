/**
 * The filter model: what may be asked of spans and traces, whatever language it was asked in. Plain data; what it means
 * is said by the evaluator, how it is written by TraceQL.
 */

/** Where a part stands in the text it was read from, in UTF-16 units; `end` is exclusive. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

/** Whose attribute: `any` asks the span, then its resource. */
export const ATTRIBUTE_SCOPES = ["any", "span", "resource", "event", "link", "instrumentation"] as const;
/** One of {@link ATTRIBUTE_SCOPES}. */
export type AttributeScope = (typeof ATTRIBUTE_SCOPES)[number];

/** What every span and trace has, by its scoped name. Older names are read as these. */
export const INTRINSICS = [
  "trace:duration",
  "trace:rootName",
  "trace:rootService",
  "trace:id",
  "span:duration",
  "span:name",
  "span:kind",
  "span:status",
  "span:statusMessage",
  "span:id",
  "span:parentID",
  "span:childCount",
  "span:nestedSetLeft",
  "span:nestedSetRight",
  "span:nestedSetParent",
  "span:selfTime",
  "span:criticalPath",
  "event:name",
  "event:timeSinceStart",
  "link:traceID",
  "link:spanID",
  "instrumentation:name",
  "instrumentation:version",
] as const;
/** One of {@link INTRINSICS}. */
export type Intrinsic = (typeof INTRINSICS)[number];

/** Texts of {@link StatusValue}. */
export const STATUSES = ["unset", "ok", "error"] as const;
/** Texts of {@link KindValue}. */
export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

/** A value as the model compares it. `nil` is what a span does not have. */
export type FilterValue =
  | { readonly type: "string"; readonly value: string }
  /** 64 bits, signed. */
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "duration"; readonly nanos: bigint }
  | { readonly type: "boolean"; readonly value: boolean }
  | StatusValue
  | KindValue
  | { readonly type: "nil" };

/** A status of a span. */
export interface StatusValue {
  readonly type: "status";
  readonly value: (typeof STATUSES)[number];
}

/** A kind of a span. */
export interface KindValue {
  readonly type: "kind";
  readonly value: (typeof KINDS)[number];
}

/** A value written in a query. */
export interface Literal extends SourceRange {
  readonly node: "literal";
  readonly value: FilterValue;
}

/** An attribute of a span or of what belongs to it. */
export interface AttributeField extends SourceRange {
  readonly node: "attribute";
  readonly scope: AttributeScope;
  readonly key: string;
}

/** An intrinsic of a span or of its trace. */
export interface IntrinsicField extends SourceRange {
  readonly node: "intrinsic";
  readonly name: Intrinsic;
}

/** What can be grouped by, selected and measured. */
export type Field = AttributeField | IntrinsicField;

/** Operators that give a number. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^";
/** Operators that compare two values. */
export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~";
/** Operators between truth values, and between spansets. */
export type LogicalOperator = "&&" | "||";

/** Two expressions and what is between them. */
export interface BinaryExpression extends SourceRange {
  readonly node: "binary";
  readonly operator: ArithmeticOperator | ComparisonOperator | LogicalOperator;
  readonly left: FieldExpression;
  readonly right: FieldExpression;
}

/** `-` of a number, `!` of a truth value. */
export interface UnaryExpression extends SourceRange {
  readonly node: "unary";
  readonly operator: "-" | "!";
  readonly operand: FieldExpression;
}

/** An expression over one span. */
export type FieldExpression = Literal | AttributeField | IntrinsicField | BinaryExpression | UnaryExpression;

/** Relations of a span on the right to one on the left; the right one is kept. */
export type StructuralRelation = "child" | "parent" | "descendant" | "ancestor" | "sibling";

/** Spans that a condition holds on; all of them without one. */
export interface SpansetFilter extends SourceRange {
  readonly node: "filter";
  readonly condition?: FieldExpression;
}

/** Both spansets when neither is empty, or whatever there is of both. */
export interface SpansetCombination extends SourceRange {
  readonly node: "combination";
  readonly operator: LogicalOperator;
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/**
 * Spans of the right that are related to some span of the left. `not`: those that are related to none. `union`: the
 * related spans of both sides.
 */
export interface SpansetRelation extends SourceRange {
  readonly node: "relation";
  readonly relation: StructuralRelation;
  readonly form: "plain" | "not" | "union";
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/** An expression over the spans of one trace; a pipeline stands in parentheses. */
export type SpansetExpression = SpansetFilter | SpansetCombination | SpansetRelation | Pipeline;

/** A number made of all spans of a spanset. */
export interface Aggregate extends SourceRange {
  readonly node: "aggregate";
  readonly function: "count" | "min" | "max" | "avg" | "sum";
  /** Absent for `count` alone. */
  readonly field?: FieldExpression;
}

/** Arithmetic over aggregates and values. */
export interface ScalarBinary extends SourceRange {
  readonly node: "scalarBinary";
  readonly operator: ArithmeticOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

/** An expression over a whole spanset. */
export type ScalarExpression = Literal | Aggregate | ScalarBinary;

/** Keeps spansets on which a comparison holds. */
export interface ScalarFilter extends SourceRange {
  readonly node: "scalarFilter";
  readonly operator: Exclude<ComparisonOperator, "=~" | "!~">;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

/** Parts each spanset by a value of its spans. */
export interface GroupStage extends SourceRange {
  readonly node: "by";
  readonly field: FieldExpression;
}

/** Makes one spanset of all of a trace. */
export interface CoalesceStage extends SourceRange {
  readonly node: "coalesce";
}

/** Adds fields to what is shown of each span. */
export interface SelectStage extends SourceRange {
  readonly node: "select";
  readonly fields: readonly Field[];
}

/** Sorts the traces of an answer, whole: the first are the first of everything that matches. */
export interface OrderStage extends SourceRange {
  readonly node: "orderBy";
  readonly key: Field | Aggregate;
  readonly direction: "asc" | "desc";
}

/** One step of a pipeline. */
export type PipelineStage =
  | SpansetExpression
  | ScalarFilter
  | GroupStage
  | CoalesceStage
  | SelectStage
  | OrderStage;

/** Steps, each over what the one before gives. */
export interface Pipeline extends SourceRange {
  readonly node: "pipeline";
  readonly stages: readonly PipelineStage[];
}

/** Functions over time. */
export type MetricsFunction =
  | "rate"
  | "count_over_time"
  | "min_over_time"
  | "max_over_time"
  | "avg_over_time"
  | "sum_over_time"
  | "quantile_over_time"
  | "histogram_over_time";

/** A function over time of the spans that a pipeline gives. */
export interface MetricsAggregate extends SourceRange {
  readonly node: "metricsAggregate";
  readonly function: MetricsFunction;
  /** Absent for `rate` and `count_over_time` alone. */
  readonly field?: Field;
  /** Of `quantile_over_time`, each 0 to 1. */
  readonly quantiles?: readonly number[];
  readonly by: readonly Field[];
}

/** Which values set a selection of spans apart from the other spans. */
export interface MetricsComparison extends SourceRange {
  readonly node: "compare";
  readonly selection: SpansetFilter;
  /** 1 to 1,000. */
  readonly topN: number;
  /** Of the selection, in nanoseconds since the epoch. */
  readonly range?: { readonly startUnixNano: bigint; readonly endUnixNano: bigint };
}

/** What is done with the series of a function over time. */
export type SeriesStage =
  | (SourceRange & { readonly node: "topk" | "bottomk"; readonly count: number })
  | (SourceRange & {
      readonly node: "threshold";
      readonly operator: Exclude<ComparisonOperator, "=~" | "!~">;
      readonly value: number;
    });

/** Spans in, series out. */
export interface MetricsPipeline extends SourceRange {
  readonly node: "metrics";
  readonly spans: Pipeline;
  readonly metrics: MetricsAggregate | MetricsComparison;
  readonly series: readonly SeriesStage[];
}

/** Arithmetic over series of equal labels, and over numbers. */
export interface MetricsMath extends SourceRange {
  readonly node: "metricsMath";
  readonly operator: "+" | "-" | "*" | "/";
  readonly left: MetricsExpression;
  readonly right: MetricsExpression;
}

/** A number in arithmetic over series. */
export interface MetricsNumber extends SourceRange {
  readonly node: "number";
  readonly value: number;
}

/** What gives series. */
export type MetricsExpression = MetricsPipeline | MetricsMath | MetricsNumber;

/** A wish about how a query is worked out. */
export interface Hint extends SourceRange {
  readonly name: string;
  readonly value: FilterValue;
  /** Set when it is about the inner workings of another engine. */
  readonly ignored?: true;
}

/** A whole query. */
export interface Query {
  readonly expression: Pipeline | MetricsExpression;
  readonly hints: readonly Hint[];
}
