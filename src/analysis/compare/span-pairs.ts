/** Which span of one trace stands for which of another. */

import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";
import type { CallPath } from "./call-paths.ts";
import { nodeNanos } from "./path-figures.ts";
import { alignedPairs } from "./sibling-alignment.ts";
import type { ShapeTable } from "./trace-shape.ts";

/** The pairs of spans on one call path. */
export interface SpanPair {
  readonly count: number;
  /** The first pair whose durations differ most. */
  readonly largest: readonly [TraceNode<ForestSpan>, TraceNode<ForestSpan>];
  /** Duration of its second less that of its first. */
  readonly largestDeltaNanos: bigint;
}

/** What pairing needs of a trace. */
export interface PairedSide<S extends ForestSpan> {
  readonly tree: TraceTree<S>;
  readonly paths: ReadonlyMap<TraceNode<S>, CallPath>;
}

type NodePair<S extends ForestSpan> = readonly [TraceNode<S>, TraceNode<S>];

/**
 * Pairs of spans by the number of their call path; nothing for paths without any. The roots are a pair when their
 * operations are the same, and below a pair the calls on one path are aligned by their order.
 */
export function pairSpans<S extends ForestSpan>(
  left: PairedSide<S>,
  right: PairedSide<S>,
  { shapes, paths }: { readonly shapes: ShapeTable; readonly paths: readonly CallPath[] },
): (SpanPair | undefined)[] {
  const align = siblingAligner(left.tree, right.tree, shapes);
  const pairsByPath = new Map<CallPath, NodePair<S>[]>();
  const rootPath = left.paths.get(left.tree.root) as CallPath;
  if (rootPath === right.paths.get(right.tree.root)) {
    pairsByPath.set(rootPath, [[left.tree.root, right.tree.root]]);
  }
  // Numbers grow from parents to children, so the pairs of a path are complete when its turn comes.
  return paths.map((path) => {
    const pairs = pairsByPath.get(path);
    if (pairs === undefined) return undefined;
    pairsByPath.delete(path);
    for (const [leftNode, rightNode] of pairs) {
      const calls = callsByPath(leftNode, rightNode, left, right);
      for (const [childPath, [leftCalls, rightCalls]] of calls) {
        const known = pairsByPath.get(childPath) ?? [];
        pairsByPath.set(childPath, known);
        for (const pair of align(leftCalls, rightCalls)) known.push(pair);
      }
    }
    return sumOf(pairs);
  });
}

type Align<S extends ForestSpan> = (
  left: readonly TraceNode<S>[],
  right: readonly TraceNode<S>[],
) => NodePair<S>[];

function siblingAligner<S extends ForestSpan>(
  leftTree: TraceTree<S>,
  rightTree: TraceTree<S>,
  shapes: ShapeTable,
): Align<S> {
  const leftClasses = shapes.classesOf(leftTree, "multiset");
  const rightClasses = shapes.classesOf(rightTree, "multiset");
  const hashOf = (shape: number): string => shapes.hashOf("multiset", shape);
  return (left, right) => {
    const leftShapes = left.map((node) => leftClasses.get(node) as number);
    const rightShapes = right.map((node) => rightClasses.get(node) as number);
    return alignedPairs(leftShapes, rightShapes, hashOf).map(([leftAt, rightAt]) => [
      left[leftAt] as TraceNode<S>,
      right[rightAt] as TraceNode<S>,
    ]);
  };
}

/** Children on both sides by their path; paths that one side lacks are left out. */
function callsByPath<S extends ForestSpan>(
  leftNode: TraceNode<S>,
  rightNode: TraceNode<S>,
  left: PairedSide<S>,
  right: PairedSide<S>,
): Map<CallPath, [TraceNode<S>[], TraceNode<S>[]]> {
  const calls = new Map<CallPath, [TraceNode<S>[], TraceNode<S>[]]>();
  for (const child of leftNode.children) {
    const path = left.paths.get(child) as CallPath;
    const known = calls.get(path);
    if (known === undefined) calls.set(path, [[child], []]);
    else known[0].push(child);
  }
  for (const child of rightNode.children) calls.get(right.paths.get(child) as CallPath)?.[1].push(child);
  for (const [path, [, rightCalls]] of calls) if (rightCalls.length === 0) calls.delete(path);
  return calls;
}

function sumOf<S extends ForestSpan>(pairs: readonly NodePair<S>[]): SpanPair | undefined {
  let largest = pairs[0];
  if (largest === undefined) return undefined;
  let largestDeltaNanos = deltaOf(largest);
  for (const pair of pairs) {
    const deltaNanos = deltaOf(pair);
    if (sizeOf(deltaNanos) <= sizeOf(largestDeltaNanos)) continue;
    largest = pair;
    largestDeltaNanos = deltaNanos;
  }
  return { count: pairs.length, largest, largestDeltaNanos };
}

function deltaOf([left, right]: NodePair<ForestSpan>): bigint {
  return nodeNanos(right) - nodeNanos(left);
}

function sizeOf(value: bigint): bigint {
  return value < 0n ? -value : value;
}
