/** The tree of a trace, whatever state its spans are in. */

import type { Span } from "../model/span.ts";
import type { HostClock } from "./clock-skew.ts";
import type { ForestSpan } from "./span-forest.ts";
import { Parenthood } from "./span-forest.ts";
import type { ClockedForest, ClockOptions } from "./trace-clocks.ts";
import { clockedForest } from "./trace-clocks.ts";

/** A span in its place, or a node that stands for what is not known. */
export interface TraceNode<S extends ForestSpan = Span> {
  /** Undefined for synthetic nodes: a missing parent, or the virtual root over several roots. */
  readonly span: S | undefined;
  /** Id of the parent that some spans name but that is not in the trace; undefined for every other node. */
  readonly missingSpanId: string | undefined;
  /** Nanoseconds after {@link TraceTree.startTimeUnixNano}, clamped into the parent; whole up to 104 days. */
  readonly startNanos: number;
  /** Nanoseconds after {@link TraceTree.startTimeUnixNano}, clamped into the parent, not before the start. */
  readonly endNanos: number;
  readonly parent: TraceNode<S> | undefined;
  /** By start, then span id. */
  readonly children: readonly TraceNode<S>[];
}

/** All distinct spans of a trace under one root. */
export interface TraceTree<S extends ForestSpan = Span> {
  readonly root: TraceNode<S>;
  /** Every node, parents before children. */
  readonly nodes: readonly TraceNode<S>[];
  /** Earliest start of any span: moment 0 of the nodes. */
  readonly startTimeUnixNano: bigint;
  /** The hosts whose clock was set, by host: their spans lie elsewhere than their own times say. */
  readonly clocks: readonly HostClock[];
}

interface MutableNode<S extends ForestSpan> extends TraceNode<S> {
  startNanos: number;
  endNanos: number;
  parent: MutableNode<S> | undefined;
  children: readonly MutableNode<S>[];
}

/** Shared by all leaves, so that a flat trace of a million spans costs no million arrays. */
const NO_CHILDREN: readonly never[] = Object.freeze([]);

/**
 * Builds the tree of a trace.
 *
 * - The clocks of hosts are set, as `clockSkew` finds them, unless raw times are asked for.
 * - Equal spans count once; of different spans with one id the longest takes the children, but for a CLIENT and SERVERs
 *   that share its id, which lie below it and take the children of their service.
 * - A negative duration is 0.
 * - A cycle is cut above its earliest span.
 * - Spans whose parent is missing hang under one synthetic node for each missing id, which spans them.
 * - What has no parent hangs under the root when there is exactly one, since every span of a trace descends from it;
 *   otherwise all tops hang under a virtual root that spans them.
 * - Children are clamped into their parents; one wholly outside has no length left.
 */
export function traceTree<S extends ForestSpan = Span>(
  trace: { readonly spans: readonly S[] },
  options: ClockOptions = {},
): TraceTree<S> {
  const clocked = clockedForest(trace.spans, options);
  const first = clocked.forest.spans[0];
  if (first === undefined) throw new RangeError("a trace tree needs at least one span, got none");
  const { startTimeUnixNano } = first;
  const root = rootOf(linkNodes(clocked, startTimeUnixNano));
  return { root, nodes: clampedParentsFirst(root), startTimeUnixNano, clocks: clocked.clocks };
}

function linkNodes<S extends ForestSpan>(
  { forest, originals }: ClockedForest<S>,
  startTimeUnixNano: bigint,
): Tops<S> {
  const nodes = forest.spans.map((span, index) => spanNode(span, originals[index] as S, startTimeUnixNano));
  const roots: MutableNode<S>[] = [];
  const detached: MutableNode<S>[] = [];
  const missing = new Map<string, MutableNode<S>>();
  for (const [index, node] of nodes.entries()) {
    const parenthood = forest.parenthood[index];
    if (parenthood === Parenthood.ROOT) roots.push(node);
    else if (parenthood === Parenthood.CYCLE_CUT) detached.push(node);
    else if (parenthood === Parenthood.PARENT_MISSING) adoptOrphan(missing, node);
    else adopt(nodes[forest.parents[index] as number] as MutableNode<S>, node);
  }
  detached.push(...missing.values());
  return { roots, detached };
}

