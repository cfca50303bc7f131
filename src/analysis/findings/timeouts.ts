/** Callers that gave up waiting. */

import { durationNanosOf } from "../span-forest.ts";
import type { TraceNode } from "../trace-tree.ts";
import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { CallFlag, childRange, criticalOf, findingFrom, nodeAt } from "./finding-context.ts";

/**
 * Finds calls that say they ran out of time, and failed calls whose server went on for longer than the caller lasted (of
 * durations, so that no clock skew makes one). Of timeouts below each other the deepest counts: the others ran out of
 * patience with it. Like calls are one finding.
 */
export function timeouts<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const { keys } = context.calls;
  const { parents } = context.schedule;
  const hasBelow = new Uint8Array(keys.length);
  const byKey = new Map<number, number[]>();
  for (let index = keys.length - 1; index >= 0; index--) {
    const isDeepest = hasBelow[index] === 0 && isTimeout(context, index);
    if (isDeepest) {
      const known = byKey.get(keys[index] as number) ?? [];
      known.push(index);
      byKey.set(keys[index] as number, known);
    }
    const parent = parents[index] as number;
    if (parent !== -1 && (isDeepest || hasBelow[index] === 1)) hasBelow[parent] = 1;
  }
  return [...byKey.values()].map((indexes) => findingOf(context, indexes.reverse()));
}

function isTimeout(context: FindingContext<FindingSpan>, index: number): boolean {
  if (context.calls.keys[index] === -1) return false;
  if (((context.calls.flags[index] as number) & CallFlag.TIMEOUT) !== 0) return true;
  const node = nodeAt(context, index);
  return node.span?.status === "ERROR" && node.children.some((child) => outlasts(child, node));
}

/** The tree's own times are clipped to the parent, so the spans are asked. */
function outlasts(child: TraceNode<FindingSpan>, parent: TraceNode<FindingSpan>): boolean {
  if (child.span?.kind !== "SERVER" || parent.span === undefined) return false;
  return durationNanosOf(child.span) > durationNanosOf(parent.span);
}

function findingOf<S extends FindingSpan>(
  context: FindingContext<S>,
  indexes: readonly number[],
): Finding<S> {
  const { calls } = context;
  const first = indexes[0] as number;
  const span = nodeAt(context, first).span as S;
  const label = calls.labels[calls.keys[first] as number] as string;
  const goesOn = indexes.filter((index) => {
    const [from, to] = childRange(context, index);
    return (
      from < to && nodeAt(context, index).children.some((child) => outlasts(child, nodeAt(context, index)))
    );
  });
  const times = indexes.length === 1 ? "ran out of time" : `ran out of time ${indexes.length} times`;
  return findingFrom(context, {
    type: "timeout",
    service: span.serviceName,
    operation: label,
    costNanos: criticalOf(context, indexes),
    proof: indexes,
    summary: `${label} ${times}${goesOn.length > 0 ? "; the callee worked on for nobody" : ""}`,
    advice:
      goesOn.length > 0
        ? "Hand the deadline on with the call, so that the callee stops when nobody waits, and find out what it waits for."
        : "Find out what the callee waits for; a shorter timeout would fail sooner, a longer one would only wait longer.",
  });
}
