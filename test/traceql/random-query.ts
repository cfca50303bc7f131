/** Random queries as plain data, in the shape the parser gives. */

import fc from "fast-check";
import type {
  Aggregate,
  Field,
  FieldExpression,
  FilterValue,
  Literal,
  MetricsExpression,
  Pipeline,
  PipelineStage,
  Query,
  ScalarExpression,
  SpansetExpression,
  SpansetFilter,
} from "../../src/filter/query-model.ts";
import { ATTRIBUTE_SCOPES, INTRINSICS, KINDS, STATUSES } from "../../src/filter/query-model.ts";

const RANGE = { start: 0, end: 0 };

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const float = fc.double({ noNaN: true, noDefaultInfinity: true });
const number: fc.Arbitrary<FilterValue> = fc.oneof(
  fc.record({ type: fc.constant("int" as const), value: fc.oneof(fc.bigInt({ min: -9n, max: 9n }), int64) }),
  fc.record({ type: fc.constant("float" as const), value: float }),
  fc.record({
    type: fc.constant("duration" as const),
    // The least one has no positive that could stand behind its sign.
    nanos: fc.bigInt({ min: 1n - 2n ** 63n, max: 2n ** 63n - 1n }),
  }),
);
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("\\d+", 'a"b`c', "//", "a\r\nb"),
);
const value: fc.Arbitrary<FilterValue> = fc.oneof(
  number,
  fc.record({ type: fc.constant("string" as const), value: anyText }),
  fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("status" as const), value: fc.constantFrom(...STATUSES) }),
  fc.record({ type: fc.constant("kind" as const), value: fc.constantFrom(...KINDS) }),
  fc.constant<FilterValue>({ type: "nil" }),
);
const literalOf = (values: fc.Arbitrary<FilterValue>): fc.Arbitrary<Literal> =>
  values.map((one) => ({ node: "literal", value: one, ...RANGE }));

const key = fc.oneof(
  fc.constantFrom("a", "service.name", "http.status_code", "a-1", "5xx", "a b", 'a"b', "a\\b", "//", "{x}"),
  fc.string({ minLength: 1 }),
  fc.string({ unit: "binary", minLength: 1 }),
);
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ scope: fc.constantFrom(...ATTRIBUTE_SCOPES), key }).map((parts) => ({
    node: "attribute" as const,
    ...parts,
    ...RANGE,
  })),
  fc.constantFrom(...INTRINSICS).map((name) => ({ node: "intrinsic" as const, name, ...RANGE })),
);

const FIELD_OPERATORS = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "^",
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "=~",
  "!~",
  "&&",
  "||",
] as const;
const isNumber = (expression: FieldExpression): boolean =>
  expression.node === "literal" && ["int", "float", "duration"].includes(expression.value.type);

/** Expressions over one span. */
export const fieldExpression: fc.Arbitrary<FieldExpression> = fc.letrec<{ expression: FieldExpression }>(
  (tie) => ({
    expression: fc.oneof(
      { maxDepth: 5, depthSize: "medium" },
      fc.oneof<fc.Arbitrary<FieldExpression>[]>(literalOf(value), field),
      fc
        .record({
          operator: fc.constantFrom(...FIELD_OPERATORS),
          left: tie("expression"),
          right: tie("expression"),
        })
        .map((parts) => ({ node: "binary" as const, ...parts, ...RANGE })),
      fc
        .record({ operator: fc.constantFrom("-" as const, "!" as const), operand: tie("expression") })
        // A sign before a number is part of the number.
        .map((parts) =>
          parts.operator === "-" && isNumber(parts.operand)
            ? parts.operand
            : { node: "unary" as const, ...parts, ...RANGE },
        ),
    ),
  }),
).expression;

const filter: fc.Arbitrary<SpansetFilter> = fc
  .option(fieldExpression, { nil: undefined })
  .map((condition) => ({ node: "filter", ...(condition && { condition }), ...RANGE }));

const aggregate: fc.Arbitrary<Aggregate> = fc.oneof(
  fc.constant<Aggregate>({ node: "aggregate", function: "count", ...RANGE }),
  fc
    .record({ function: fc.constantFrom("min", "max", "avg", "sum"), field: fieldExpression })
    .map((parts): Aggregate => ({ node: "aggregate", ...parts, ...RANGE })),
);

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="] as const;
const scalar: fc.Arbitrary<ScalarExpression> = fc.letrec<{ scalar: ScalarExpression }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 3 },
    fc.oneof<fc.Arbitrary<ScalarExpression>[]>(literalOf(number), aggregate),
    fc
      .record({
        operator: fc.constantFrom("+", "-", "*", "/", "%", "^"),
        left: tie("scalar"),
        right: tie("scalar"),
      })
      .map((parts) => ({ node: "scalarBinary" as const, ...parts, ...RANGE })),
  ),
})).scalar;

