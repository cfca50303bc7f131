/** What a store is told of a structured filter: what holds on every span that it holds on, and what it reads. */

import { typedText } from "../../filter/attribute-text.ts";
import type { AttributeLiteral, SpanCondition } from "../../filter/conditions/condition.ts";
import { ALWAYS, allOf, anyOf, NEVER } from "../../filter/conditions/condition.ts";
import type { TraceFact } from "../../filter/evaluator/trace-facts.ts";
import type { AttributeScope, Field } from "../../filter/query-model.ts";
import { KINDS, STATUSES } from "../../filter/query-model.ts";
import type { SpanQuestion } from "../../query/find-by-span.ts";
import type { AttributeReference, Constant, FieldReference, Predicate, Reference } from "./filter-ast.ts";
import { orderedText } from "./filter-ast-constants.ts";
import { predicateTest } from "./filter-ast-test.ts";

const SERVICE_NAME = "service.name";

/** A structured filter as the search for traces takes it. */
export function questionOf(predicate: Predicate): SpanQuestion {
  return { test: predicateTest(predicate), where: conditionOf(predicate), needs: needsOf(predicate) };
}

/** The necessary condition of a filter: where that holds, this does; where nothing can be said, it is always. */
export function conditionOf(predicate: Predicate): SpanCondition {
  switch (predicate.node) {
    case "and":
      return allOf(...predicate.predicates.map(conditionOf));
    case "or":
      return anyOf(...predicate.predicates.map(conditionOf));
    case "not":
    case "always":
      return ALWAYS;
    case "never":
      return NEVER;
    case "compare":
      return comparisonOf(predicate);
    case "compareBoth":
      return allOf(existing(predicate.left), existing(predicate.right));
    case "regex":
    case "exists":
      return existing(predicate.reference);
    case "in": {
      const { reference, values, isNegated } = predicate;
      if (isNegated) return existing(reference);
      return anyOf(...values.map((value) => equalTo(reference, value)));
    }
    case "some":
      return conditionOf(predicate.predicate);
  }
}

function comparisonOf({
  operator,
  left,
  right,
}: Extract<Predicate, { readonly node: "compare" }>): SpanCondition {
  switch (operator) {
    case "eq":
      return equalTo(left, right);
    case "ne":
      return left.node === "field" ? otherWord(left, right) : existing(left);
    default:
      return ordered(left, operator, right);
  }
}

function existing(reference: Reference): SpanCondition {
  if (reference.node === "field" || isService(reference)) return ALWAYS;
  const { key } = reference;
  return anyOf(...scopesOf(reference).map((scope) => ({ node: "attributeExists", scope, key }) as const));
}

/** A resource always has a service. */
function isService({ key, level }: AttributeReference): boolean {
  return key === SERVICE_NAME && (level === undefined || level === "resource");
}

function scopesOf({ level }: AttributeReference): readonly AttributeScope[] {
  if (level === undefined) return ["span", "resource"];
  return [level === "scope" ? "instrumentation" : level];
}

function equalTo(reference: Reference, constant: Constant): SpanCondition {
  if (reference.node === "field") return fieldEqualTo(reference, constant);
  const { key } = reference;
  const literals = literalsOf(constant);
  return anyOf(
    ...scopesOf(reference).flatMap((scope) => literals.map((equals) => attributeEqualTo(scope, key, equals))),
  );
}

function attributeEqualTo(scope: AttributeScope, key: string, equals: AttributeLiteral): SpanCondition {
  if (scope !== "resource" || key !== SERVICE_NAME) return { node: "attribute", scope, key, equals };
  return equals.type === "string" ? { node: "service", equals: equals.value } : NEVER;
}

/** Everything that a constant can be equal to; a number that is none equals nothing. */
function literalsOf(constant: Constant): readonly AttributeLiteral[] {
  switch (constant.type) {
    case "any": {
      const { text, integer, double } = typedText(constant.text);
      const literals: AttributeLiteral[] = [{ type: "string", value: text }];
      if (integer !== undefined && isInt64(integer)) literals.push({ type: "int", value: integer });
      if (double !== undefined && !Number.isNaN(double)) literals.push({ type: "float", value: double });
      if (text === "true" || text === "false") literals.push({ type: "boolean", value: text === "true" });
      return literals;
    }
    case "string":
      return [{ type: "string", value: constant.value }];
    case "int":
    case "nanos":
      return [{ type: "int", value: constant.value }];
    case "double":
      return Number.isNaN(constant.value) ? [] : [{ type: "float", value: constant.value }];
    case "bool":
      return [{ type: "boolean", value: constant.value }];
  }
}

const ORDER_SIGNS = Object.freeze({ gt: ">", lt: "<", gte: ">=", lte: "<=" } as const);

