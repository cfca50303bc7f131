/** Comparisons of a field with a value, whichever stands first. */

import type { BinaryExpression, ComparisonOperator, Field, FieldExpression, Literal } from "./query-model.ts";

/** What each comparison is with its sides exchanged; a pattern stands on the right alone. */
const TURNED: Readonly<Record<ComparisonOperator, ComparisonOperator | undefined>> = Object.freeze({
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "=~": undefined,
  "!~": undefined,
});

/** A comparison with the field on the left. */
export interface FieldComparison {
  readonly field: Field;
  readonly operator: ComparisonOperator;
  readonly literal: Literal;
}

/** An expression as such a comparison; undefined when it is none. */
export function fieldComparison({ operator, left, right }: BinaryExpression): FieldComparison | undefined {
  if (!isComparison(operator)) return undefined;
  if (isField(left) && right.node === "literal") return { field: left, operator, literal: right };
  const turned = TURNED[operator];
  if (turned === undefined || left.node !== "literal" || !isField(right)) return undefined;
  return { field: right, operator: turned, literal: left };
}

function isComparison(operator: BinaryExpression["operator"]): operator is ComparisonOperator {
  return Object.hasOwn(TURNED, operator);
}

function isField(expression: FieldExpression): expression is Field {
  return expression.node === "attribute" || expression.node === "intrinsic";
}
