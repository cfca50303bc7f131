/** Performance as the native API writes it. */

import type { PerformanceAnswer } from "../../query/performance-of.ts";
import type { PerformanceJson } from "../contract.ts";
import { rangeJson } from "./range-json.ts";

/** The figures, whether they are of all matching traces, and the range they cover. */
export function performanceJson({ performance, truncated, range }: PerformanceAnswer): PerformanceJson {
  return { ...performance, truncated, range: rangeJson(range) };
}
