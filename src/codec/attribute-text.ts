/**
 * Attribute values as text, for formats whose values are strings.
 * Rules: opentelemetry-specification, common attribute text form.
 */

import { plainJsonFromAttribute } from "../model/attribute-json.ts";
import type { AttributeValue } from "../model/attribute-value.ts";

/** Strings as they are, the empty value as "", everything else as JSON. */
export function textFromAttribute(value: AttributeValue): string {
  const json = plainJsonFromAttribute(value);
  if (json === null) return "";
  return typeof json === "string" ? json : JSON.stringify(json);
}
