/** Arbitrary filters, and traces they have something to find in. */

import fc from "fast-check";
import type {
  Aggregate,
  Field,
  FieldExpression,
  Intrinsic,
  Pipeline,
  PipelineStage,
  ScalarExpression,
  SpansetExpression,
} from "../../src/filter/query-model.ts";
import { ATTRIBUTE_SCOPES, INTRINSICS, KINDS, STATUSES } from "../../src/filter/query-model.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import type { LiteralSketch } from "./filter-builder.ts";
import {
  aggregate,
  attribute,
  binary,
  by,
  COALESCE,
  combination,
  filter,
  intrinsic,
  kind,
  literal,
  millis,
  NIL,
  orderBy,
  pipeline,
  relation,
  scalar,
  scalarFilter,
  select,
  status,
  unary,
} from "./filter-builder.ts";
import { anyTraceDrafts, draftSpanId, spanFromDraft } from "./trace-arbitrary.ts";
import { traceIdOf, unixNanoAt } from "./trace-builder.ts";

const KEYS = ["a", "b", "c", "service.name"] as const;

const scalarValue: fc.Arbitrary<AttributeValue> = fc.constantFrom<AttributeValue>(
  "x",
  "y",
  "",
  "1",
  true,
  false,
  0n,
  1n,
  2n,
  1,
  1.5,
  Number.NaN,
  null,
);

const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 6, arbitrary: scalarValue },
  { weight: 1, arbitrary: fc.array(scalarValue, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<AttributeValue>(new Uint8Array([1]), { k: "x" }) },
);

const attributes: fc.Arbitrary<Attributes> = fc.dictionary(fc.constantFrom("a", "b", "c"), attributeValue, {
  maxKeys: 2,
  noNullPrototype: true,
});

const spanExtras = fc.record({
  attributes,
  resource: attributes,
  scope: attributes,
  status: fc.constantFrom<Span["status"]>("UNSET", "OK", "ERROR"),
  statusMessage: fc.constantFrom("", "x"),
  isNameless: fc.nat(4).map((number) => number === 0),
  events: fc.array(fc.record({ name: fc.constantFrom("x", "y"), at: fc.nat(20), attributes }), {
    maxLength: 2,
  }),
  links: fc.array(attributes, { maxLength: 2 }),
});

/** Spans of one trace, with attributes of every level, some of no service; distinct ones, in any order. */
export const filterTraces: fc.Arbitrary<readonly Span[]> = anyTraceDrafts
  .chain((drafts) => fc.tuple(...drafts.map((draft) => fc.tuple(fc.constant(draft), spanExtras))))
  .map((drafts) =>
    drafts.map(([draft, extras]): Span => {
      const span = spanFromDraft(draft);
      const service = extras.isNameless ? "unknown_service" : span.serviceName;
      const named = extras.isNameless ? {} : { "service.name": service };
      return {
        ...span,
        serviceName: service,
        status: extras.status,
        statusMessage: extras.statusMessage,
        attributes: extras.attributes,
        resource: { ...span.resource, attributes: { ...extras.resource, ...named } },
        scope: {
          name: "x",
          version: "1",
          attributes: extras.scope,
          droppedAttributesCount: 0,
          schemaUrl: "",
        },
        events: extras.events.map(({ name, at, attributes: own }) => ({
          name,
          timeUnixNano: unixNanoAt(at),
          attributes: own,
          droppedAttributesCount: 0,
        })),
        links: extras.links.map((own, index) => ({
          traceId: traceIdOf("other"),
          spanId: draftSpanId(index),
          traceState: "",
          attributes: own,
          droppedAttributesCount: 0,
          flags: 0,
        })),
      };
    }),
  );

const anyIntrinsic: fc.Arbitrary<Intrinsic> = fc.constantFrom(...INTRINSICS);

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ATTRIBUTE_SCOPES), fc.constantFrom(...KEYS))
    .map(([scope, key]) => attribute(scope, key)),
  anyIntrinsic.map(intrinsic),
);

const anyLiteral: fc.Arbitrary<LiteralSketch> = fc.oneof(
  fc.constantFrom<LiteralSketch>(
    "x",
    "y",
    "",
    "1",
    true,
    false,
    0n,
    1n,
    2n,
    1,
    1.5,
    millis(5),
    millis(10),
    NIL,
  ),
  fc.constantFrom("service-0", "service-1", "op-0", "op-1", "unknown_service"),
  fc.constantFrom(...STATUSES).map(status),
  fc.constantFrom(...KINDS).map(kind),
);

const comparisonOperator = fc.constantFrom("=", "=", "=", "!=", "<", "<=", ">", ">=");

/** What intrinsics usually are compared with, so that more than mismatches are found. */
const fitting: fc.Arbitrary<FieldExpression> = fc.oneof(
  fc
    .tuple(fc.constantFrom<Intrinsic>("span:duration", "trace:duration"), comparisonOperator, fc.nat(20))
    .map(([name, operator, count]) => binary(intrinsic(name), operator, millis(count))),
  fc
    .tuple(fc.constantFrom<Intrinsic>("span:name", "trace:rootName"), comparisonOperator, fc.nat(2))
    .map(([name, operator, place]) => binary(intrinsic(name), operator, `op-${place}`)),
  fc
    .tuple(fc.constantFrom("any", "resource"), comparisonOperator, fc.nat(2))
    .map(([scope, operator, place]) =>
      binary(attribute(scope, "service.name"), operator, `service-${place}`),
    ),
  fc
    .tuple(comparisonOperator, fc.constantFrom(...STATUSES))
    .map(([operator, value]) => binary(intrinsic("span:status"), operator, status(value))),
  fc
    .tuple(comparisonOperator, fc.constantFrom(...KINDS))
    .map(([operator, value]) => binary(intrinsic("span:kind"), operator, kind(value))),
  fc
    .tuple(anyField, fc.constantFrom("=~", "!~"), fc.constantFrom("x|y", ".*", "op-.", "service-0|x", "x.*"))
    .map(([field, operator, pattern]) => binary(field, operator, pattern)),
);

