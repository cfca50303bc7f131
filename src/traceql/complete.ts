/** What may be written next in a query that is half written. */

import type { AttributeScope, Field } from "../filter/query-model.ts";
import { KINDS, STATUSES } from "../filter/query-model.ts";
import type { Frame, HalfQuery, Token } from "./half-query.ts";
import { fieldOf, halfQuery, partialEnd } from "./half-query.ts";
import { SAFE_HINTS } from "./hints.ts";
import { MAX_QUERY_BYTES } from "./limits.ts";
import { COMPARISONS, OPERATOR_PRECEDENCE, RELATIONS } from "./parts.ts";
import { typeOfExpression } from "./value-types.ts";
import {
  AGGREGATE_WORDS,
  FIELD_PRECEDENCE,
  INTRINSIC_WORDS,
  METRICS_WORDS,
  SCOPE_WORDS,
  SERIES_WORDS,
  STAGE_WORDS,
} from "./words.ts";

/** One kind of thing that may stand there. */
export type Expectation =
  /** A key of the scope, which the text already names when it is not `any`. */
  | { readonly kind: "attributeKey"; readonly scope: AttributeScope }
  /** A value that the field has; `quoted` when its opening quote is written. */
  | { readonly kind: "value"; readonly field: Field; readonly quoted: boolean }
  /** One of these texts. */
  | {
      readonly kind: "scope" | "intrinsic" | "operator" | "stage" | "function" | "keyword" | "spanset";
      readonly words: readonly string[];
    };

/** What may be written at the cursor, and what of the text it would replace. */
export interface Completion {
  readonly start: number;
  readonly end: number;
  /** What is typed of it already: of a key without its scope, of a text without its quote. */
  readonly prefix: string;
  readonly expects: readonly Expectation[];
}

const SPANSETS: Expectation = { kind: "spanset", words: ["{ }"] };
const SCOPES: Expectation = { kind: "scope", words: [...SCOPE_WORDS.keys()].map((scope) => `${scope}.`) };
const INTRINSICS: Expectation = { kind: "intrinsic", words: [...INTRINSIC_WORDS.keys()] };
const STAGES: Expectation = { kind: "stage", words: [...STAGE_WORDS] };
const AGGREGATES: Expectation = { kind: "function", words: [...AGGREGATE_WORDS] };
const METRICS: Expectation = { kind: "function", words: [...METRICS_WORDS.keys()] };
const SERIES: Expectation = { kind: "stage", words: [...SERIES_WORDS] };
const FIELDS: readonly Expectation[] = [SCOPES, INTRINSICS, { kind: "attributeKey", scope: "any" }];
const FIELD_OPERATORS: Expectation = { kind: "operator", words: [...FIELD_PRECEDENCE.keys()] };
const SPANSET_OPERATORS: Expectation = { kind: "operator", words: ["|", "&&", "||", ...RELATIONS.keys()] };
const SCALAR_OPERATORS: Expectation = {
  kind: "operator",
  words: [...COMPARISONS, ...[...OPERATOR_PRECEDENCE.keys()].filter((text) => "+-*/%^".includes(text))],
};
const keyword = (...words: string[]): Expectation => ({ kind: "keyword", words });

const VALUE_OPERATORS: ReadonlySet<string> = new Set([...COMPARISONS, "=~", "!~"]);
const OPERAND_KINDS: ReadonlySet<string> = new Set([
  ...["word", "attribute", "string", "int", "float", "duration"],
  ...[")", "}"],
]);

/**
 * What may be written at an offset of a query, however broken the text around it is. Keys and values are named by kind
 * only: who has a catalogue fills them in.
 *
 * @example
 * completionAt('{ resource.service.name = "ch', 29);
 * // { start: 26, end: 29, prefix: "ch", expects: [{ kind: "value", field: resource.service.name, quoted: true }] }
 */
export function completionAt(text: string, offset: number): Completion {
  const at = Math.max(0, Math.min(offset, text.length));
  if (text.length > MAX_QUERY_BYTES) return { start: at, end: at, prefix: "", expects: [] };
  const half = halfQuery(text, at);
  const { partial } = half;
  return {
    start: partial?.start ?? at,
    end: partialEnd(text, at, partial),
    prefix: partial === undefined ? "" : prefixOf(partial, text, at),
    expects: expectations(half),
  };
}

function prefixOf(partial: Token, text: string, offset: number): string {
  return partial.kind === "string" || partial.kind === "attribute"
    ? partial.word
    : text.slice(partial.start, offset);
}

