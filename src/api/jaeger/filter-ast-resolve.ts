/** What the terms of a structured filter mean: operands checked, constants read as what they are compared with. */

import { TracAggError } from "../../base/errors.ts";
import { nanosFromGoDuration } from "../../base/go-duration.ts";
import { typedText } from "../../filter/attribute-text.ts";
import { KINDS, STATUSES } from "../../filter/query-model.ts";
import { unixNanoFromIso } from "../../model/time.ts";
import type {
  ComparisonName,
  Constant,
  FieldKind,
  FieldReference,
  NestedLevel,
  Predicate,
  Reference,
} from "./filter-ast.ts";
import { compareConstants } from "./filter-ast-constants.ts";
import type { PatternRoom } from "./filter-ast-regex.ts";
import { newPatternRoom, regexTest } from "./filter-ast-regex.ts";
import type { CallTerm, ListTerm, PlacedTerm, ScalarTerm } from "./filter-ast-terms.ts";
import { filterFault, shown, termsFrom } from "./filter-ast-terms.ts";

/** Longest JSON of a filter: what fits a URL, and more. */
const MAX_FILTER_LENGTH = 64 * 1024;
const INT64_BOUND = 2n ** 63n;

/** Each ordered comparison with its sides exchanged. */
const TURNED: Readonly<Record<ComparisonName, ComparisonName>> = Object.freeze({
  eq: "eq",
  ne: "ne",
  gt: "lt",
  lt: "gt",
  gte: "lte",
  lte: "gte",
});

/**
 * Reads a filter from its JSON.
 *
 * @throws TracAggError `invalid_argument` that names the place of what is wrong.
 */
