/** Self time: what a span spent outside its children. */

import type { Span } from "../model/span.ts";
import type { Trace } from "../model/trace.ts";
import { spanForest } from "./span-forest.ts";

/** A span with its self time. */
export interface SelfTime {
  readonly span: Span;
  /** Duration less the union of the children's intervals, each clipped to the span; never negative. */
  readonly selfNanos: bigint;
}

/**
 * Self times of a trace's distinct spans, by start, then span id. Unlike critical path time this counts work of
 * parallel branches too, so the sum over a trace may exceed its duration.
 */
export function selfTimes(trace: Pick<Trace, "spans">): SelfTime[] {
  const { spans, parents } = spanForest(trace.spans);
  const uncovered: bigint[] = [];
  const coveredUntil: bigint[] = [];
  for (const span of spans) {
    uncovered.push(
      span.endTimeUnixNano > span.startTimeUnixNano ? span.endTimeUnixNano - span.startTimeUnixNano : 0n,
    );
    coveredUntil.push(span.startTimeUnixNano);
  }
  // Spans come by start, so each parent meets its children in order and the union grows from left to right.
  for (const [index, span] of spans.entries()) {
    const parent = parents[index] as number;
    if (parent === -1) continue;
    const from = later(span.startTimeUnixNano, coveredUntil[parent] as bigint);
    const to = earlier(span.endTimeUnixNano, (spans[parent] as Span).endTimeUnixNano);
    if (to <= from) continue;
    uncovered[parent] = (uncovered[parent] as bigint) - (to - from);
    coveredUntil[parent] = to;
  }
  return spans.map((span, index) => ({ span, selfNanos: uncovered[index] as bigint }));
}

function later(left: bigint, right: bigint): bigint {
  if (left > right) return left;
  return right;
}

function earlier(left: bigint, right: bigint): bigint {
  if (left < right) return left;
  return right;
}
