/** What comparing two values means. */

import type { ComparisonOperator, KindValue, StatusValue } from "../query-model.ts";
import type { TextPattern } from "./text-pattern.ts";
import type { Value } from "./values.ts";
import { numberOf } from "./values.ts";

/** Comparisons of two values; those with a regular expression take one instead of a value. */
export type ValueOperator = Exclude<ComparisonOperator, "=~" | "!~">;

/** Undefined says that the types do not go together: every comparison is false then. */
type Equality = boolean | undefined;

/**
 * True when a comparison holds.
 *
 * Ints, floats and durations compare as the numbers they are, exactly; texts by code point; truth values, statuses and
 * kinds are equal or not. Types that do not go together make it false, whatever the operator. An array equals what one
 * of its elements equals, is unequal to what none equals, and is ordered when one element is.
 */
export function holds(operator: ValueOperator, left: Value, right: Value): boolean {
  if (typeof left === "object" && left.type === "several") {
    return left.values.some((value) => holds(operator, value, right));
  }
  if (typeof right === "object" && right.type === "several") {
    return right.values.some((value) => holds(operator, left, value));
  }
  if (operator === "=") return equality(left, right) === true;
  if (operator === "!=") return equality(left, right) === false;
  return isOrdered(operator, left, right);
}

/** True when `=~` holds, or `!~` when `negated`: texts alone match, of an array any element, or none. */
export function holdsPattern(value: Value, pattern: TextPattern, negated: boolean): boolean {
  if (typeof value === "object" && value.type === "several") {
    return value.values.some((each) => holdsPattern(each, pattern, negated));
  }
  return matching(value, pattern) === !negated;
}

/** Negative, zero or positive by size; undefined when the two cannot be ordered, as with NaN. */
export function orderOf(left: Value, right: Value): number | undefined {
  if (typeof left === "string") return typeof right === "string" ? compareTexts(left, right) : undefined;
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber === undefined || rightNumber === undefined) return undefined;
  return compareNumbers(leftNumber, rightNumber);
}

/** Whole numbers and fractions by size, without rounding either; undefined beside NaN. */
export function compareNumbers(left: bigint | number, right: bigint | number): number | undefined {
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(left) || Number.isNaN(right) ? undefined : 0;
}

/** True when a place in order fits an operator. */
export function fitsOrder(operator: ValueOperator, order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function isOrdered(operator: ValueOperator, left: Value, right: Value): boolean {
  if (typeof left === "object" && left.type === "array") {
    return left.elements.some((element) => isOrdered(operator, element, right));
  }
  if (typeof right === "object" && right.type === "array") {
    return right.elements.some((element) => isOrdered(operator, left, element));
  }
  const order = orderOf(left, right);
  return order !== undefined && fitsOrder(operator, order);
}

function equality(left: Value, right: Value): Equality {
  if (typeof left === "object" && left.type === "array") {
    return ofElements(left.elements, (element) => equality(element, right));
  }
  if (typeof right === "object" && right.type === "array") {
    return ofElements(right.elements, (element) => equality(left, element));
  }
  if (typeof left === "string" || typeof left === "boolean") {
    return typeof left === typeof right ? left === right : undefined;
  }
  return isWord(left) && isWord(right) ? equalWords(left, right) : equalNumbers(left, right);
}

type Word = StatusValue | KindValue;

function isWord(value: Value): value is Word {
  return typeof value === "object" && (value.type === "status" || value.type === "kind");
}

function equalWords(left: Word, right: Word): Equality {
  return left.type === right.type ? left.value === right.value : undefined;
}

function equalNumbers(left: Value, right: Value): Equality {
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber === undefined || rightNumber === undefined) return undefined;
  return compareNumbers(leftNumber, rightNumber) === 0;
}

function matching(value: Value, pattern: TextPattern): Equality {
  if (typeof value === "string") return pattern(value);
  if (typeof value !== "object" || value.type !== "array") return undefined;
  return ofElements(value.elements, (element) => matching(element, pattern));
}

/** One element decides for equal; elements of which no type goes together with the other side decide nothing. */
function ofElements(elements: readonly Value[], equalityOf: (element: Value) => Equality): Equality {
  let anyFits = elements.length === 0;
  for (const element of elements) {
    const equal = equalityOf(element);
    if (equal === true) return true;
    if (equal === false) anyFits = true;
  }
  return anyFits ? false : undefined;
}

/** By code point, as UTF-8 sorts: UTF-16 units alone would put a surrogate before U+E000. */
function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return rankOfUnit(leftUnit) - rankOfUnit(rightUnit);
  }
  return left.length - right.length;
}

function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
