/** Answers of the catalogue of attributes out of counts. */

import { TimeSlice, throwIfAborted } from "../base/time-slice.ts";
import type { AttributeCounter } from "../batch/attribute-counter.ts";
import type { AttributeCounts } from "../batch/attribute-counts.ts";
import { summedValues } from "../batch/attribute-counts.ts";
import type { HotAttributes } from "../hot/hot-attributes.ts";
import type { HotBlock } from "../hot/hot-block.ts";
import type {
  AttributeRequest,
  AttributeValuesAnswer,
  AttributeValuesRequest,
} from "./attribute-catalogue.ts";

/** Counts over the hot blocks that may hold a span of the range asked for. */
export async function hotCounts(
  attributes: HotAttributes,
  blocks: readonly HotBlock[],
  request: AttributeRequest,
): Promise<readonly AttributeCounter[]> {
  const counters = await attributes.countsOf(blocks, new TimeSlice());
  throwIfAborted(request.signal);
  const { startTimeUnixNano: start, endTimeUnixNano: end } = request;
  return counters.filter(
    ({ earliestStartUnixNano: earliest, newestStartUnixNano: newest }) =>
      earliest !== undefined &&
      (start === undefined || newest >= start) &&
      (end === undefined || earliest < end),
  );
}

/** The values asked for. */
export function valuesIn(
  counts: readonly AttributeCounts[],
  request: AttributeValuesRequest,
): AttributeValuesAnswer {
  const { level, key, limit, prefix } = request;
  const levels = level === "any" ? (["span", "resource"] as const) : [level];
  return summedValues(counts, { levels, key, limit, prefix });
}
