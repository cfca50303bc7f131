/** The terms of a structured filter as they travel: JSON of api_v3, or a message read into plain objects. */

import { TracAggError } from "../../base/errors.ts";
import type {
  AttributeReference,
  ConstantType,
  FieldReference,
  FilterLevel,
  FilterOperator,
  NestedLevel,
} from "./filter-ast.ts";
import { CONSTANT_TYPES, FILTER_FIELDS, FILTER_LEVELS, FILTER_OPERATORS } from "./filter-ast.ts";

/** Calls within calls: deeper than people or builders of queries write, and far from any stack's end. */
const MAX_DEPTH = 32;
/** Terms of one filter. */
const MAX_TERMS = 1_000;

/** A constant before it is known what it is compared with; an empty type declares none. */
export interface ScalarTerm {
  readonly node: "scalar";
  readonly value: string;
  readonly type: ConstantType | undefined;
}

/** Several constants. */
export interface ListTerm {
  readonly node: "list";
  readonly values: readonly string[];
  readonly type: ConstantType | undefined;
}

/** An operator and its operands. */
export interface CallTerm {
  readonly node: "call";
  readonly operator: FilterOperator;
  readonly args: readonly PlacedTerm[];
}

/** The events or the links of a span. */
export interface NestedTerm {
  readonly node: "nested";
  readonly level: NestedLevel;
}

/** A term. */
export type Term = AttributeReference | FieldReference | NestedTerm | ScalarTerm | ListTerm | CallTerm;

/** A term with its place in the filter, for messages: `filter.args[0].call`. */
export interface PlacedTerm {
  readonly path: string;
  readonly term: Term;
}

type Members = Readonly<Record<string, unknown>>;

/** An `invalid_argument` about a place of the filter. */
export function filterFault(path: string, message: string): TracAggError {
  return new TracAggError("invalid_argument", `${path}: ${message}`, { field: "filter" });
}

/**
 * Reads the terms of a filter.
 *
 * @param value the call at the top: `{"op":…,"args":[…]}`
 * @throws TracAggError `invalid_argument` that names the place of what is wrong.
 */
export function termsFrom(value: unknown): PlacedTerm & { readonly term: CallTerm } {
  const room = { terms: MAX_TERMS };
  return { path: "filter", term: callFrom(value, "filter", { depth: 0, room }) };
}

interface Reading {
  readonly depth: number;
  readonly room: { terms: number };
}

function callFrom(value: unknown, path: string, { depth, room }: Reading): CallTerm {
  if (depth >= MAX_DEPTH) throw filterFault(path, `expected at most ${MAX_DEPTH} calls within each other`);
  const members = membersOf(value, path, ["op", "args"]);
  const operator = wordOf(members["op"], `${path}.op`, FILTER_OPERATORS);
  const args = members["args"] ?? [];
  if (!Array.isArray(args)) throw filterFault(`${path}.args`, `expected a list, got ${shown(args)}`);
  return {
    node: "call",
    operator,
    args: args.map((arg, at) => expressionFrom(arg, `${path}.args[${at}]`, { depth: depth + 1, room })),
  };
}

const TERMS: Readonly<Record<string, (value: unknown, path: string, reading: Reading) => Term>> =
  Object.freeze({
    attr: attributeFrom,
    field: fieldFrom,
    nested: nestedFrom,
    scalar: scalarFrom,
    list: listFrom,
    call: callFrom,
  });

function expressionFrom(value: unknown, path: string, reading: Reading): PlacedTerm {
  reading.room.terms--;
  if (reading.room.terms < 0) throw filterFault(path, `expected at most ${MAX_TERMS} terms in a filter`);
  const names = Object.keys(TERMS);
  const members = membersOf(value, path, names);
  const [name, ...others] = names.filter((each) => members[each] !== undefined);
  if (name === undefined || others.length > 0) {
    throw filterFault(path, `expected exactly one of ${names.join(", ")}, got ${shown(value)}`);
  }
  const at = `${path}.${name}`;
  return { path: at, term: (TERMS[name] as (typeof TERMS)[string])(members[name], at, reading) };
}

function attributeFrom(value: unknown, path: string): AttributeReference {
  const members = membersOf(value, path, ["key", "level"]);
  const key = textOf(members["key"] ?? "", `${path}.key`);
  if (key === "") throw filterFault(`${path}.key`, "expected the key of an attribute, got none");
  const level = members["level"] ?? "";
  return {
    node: "attribute",
    key,
    level: level === "" ? undefined : wordOf(level, `${path}.level`, FILTER_LEVELS),
  };
}

function fieldFrom(value: unknown, path: string): FieldReference {
  const members = membersOf(value, path, ["name", "level"]);
  const level: FilterLevel = wordOf(members["level"] ?? "", `${path}.level`, FILTER_LEVELS);
  const fields = FILTER_FIELDS[level];
  const name = wordOf(members["name"] ?? "", `${path}.name`, Object.keys(fields));
  return { node: "field", name, level, kind: fields[name] as FieldReference["kind"] };
}

function nestedFrom(value: unknown, path: string): NestedTerm {
  const members = membersOf(value, path, ["level"]);
  return { node: "nested", level: wordOf(members["level"] ?? "", `${path}.level`, ["event", "link"]) };
}

function scalarFrom(value: unknown, path: string): ScalarTerm {
  const members = membersOf(value, path, ["value", "type"]);
  return {
    node: "scalar",
    value: textOf(members["value"] ?? "", `${path}.value`),
    type: typeFrom(members, path),
  };
}

function listFrom(value: unknown, path: string): ListTerm {
  const members = membersOf(value, path, ["values", "type"]);
  const values = members["values"] ?? [];
  if (!Array.isArray(values)) throw filterFault(`${path}.values`, `expected a list, got ${shown(values)}`);
  if (values.length === 0 || values.length > MAX_TERMS) {
    throw filterFault(`${path}.values`, `expected 1 to ${MAX_TERMS} values, got ${values.length}`);
  }
  return {
    node: "list",
    values: values.map((each, at) => textOf(each, `${path}.values[${at}]`)),
    type: typeFrom(members, path),
  };
}

function typeFrom(members: Members, path: string): ConstantType | undefined {
  const type = members["type"] ?? "";
  return type === "" ? undefined : wordOf(type, `${path}.type`, CONSTANT_TYPES);
}

function membersOf(value: unknown, path: string, names: readonly string[]): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw filterFault(path, `expected an object with ${names.join(", ")}, got ${shown(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown === undefined) return value as Members;
  throw filterFault(path, `expected ${names.join(", ")}, got ${shown(unknown)}`);
}

function textOf(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw filterFault(path, `expected a string, got ${shown(value)}`);
}

function wordOf<Word extends string>(value: unknown, path: string, words: readonly Word[]): Word {
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  throw filterFault(path, `expected one of ${words.join(", ")}, got ${shown(value)}`);
}

/** A value in a message, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