function ordered(
  reference: Reference,
  operator: keyof typeof ORDER_SIGNS,
  constant: Constant,
): SpanCondition {
  if (reference.node === "field") return fieldOrdered(reference, operator, constant);
  if (isService(reference)) return ALWAYS;
  const than = orderLiteral(constant);
  if (than === undefined) return NEVER;
  const { key } = reference;
  return anyOf(
    ...scopesOf(reference).map(
      (scope) => ({ node: "attributeOrder", scope, key, operator: ORDER_SIGNS[operator], than }) as const,
    ),
  );
}

/** Undefined: nothing stands before or behind it. */
function orderLiteral(constant: Constant): AttributeLiteral | undefined {
  if (constant.type === "bool") return undefined;
  const value = constant.type === "any" ? orderedText(typedText(constant.text)) : constant.value;
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "number") return Number.isNaN(value) ? undefined : { type: "float", value };
  // Beyond all whole numbers that are stored; the nearest float may stand on the other side of one that is.
  return isInt64(value)
    ? { type: "int", value }
    : { type: "float", value: value > 0n ? 2 ** 63 : -(2 ** 63) };
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function fieldEqualTo({ level, name }: FieldReference, constant: Constant): SpanCondition {
  if (constant.type === "nanos" && level === "span" && name === "duration") {
    return { node: "duration", minNanos: constant.value, maxNanos: constant.value };
  }
  if (constant.type !== "string") return ALWAYS;
  const equals = constant.value;
  if (level === "resource" && name === "service") return { node: "service", equals };
  if (level !== "span") return ALWAYS;
  switch (name) {
    case "name":
      return { node: "name", equals };
    case "traceID":
      return { node: "traceId", equals };
    case "status":
      return { node: "status", equals: equals as (typeof STATUSES)[number] };
    case "kind":
      return { node: "kind", equals: equals as (typeof KINDS)[number] };
    default:
      return ALWAYS;
  }
}

/** Of words that are not one there are few. */
function otherWord(field: FieldReference, constant: Constant): SpanCondition {
  if (constant.type !== "string") return ALWAYS;
  const others = (field.kind === "status" ? STATUSES : field.kind === "kind" ? KINDS : []).filter(
    (word) => word !== constant.value,
  );
  if (others.length === 0) return ALWAYS;
  return anyOf(...others.map((word) => fieldEqualTo(field, { type: "string", value: word })));
}

function fieldOrdered(
  { level, name }: FieldReference,
  operator: keyof typeof ORDER_SIGNS,
  constant: Constant,
): SpanCondition {
  if (level !== "span" || name !== "duration" || constant.type !== "nanos") return ALWAYS;
  const { value } = constant;
  switch (operator) {
    case "gt":
      return { node: "duration", minNanos: value + 1n };
    case "gte":
      return { node: "duration", minNanos: value };
    case "lt":
      return { node: "duration", maxNanos: value - 1n };
    case "lte":
      return { node: "duration", maxNanos: value };
  }
}

function needsOf(predicate: Predicate): SpanQuestion["needs"] {
  const fields: Field[] = [];
  const facts = new Set<TraceFact>();
  const add = (reference: Reference): void => {
    if (reference.node === "attribute") {
      const { key } = reference;
      for (const scope of scopesOf(reference))
        fields.push({ node: "attribute", scope, key, start: 0, end: 0 });
    } else if (!isInColumns(reference)) facts.add("wholeSpans");
  };
  visitReferences(predicate, add);
  if (hasSome(predicate)) facts.add("wholeSpans");
  return { fields, facts };
}

/** What every view of a span has. */
function isInColumns({ level, name }: FieldReference): boolean {
  if (level === "resource") return name === "service";
  return level === "span" && name !== "traceState" && name !== "statusMessage";
}

function visitReferences(predicate: Predicate, visit: (reference: Reference) => void): void {
  switch (predicate.node) {
    case "and":
    case "or":
      for (const each of predicate.predicates) visitReferences(each, visit);
      return;
    case "not":
    case "some":
      visitReferences(predicate.predicate, visit);
      return;
    case "compareBoth":
      visit(predicate.left);
      visit(predicate.right);
      return;
    case "compare":
      visit(predicate.left);
      return;
    case "regex":
    case "exists":
    case "in":
      visit(predicate.reference);
      return;
    case "always":
    case "never":
      return;
  }
}

function hasSome(predicate: Predicate): boolean {
  switch (predicate.node) {
    case "and":
    case "or":
      return predicate.predicates.some(hasSome);
    case "not":
      return hasSome(predicate.predicate);
    default:
      return predicate.node === "some";
  }
}
