/** Checks of conditions and other expressions over one span. */

import { RE2JS } from "re2js";
import { patternSize } from "../filter/pattern-size.ts";
import type { BinaryExpression, FieldExpression, Literal, SourceRange } from "../filter/query-model.ts";
import { MAX_PATTERN_STEPS } from "./limits.ts";
import { durationNanos } from "./literal-text.ts";
import { stringText } from "./print-value.ts";
import { excerpt, TraceQlError } from "./traceql-error.ts";
import type { ValueType } from "./value-types.ts";
import { isArithmetic, TYPE_NAMES, typeOfExpression } from "./value-types.ts";
import { VALUE_WORDS } from "./words.ts";

/** A query under check. */
export interface CheckedText {
  readonly text: string;
  /** Steps of its regular expressions so far. */
  patternSteps: number;
  /** Counted up while a query is checked: operators between spansets, stages. */
  spansetOperators: number;
  stages: number;
  /** How many operators between spansets the part at hand is below. */
  operands: number;
}

/** Throws about a part of a query that does not fit where it stands. */
export function refusePart(
  checked: CheckedText,
  range: SourceRange,
  expected: string,
  suggestion?: string,
): never {
  const { start, end } = range;
  throw new TraceQlError(checked.text, {
    start,
    end,
    expected,
    found: excerpt(checked.text, start, end),
    suggestion,
  });
}

function refuseType(
  checked: CheckedText,
  part: FieldExpression,
  expected: string,
  suggestion?: string,
): never {
  const { start, end } = part;
  const name = TYPE_NAMES[typeOfExpression(part)];
  const found = `${name}: ${excerpt(checked.text, start, end)}`;
  throw new TraceQlError(checked.text, { start, end, expected, found, suggestion });
}

/** Throws unless an expression is of the type, as far as that is known. */
export function requireType(
  checked: CheckedText,
  part: FieldExpression,
  type: ValueType,
  expected: string,
): void {
  const actual = typeOfExpression(part);
  if (actual !== type && actual !== "unknown") refuseType(checked, part, expected, quoteAdvice(part, type));
}

/** Throws unless the parts of an expression fit each other. */
export function checkExpression(checked: CheckedText, expression: FieldExpression): void {
  if (expression.node === "unary") {
    checkExpression(checked, expression.operand);
    if (expression.operator === "-")
      requireType(checked, expression.operand, "number", "a number or duration behind `-`");
    else requireType(checked, expression.operand, "boolean", "true or false behind `!`");
  } else if (expression.node === "binary") {
    checkExpression(checked, expression.left);
    checkExpression(checked, expression.right);
    checkOperator(checked, expression);
  }
}

function checkOperator(checked: CheckedText, expression: BinaryExpression): void {
  const { operator, left, right } = expression;
  if (isArithmetic(operator)) {
    for (const side of [left, right])
      requireType(checked, side, "number", `numbers or durations beside \`${operator}\``);
  } else if (operator === "&&" || operator === "||") {
    for (const side of [left, right])
      requireType(checked, side, "boolean", `conditions beside \`${operator}\``);
  } else if (operator === "=~" || operator === "!~") checkPattern(checked, expression);
  else if (isNil(left)) checkNil(checked, expression, right);
  else if (isNil(right)) checkNil(checked, expression, left);
  else checkComparison(checked, expression);
}

function isNil(expression: FieldExpression): boolean {
  return expression.node === "literal" && expression.value.type === "nil";
}

function checkNil(checked: CheckedText, expression: BinaryExpression, part: FieldExpression): void {
  const { operator } = expression;
  if (operator !== "=" && operator !== "!=") {
    refusePart(checked, expression, "`=` or `!=` beside `nil`, which has no order");
  }
  if (part.node === "intrinsic" && operator === "!=") return;
  if (part.node !== "attribute") refuseType(checked, part, "an attribute beside `nil`", nilAdvice(part));
  if (operator === "=" && part.scope === "resource" && part.key === "service.name") {
    refuseType(
      checked,
      part,
      "an attribute that may be absent beside `= nil`",
      "every resource has a service name",
    );
  }
}

function nilAdvice(part: FieldExpression): string | undefined {
  return part.node === "intrinsic" ? "every span has its intrinsics" : undefined;
}

const ORDERED: ReadonlySet<ValueType> = new Set<ValueType>(["number", "string", "unknown"]);

function checkComparison(checked: CheckedText, expression: BinaryExpression): void {
  const { operator, left, right } = expression;
  const leftType = typeOfExpression(left);
  const rightType = typeOfExpression(right);
  if (operator !== "=" && operator !== "!=") {
    for (const side of [left, right]) {
      if (!ORDERED.has(typeOfExpression(side))) {
        refuseType(
          checked,
          side,
          `a number, duration or text beside \`${operator}\``,
          "`=` and `!=` compare everything",
        );
      }
    }
  }
  if (leftType === rightType || leftType === "unknown" || rightType === "unknown") return;
  // The part that is written out is the one to mend.
  const [mended, other] = left.node === "literal" ? [left, rightType] : [right, leftType];
  refuseType(
    checked,
    mended,
    `${TYPE_NAMES[other]}, as the other side of \`${operator}\``,
    quoteAdvice(mended, other),
  );
}

/** Quotes that are missing or too many. */
function quoteAdvice(part: FieldExpression, type: ValueType): string | undefined {
  if (part.node !== "literal") return undefined;
  const { value } = part;
  if (type === "string") return "a text has quotes";
  if (value.type !== "string") return undefined;
  const bare = VALUE_WORDS.get(value.value);
  const fits = type === "number" ? isNumberText(value.value) : bare?.type === type;
  return fits ? `write it without quotes: \`${value.value}\`` : undefined;
}

function isNumberText(text: string): boolean {
  return (
    /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ||
    (text !== "" && text.length < 40 && durationNanos(text) !== undefined)
  );
}

/** What starting the compiler costs, in steps of a pattern: the shortest takes a tenth of a millisecond. */
const COMPILER_STEPS = 20;

/**
 * Patterns that are valid whatever they say: starting the compiler would cost more than all the rest of the reading.
 * Letters and usual signs, each with at most one quantifier, and `|`.
 */
const PLAIN_PATTERN = /^(?:(?:[\w\-/:;, @=<>!&%#"'~.]|\\[dDwWsS.\-/])[*+?]?|\|)*$/;

function checkPattern(checked: CheckedText, expression: BinaryExpression): void {
  const { operator, left, right } = expression;
  requireType(checked, left, "string", `a text before \`${operator}\``);
  if (right.node !== "literal" || right.value.type !== "string") {
    refuseType(checked, right, `a regular expression in quotes behind \`${operator}\``);
  }
  const pattern = right.value.value;
  const plain = PLAIN_PATTERN.test(pattern);
  checked.patternSteps += patternSize(pattern) + (plain ? 0 : COMPILER_STEPS);
  if (checked.patternSteps > MAX_PATTERN_STEPS) {
    refusePart(
      checked,
      right,
      `regular expressions of at most ${MAX_PATTERN_STEPS} steps in a query`,
      "`a{100}` counts as 100 steps",
    );
  }
  if (!plain) compilePattern(checked, right, pattern);
}

function compilePattern(checked: CheckedText, literal: Literal, pattern: string): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const found = `${stringText(pattern.slice(0, 60))} (${reason.slice(0, 120)})`;
    const { start, end } = literal;
    throw new TraceQlError(checked.text, {
      start,
      end,
      expected: "a regular expression of RE2, which has no look-around and no back-references",
      found,
    });
  }
}