const otherStage: fc.Arbitrary<PipelineStage> = fc.oneof<fc.Arbitrary<PipelineStage>[]>(
  fc
    .record({ operator: fc.constantFrom(...COMPARISONS), left: scalar, right: scalar })
    .map((parts) => ({ node: "scalarFilter", ...parts, ...RANGE })),
  fieldExpression.map((by) => ({ node: "by", field: by, ...RANGE })),
  fc.constant({ node: "coalesce", ...RANGE }),
  fc.array(field, { minLength: 1, maxLength: 3 }).map((fields) => ({ node: "select", fields, ...RANGE })),
  fc
    .record({
      key: fc.oneof<fc.Arbitrary<Field | Aggregate>[]>(field, aggregate),
      direction: fc.constantFrom("asc", "desc"),
    })
    .map((parts) => ({ node: "orderBy", ...parts, ...RANGE })),
);

const pipelineOf = (spansets: fc.Arbitrary<SpansetExpression>, minLength: number): fc.Arbitrary<Pipeline> =>
  fc
    .array(fc.oneof<fc.Arbitrary<PipelineStage>[]>(spansets, otherStage), { minLength, maxLength: 4 })
    // A pipeline as a stage is the same as its stages.
    .map((stages) => stages.flatMap((stage) => (stage.node === "pipeline" ? stage.stages : [stage])))
    .map((stages) => ({ node: "pipeline", stages, ...RANGE }));

const spanset: fc.Arbitrary<SpansetExpression> = fc.letrec<{ spanset: SpansetExpression }>((tie) => ({
  spanset: fc.oneof(
    { maxDepth: 4 },
    filter,
    fc
      .record({ operator: fc.constantFrom("&&", "||"), left: tie("spanset"), right: tie("spanset") })
      .map((parts) => ({ node: "combination" as const, ...parts, ...RANGE })),
    fc
      .record({
        relation: fc.constantFrom("child", "parent", "descendant", "ancestor", "sibling"),
        form: fc.constantFrom("plain", "not", "union"),
        left: tie("spanset"),
        right: tie("spanset"),
      })
      .map((parts) => ({ node: "relation" as const, ...parts, ...RANGE })),
    pipelineOf(tie("spanset"), 2),
  ),
})).spanset;

const pipeline = pipelineOf(spanset, 1);

const topK = fc.record({ node: fc.constantFrom("topk", "bottomk"), count: fc.integer({ min: 0, max: 99 }) });
const threshold = fc.record({
  node: fc.constant("threshold" as const),
  operator: fc.constantFrom(...COMPARISONS),
  value: float,
});
const by = fc.array(field, { maxLength: 5 });
const moment = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const call = fc.oneof(
  fc.record({ function: fc.constantFrom("rate", "count_over_time"), by }),
  fc.record({ function: fc.constantFrom("min_over_time", "histogram_over_time"), field, by }),
  fc.record({
    function: fc.constant("quantile_over_time" as const),
    field,
    quantiles: fc.array(fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs), {
      minLength: 1,
      maxLength: 3,
    }),
    by,
  }),
);
const compare = fc.record(
  {
    selection: filter,
    topN: fc.integer({ min: 0, max: 2000 }),
    range: fc.record({ startUnixNano: moment, endUnixNano: moment }),
  },
  { requiredKeys: ["selection", "topN"] },
);

const metricsPipeline: fc.Arbitrary<MetricsExpression> = fc
  .record({
    spans: pipeline,
    metrics: fc.oneof(
      call.map((parts) => ({ node: "metricsAggregate" as const, ...parts, ...RANGE })),
      compare.map((parts) => ({ node: "compare" as const, ...parts, ...RANGE })),
    ),
    series: fc.array(
      fc.oneof(topK, threshold).map((stage) => ({ ...stage, ...RANGE })),
      { maxLength: 3 },
    ),
  })
  .map((parts) => ({ node: "metrics", ...parts, ...RANGE }));

const metrics: fc.Arbitrary<MetricsExpression> = fc.letrec<{ metrics: MetricsExpression }>((tie) => {
  const parts = { operator: fc.constantFrom("+", "-", "*", "/"), left: tie("metrics") };
  const constant = float.map((value): MetricsExpression => ({ node: "number", value, ...RANGE }));
  return {
    metrics: fc.oneof(
      { maxDepth: 3 },
      metricsPipeline,
      fc
        .record({ ...parts, right: fc.oneof(tie("metrics"), constant) })
        .map((math) => ({ node: "metricsMath" as const, ...math, ...RANGE })),
      fc
        .record({ ...parts, left: constant, right: tie("metrics") })
        .map((math) => ({ node: "metricsMath" as const, ...math, ...RANGE })),
    ),
  };
}).metrics;

const hints = fc.subarray([
  { name: "sample", value: { type: "float", value: 0.5 }, ...RANGE },
  { name: "exemplars", value: { type: "int", value: 5n }, ...RANGE },
  { name: "most_recent", value: { type: "boolean", value: true }, ...RANGE },
  { name: "debug_x", value: { type: "string", value: "y" }, ignored: true, ...RANGE },
] as const);

/** Whole queries that keep to the grammar; what they say need not make sense. */
export const randomQuery: fc.Arbitrary<Query> = fc.record({
  expression: fc.oneof<fc.Arbitrary<Query["expression"]>[]>(pipeline, pipeline, metrics),
  hints,
});