export function filterFromJson(text: string): Predicate {
  if (text.length > MAX_FILTER_LENGTH) {
    throw filterFault("filter", `expected at most ${MAX_FILTER_LENGTH} characters, got ${text.length}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TracAggError("invalid_argument", "filter: expected JSON", { cause, field: "filter" });
  }
  return filterFrom(value);
}

/**
 * Reads a filter from plain objects: parsed JSON, or a message.
 *
 * @throws TracAggError `invalid_argument` that names the place of what is wrong.
 */
export function filterFrom(value: unknown): Predicate {
  const { path, term } = termsFrom(value);
  return predicateOf(term, path, { bound: [], patterns: newPatternRoom() });
}

interface Reading {
  /** Levels that a `some` around has one element of. */
  readonly bound: readonly NestedLevel[];
  readonly patterns: PatternRoom;
}

function predicateOf(call: CallTerm, path: string, reading: Reading): Predicate {
  switch (call.operator) {
    case "and":
    case "or":
      return { node: call.operator, predicates: predicatesOf(call, path, reading) };
    case "not": {
      const [operand] = operandsOf(call, path, 1);
      return { node: "not", predicate: predicateAt(operand, reading) };
    }
    case "exists": {
      const [operand] = operandsOf(call, path, 1);
      return { node: "exists", reference: referenceAt(operand) };
    }
    case "regex":
      return regexOf(call, path, reading);
    case "in":
    case "not_in":
      return membershipOf(call, path);
    case "some":
      return someOf(call, path, reading);
    default:
      return comparisonOf(call, path, call.operator);
  }
}

function predicatesOf({ operator, args }: CallTerm, path: string, reading: Reading): readonly Predicate[] {
  if (args.length < 2)
    throw filterFault(`${path}.args`, `${operator} takes two or more operands, got ${args.length}`);
  return args.map((arg) => predicateAt(arg, reading));
}

function predicateAt({ term, path }: PlacedTerm, reading: Reading): Predicate {
  if (term.node === "call") return predicateOf(term, path, reading);
  throw filterFault(path, `expected a call, which holds or does not, got ${NAMES[term.node]}`);
}

function someOf(call: CallTerm, path: string, reading: Reading): Predicate {
  const [collection, predicate] = operandsOf(call, path, 2);
  if (collection.term.node !== "nested") {
    throw filterFault(collection.path, `expected nested, got ${NAMES[collection.term.node]}`);
  }
  const { level } = collection.term;
  if (reading.bound.includes(level)) {
    throw filterFault(path, `some over ${level}s stands within some over ${level}s, which has no meaning`);
  }
  const within = { ...reading, bound: [...reading.bound, level] };
  return { node: "some", level, predicate: predicateAt(predicate, within) };
}

function regexOf(call: CallTerm, path: string, { patterns }: Reading): Predicate {
  const [subject, pattern] = operandsOf(call, path, 2);
  const reference = referenceAt(subject);
  if (reference.node === "field" && !isTextual(reference.kind)) {
    throw filterFault(subject.path, `expected what holds text, got a ${reference.kind}`);
  }
  const { term } = pattern;
  if (term.node !== "scalar" || (term.type !== undefined && term.type !== "string")) {
    throw filterFault(pattern.path, "expected a scalar of type string, the regular expression");
  }
  return { node: "regex", reference, matches: regexTest(term.value, `${pattern.path}.value`, patterns) };
}

function membershipOf(call: CallTerm, path: string): Predicate {
  const [subject, list] = operandsOf(call, path, 2);
  const reference = referenceAt(subject);
  if (list.term.node !== "list") {
    throw filterFault(list.path, `expected list, got ${NAMES[list.term.node]}`);
  }
  const { values, type } = list.term as ListTerm;
  return {
    node: "in",
    isNegated: call.operator === "not_in",
    reference,
    values: values.map((value, at) =>
      constantBeside(reference, { node: "scalar", value, type }, `${list.path}.values[${at}]`),
    ),
  };
}

function comparisonOf(call: CallTerm, path: string, operator: ComparisonName): Predicate {
  const [left, right] = operandsOf(call, path, 2);
  const isOrder = operator !== "eq" && operator !== "ne";
  if (left.term.node === "scalar" && right.term.node === "scalar") {
    const sides = [left, right].map(({ term, path: at }) => constantAlone(term as ScalarTerm, at));
    return { node: compareConstants(operator, sides as [Constant, Constant]) ? "always" : "never" };
  }
  if (left.term.node === "scalar") return compared(right, left, TURNED[operator]);
  if (right.term.node === "scalar") return compared(left, right, operator);
  const references = [referenceAt(left), referenceAt(right)] as const;
  for (const [at, reference] of references.entries()) {
    if (isOrder) checkOrdered(reference, at === 0 ? left.path : right.path);
  }
  const domains = references.map(domainOf);
  if (!domains.includes("any") && domains[0] !== domains[1]) {
    throw filterFault(path, `expected two of one kind, got ${domains.join(" and ")}`);
  }
  return { node: "compareBoth", operator, left: references[0], right: references[1] };
}

function compared(subject: PlacedTerm, constant: PlacedTerm, operator: ComparisonName): Predicate {
  const left = referenceAt(subject);
  const term = constant.term as ScalarTerm;
  if (operator !== "eq" && operator !== "ne") {
    checkOrdered(left, subject.path);
    if (term.type === "bool") throw filterFault(constant.path, "truth values have no order");
  }
  return { node: "compare", operator, left, right: constantBeside(left, term, constant.path) };
}

function checkOrdered(reference: Reference, path: string): void {
  if (reference.node === "field" && (reference.kind === "status" || reference.kind === "kind")) {
    throw filterFault(path, `${reference.level}.${reference.name} has no order`);
  }
}

function operandsOf(call: CallTerm, path: string, count: 1): readonly [PlacedTerm];
function operandsOf(call: CallTerm, path: string, count: 2): readonly [PlacedTerm, PlacedTerm];
function operandsOf({ operator, args }: CallTerm, path: string, count: number): readonly PlacedTerm[] {
  if (args.length === count) return args;
  const expected = count === 1 ? "one operand" : "two operands";
  throw filterFault(`${path}.args`, `${operator} takes ${expected}, got ${args.length}`);
}

const NAMES: Readonly<Record<PlacedTerm["term"]["node"], string>> = Object.freeze({
  attribute: "attr",
  field: "field",
  nested: "nested",
  scalar: "scalar",
  list: "list",
  call: "call",
});

function referenceAt({ term, path }: PlacedTerm): Reference {
  if (term.node === "attribute" || term.node === "field") return term;
  throw filterFault(path, `expected attr or field, got ${NAMES[term.node]}`);
}

function isTextual(kind: FieldKind): boolean {
  return kind !== "duration" && kind !== "timestamp";
}

/** What a reference can be compared with; an attribute holds whatever was stored. */
function domainOf(reference: Reference): "any" | "text" | "duration" | "timestamp" {
  if (reference.node === "attribute") return "any";
  return isTextual(reference.kind) ? "text" : (reference.kind as "duration" | "timestamp");
}

function constantBeside(reference: Reference, scalar: ScalarTerm, path: string): Constant {
  if (reference.node === "attribute") return constantAlone(scalar, path);
  const { value, type } = scalar;
  const { kind } = reference;
  if (isTextual(kind)) {
    if (type !== undefined && type !== "string") {
      throw filterFault(
        path,
        `expected a string beside ${reference.level}.${reference.name}, got type ${type}`,
      );
    }
    return { type: "string", value: textBeside(reference, value, path) };
  }
  if (type !== undefined) {
    throw filterFault(path, `expected a ${kind} without a type, got type ${type}`);
  }
  const nanos = kind === "duration" ? nanosFromGoDuration(value) : unixNanoFromIso(value);
  if (nanos !== undefined) return { type: "nanos", value: nanos };
  const example = kind === "duration" ? "such as 1.5s or 100ms" : "as RFC 3339 writes it";
  throw filterFault(path, `expected a ${kind} ${example}, got ${shown(value)}`);
}

/** Ids are compared as they are stored: lower-case, those of traces of 64 bits with zeros in front. */
function textBeside({ kind, name }: FieldReference, value: string, path: string): string {
  if (kind === "id") return value.toLowerCase().padStart(name === "traceID" ? 32 : 0, "0");
  const words: readonly string[] = kind === "status" ? STATUSES : kind === "kind" ? KINDS : [value];
  if (words.includes(value)) return value;
  throw filterFault(path, `expected one of ${words.join(", ")}, got ${shown(value)}`);
}

function constantAlone({ value, type }: ScalarTerm, path: string): Constant {
  switch (type) {
    case undefined:
      return { type: "any", text: value };
    case "string":
      return { type, value };
    case "bool":
      if (value === "true" || value === "false") return { type, value: value === "true" };
      break;
    case "int":
      if (/^[+-]?\d{1,19}$/.test(value)) {
        const whole = BigInt(value.replace("+", ""));
        if (whole >= -INT64_BOUND && whole < INT64_BOUND) return { type, value: whole };
      }
      break;
    case "double": {
      const double = typedText(value).double;
      if (double !== undefined) return { type, value: double };
      break;
    }
  }
  throw filterFault(path, `expected a value of type ${type}, got ${shown(value)}`);
}
