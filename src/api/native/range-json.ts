/** The covered range as answers say it. */

import type { CoveredRange } from "../../query/trace-filter.ts";
import type { CoveredRangeJson } from "../contract.ts";

/** Decimal strings of both ends. */
export function rangeJson(range: CoveredRange): CoveredRangeJson {
  return {
    startTimeUnixNano: range.startTimeUnixNano.toString(),
    endTimeUnixNano: range.endTimeUnixNano.toString(),
  };
}
