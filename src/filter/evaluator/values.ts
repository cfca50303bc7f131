/** Values as expressions over spans give them, one form for attributes, intrinsics and literals. */

import type { AttributeValue } from "../../model/attribute-value.ts";
import type { FilterValue, KindValue, StatusValue } from "../query-model.ts";
import { KINDS, STATUSES } from "../query-model.ts";

/** Nanoseconds that are known to be a time, so that they can be shown as one. */
export interface DurationValue {
  readonly type: "duration";
  readonly nanos: bigint;
}

/** An array attribute. */
export interface ArrayValue {
  readonly type: "array";
  readonly elements: readonly Value[];
}

/** What the events or links of one span say, two at least; a condition holds when it holds on one of them. */
export interface SeveralValues {
  readonly type: "several";
  readonly values: readonly Value[];
}

/** Bytes or a map: there, but equal to nothing. */
export interface OpaqueValue {
  readonly type: "opaque";
  readonly value: AttributeValue;
}

/**
 * A value of an expression: `bigint` is an int, `number` a float, undefined is nil (an attribute that was sent without
 * a value too).
 */
export type Value =
  | string
  | boolean
  | bigint
  | number
  | undefined
  | DurationValue
  | StatusValue
  | KindValue
  | ArrayValue
  | SeveralValues
  | OpaqueValue;

/** Statuses by OTLP number. */
export const STATUS_VALUES: readonly StatusValue[] = Object.freeze(
  STATUSES.map((value) => Object.freeze({ type: "status", value } as const)),
);

/** Kinds by OTLP number. */
export const KIND_VALUES: readonly KindValue[] = Object.freeze(
  KINDS.map((value) => Object.freeze({ type: "kind", value } as const)),
);

/** The value of a literal. */
export function valueOfLiteral(literal: FilterValue): Value {
  switch (literal.type) {
    case "string":
    case "int":
    case "float":
    case "boolean":
      return literal.value;
    case "nil":
      return undefined;
    case "duration":
    case "status":
    case "kind":
      return literal;
  }
}

/** The value of an attribute; undefined: the key is not there. */
export function valueOfAttribute(value: AttributeValue | undefined): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
    case "number":
      return value;
    default:
      break;
  }
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return { type: "array", elements: value.map(valueOfAttribute) };
  return { type: "opaque", value };
}

/** Values of several events or links as one: nil ones do not count. */
export function valueOfSeveral(values: readonly Value[]): Value {
  const there = values.filter((value) => value !== undefined);
  return there.length < 2 ? there[0] : { type: "several", values: there };
}

/** The number a value stands for, nanoseconds for a duration; undefined when it is none. */
export function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  if (typeof value === "object" && value.type === "duration") return value.nanos;
  return undefined;
}

/** A duration. */
export function duration(nanos: bigint): DurationValue {
  return { type: "duration", nanos };
}

/** What a value is, in the words of {@link FilterValue}. */
export function typeOf(value: Value): FilterValue["type"] | "array" | "several" | "opaque" {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "boolean";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "undefined":
      return "nil";
    default:
      return value.type;
  }
}
