/** About how much work a condition is for one span. */

import type { FieldExpression } from "../query-model.ts";

/** A regular expression, compared with a value of one text. */
const PATTERN_COST = 16;
/** Events and links are decoded, and asked one by one. */
const PARTS_COST = 16;

/** In comparisons of a column: 1 or more. */
export function costOf(condition: FieldExpression): number {
  switch (condition.node) {
    case "literal":
      return 0;
    case "intrinsic":
      return condition.name.startsWith("event:") || condition.name.startsWith("link:") ? PARTS_COST : 1;
    case "attribute":
      return condition.scope === "event" || condition.scope === "link" ? PARTS_COST : 2;
    case "unary":
      return Math.max(1, costOf(condition.operand));
    case "binary": {
      const { operator, left, right } = condition;
      const own = operator === "=~" || operator === "!~" ? PATTERN_COST : 0;
      return Math.max(1, own + costOf(left) + costOf(right));
    }
  }
}
