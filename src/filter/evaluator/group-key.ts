/** Which values are one group. */

import { plainJsonFromAttribute } from "../../model/attribute-json.ts";
import type { Value } from "./values.ts";
import { typeOf } from "./values.ts";

/** A text that is equal for two values exactly when they are one group: `1`, `1.0`, `1ns` and `"1"` are four. */
export function groupKey(value: Value): string {
  const type = typeOf(value);
  if (typeof value !== "object") return `${type} ${value}`;
  switch (value.type) {
    case "duration":
      return `${type} ${value.nanos}`;
    case "status":
    case "kind":
      return `${type} ${value.value}`;
    case "array":
      return `${type} ${JSON.stringify(value.elements.map(groupKey))}`;
    case "several":
      return `${type} ${JSON.stringify(value.values.map(groupKey))}`;
    case "opaque":
      return `${type} ${JSON.stringify(plainJsonFromAttribute(value.value))}`;
  }
}
