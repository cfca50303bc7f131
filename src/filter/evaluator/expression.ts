/** Expressions over one span, turned into functions once and run over many spans. */

import { FilterError } from "../filter-error.ts";
import type { BinaryExpression, ComparisonOperator, FieldExpression, FilterValue } from "../query-model.ts";
import { calculate, negate } from "./arithmetic.ts";
import type { ValueOperator } from "./comparison.ts";
import { compareNumbers, fitsOrder, holds, holdsPattern } from "./comparison.ts";
import type { ValueReader } from "./field-reader.ts";
import { fieldReader } from "./field-reader.ts";
import { textPattern } from "./text-pattern.ts";
import type { TraceFacts } from "./trace-facts.ts";
import { durationNanosAt } from "./trace-view.ts";
import type { Value } from "./values.ts";
import { numberOf, valueOfLiteral, valueOfSeveral } from "./values.ts";

/** Says whether a condition holds on one span. */
export type SpanTest = (trace: TraceFacts, span: number) => boolean;

/**
 * Prepares a condition. What is no truth value is false, on either side of `&&` and `||` too.
 *
 * @throws FilterError for a regular expression that is none.
 */
export function spanTest(expression: FieldExpression): SpanTest {
  if (expression.node === "binary") {
    switch (expression.operator) {
      case "&&": {
        const left = spanTest(expression.left);
        const right = spanTest(expression.right);
        return (trace, span) => left(trace, span) && right(trace, span);
      }
      case "||": {
        const left = spanTest(expression.left);
        const right = spanTest(expression.right);
        return (trace, span) => left(trace, span) || right(trace, span);
      }
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
      case "^":
        break;
      default:
        return comparisonTest(expression, expression.operator);
    }
  }
  const read = valueReader(expression);
  return (trace, span) => isTrue(read(trace, span));
}

/**
 * Prepares an expression of any type.
 *
 * @throws FilterError for a regular expression that is none; the reader throws it too, when a whole
 * number is divided by zero.
 */
export function valueReader(expression: FieldExpression): ValueReader {
  switch (expression.node) {
    case "literal": {
      const value = valueOfLiteral(expression.value);
      return () => value;
    }
    case "attribute":
    case "intrinsic":
      return fieldReader(expression);
    case "unary": {
      const read = valueReader(expression.operand);
      if (expression.operator === "-") return (trace, span) => negate(read(trace, span));
      return (trace, span) => not(read(trace, span));
    }
    case "binary":
      return binaryReader(expression);
  }
}

function binaryReader(expression: BinaryExpression): ValueReader {
  const { operator, start } = expression;
  switch (operator) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^": {
      const left = valueReader(expression.left);
      const right = valueReader(expression.right);
      return (trace, span) => calculate(operator, left(trace, span), right(trace, span), start);
    }
    default:
      return spanTest(expression);
  }
}

function isTrue(value: Value): boolean {
  return (
    value === true || (typeof value === "object" && value.type === "several" && value.values.includes(true))
  );
}

/** What is no truth value has no opposite: false. */
function not(value: Value): Value {
  if (typeof value === "object" && value.type === "several") return valueOfSeveral(value.values.map(not));
  return value === false;
}

function comparisonTest(expression: BinaryExpression, operator: ComparisonOperator): SpanTest {
  const { left, right } = expression;
  if (operator === "=~" || operator === "!~") return patternTest(left, right, operator === "!~");
  if (isNil(left) || isNil(right)) return nilTest(isNil(left) ? right : left, operator);
  const literal = right.node === "literal" ? right.value : undefined;
  if (literal !== undefined) {
    const quick = quickTest(left, operator, literal);
    if (quick !== undefined) return quick;
  }
  const readLeft = valueReader(left);
  const readRight = valueReader(right);
  return (trace, span) => holds(operator, readLeft(trace, span), readRight(trace, span));
}

function isNil(expression: FieldExpression): boolean {
  return expression.node === "literal" && expression.value.type === "nil";
}

function nilTest(expression: FieldExpression, operator: ValueOperator): SpanTest {
  const read = valueReader(expression);
  if (operator === "=") return (trace, span) => read(trace, span) === undefined;
  if (operator === "!=") return (trace, span) => read(trace, span) !== undefined;
  return () => false;
}

function patternTest(left: FieldExpression, right: FieldExpression, negated: boolean): SpanTest {
  if (right.node !== "literal" || right.value.type !== "string") {
    throw new FilterError(right.start, "expected a regular expression in quotes, got something else");
  }
  const read = valueReader(left);
  const pattern = textPattern(right.value.value, right.start);
  return (trace, span) => holdsPattern(read(trace, span), pattern, negated);
}

/** Conditions asked most, without an object for every span; they say what the general way would say. */
function quickTest(
  left: FieldExpression,
  operator: ValueOperator,
  literal: FilterValue,
): SpanTest | undefined {
  const value = valueOfLiteral(literal);
  if (left.node === "intrinsic" && left.name === "span:duration") {
    const bound = numberOf(value);
    if (bound === undefined) return () => false;
    return ({ view }, span) => {
      const order = compareNumbers(durationNanosAt(view, span), bound);
      return order !== undefined && fitsOrder(operator, order);
    };
  }
  if (typeof value !== "string" || (operator !== "=" && operator !== "!=")) return undefined;
  const read = valueReader(left);
  const wanted = operator === "=";
  return (trace, span) => {
    const found = read(trace, span);
    return typeof found === "string" ? (found === value) === wanted : holds(operator, found, value);
  };
}
