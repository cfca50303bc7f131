/** Spansets, stages and what is made of them. */

import type {
  Aggregate,
  FieldExpression,
  GroupStage,
  MetricsExpression,
  OrderStage,
  Pipeline,
  PipelineStage,
  ScalarExpression,
  SelectStage,
} from "../filter/query-model.ts";
import type { Cursor } from "./cursor.ts";
import {
  parseField,
  parseFieldExpression,
  parseFilter,
  parseLiteral,
  parseSignedNumber,
} from "./field-parser.ts";
import { atMetrics, parseMetrics, parseSeriesStages } from "./metrics-parser.ts";
import type { Part } from "./parts.ts";
import { combine, isMetrics, isScalar, OPERATOR_PRECEDENCE } from "./parts.ts";
import { AGGREGATE_WORDS, METRICS_WORDS, SERIES_WORDS, STAGE_WORDS } from "./words.ts";

const STAGE_CANDIDATES: readonly string[] = [
  ...STAGE_WORDS,
  ...AGGREGATE_WORDS,
  ...METRICS_WORDS.keys(),
  ...SERIES_WORDS,
  "with",
];

/** Reads stages up to what cannot go on with them, and says what they are together. */
export function parseSequence(cursor: Cursor): Part {
  const { start } = cursor;
  const first = parseStage(cursor);
  if (isMetrics(first)) return first.node === "metrics" ? parseSeriesStages(cursor, first, start) : first;
  if (isScalar(first)) return first;
  const stages: PipelineStage[] = [];
  addStage(stages, first);
  while (cursor.take("|")) {
    if (atMetrics(cursor)) return parseMetrics(cursor, pipelineOf(stages, start, cursor.previousEnd), start);
    const stageStart = cursor.start;
    const stage = parseStage(cursor);
    if (isMetrics(stage)) {
      cursor.failAt(
        { start: stageStart, end: cursor.previousEnd },
        "a stage over spans",
        "series stand first",
      );
    }
    if (isScalar(stage)) cursor.fail("a comparison of the aggregate, such as `> 2`", ["="]);
    addStage(stages, stage);
  }
  const only = stages.length === 1 ? stages[0] : undefined;
  return only ?? pipelineOf(stages, start, cursor.previousEnd);
}

/** A pipeline in parentheses is the same as its stages. */
function addStage(stages: PipelineStage[], stage: PipelineStage): void {
  if (stage.node === "pipeline") stages.push(...stage.stages);
  else stages.push(stage);
}

function pipelineOf(stages: readonly PipelineStage[], start: number, end: number): Pipeline {
  return { node: "pipeline", stages, start, end };
}

/** Makes a whole query's expression of what was read; a part that says nothing of spans is refused. */
export function wholeExpression(cursor: Cursor, part: Part): Pipeline | MetricsExpression {
  if (isMetrics(part)) return part;
  if (isScalar(part)) return cursor.fail("a comparison of the aggregate, such as `> 2`");
  return part.node === "pipeline" ? part : pipelineOf([part], part.start, part.end);
}

function parseStage(cursor: Cursor): Part {
  if (cursor.kind !== "word") return parseOperators(cursor, 0);
  switch (cursor.word) {
    case "by":
      return parseGroup(cursor);
    case "coalesce":
      return parseCoalesce(cursor);
    case "select":
      return parseSelect(cursor);
    case "orderBy":
      return parseOrder(cursor);
    default:
      return parseOperators(cursor, 0);
  }
}

function parseOperators(cursor: Cursor, least: number): Part {
  const { start } = cursor;
  let left = parseOperand(cursor);
  for (;;) {
    const operator = cursor.kind;
    const precedence = OPERATOR_PRECEDENCE.get(operator);
    if (precedence === undefined || precedence < least) return left;
    cursor.countOperator();
    const operatorStart = cursor.start;
    cursor.next();
    let right: Part;
    if (operator === "^") {
      cursor.enter();
      right = parseOperators(cursor, precedence);
      cursor.leave();
    } else right = parseOperators(cursor, precedence + 1);
    left = combine(cursor, { operator, operatorStart, left, right, start, end: cursor.previousEnd });
  }
}

