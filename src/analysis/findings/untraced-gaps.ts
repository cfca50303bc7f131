/** Long stretches that no span below tells anything about. */

import type { TraceNode } from "../trace-tree.ts";
import type { Finding, FindingSpan } from "./finding.ts";
import type { FindingContext } from "./finding-context.ts";
import { findingFrom, nodeAt } from "./finding-context.ts";

interface Gap {
  readonly index: number;
  readonly nanos: number;
  /** Children before and after it. */
  readonly around: readonly number[];
}

/**
 * Finds stretches of nodes on the critical path during which none of their children runs. A span without children is
 * no gap: it is its own work. Gaps of one operation are one finding, and between several roots nothing is known either.
 * What a missing parent leaves open is told as missing spans.
 */
export function untracedGaps<S extends FindingSpan>(context: FindingContext<S>): Finding<S>[] {
  const { minGapNanos, minGapShare } = context.options;
  const least = Math.max(1, minGapNanos, minGapShare * context.traceNanos);
  const { critical, tree } = context.schedule;
  const byOperation = new Map<string, Gap[]>();
  for (const [index, node] of tree.nodes.entries()) {
    const isMissing = node.missingSpanId !== undefined;
    if (critical[index] === 0 || node.children.length === 0 || isMissing) continue;
    for (const gap of gapsOf(context, index)) {
      if (gap.nanos < least) continue;
      const key = JSON.stringify([node.span?.serviceName, node.span?.name, node.span?.kind]);
      const known = byOperation.get(key) ?? [];
      known.push(gap);
      byOperation.set(key, known);
    }
  }
  return [...byOperation.values()].map((gaps) => findingOf(context, gaps));
}

function* gapsOf(context: FindingContext<FindingSpan>, index: number): Generator<Gap, void> {
  const { startNanos, endNanos, children } = nodeAt(context, index);
  const first = context.schedule.firstChildren[index] as number;
  let coveredUntil = startNanos;
  let latest = -1;
  for (const [at, child] of children.entries()) {
    if (child.startNanos > coveredUntil) {
      const around = latest === -1 ? [first + at] : [latest, first + at];
      yield { index, nanos: child.startNanos - coveredUntil, around };
    }
    if (child.endNanos < coveredUntil) continue;
    coveredUntil = child.endNanos;
    latest = first + at;
  }
  if (endNanos > coveredUntil) yield { index, nanos: endNanos - coveredUntil, around: [latest] };
}

function findingOf<S extends FindingSpan>(context: FindingContext<S>, gaps: readonly Gap[]): Finding<S> {
  const longestFirst = [...gaps].sort((left, right) => right.nanos - left.nanos || left.index - right.index);
  const { index, around } = longestFirst[0] as Gap;
  const node = nodeAt(context, index);
  const proof = [index, ...around, ...longestFirst.slice(1).map((gap) => gap.index)];
  const spans = [...new Set(proof)].flatMap((at) => spanned(context, at) ?? []);
  const beside = nodeAt(context, spans[0] as number).span;
  let costNanos = 0;
  for (const gap of gaps) costNanos += gap.nanos;
  const count = gaps.length === 1 ? "a long stretch" : `${gaps.length} long stretches`;
  const where = node.span === undefined ? "between spans without a common parent" : `in ${node.span.name}`;
  return findingFrom(context, {
    type: "untraced_gap",
    service: node.span?.serviceName ?? beside?.serviceName ?? "",
    operation: node.span?.name ?? "",
    costNanos,
    proof: spans,
    summary: `${count} ${where} that no span below covers`,
    advice: adviceFor(node),
  });
}

/** For a missing parent the first span that names it. */
function spanned({ schedule }: FindingContext<FindingSpan>, index: number): number | undefined {
  const node = schedule.tree.nodes[index];
  if (node?.span !== undefined) return index;
  return node?.missingSpanId === undefined ? undefined : schedule.firstChildren[index];
}

function adviceFor({ span, children }: TraceNode<FindingSpan>): string {
  if (span === undefined)
    return "Find out what runs between these spans, and whether context is handed on there.";
  const isCall = span.kind === "CLIENT" && children.some((child) => child.span?.kind === "SERVER");
  return isCall
    ? "Look at what lies before the callee's span: connecting, queues, a proxy, a process short of CPU."
    : "Put spans around what runs there: waiting for a lock or a pool, code without instrumentation, a process short of CPU.";
}
