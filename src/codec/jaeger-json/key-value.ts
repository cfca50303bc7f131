/** Attribute values as typed tags. */

import { base64FromBytes } from "../../base/base64.ts";
import { plainJsonFromAttribute } from "../../model/attribute-json.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import { textFromAttribute } from "../attribute-text.ts";
import type { JaegerKeyValue } from "./jaeger-model.ts";

/** An attribute as a tag: lists and maps are JSON in a string, whole numbers beyond 2^53 - 1 decimal texts. */
export function keyValue(key: string, value: AttributeValue): JaegerKeyValue {
  switch (typeof value) {
    case "boolean":
      return { key, type: "bool", value };
    case "bigint":
      return { key, type: "int64", value: plainNumber(value) };
    case "number":
      return { key, type: "float64", value: plainNumber(value) };
    case "string":
      return { key, type: "string", value };
    default:
      if (value instanceof Uint8Array) return { key, type: "binary", value: base64FromBytes(value) };
      return { key, type: "string", value: textFromAttribute(value) };
  }
}

/** As a JSON number, or as text where JSON has no such number. */
function plainNumber(value: bigint | number): number | string {
  return plainJsonFromAttribute(value) as number | string;
}
