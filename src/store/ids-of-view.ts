/** Traces in memory by the end of their ids. */

import type { TimeSlice } from "../base/time-slice.ts";
import type { HotView } from "../hot/hot-view.ts";

/** Distinct ids that end in the 16 digits, in no order. */
export async function idsOfViewEndingIn(view: HotView, end: string, slice: TimeSlice): Promise<string[]> {
  const ids: string[] = [];
  for (const id of view.traceIds()) {
    if (id.endsWith(end)) ids.push(id);
    if (slice.isOver()) await slice.rest();
  }
  return ids;
}