interface Tops<S extends ForestSpan> {
  /** Spans without a parent id. */
  readonly roots: MutableNode<S>[];
  /** Nodes whose place is not known. */
  readonly detached: MutableNode<S>[];
}

function spanNode<S extends ForestSpan>(
  times: ForestSpan,
  span: S,
  startTimeUnixNano: bigint,
): MutableNode<S> {
  const startNanos = Number(times.startTimeUnixNano - startTimeUnixNano);
  const endNanos = Math.max(startNanos, Number(times.endTimeUnixNano - startTimeUnixNano));
  return { span, missingSpanId: undefined, startNanos, endNanos, parent: undefined, children: NO_CHILDREN };
}

function syntheticNode<S extends ForestSpan>(missingSpanId: string | undefined): MutableNode<S> {
  return {
    span: undefined,
    missingSpanId,
    startNanos: Number.POSITIVE_INFINITY,
    endNanos: 0,
    parent: undefined,
    children: NO_CHILDREN,
  };
}

function adopt<S extends ForestSpan>(parent: MutableNode<S>, child: MutableNode<S>): void {
  child.parent = parent;
  if (parent.children === NO_CHILDREN) parent.children = [child];
  else (parent.children as MutableNode<S>[]).push(child);
}

/** Takes a child and stretches over it. */
function adoptStretching<S extends ForestSpan>(parent: MutableNode<S>, child: MutableNode<S>): void {
  adopt(parent, child);
  parent.startNanos = Math.min(parent.startNanos, child.startNanos);
  parent.endNanos = Math.max(parent.endNanos, child.endNanos);
}

function adoptOrphan<S extends ForestSpan>(
  missing: Map<string, MutableNode<S>>,
  orphan: MutableNode<S>,
): void {
  const parentSpanId = orphan.span?.parentSpanId ?? "";
  let parent = missing.get(parentSpanId);
  if (parent === undefined) {
    parent = syntheticNode<S>(parentSpanId);
    missing.set(parentSpanId, parent);
  }
  adoptStretching(parent, orphan);
}

function rootOf<S extends ForestSpan>(tops: Tops<S>): MutableNode<S> {
  const [onlyRoot, secondRoot] = tops.roots;
  if (onlyRoot !== undefined && secondRoot === undefined) {
    for (const node of tops.detached) adopt(onlyRoot, node);
    sortChildren(onlyRoot);
    return onlyRoot;
  }
  const [onlyDetached, secondDetached] = tops.detached;
  if (onlyRoot === undefined && onlyDetached !== undefined && secondDetached === undefined) {
    return onlyDetached;
  }
  const superRoot = syntheticNode<S>(undefined);
  for (const node of tops.roots) adoptStretching(superRoot, node);
  for (const node of tops.detached) adoptStretching(superRoot, node);
  sortChildren(superRoot);
  return superRoot;
}

function sortChildren<S extends ForestSpan>(node: MutableNode<S>): void {
  if (node.children.length < 2) return;
  (node.children as MutableNode<S>[]).sort(
    (left, right) => left.startNanos - right.startNanos || compareNodeIds(left, right),
  );
}

/** Order of equally timed siblings: by span id, or by the missing id a synthetic node stands for. */
export function compareNodeIds(left: TraceNode<ForestSpan>, right: TraceNode<ForestSpan>): number {
  const leftId = left.span?.spanId ?? left.missingSpanId ?? "";
  const rightId = right.span?.spanId ?? right.missingSpanId ?? "";
  if (leftId === rightId) return 0;
  return leftId < rightId ? -1 : 1;
}

function clampedParentsFirst<S extends ForestSpan>(root: MutableNode<S>): MutableNode<S>[] {
  const nodes = [root];
  // The list grows while it is read: breadth first without recursion.
  for (const node of nodes) {
    for (const child of node.children) {
      child.startNanos = clamp(child.startNanos, node.startNanos, node.endNanos);
      child.endNanos = clamp(child.endNanos, node.startNanos, node.endNanos);
      nodes.push(child);
    }
  }
  return nodes;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
