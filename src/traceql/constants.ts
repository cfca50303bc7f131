/** Numbers that are worked out while a query is read. */

import { calculateFloat, calculateWhole } from "../filter/evaluator/arithmetic.ts";
import type { ArithmeticOperator, Literal, ScalarExpression } from "../filter/query-model.ts";
import type { Cursor } from "./cursor.ts";

const NANOS_PER_SECOND = 1e9;

/** The number that an expression without aggregates stands for: integers stay integers, so `1 / 2` is 0. */
export function foldNumber(cursor: Cursor, expression: ScalarExpression): number {
  const value = Number(fold(cursor, expression));
  return Number.isFinite(value) ? value : cursor.failAt(expression, "a number that a double holds");
}

function fold(cursor: Cursor, expression: ScalarExpression): bigint | number {
  switch (expression.node) {
    case "literal":
      return constantOf(cursor, expression);
    case "aggregate":
      return cursor.failAt(
        expression,
        "a number or series in parentheses",
        "an aggregate is made of one trace, series of all",
      );
    default: {
      const left = fold(cursor, expression.left);
      const right = fold(cursor, expression.right);
      if (typeof left === "bigint" && typeof right === "bigint") {
        if (right === 0n && (expression.operator === "/" || expression.operator === "%")) {
          cursor.failAt(expression, "a divisor other than 0");
        }
        return foldInts(expression.operator, left, right, expression.start);
      }
      return calculateFloat(expression.operator, Number(left), Number(right));
    }
  }
}

function constantOf(cursor: Cursor, literal: Literal): bigint | number {
  const { value } = literal;
  if (value.type === "int" || value.type === "float") return value.value;
  return cursor.failAt(literal, "a number", "series of durations are in seconds, write `0.05` for 50ms");
}

/** The largest power whose result is worth working out: beyond, it does not fit anyway. */
const MAX_EXPONENT = 64n;

function foldInts(operator: ArithmeticOperator, left: bigint, right: bigint, start: number): bigint | number {
  if (operator === "^" && right > MAX_EXPONENT) return calculateFloat(operator, Number(left), Number(right));
  const result = calculateWhole(operator, left, right, start);
  return typeof result === "bigint" ? BigInt.asIntN(64, result) : result;
}

/** What series are compared with: durations are seconds there. */
export function thresholdOf(cursor: Cursor, expression: ScalarExpression): number {
  if (expression.node === "literal" && expression.value.type === "duration") {
    return Number(expression.value.nanos) / NANOS_PER_SECOND;
  }
  return foldNumber(cursor, expression);
}
