/** How much each span of a trace holds its end up, and how much later it could be without doing so. */

import type { Span } from "../../model/span.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { ClockOptions } from "../trace-clocks.ts";
import type { TraceNode } from "../trace-tree.ts";
import { traceTree } from "../trace-tree.ts";
import type { Schedule } from "./schedule.ts";
import { criticalSelfNanos, scheduleOf } from "./schedule.ts";

/** What one span has to do with the duration of its trace. */
export interface SpanSlack<S = Span> {
  readonly span: S;
  /** Critical-path time of the span itself, outside its children. */
  readonly criticalSelfNanos: bigint;
  /**
   * Most that the trace becomes shorter when this span alone becomes faster, however fast: its critical-path time, or
   * less where a sibling of it or of a span above would then hold the end up. 0 off the critical path.
   */
  readonly dragNanos: bigint;
  /** How much later the span may end before the trace does; undefined when nobody waits for it at all. */
  readonly slackNanos: bigint | undefined;
}

/** Slack and drag of the nodes of a schedule, in its order, in nanoseconds; slack is infinite where nobody waits. */
export interface SlackColumns {
  readonly criticalSelf: Float64Array;
  readonly drag: Float64Array;
  readonly slack: Float64Array;
}

/**
 * Slack and drag of every distinct span, parents before children. Linear but for sorting, without recursion.
 *
 * @throws RangeError when the trace has no span.
 */
export function spanSlacks<S extends ForestSpan = Span>(
  trace: { readonly spans: readonly S[] },
  options: ClockOptions = {},
): SpanSlack<S>[] {
  const schedule = scheduleOf(traceTree(trace, options));
  const columns = slackColumns(schedule);
  const indexes = Array.from(schedule.tree.nodes.keys());
  return indexes.flatMap((index) => slackAt(schedule, columns, index) ?? []);
}

/** What the columns say of the span of a node; undefined for a node without a span. */
export function slackAt<S extends ForestSpan>(
  { tree }: Schedule<S>,
  { criticalSelf, drag, slack }: SlackColumns,
  index: number,
): SpanSlack<S> | undefined {
  const span = tree.nodes[index]?.span;
  if (span === undefined) return undefined;
  const slackNanos = slack[index] as number;
  return {
    span,
    criticalSelfNanos: BigInt(criticalSelf[index] as number),
    dragNanos: BigInt(drag[index] as number),
    slackNanos: Number.isFinite(slackNanos) ? BigInt(slackNanos) : undefined,
  };
}

/** Works the columns out, parents before children. */
export function slackColumns(schedule: Schedule<ForestSpan>): SlackColumns {
  const count = schedule.tree.nodes.length;
  const criticalSelf = criticalSelfNanos(schedule);
  const slack = new Float64Array(count);
  /** Most that shortening a node shortens the trace. */
  const limits = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let index = 0; index < count; index++) {
    if ((schedule.lastChildren[index] as number) !== -1 && schedule.critical[index] === 1) {
      limitChildren(schedule, index, limits);
    }
    slackenChildren(schedule, index, slack);
  }
  const drag = criticalSelf.map((own, index) => Math.min(own, limits[index] as number));
  return { criticalSelf, drag, slack };
}

/** A child may be late until the last child has ended, and no later than what waits for it may be. */
function slackenChildren(schedule: Schedule<ForestSpan>, index: number, slack: Float64Array): void {
  const { lastChildren, firstChildren, waitsFor, blocking, tree } = schedule;
  const { children } = tree.nodes[index] as TraceNode<ForestSpan>;
  const first = firstChildren[index] as number;
  const last = lastChildren[index] as number;
  const lastEnd = tree.nodes[last]?.endNanos ?? 0;
  for (const [at, child] of children.entries()) {
    const isWaitedFor = blocking[first + at] === 1;
    slack[first + at] = isWaitedFor
      ? (slack[index] as number) + lastEnd - child.endNanos
      : Number.POSITIVE_INFINITY;
  }
  // What waits for a child starts after it, so from the last start to the first every child is final when it is met.
  for (let at = first + children.length - 1; at >= first; at--) {
    const before = waitsFor[at] as number;
    if (before !== -1) slack[before] = Math.min(slack[before] as number, slack[at] as number);
  }
}

/**
 * Of the children on the critical path, each waits for the one before. When one of them becomes shorter, everything that
 * waits for it, directly or not, comes earlier by as much; the other children stay, and the latest of their ends is as
 * early as the parent's work after its children can start.
 */
function limitChildren(schedule: Schedule<ForestSpan>, index: number, limits: Float64Array): void {
  const { firstChildren, waitsFor, blocking, critical, tree } = schedule;
  const { children, startNanos } = tree.nodes[index] as TraceNode<ForestSpan>;
  const first = firstChildren[index] as number;
  /** How many critical siblings stand in the chain of waiting that a child ends, itself included. */
  const ranks = new Int32Array(children.length);
  /** Latest end by rank. */
  const latest: number[] = [startNanos];
  for (const [at, child] of children.entries()) {
    const before = waitsFor[first + at] as number;
    const rank = (before === -1 ? 0 : (ranks[before - first] as number)) + (critical[first + at] as number);
    ranks[at] = rank;
    if (blocking[first + at] === 1) latest[rank] = Math.max(latest[rank] ?? startNanos, child.endNanos);
  }
  for (let rank = 1; rank < latest.length; rank++) {
    latest[rank] = Math.max(latest[rank] as number, latest[rank - 1] as number);
  }
  const lastEnd = latest.at(-1) as number;
  for (const [at, rank] of ranks.entries()) {
    if (critical[first + at] === 0) continue;
    const others = latest[rank - 1] as number;
    limits[first + at] = Math.min(limits[index] as number, lastEnd - others);
  }
}
