/** Leaving traces out for good when segments are merged. */

import type { TraceSummary } from "../../model/trace-summary.ts";
import type { TraceKey } from "../trace-reader.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { Segment } from "./segment.ts";
import { spanPlan } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import { candidateSummaries } from "./segment-queries.ts";

/**
 * Decides which traces a merge of segments leaves out; asked in the thread of the server, so it answers at once.
 *
 * @example
 * const dropHealthChecks: ThinningPolicy = {
 *   leaveOut: (traces) => traces.filter((trace) => trace.rootOperationName === "GET /health").map((trace) => trace.traceId),
 * };
 */
export interface ThinningPolicy {
  /**
   * Ids of those of the given traces that are to be left out. Only traces that lie in one segment and nowhere else are
   * asked about; spans of a trace that come after it was left out are kept by themselves.
   */
  leaveOut(traces: readonly TraceSummary[]): Iterable<string>;
}

/** Traces a policy is asked about at once. */
const PAGE_TRACES = 1_000;

/** The traces of some segments that a policy leaves out. */
export async function tracesLeftOut(
  policy: ThinningPolicy,
  inputs: readonly Segment[],
  snapshot: LakeSnapshot,
): Promise<ReadonlySet<string>> {
  const leftOut = new Set<string>();
  for (const input of inputs) {
    const plan = (await spanPlan(input, {}, async () => []))!;
    let after: TraceKey | undefined;
    for (;;) {
      const page = await snapshot.reader.read(input, [SegmentFile.TRACES], undefined, (connection) =>
        candidateSummaries(connection, input, {}, { plan, after, limit: PAGE_TRACES }),
      );
      if (page === undefined || page.length === 0) break;
      after = page.at(-1);
      const whole = page.filter(({ traceId }) => !snapshot.shared.has(traceId));
      const asked = new Set(whole.map(({ traceId }) => traceId));
      for (const traceId of policy.leaveOut(whole)) if (asked.has(traceId)) leftOut.add(traceId);
    }
  }
  return leftOut;
}
