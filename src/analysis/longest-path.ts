/** The original design's critical path: the chain of spans with the largest summed duration. */

import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
import { Parenthood, spanForest } from "./span-forest.ts";

/**
 * The chain from the root down with the largest sum of durations; of equal chains the one whose span starts first.
 * Empty without a root.
 *
 * It knows nothing of time order: parallel work counts, sequential siblings do not, and a parent's duration is counted
 * beside its children's. What the answer waited for is `criticalPath`.
 */
export function longestPath(trace: Pick<Trace, "spans">): Span[] {
  const { spans, parents, parenthood, parentsFirst } = spanForest(trace.spans);
  const longest = Float64Array.from(spans, (span) => span.durationMs);
  const nextOnPath = new Int32Array(spans.length).fill(-1);
  const bestBelow = new Float64Array(spans.length).fill(-1);
  for (let at = parentsFirst.length - 1; at >= 0; at--) {
    const index = parentsFirst[at] as number;
    if (nextOnPath[index] !== -1) longest[index] = (longest[index] as number) + (bestBelow[index] as number);
    const parent = parents[index] as number;
    if (parent === -1) continue;
    const sum = longest[index] as number;
    const best = bestBelow[parent] as number;
    if (sum < best || (sum === best && index > (nextOnPath[parent] as number))) continue;
    bestBelow[parent] = sum;
    nextOnPath[parent] = index;
  }
  const path: Span[] = [];
  for (let at = parenthood.indexOf(Parenthood.ROOT); at !== -1; at = nextOnPath[at] as number) {
    path.push(spans[at] as Span);
  }
  return path;
}
