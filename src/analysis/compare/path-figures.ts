/** What each call path of one trace amounts to. */

import { criticalPathPieces } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";
import type { CallPath } from "./call-paths.ts";

/** Sums over the spans on one call path; times in nanoseconds, each span clamped into its parent. */
export interface PathFigures {
  readonly count: number;
  /** Spans with status ERROR. */
  readonly errorCount: number;
  /** Durations. */
  readonly inclusiveNanos: bigint;
  /** Durations less the union of the children of each span. */
  readonly selfNanos: bigint;
  /** Time on the critical path of the trace in the spans themselves; over all call paths it sums to the root. */
  readonly criticalNanos: bigint;
}

/** Figures of a path no span is on. */
export const NO_FIGURES: PathFigures = Object.freeze({
  count: 0,
  errorCount: 0,
  inclusiveNanos: 0n,
  selfNanos: 0n,
  criticalNanos: 0n,
});

/** Subject less reference, field by field. */
export function figuresDelta(reference: PathFigures, subject: PathFigures): PathFigures {
  return {
    count: subject.count - reference.count,
    errorCount: subject.errorCount - reference.errorCount,
    inclusiveNanos: subject.inclusiveNanos - reference.inclusiveNanos,
    selfNanos: subject.selfNanos - reference.selfNanos,
    criticalNanos: subject.criticalNanos - reference.criticalNanos,
  };
}

/** Length of a node. Moments are whole, so this is exact whatever their size. */
export function nodeNanos({ startNanos, endNanos }: TraceNode<ForestSpan>): bigint {
  return BigInt(endNanos) - BigInt(startNanos);
}

/** The figures of each path that a trace has spans on. */
export function pathFigures<S extends ForestSpan>(
  tree: TraceTree<S>,
  paths: ReadonlyMap<TraceNode<S>, CallPath>,
): Map<CallPath, PathFigures> {
  const sums = new Map<CallPath, { -readonly [Name in keyof PathFigures]: PathFigures[Name] }>();
  const sumOf = (node: TraceNode<S>) => {
    const path = paths.get(node) as CallPath;
    let sum = sums.get(path);
    if (sum === undefined) {
      sum = { ...NO_FIGURES };
      sums.set(path, sum);
    }
    return sum;
  };
  for (const node of tree.nodes) {
    const sum = sumOf(node);
    sum.count++;
    if (node.span?.status === "ERROR") sum.errorCount++;
    sum.inclusiveNanos += nodeNanos(node);
    sum.selfNanos += selfNanos(node);
  }
  for (const { node, from, to } of criticalPathPieces(tree)) {
    sumOf(node).criticalNanos += BigInt(to) - BigInt(from);
  }
  return sums;
}

/** Children come by start, so their union grows from left to right. */
function selfNanos(node: TraceNode<ForestSpan>): bigint {
  let uncovered = nodeNanos(node);
  let coveredUntil = node.startNanos;
  for (const { startNanos, endNanos } of node.children) {
    const from = Math.max(startNanos, coveredUntil);
    if (endNanos <= from) continue;
    uncovered -= BigInt(endNanos) - BigInt(from);
    coveredUntil = endNanos;
  }
  return uncovered;
}