/** An expression over one span, of any type. */
export const anyExpression: fc.Arbitrary<FieldExpression> = fc.letrec<{ expression: FieldExpression }>(
  (tie) => ({
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 3, arbitrary: fitting },
      {
        weight: 3,
        arbitrary: fc
          .tuple(anyField, comparisonOperator, anyLiteral, fc.boolean())
          .map(([field, operator, value, isTurned]) =>
            isTurned ? binary(value, operator, field) : binary(field, operator, value),
          ),
      },
      { weight: 1, arbitrary: anyField },
      { weight: 1, arbitrary: anyLiteral.map(literal) },
      {
        weight: 4,
        arbitrary: fc
          .tuple(tie("expression"), fc.constantFrom("&&", "||"), tie("expression"))
          .map(([left, operator, right]) => binary(left, operator, right)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            tie("expression"),
            fc.constantFrom("+", "-", "*", "/", "%", "^", "<", "="),
            tie("expression"),
          )
          .map(([left, operator, right]) => binary(left, operator, right)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom("-", "!"), tie("expression"))
          .map(([operator, operand]) => unary(operator, operand)),
      },
    ),
  }),
).expression;

const SIGNS = [
  ">",
  "<",
  ">>",
  "<<",
  "~",
  "!>",
  "!<",
  "!>>",
  "!<<",
  "!~",
  "&>",
  "&<",
  "&>>",
  "&<<",
  "&~",
] as const;

const anyAggregate: fc.Arbitrary<Aggregate> = fc.oneof(
  fc.constant(aggregate("count")),
  fc
    .tuple(
      fc.constantFrom<Aggregate["function"]>("min", "max", "avg", "sum"),
      fc.oneof(fc.constant(intrinsic("span:duration")), anyField),
    )
    .map(([name, field]) => aggregate(name, field)),
);

const anyScalar: fc.Arbitrary<ScalarExpression> = fc.oneof(
  { weight: 3, arbitrary: anyAggregate },
  { weight: 1, arbitrary: fc.constantFrom<LiteralSketch>(1n, 2n, 1.5, millis(5)).map(literal) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyAggregate, fc.constantFrom("+", "-", "*"), anyAggregate)
      .map(([left, operator, right]) => scalar(left, operator, right)),
  },
);

/** Spansets of one trace; what parts them is put together again, so that none is refused. */
const anySpansets: fc.Arbitrary<SpansetExpression> = fc.letrec<{ spansets: SpansetExpression }>((tie) => ({
  spansets: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: anyExpression.map((condition) => filter(condition)) },
    { weight: 1, arbitrary: fc.constant(filter()) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("spansets"), fc.constantFrom("&&", "||"), tie("spansets"))
        .map(([left, operator, right]) => combination(left, operator, right)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("spansets"), fc.constantFrom(...SIGNS), tie("spansets"))
        .map(([left, sign, right]) => relation(left, sign, right)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("spansets"), anyField)
        .map(([spansets, field]) => pipeline(spansets, by(field), COALESCE)),
    },
  ),
})).spansets;

const anyLaterStage: fc.Arbitrary<PipelineStage> = fc.oneof(
  anyExpression.map((condition) => filter(condition)),
  fc
    .tuple(anyScalar, comparisonOperator, anyScalar)
    .map(([left, operator, right]) => scalarFilter(left, operator, right)),
  anyField.map((field) => by(field)),
  fc.constant(COALESCE),
  fc.array(anyField, { minLength: 1, maxLength: 2 }).map((fields) => select(...fields)),
  fc
    .tuple(fc.oneof(anyField, anyAggregate), fc.constantFrom("asc", "desc"))
    .map(([key, direction]) => orderBy(key, direction)),
);

/** A pipeline that compiles. */
export const anyPipeline: fc.Arbitrary<Pipeline> = fc
  .tuple(anySpansets, fc.array(anyLaterStage, { maxLength: 3 }))
  .map(([first, rest]) => pipeline(first, ...rest));

/** One comparison, of a kind that stores can look for. */
const searchable: fc.Arbitrary<FieldExpression> = fc.oneof(
  { weight: 3, arbitrary: fitting },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...ATTRIBUTE_SCOPES),
        fc.constantFrom("a", "b", "c"),
        comparisonOperator,
        fc.constantFrom<LiteralSketch>("x", "y", "", "1", true, 0n, 1n, 2n, 1, 1.5),
      )
      .map(([scope, key, operator, value]) => binary(attribute(scope, key), operator, value)),
  },
);

const searchableFilter: fc.Arbitrary<SpansetExpression> = fc
  .tuple(searchable, fc.option(fc.tuple(fc.constantFrom("&&", "||"), searchable)))
  .map(([first, more]) => filter(more === null ? first : binary(first, more[0], more[1])));

/** A pipeline of few comparisons, which matches often although it asks for something. */
export const searchablePipeline: fc.Arbitrary<Pipeline> = fc.oneof(
  fc.array(searchableFilter, { minLength: 1, maxLength: 2 }).map((stages) => pipeline(...stages)),
  fc
    .tuple(searchableFilter, fc.constantFrom("&&", "||"), searchableFilter)
    .map(([left, operator, right]) => pipeline(combination(left, operator, right))),
  fc
    .tuple(searchableFilter, fc.constantFrom(...SIGNS), searchableFilter)
    .map(([left, sign, right]) => pipeline(relation(left, sign, right))),
);
