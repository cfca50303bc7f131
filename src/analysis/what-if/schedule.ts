/** The schedule of a trace: which span started because another had ended, and whose own time lay between them. */

import type { Span } from "../../model/span.ts";
import { compareEnds, isBlocking } from "../critical-path.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";

/**
 * A trace as a graph of waiting. Every column has one entry for each node of `tree.nodes`, in their order; the children
 * of a node follow one another in it, by start.
 *
 * ```
 *   parent   |-lead-[ first ]-lead-[ second ]--tail--|
 *            `-lead---[ beside ]                          second waits for first, first and beside for the parent
 * ```
 *
 * All leads and tails of a node are its own time: shortening them, and moving what follows, is what faster code would do.
 */
export interface Schedule<S extends ForestSpan = Span> {
  readonly tree: TraceTree<S>;
  /** Index of the parent, -1 for the root. */
  readonly parents: Int32Array;
  /** Index of the first child; a node without children has the place where they would be. */
  readonly firstChildren: Int32Array;
  /** Index of the sibling that had to end before the node started, -1 where the parent's start was all it waited for. */
  readonly waitsFor: Int32Array;
  /** Index of the child that ended last, of those the node waits for; -1 without one. */
  readonly lastChildren: Int32Array;
  /** Nanoseconds of the parent's own time between what the node waited for and its start. */
  readonly leads: Float64Array;
  /** Nanoseconds of the node's own time after the last child it waits for; its whole duration without children. */
  readonly tails: Float64Array;
  /** 1 for nodes that their parent waits for. */
  readonly blocking: Uint8Array;
  /** 1 for nodes on the critical path. */
  readonly critical: Uint8Array;
}

/**
 * Works out what waited for what: a node for the sibling with the latest end at or before its start, by the rules of
 * `criticalPath` for times taken at their word. Sorting aside it takes one step a node, without recursion.
 */
export function scheduleOf<S extends ForestSpan>(tree: TraceTree<S>): Schedule<S> {
  const count = tree.nodes.length;
  const schedule: Schedule<S> = {
    tree,
    parents: new Int32Array(count).fill(-1),
    firstChildren: new Int32Array(count),
    waitsFor: new Int32Array(count).fill(-1),
    lastChildren: new Int32Array(count).fill(-1),
    leads: new Float64Array(count),
    tails: new Float64Array(count),
    blocking: new Uint8Array(count).fill(1),
    critical: new Uint8Array(count),
  };
  schedule.critical[0] = 1;
  let next = 1;
  for (const [index, node] of tree.nodes.entries()) {
    schedule.firstChildren[index] = next;
    for (const child of node.children) {
      schedule.parents[next] = index;
      if (!isBlocking(child)) schedule.blocking[next] = 0;
      next++;
    }
    scheduleChildren(schedule, index);
    if (schedule.critical[index] === 1) markCritical(schedule, index);
  }
  return schedule;
}

function nodeAt<S extends ForestSpan>({ tree }: Schedule<S>, index: number): TraceNode<S> {
  return tree.nodes[index] as TraceNode<S>;
}

function scheduleChildren(schedule: Schedule<ForestSpan>, index: number): void {
  const node = nodeAt(schedule, index);
  const first = schedule.firstChildren[index] as number;
  const byEnd: number[] = [];
  for (let at = first; at < first + node.children.length; at++)
    if (schedule.blocking[at] === 1) byEnd.push(at);
  byEnd.sort((left, right) => compareEnds(nodeAt(schedule, left), nodeAt(schedule, right)));
  // Children come by start, so what has ended before each of them only grows.
  let ended = 0;
  for (let at = first; at < first + node.children.length; at++) {
    const { startNanos } = nodeAt(schedule, at);
    while (ended < byEnd.length && isOverBefore(nodeAt(schedule, byEnd[ended] as number), startNanos))
      ended++;
    const before = ended === 0 ? -1 : (byEnd[ended - 1] as number);
    const from = before === -1 ? node.startNanos : nodeAt(schedule, before).endNanos;
    schedule.waitsFor[at] = before;
    schedule.leads[at] = startNanos - from;
  }
  const last = byEnd.at(-1) ?? -1;
  schedule.lastChildren[index] = last;
  schedule.tails[index] = node.endNanos - (last === -1 ? node.startNanos : nodeAt(schedule, last).endNanos);
}

/** A sibling without duration that lies at the instant itself did not come before it. */
function isOverBefore(node: TraceNode<ForestSpan>, instant: number): boolean {
  return node.endNanos < instant || (node.endNanos === instant && node.startNanos < instant);
}

function markCritical({ lastChildren, waitsFor, critical }: Schedule<ForestSpan>, index: number): void {
  for (let at = lastChildren[index] as number; at !== -1; at = waitsFor[at] as number) critical[at] = 1;
}

/** Nanoseconds of the critical path in each node itself, outside its children: what `criticalPath` gives, by node. */
export function criticalSelfNanos({ parents, leads, tails, critical }: Schedule<ForestSpan>): Float64Array {
  const self = new Float64Array(critical.length);
  for (let index = 0; index < critical.length; index++) {
    if (critical[index] === 0) continue;
    self[index] = (self[index] as number) + (tails[index] as number);
    const parent = parents[index] as number;
    if (parent !== -1) self[parent] = (self[parent] as number) + (leads[index] as number);
  }
  return self;
}

/**
 * Duration of the root in nanoseconds when pieces of own time change: `change` gives what is taken off a piece of
 * `nanos` that the node at `index` owns (negative: what is added). What waited for a piece moves along; nothing else does.
 */
export function rescheduledNanos(
  schedule: Schedule<ForestSpan>,
  change: (index: number, nanos: number) => number,
): number {
  const { tree, firstChildren, waitsFor, leads, tails, blocking } = schedule;
  const durations = new Float64Array(tree.nodes.length);
  /** Ends after the parent's start. */
  const ends = new Float64Array(tree.nodes.length);
  for (let index = tree.nodes.length - 1; index >= 0; index--) {
    const first = firstChildren[index] as number;
    let lastEnd = 0;
    for (let at = first; at < first + nodeAt(schedule, index).children.length; at++) {
      const before = waitsFor[at] as number;
      const lead = leads[at] as number;
      const start = (before === -1 ? 0 : (ends[before] as number)) + lead - change(index, lead);
      ends[at] = start + (durations[at] as number);
      if (blocking[at] === 1) lastEnd = Math.max(lastEnd, ends[at] as number);
    }
    const tail = tails[index] as number;
    durations[index] = lastEnd + tail - change(index, tail);
  }
  return durations[0] as number;
}
