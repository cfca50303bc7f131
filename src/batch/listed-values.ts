/** What of an attribute value is listed. */

import type { AttributeType, ListedType } from "../model/attribute-facts.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import { MAX_LISTED_VALUE_LENGTH } from "./attribute-counts.ts";

/** A value as lists have it. */
export interface ListedValue {
  readonly type: ListedType;
  readonly text: string;
}

/** An attribute value, taken apart. */
export interface ListedValues {
  /** Undefined: sent without a value, which is as good as not sent. */
  readonly type: AttributeType | undefined;
  /** The value itself, or the distinct elements of a list. */
  readonly values: readonly ListedValue[];
  /** False when there is more than the values say: texts too long, lists in lists, bytes, maps. */
  readonly isWhole: boolean;
}

const NONE: ListedValues = Object.freeze({ type: undefined, values: [], isWhole: true });
const OTHER: ListedValues = Object.freeze({ type: "other", values: [], isWhole: false });

/** Takes a value apart. */
export function listedValuesOf(value: AttributeValue): ListedValues {
  if (value === null) return NONE;
  if (Array.isArray(value)) return elementsOf(value as readonly AttributeValue[]);
  const type = typeOfScalar(value);
  if (type === undefined) return OTHER;
  const text = String(value);
  const isListed = text.length <= MAX_LISTED_VALUE_LENGTH;
  return { type, values: isListed ? [{ type, text }] : [], isWhole: isListed };
}

function elementsOf(elements: readonly AttributeValue[]): ListedValues {
  const values = new Map<string, ListedValue>();
  let isWhole = true;
  for (const element of elements) {
    const type = typeOfScalar(element);
    const text = String(element);
    if (type !== undefined && text.length <= MAX_LISTED_VALUE_LENGTH) {
      values.set(`${type}:${text}`, { type, text });
    } else isWhole &&= element === null;
  }
  return { type: "list", values: [...values.values()], isWhole };
}

function typeOfScalar(value: AttributeValue): ListedType | undefined {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return "int";
    case "number":
      return "float";
    case "boolean":
      return "bool";
    default:
      return undefined;
  }
}
