/** Attributes that say one thing under several names. */

import type { Attributes, AttributeValue } from "./attribute-value.ts";

/** The first of these attributes that is a text or a number, as text; undefined when none is, or all are empty. */
export function firstText(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = textOf(Object.hasOwn(attributes, key) ? attributes[key] : undefined);
    if (text !== "") return text;
  }
  return undefined;
}

function textOf(value: AttributeValue | undefined): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : "";
}
