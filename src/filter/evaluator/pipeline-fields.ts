/** What a pipeline reads of spans and traces. */

import type {
  Field,
  FieldExpression,
  Pipeline,
  PipelineStage,
  ScalarExpression,
  SpansetRelation,
} from "../query-model.ts";
import { factOf, fieldReader } from "./field-reader.ts";
import type { TraceFact, TraceFacts } from "./trace-facts.ts";
import type { Value } from "./values.ts";

interface Visitor {
  field(field: Field): void;
  relation(relation: SpansetRelation): void;
}

/** A field of a span with the value it has there. */
export interface ShownField {
  readonly field: Field;
  /** Never nil. */
  readonly value: Value;
}

/** The fields of a span that are to be shown and that it has; `fields` as {@link CompiledPipeline} names them. */
export function shownFields(fields: readonly Field[]): (trace: TraceFacts, span: number) => ShownField[] {
  const readers = fields.map((field) => ({ field, read: fieldReader(field) }));
  return (trace, span) =>
    readers
      .map(({ field, read }) => ({ field, value: read(trace, span) }))
      .filter(({ value }) => value !== undefined);
}

/** Every field a pipeline reads or selects, once, in the order of the text. */
export function fieldsOf(pipeline: Pipeline): readonly Field[] {
  const fields = new Map<string, Field>();
  const field = (each: Field): void => {
    const key = each.node === "attribute" ? `${each.scope} ${each.key}` : each.name;
    if (!fields.has(key)) fields.set(key, each);
  };
  visitStage(pipeline, { field, relation: () => undefined });
  return [...fields.values()];
}

/** What has to be worked out of a trace before a pipeline can run over it, or its fields be read. */
export function traceFactsOf(pipeline: Pipeline): ReadonlySet<TraceFact> {
  const facts = new Set<TraceFact>();
  visitStage(pipeline, {
    field: (field) => {
      const fact = field.node === "intrinsic" ? factOf(field.name) : undefined;
      if (fact !== undefined) facts.add(fact);
    },
    relation: () => facts.add("nestedSets"),
  });
  return facts;
}

function visitStage(stage: PipelineStage, visitor: Visitor): void {
  switch (stage.node) {
    case "pipeline":
      for (const each of stage.stages) visitStage(each, visitor);
      return;
    case "filter":
      if (stage.condition !== undefined) visitExpression(stage.condition, visitor);
      return;
    case "relation":
      visitor.relation(stage);
      visitStage(stage.left, visitor);
      visitStage(stage.right, visitor);
      return;
    case "combination":
      visitStage(stage.left, visitor);
      visitStage(stage.right, visitor);
      return;
    case "scalarFilter":
      visitScalar(stage.left, visitor);
      visitScalar(stage.right, visitor);
      return;
    case "by":
      visitExpression(stage.field, visitor);
      return;
    case "select":
      for (const field of stage.fields) visitor.field(field);
      return;
    case "orderBy":
      if (stage.key.node === "aggregate") visitScalar(stage.key, visitor);
      else visitor.field(stage.key);
      return;
    case "coalesce":
      return;
  }
}

function visitScalar(scalar: ScalarExpression, visitor: Visitor): void {
  if (scalar.node === "scalarBinary") {
    visitScalar(scalar.left, visitor);
    visitScalar(scalar.right, visitor);
  } else if (scalar.node === "aggregate" && scalar.field !== undefined) {
    visitExpression(scalar.field, visitor);
  }
}

function visitExpression(expression: FieldExpression, visitor: Visitor): void {
  switch (expression.node) {
    case "attribute":
    case "intrinsic":
      visitor.field(expression);
      return;
    case "unary":
      visitExpression(expression.operand, visitor);
      return;
    case "binary":
      visitExpression(expression.left, visitor);
      visitExpression(expression.right, visitor);
      return;
    case "literal":
      return;
  }
}