function expectations(half: HalfQuery): readonly Expectation[] {
  const { frame, inFilter, partial } = half;
  const expected = inFilter ? inExpression(frame, partial) : outsideOfBraces(half);
  if (partial?.kind !== "attribute") return expected;
  // A dot is written: what can follow is a key, wherever a field can stand.
  return expected.some((one) => one.kind === "attributeKey")
    ? [{ kind: "attributeKey", scope: partial.scope }]
    : [];
}

function inExpression(frame: Frame, partial: Token | undefined): readonly Expectation[] {
  const last = frame.tokens.at(-1);
  if (last !== undefined && OPERAND_KINDS.has(last.kind)) return [FIELD_OPERATORS];
  const field =
    last !== undefined && VALUE_OPERATORS.has(last.kind) ? fieldOf(frame.tokens.at(-2)) : undefined;
  if (field === undefined)
    return partial?.kind === "string" ? [] : [...FIELDS, keyword("true", "false", "nil")];
  const value: Expectation = { kind: "value", field, quoted: partial?.kind === "string" };
  return value.quoted ? [value] : [value, ...wordsOfType(field), ...FIELDS];
}

/** Values that every field of a type can have. */
function wordsOfType(field: Field): readonly Expectation[] {
  switch (typeOfExpression(field)) {
    case "status":
      return [keyword(...STATUSES)];
    case "kind":
      return [keyword(...KINDS)];
    case "unknown":
      return [keyword("true", "false", "nil")];
    default:
      return [];
  }
}

function outsideOfBraces(half: HalfQuery): readonly Expectation[] {
  const { frame, outer, partial } = half;
  if (partial?.kind === "string") return [];
  if (frame.callee === undefined) return inStages(frame);
  return inCall(frame, frame.callee, outer, partial);
}

function inCall(
  frame: Frame,
  callee: string,
  outer: Frame | undefined,
  partial: Token | undefined,
): readonly Expectation[] {
  const last = frame.tokens.at(-1);
  const atArgument = last === undefined || last.kind === ",";
  if (callee === "with") return inHints(last);
  if (callee === "orderBy") return inOrder(frame, atArgument);
  if (isMetricsWord(callee)) return inMetricsCall(callee, last);
  if (callee === "select" || (callee === "by" && outer?.calls.some(isMetricsWord))) {
    return atArgument ? FIELDS : [];
  }
  return callee === "by" || AGGREGATE_WORDS.has(callee) ? inExpression(frame, partial) : [];
}

function inMetricsCall(callee: string, last: Token | undefined): readonly Expectation[] {
  if (last !== undefined) return [];
  return callee === "compare" ? [SPANSETS] : FIELDS;
}

function inHints(last: Token | undefined): readonly Expectation[] {
  if (last === undefined || last.kind === ",") return [keyword(...SAFE_HINTS.keys())];
  return last.kind === "=" ? [keyword("true", "false")] : [];
}

function inOrder(frame: Frame, atArgument: boolean): readonly Expectation[] {
  if (!atArgument) return [];
  return frame.commas > 0 ? [keyword("desc", "asc")] : [...FIELDS, AGGREGATES];
}

function isMetricsWord(word: string): boolean {
  return (METRICS_WORDS as ReadonlyMap<string, unknown>).has(word);
}

function inStages(frame: Frame): readonly Expectation[] {
  const last = frame.tokens.at(-1);
  const hasMetrics = frame.calls.some(isMetricsWord);
  if (last === undefined) return [SPANSETS, STAGES, AGGREGATES];
  if (last.kind === "|") return hasMetrics ? [SERIES] : [STAGES, AGGREGATES, METRICS, SPANSETS];
  if (last.kind === "}" || last.kind === ")") return afterClosing(last, hasMetrics);
  if (last.kind === "int" || last.kind === "float" || last.kind === "duration") return [SPANSET_OPERATORS];
  if (COMPARISONS.has(last.kind) && endsWithAggregate(frame)) return hasMetrics ? [] : [AGGREGATES];
  return OPERATOR_PRECEDENCE.has(last.kind) ? [SPANSETS] : [];
}

/** Whether the operator at the end stands behind an aggregate or a function over time. */
function endsWithAggregate(frame: Frame): boolean {
  const before = frame.tokens.at(-2);
  return before?.kind === ")" && (AGGREGATE_WORDS.has(before.word) || isMetricsWord(before.word));
}

function afterClosing(last: Token, hasMetrics: boolean): readonly Expectation[] {
  if (last.kind === ")" && AGGREGATE_WORDS.has(last.word)) return [SCALAR_OPERATORS];
  if (!hasMetrics) return [SPANSET_OPERATORS, keyword("with")];
  const more = { kind: "operator", words: ["|", ...COMPARISONS] } as const;
  return isMetricsWord(last.word) && last.kind === ")"
    ? [keyword("by", "with"), more]
    : [more, keyword("with")];
}
