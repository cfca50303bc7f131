/** Conditions and other expressions over one span. */

import type {
  BinaryExpression,
  Field,
  FieldExpression,
  FilterValue,
  Literal,
  SpansetFilter,
  UnaryExpression,
} from "../filter/query-model.ts";
import { Cursor } from "./cursor.ts";
import { suggestionFor } from "./suggestions.ts";
import {
  FIELD_PRECEDENCE,
  INTRINSIC_WORDS,
  POWER_PRECEDENCE,
  SIGN_OPERAND_PRECEDENCE,
  VALUE_WORDS,
} from "./words.ts";

/** Reads an expression over one span. */
export function parseFieldExpression(cursor: Cursor): FieldExpression {
  return parseOperators(cursor, 0);
}

/** Reads `{ }` or `{ condition }`. */
export function parseFilter(cursor: Cursor): SpansetFilter {
  const { start } = cursor;
  cursor.expect("{");
  if (cursor.take("}")) return { node: "filter", start, end: cursor.previousEnd };
  const condition = parseFieldExpression(cursor);
  if (!cursor.take("}")) cursor.fail("an operator or `}`");
  return { node: "filter", condition, start, end: cursor.previousEnd };
}

function parseOperators(cursor: Cursor, least: number): FieldExpression {
  const { start } = cursor;
  let left = parseOperand(cursor);
  for (;;) {
    const operator = cursor.kind;
    const precedence = FIELD_PRECEDENCE.get(operator);
    if (precedence === undefined || precedence < least) return left;
    cursor.countOperator();
    cursor.next();
    const right = parseRight(cursor, precedence);
    left = {
      node: "binary",
      operator: operator as BinaryExpression["operator"],
      left,
      right,
      start,
      end: cursor.previousEnd,
    };
  }
}

/** `^` groups to the right, all others to the left. */
function parseRight(cursor: Cursor, precedence: number): FieldExpression {
  if (precedence !== POWER_PRECEDENCE) return parseOperators(cursor, precedence + 1);
  cursor.enter();
  const right = parseOperators(cursor, precedence);
  cursor.leave();
  return right;
}

function parseOperand(cursor: Cursor): FieldExpression {
  switch (cursor.kind) {
    case "attribute":
    case "word":
      return parseName(cursor);
    case "string":
    case "int":
    case "float":
    case "duration":
      return parseLiteral(cursor);
    case "-":
    case "!":
      return parseSign(cursor);
    case "(":
      return parseParentheses(cursor);
    default:
      return cursor.fail("a field or a value");
  }
}

function parseParentheses(cursor: Cursor): FieldExpression {
  cursor.enter();
  cursor.next();
  const inner = parseOperators(cursor, 0);
  if (!cursor.take(")")) cursor.fail("an operator or `)`");
  cursor.leave();
  return inner;
}

function parseSign(cursor: Cursor): FieldExpression {
  const { start } = cursor;
  const operator = cursor.kind as UnaryExpression["operator"];
  cursor.enter();
  cursor.countOperator();
  cursor.next();
  const operand = parseOperators(cursor, SIGN_OPERAND_PRECEDENCE);
  cursor.leave();
  const end = cursor.previousEnd;
  const negative = operator === "-" && operand.node === "literal" ? negated(operand.value) : undefined;
  if (negative !== undefined) return { node: "literal", value: negative, start, end };
  return { node: "unary", operator, operand, start, end };
}

/** The negative of a number; undefined for what has none. */
export function negated(value: FilterValue): FilterValue | undefined {
  switch (value.type) {
    case "int":
      return { type: "int", value: BigInt.asIntN(64, -value.value) };
    case "duration":
      return { type: "duration", nanos: BigInt.asIntN(64, -value.nanos) };
    case "float":
      return { type: "float", value: -value.value };
    default:
      return undefined;
  }
}

/** Whether the token in front is a value that is no word. */
function tokenValue(cursor: Cursor): FilterValue | undefined {
  switch (cursor.kind) {
    case "string":
      return { type: "string", value: cursor.word };
    case "int":
      return { type: "int", value: cursor.int };
    case "float":
      return { type: "float", value: cursor.float };
    case "duration":
      return { type: "duration", nanos: cursor.int };
    case "word":
      return VALUE_WORDS.get(cursor.word);
    default:
      return undefined;
  }
}

/** Reads a value, without a sign. */
export function parseLiteral(cursor: Cursor): Literal {
  const value = tokenValue(cursor);
  if (value === undefined) cursor.fail("a value", VALUE_WORDS.keys());
  const { start, end } = cursor;
  cursor.next();
  return { node: "literal", value, start, end };
}

/** Reads a number or a duration that may have a sign. */
export function parseSignedNumber(cursor: Cursor): Literal {
  const { start } = cursor;
  const minus = cursor.take("-");
  const value = tokenValue(cursor);
  const number = value !== undefined && minus ? negated(value) : value;
  if (number?.type !== "int" && number?.type !== "float" && number?.type !== "duration") {
    cursor.fail("a number or a duration");
  }
  const { end } = cursor;
  cursor.next();
  return { node: "literal", value: number, start, end };
}

/** Reads an attribute or an intrinsic. */
export function parseField(cursor: Cursor): Field {
  const { start, end } = cursor;
  if (cursor.kind === "attribute") {
    const { scope, word: key } = cursor;
    cursor.next();
    return { node: "attribute", scope, key, start, end };
  }
  const name = cursor.kind === "word" ? INTRINSIC_WORDS.get(cursor.word) : undefined;
  if (name === undefined) failName(cursor, "an attribute or an intrinsic", INTRINSIC_WORDS.keys());
  cursor.next();
  return { node: "intrinsic", name, start, end };
}

/**
 * Reads a text that is an attribute or an intrinsic and nothing else.
 *
 * @throws TraceQlError
 */
export function parseFieldText(text: string): Field {
  const cursor = new Cursor(text);
  const field = parseField(cursor);
  if (cursor.kind !== "end")
    cursor.fail("the end of the name", [], 'a key with blanks needs quotes: `span."a b"`');
  return field;
}

function parseName(cursor: Cursor): FieldExpression {
  if (cursor.kind === "word") {
    if (VALUE_WORDS.has(cursor.word)) return parseLiteral(cursor);
    if (!INTRINSIC_WORDS.has(cursor.word)) {
      failName(cursor, "a field or a value", [...INTRINSIC_WORDS.keys(), ...VALUE_WORDS.keys()]);
    }
  }
  return parseField(cursor);
}

function failName(cursor: Cursor, expected: string, candidates: Iterable<string>): never {
  if (cursor.kind !== "word") cursor.fail(expected);
  const { word } = cursor;
  if (word === "parent") cursor.fail(expected, [], "`parent` is not supported, write `{ ... } > { ... }`");
  const advice = suggestionFor(word, candidates);
  return cursor.fail(expected, [], advice ?? `an attribute is \`.${word}\`, a text is \`"${word}"\``);
}