function parseOperand(cursor: Cursor): Part {
  switch (cursor.kind) {
    case "{":
      return parseFilter(cursor);
    case "(":
      return parseParentheses(cursor);
    case "-":
    case "int":
    case "float":
    case "duration":
      return parseSignedNumber(cursor);
    case "word":
      return parseWord(cursor);
    default:
      return cursor.fail("spans such as `{ ... }`, or an aggregate");
  }
}

function parseWord(cursor: Cursor): ScalarExpression {
  const { word } = cursor;
  if (AGGREGATE_WORDS.has(word)) return parseAggregate(cursor);
  if (word === "minInt" || word === "maxInt") return parseLiteral(cursor);
  if (atMetrics(cursor)) cursor.fail("spans before a function over time", [], `write \`{ } | ${word}(...)\``);
  if (SERIES_WORDS.has(word))
    cursor.fail("a function over time before it", [], `write \`{ } | rate() | ${word}(...)\``);
  return cursor.fail("spans such as `{ ... }`, or a stage", STAGE_CANDIDATES);
}

function parseParentheses(cursor: Cursor): Part {
  cursor.enter();
  cursor.next();
  const inner = parseSequence(cursor);
  if (!cursor.take(")")) failAfter(cursor, inner, "`)`");
  cursor.leave();
  return inner;
}

/** Throws about what stands behind a part that is complete. */
export function failAfter(cursor: Cursor, part: Part, closing: string): never {
  if (isMetrics(part)) {
    const mathematics = OPERATOR_PRECEDENCE.has(cursor.kind);
    cursor.fail(
      `\`|\` or ${closing}`,
      STAGE_CANDIDATES,
      mathematics
        ? "functions over time stand in parentheses beside an operator: `(...) / (...)`"
        : undefined,
    );
  }
  return cursor.fail(`\`|\`, an operator or ${closing}`, STAGE_CANDIDATES);
}

function parseAggregate(cursor: Cursor): Aggregate {
  const { start } = cursor;
  const name = cursor.word as Aggregate["function"];
  cursor.next();
  cursor.expect("(");
  if (name === "count") {
    cursor.expect(")", "`)`: `count` takes nothing");
    return { node: "aggregate", function: name, start, end: cursor.previousEnd };
  }
  const field = parseArgument(cursor);
  return { node: "aggregate", function: name, field, start, end: cursor.previousEnd };
}

/** An expression up to the closing parenthesis of its call. */
function parseArgument(cursor: Cursor): FieldExpression {
  const field = parseFieldExpression(cursor);
  cursor.expect(")", "an operator or `)`");
  return field;
}

function parseGroup(cursor: Cursor): GroupStage {
  const { start } = cursor;
  cursor.next();
  cursor.expect("(");
  const field = parseFieldExpression(cursor);
  if (cursor.kind === ",")
    cursor.fail("`)`: spans are grouped by one value", [], "write `| by(...) | by(...)`");
  cursor.expect(")", "an operator or `)`");
  return { node: "by", field, start, end: cursor.previousEnd };
}

function parseCoalesce(cursor: Cursor): PipelineStage {
  const { start } = cursor;
  cursor.next();
  cursor.expect("(");
  cursor.expect(")");
  return { node: "coalesce", start, end: cursor.previousEnd };
}

function parseSelect(cursor: Cursor): SelectStage {
  const { start } = cursor;
  cursor.next();
  cursor.expect("(");
  const fields = [parseField(cursor)];
  while (cursor.take(",")) fields.push(parseField(cursor));
  cursor.expect(")", "`,` or `)`");
  return { node: "select", fields, start, end: cursor.previousEnd };
}

function parseOrder(cursor: Cursor): OrderStage {
  const { start } = cursor;
  cursor.next();
  cursor.expect("(");
  const aggregate = cursor.kind === "word" && AGGREGATE_WORDS.has(cursor.word);
  const key = aggregate ? parseAggregate(cursor) : parseField(cursor);
  let direction: OrderStage["direction"] = "desc";
  if (cursor.take(",")) {
    if (cursor.atWord("asc")) direction = "asc";
    else if (!cursor.atWord("desc")) cursor.fail("`asc` or `desc`", ["asc", "desc"]);
    cursor.next();
  }
  cursor.expect(")", "`,` or `)`");
  return { node: "orderBy", key, direction, start, end: cursor.previousEnd };
}
