/** What it means that a value of a span equals a constant of a structured filter, or stands before or behind it. */

import type { TypedText } from "../../filter/attribute-text.ts";
import { typedText } from "../../filter/attribute-text.ts";
import { compareNumbers, fitsOrder, orderOf } from "../../filter/evaluator/comparison.ts";
import type { ComparisonName, Constant } from "./filter-ast.ts";

/** One value of a span. `null` is there, but equal to nothing and in no order: bytes, maps. */
export type Scalar = string | boolean | bigint | number | null;

/** Says of a value whether a comparison with something fixed holds. */
export type ScalarTest = (value: Scalar) => boolean;

type Ordered = Exclude<ComparisonName, "eq" | "ne">;

const SIGNS = Object.freeze({ gt: ">", lt: "<", gte: ">=", lte: "<=" } as const);

/** True when two values are equal: texts, truth values, numbers by size. */
export function scalarsEqual(left: Scalar, right: Scalar): boolean {
  if (typeof left === "string" || typeof left === "boolean") return left === right;
  return isNumber(left) && isNumber(right) && compareNumbers(left, right) === 0;
}

/** True when two texts (by code point) or two numbers are in an order. */
export function scalarsOrdered(operator: Ordered, left: Scalar, right: Scalar): boolean {
  if (left === null || right === null) return false;
  const order = orderOf(left, right);
  return order !== undefined && fitsOrder(SIGNS[operator], order);
}

/**
 * Prepares a comparison with a constant; `ne` as `eq`, since who asks for it wants no value that is equal.
 *
 * A constant of a type meets values of that type alone. One without meets a text that is the same, a number that it reads
 * as, a truth value that it names; in an order numbers if it reads as one, texts if not.
 */
export function constantTest(operator: ComparisonName, constant: Constant): ScalarTest {
  const isEquality = operator === "eq" || operator === "ne";
  if (constant.type === "any") {
    const wanted = typedText(constant.text);
    return isEquality ? (value) => equalsText(value, wanted) : orderTest(operator, orderedText(wanted));
  }
  const { value: wanted } = constant;
  const isOfType = (value: Scalar): boolean => typeof value === typeof wanted;
  if (isEquality) return (value) => isOfType(value) && scalarsEqual(value, wanted);
  return (value) => isOfType(value) && scalarsOrdered(operator, value, wanted);
}

/** True when a comparison of two constants holds. */
export function compareConstants(
  operator: ComparisonName,
  [left, right]: readonly [Constant, Constant],
): boolean {
  const holds =
    left.type === "any" ? textsHold(operator, left.text, right) : valueHolds(operator, left.value, right);
  return operator === "ne" ? !holds : holds;
}

function textsHold(operator: ComparisonName, left: string, right: Constant): boolean {
  const typed = typedText(left);
  const readings = [left, typed.integer ?? typed.double, truthOf(left)];
  return readings.some((value) => value !== undefined && valueHolds(operator, value, right));
}

function valueHolds(operator: ComparisonName, left: Scalar, right: Constant): boolean {
  return constantTest(operator, right)(left);
}

function truthOf(text: string): boolean | undefined {
  return text === "true" || text === "false" ? text === "true" : undefined;
}

function equalsText(value: Scalar, wanted: TypedText): boolean {
  switch (typeof value) {
    case "string":
      return value === wanted.text;
    case "boolean":
      return wanted.text === String(value);
    case "bigint":
      return value === wanted.integer;
    case "number":
      return value === wanted.double;
    default:
      return false;
  }
}

/** What a constant without a type is in an order: the number it reads as, or the text. */
export function orderedText({ text, integer, double }: TypedText): string | bigint | number {
  return integer ?? double ?? text;
}

function orderTest(operator: Ordered, wanted: string | bigint | number): ScalarTest {
  return (value) => scalarsOrdered(operator, value, wanted);
}

function isNumber(value: Scalar): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}
