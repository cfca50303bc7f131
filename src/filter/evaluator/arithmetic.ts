/** Arithmetic over values. */

import { FilterError } from "../filter-error.ts";
import type { ArithmeticOperator } from "../query-model.ts";
import type { Value } from "./values.ts";
import { duration, numberOf, valueOfSeveral } from "./values.ts";

/**
 * The result of an operation; nil when a side is no number.
 *
 * | sides | result |
 * |---|---|
 * | int, int | int of 64 bits that wraps, `/` cuts towards zero; `^` by less than zero gives a float |
 * | duration, int or duration | duration; a ratio of durations is a float, and so is any other product or power of them |
 * | with a float | float, a duration where the other side is one and the result is finite |
 *
 * @param start where the expression begins in its text
 * @throws FilterError when a whole number is divided by the whole number zero.
 */
export function calculate(operator: ArithmeticOperator, left: Value, right: Value, start: number): Value {
  if (typeof left === "object" && left.type === "several") {
    return valueOfSeveral(left.values.map((value) => calculate(operator, value, right, start)));
  }
  if (typeof right === "object" && right.type === "several") {
    return valueOfSeveral(right.values.map((value) => calculate(operator, left, value, start)));
  }
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber === undefined || rightNumber === undefined) return undefined;
  const isDuration = givesDuration(operator, typeof left === "object", typeof right === "object");
  const isFloat = !isDuration && (typeof left === "object" || typeof right === "object");
  if (typeof leftNumber === "bigint" && typeof rightNumber === "bigint" && !isFloat) {
    return wrapped(calculateWhole(operator, leftNumber, rightNumber, start), isDuration);
  }
  const result = calculateFloat(operator, Number(leftNumber), Number(rightNumber));
  return isDuration && Number.isFinite(result) ? wrapped(BigInt(Math.round(result)), true) : result;
}

/** What of an operation on times is a time itself: not a ratio of two, nor a product of two, nor a power. */
function givesDuration(operator: ArithmeticOperator, isLeft: boolean, isRight: boolean): boolean {
  switch (operator) {
    case "+":
    case "-":
    case "%":
      return isLeft || isRight;
    case "*":
      return isLeft !== isRight;
    case "/":
      return isLeft && !isRight;
    case "^":
      return false;
  }
}

/** The negative of a number; nil of anything else. */
export function negate(value: Value): Value {
  if (typeof value === "bigint") return BigInt.asIntN(64, -value);
  if (typeof value === "number") return -value;
  if (typeof value !== "object") return undefined;
  if (value.type === "several") return valueOfSeveral(value.values.map(negate));
  return value.type === "duration" ? wrapped(-value.nanos, true) : undefined;
}

function wrapped(result: bigint | number, isDuration: boolean): Value {
  if (typeof result === "number") return result;
  const whole = BigInt.asIntN(64, result);
  return isDuration ? duration(whole) : whole;
}

/**
 * Arithmetic of whole numbers, not cut to 64 bits but for powers; a float for a power below 0.
 *
 * @throws FilterError with `start` when they are divided by zero.
 */
export function calculateWhole(
  operator: ArithmeticOperator,
  left: bigint,
  right: bigint,
  start: number,
): bigint | number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
    case "%":
      if (right === 0n) throw divisionByZero(operator, start);
      return operator === "/" ? left / right : left % right;
    case "^":
      return right < 0n ? Number(left) ** Number(right) : power(left, right);
  }
}

/** Arithmetic of floats: dividing by zero gives infinity or NaN. */
export function calculateFloat(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return left ** right;
  }
}

/** Cut to 64 bits at every squaring, so that no exponent makes a number of gigabytes. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

function divisionByZero(operator: ArithmeticOperator, start: number): FilterError {
  return new FilterError(
    start,
    `expected a divisor other than 0 for \`${operator}\` of whole numbers, got 0; divide by 0.0 to get infinity or NaN`,
  );
}
