/** What is legal in a query and probably not meant. */

import type {
  BinaryExpression,
  FieldExpression,
  MetricsPipeline,
  Query,
  SourceRange,
  SpansetCombination,
  SpansetFilter,
  SpansetRelation,
} from "../filter/query-model.ts";
import { conjunctionFaults } from "./lint-conjunction.ts";
import { parseQuery } from "./parse-query.ts";
import { fieldText, stringText } from "./print-value.ts";

/** Which habit a warning is about. */
export type LintRule =
  | "mixed-and-or"
  | "operator-in-key"
  | "plain-number-of-nanoseconds"
  | "absent-attribute"
  | "plain-pattern"
  | "same-for-all-spans"
  | "all-related-to-all"
  | "contradiction"
  | "lost-order";

/** One thing that is probably not meant. */
export interface LintWarning extends SourceRange {
  readonly rule: LintRule;
  /** What it does, and what to write for what was probably meant. */
  readonly message: string;
}

type AnyNode = { readonly node: string } & SourceRange;

/** Visits every part of a query, outer ones first. */
function walk(value: unknown, visit: (node: AnyNode) => void): void {
  if (typeof value !== "object" || value === null) return;
  if ("node" in value && typeof value.node === "string") visit(value as AnyNode);
  for (const part of Object.values(value)) walk(part, visit);
}

/**
 * Warnings about a query, by their place. Each is a guess: a query with warnings answers what it says.
 *
 * @throws TraceQlError when the text is no query.
 *
 * @example
 * lintQuery("{ duration > 50 }")[0].message; // "a plain number is nanoseconds here, write `50ms` for milliseconds"
 */
export function lintQuery(text: string): LintWarning[] {
  return warningsAbout(parseQuery(text));
}

/** {@link lintQuery} of a query that was read already. */
export function warningsAbout(query: Query): LintWarning[] {
  const warnings: LintWarning[] = [];
  const warn = (range: SourceRange, rule: LintRule, message: string): void => {
    warnings.push({ start: range.start, end: range.end, rule, message });
  };
  walk(query.expression, (node) => {
    switch (node.node) {
      case "binary":
        lintBinary(node as BinaryExpression, warn);
        return;
      case "combination":
        lintMixed(node as SpansetCombination, warn);
        return;
      case "relation":
        lintRelation(node as SpansetRelation, warn);
        return;
      case "attribute":
        lintKey(node as FieldExpression, warn);
        return;
      case "filter":
        for (const fault of conjunctionFaults(node as SpansetFilter))
          warn(fault, "contradiction", fault.message);
        return;
      case "metrics":
        lintOrder(node as MetricsPipeline, warn);
        return;
      default:
    }
  });
  return warnings.sort((left, right) => left.start - right.start || left.end - right.end);
}

type Warn = (range: SourceRange, rule: LintRule, message: string) => void;

/** A side that stands in parentheses begins behind the expression that it is a side of. */
function lintMixed(node: BinaryExpression | SpansetCombination, warn: Warn): void {
  const { left } = node;
  if (node.operator !== "&&" || !("operator" in left) || left.operator !== "||") return;
  if (left.start !== node.start) return;
  warn(
    node,
    "mixed-and-or",
    "`&&` and `||` bind alike, from the left: put parentheses round what belongs together",
  );
}

function lintBinary(node: BinaryExpression, warn: Warn): void {
  const { operator, left, right } = node;
  if (operator === "&&" || operator === "||") {
    lintMixed(node, warn);
    return;
  }
  if (left.node === "literal" && right.node === "literal") {
    warn(node, "same-for-all-spans", "two values are compared: the answer is the same for all spans");
  }
  lintNanoseconds(left, right, warn);
  lintNanoseconds(right, left, warn);
  if (operator === "!=" || operator === "!~") lintAbsent(node, warn);
  if (operator === "=~" || operator === "!~") lintPattern(node, warn);
}

const DURATIONS: ReadonlySet<string> = new Set([
  ...["span:duration", "trace:duration", "span:selfTime", "span:criticalPath", "event:timeSinceStart"],
]);

function lintNanoseconds(field: FieldExpression, literal: FieldExpression, warn: Warn): void {
  if (field.node !== "intrinsic" || !DURATIONS.has(field.name) || literal.node !== "literal") return;
  const { value } = literal;
  if ((value.type !== "int" && value.type !== "float") || Number(value.value) === 0) return;
  const message = `a plain number is nanoseconds here, write \`${value.value}ms\` for milliseconds`;
  warn(literal, "plain-number-of-nanoseconds", message);
}

function lintAbsent(node: BinaryExpression, warn: Warn): void {
  const { operator, left, right } = node;
  const [field, value] = left.node === "attribute" ? [left, right] : [right, left];
  if (field.node !== "attribute" || value.node !== "literal" || value.value.type === "nil") return;
  if (field.scope === "resource" && field.key === "service.name") return;
  const name = fieldText(field);
  warn(
    node,
    "absent-attribute",
    `spans without \`${name}\` do not match \`${operator}\`, add \`|| ${name} = nil\` if they should`,
  );
}

function lintPattern(node: BinaryExpression, warn: Warn): void {
  const { right } = node;
  if (right.node !== "literal" || right.value.type !== "string") return;
  const { value } = right.value;
  if (/[\\^$.|?*+()[\]{}]/.test(value)) return;
  const equal = node.operator === "=~" ? "=" : "!=";
  warn(
    right,
    "plain-pattern",
    `without signs of a pattern this is the whole value: write \`${equal}\`, or \`${stringText(`.*${value}.*`)}\` for a part`,
  );
}

/** Signs that people mean as operators. A `-` or `/` is usual in keys, but for one before a number at the end. */
const OPERATOR_IN_KEY = /[+*%]|[-/]\d+$/;

function lintKey(node: FieldExpression, warn: Warn): void {
  if (node.node !== "attribute") return;
  const sign = OPERATOR_IN_KEY.exec(node.key)?.[0].charAt(0);
  if (sign === undefined) return;
  const name = fieldText(node);
  warn(node, "operator-in-key", `\`${name}\` is one attribute: put blanks round \`${sign}\` to calculate`);
}

function lintRelation(node: SpansetRelation, warn: Warn): void {
  const isAll = (side: SpansetRelation["left"]): boolean =>
    side.node === "filter" && side.condition === undefined;
  if (!isAll(node.left) || !isAll(node.right)) return;
  warn(
    node,
    "all-related-to-all",
    "all spans are asked on both sides, which costs much and says little: name one side",
  );
}

function lintOrder(node: MetricsPipeline, warn: Warn): void {
  for (const stage of node.spans.stages) {
    if (stage.node === "orderBy")
      warn(stage, "lost-order", "a function over time has no use for an order: use `topk`");
  }
}
