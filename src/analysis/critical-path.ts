/** The critical path of a trace: at every instant, the one span the answer was waiting for. */

import type { Span } from "../model/span.ts";
import type { HostClock } from "./clock-skew.ts";
import type { ForestSpan } from "./span-forest.ts";
import type { ClockOptions } from "./trace-clocks.ts";
import type { TraceNode, TraceTree } from "./trace-tree.ts";
import { compareNodeIds, traceTree } from "./trace-tree.ts";

/**
 * What the time of a segment went into.
 *
 * - `self`: the span's own work.
 * - `network`: a CLIENT span with exactly one SERVER child, outside that child: transit and queueing.
 * - `untraced`: no span covers it: a missing parent, or a gap between several roots.
 * - `messaging`: between sending and receiving a message; only on paths to the completion of asynchronous work, so
 *   never on the path to the response.
 */
export type CriticalPathClass = "self" | "network" | "untraced" | "messaging";

/** A stretch of the critical path in one span. */
export interface CriticalPathSegment<S = Span> {
  /** Undefined where no span covers the time (class `untraced`). */
  readonly span: S | undefined;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  /** end - start, more than 0. */
  readonly durationNanos: bigint;
  readonly class: CriticalPathClass;
}

/** What one operation of one service has of the critical path. */
export interface CriticalPathShare {
  /** "" for untraced time. */
  readonly service: string;
  /** "" for untraced time. */
  readonly operation: string;
  readonly durationNanos: bigint;
  /** Of the whole path, 0 to 1. */
  readonly share: number;
  /** `durationNanos` split by class; classes without time are left out. */
  readonly byClass: Readonly<Partial<Record<CriticalPathClass, bigint>>>;
}

/** The critical path of one trace; its segments tile [start, end] without gap or overlap. */
export interface CriticalPath<S = Span> {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Start of the root, or of the virtual root over several. */
  readonly startTimeUnixNano: bigint;
  /** End of the root, or of the virtual root over several. */
  readonly endTimeUnixNano: bigint;
  readonly durationNanos: bigint;
  /** In time order. */
  readonly segments: readonly CriticalPathSegment<S>[];
  /** Largest first, then by service and operation. */
  readonly byOperation: readonly CriticalPathShare[];
  /** The hosts whose clock was set, by host: times of the path are those their spans were sent with, and the offset. */
  readonly clocks: readonly HostClock[];
}

/** A {@link CriticalPath} that may be made while it is read; it can be read more than once. */
export interface LazyCriticalPath extends Omit<CriticalPath, "segments" | "byOperation"> {
  readonly segments: Iterable<CriticalPathSegment>;
  readonly byOperation: Iterable<CriticalPathShare>;
}

/** How strictly the path is read. */
export interface CriticalPathOptions extends ClockOptions {
  /**
   * A child may end this many nanoseconds after the instant it has to be over by, as clocks of milliseconds or of two
   * hosts make it seem; never more than 1 % of its parent's duration. Default 0: times are taken at their word.
   */
  readonly maxOverlapNanos?: number;
}

/** Share of a parent's duration that {@link CriticalPathOptions.maxOverlapNanos} is held to. */
export const MAX_OVERLAP_SHARE = 0.01;

/**
 * The critical path to the response: which spans the root's answer waited for, instant by instant.
 *
 * It is walked backwards from the root's end: the child that ended last before the cut is what the parent waited for,
 * so the walk enters it, and goes on in the parent at that child's start. A sibling still running at the cut did not
 * trigger what came after it and gets no time. CONSUMER children of PRODUCER spans do not hold their parent up.
 * Children are clipped to their parents; spans without duration own nothing. Sorting aside it takes one step a span,
 * without recursion.
 *
 * @example
 * const path = criticalPath(trace);
 * path.segments[0]?.span?.operationName; // what ran first
 * path.byOperation[0]; // where most of the waiting went
 *
 * @throws RangeError when the trace has no span.
 */
export function criticalPath<S extends ForestSpan = Span>(
  trace: { readonly traceId: string; readonly spans: readonly S[] },
  options: CriticalPathOptions = {},
): CriticalPath<S> {
  const tree = traceTree(trace, options);
  const base = tree.startTimeUnixNano;
  const pieces = walkBackwards(tree.root, options.maxOverlapNanos ?? 0);
  const segments: CriticalPathSegment<S>[] = [];
  for (let index = pieces.length - 1; index >= 0; index--) {
    const piece = pieces[index] as Piece<S>;
    const startTimeUnixNano = base + BigInt(piece.from);
    const endTimeUnixNano = base + BigInt(piece.to);
    segments.push({
      span: piece.node.span,
      startTimeUnixNano,
      endTimeUnixNano,
      durationNanos: endTimeUnixNano - startTimeUnixNano,
      class: piece.class,
    });
  }
  const startTimeUnixNano = base + BigInt(tree.root.startNanos);
  const endTimeUnixNano = base + BigInt(tree.root.endNanos);
  const durationNanos = endTimeUnixNano - startTimeUnixNano;
  const byOperation = sharesOf(segments, durationNanos);
  const { traceId } = trace;
  const { clocks } = tree;
  return { traceId, startTimeUnixNano, endTimeUnixNano, durationNanos, segments, byOperation, clocks };
}

/** A stretch of the critical path in one node of a tree, in nanoseconds after the start of the tree. */
export interface CriticalPathPiece<S extends ForestSpan = Span> {
  readonly node: TraceNode<S>;
  readonly class: CriticalPathClass;
  readonly from: number;
  /** More than `from`. */
  readonly to: number;
}

/** The pieces of {@link criticalPath} for a tree that is there already, latest first; they tile the root. */
export function criticalPathPieces<S extends ForestSpan = Span>(
  tree: Pick<TraceTree<S>, "root">,
  options: CriticalPathOptions = {},
): readonly CriticalPathPiece<S>[] {
  return walkBackwards(tree.root, options.maxOverlapNanos ?? 0);
}

/** A stretch of the path; `from` is lowered when the walk comes back to the same node without anything between. */
interface Piece<S extends ForestSpan> extends CriticalPathPiece<S> {
  from: number;
}

/** The walk's position in one span. */
interface Frame<S extends ForestSpan> {
  readonly node: TraceNode<S>;
  readonly class: CriticalPathClass;
  /** Start of the window this span answers for. */
  readonly low: number;
  /** Everything from here on is told. */
  cut: number;
  /** How much of this span's end was clipped off: its children may be clipped by as much. */
  slack: number;
  readonly overlap: number;
  /** By end, start, id. */
  readonly children: readonly TraceNode<S>[];
  /** Next child to look at, going left. */
  next: number;
}

function walkBackwards<S extends ForestSpan>(root: TraceNode<S>, maxOverlapNanos: number): Piece<S>[] {
  const pieces: Piece<S>[] = [];
  const stack = [frameOf(root, root.startNanos, root.endNanos, maxOverlapNanos)];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = latestTriggering(frame);
    if (child === undefined) {
      emit(pieces, frame, frame.low, frame.cut);
      stack.pop();
      continue;
    }
    const childEnd = Math.min(child.endNanos, frame.cut);
    const childStart = Math.max(child.startNanos, frame.low);
    emit(pieces, frame, childEnd, frame.cut);
    frame.cut = childStart;
    frame.slack = 0;
    if (childStart < childEnd) stack.push(frameOf(child, childStart, childEnd, maxOverlapNanos));
  }
  return pieces;
}

function frameOf<S extends ForestSpan>(
  node: TraceNode<S>,
  low: number,
  cut: number,
  maxOverlapNanos: number,
): Frame<S> {
  const children = node.children.length < 2 ? node.children : [...node.children].sort(compareEnds);
  const overlap = Math.min((node.endNanos - node.startNanos) * MAX_OVERLAP_SHARE, maxOverlapNanos);
  return {
    node,
    class: classOf(node),
    low,
    cut,
    slack: node.endNanos - cut,
    overlap,
    children,
    next: children.length - 1,
  };
}

/** The order in which the path looks at siblings, from the last to the first: by end, start, id. */
export function compareEnds(left: TraceNode<ForestSpan>, right: TraceNode<ForestSpan>): number {
  return left.endNanos - right.endNanos || left.startNanos - right.startNanos || compareNodeIds(left, right);
}

/** The child that was over last at the cut; the pointer only moves left, so each child is looked at once. */
function latestTriggering<S extends ForestSpan>(frame: Frame<S>): TraceNode<S> | undefined {
  while (frame.next >= 0) {
    const child = frame.children[frame.next--] as TraceNode<S>;
    const isOutside = child.startNanos >= frame.cut || child.endNanos <= frame.low;
    if (isOutside || !isBlocking(child)) continue;
    if (child.endNanos <= frame.cut + Math.max(frame.overlap, frame.slack)) return child;
  }
  return undefined;
}

/** False for work that its parent does not wait for. */
export function isBlocking(node: TraceNode<ForestSpan>): boolean {
  return !(node.span?.kind === "CONSUMER" && node.parent?.span?.kind === "PRODUCER");
}

function emit<S extends ForestSpan>(pieces: Piece<S>[], frame: Frame<S>, from: number, to: number): void {
  if (from >= to) return;
  const last = pieces.at(-1);
  if (last !== undefined && last.node === frame.node && last.from === to) last.from = from;
  else pieces.push({ node: frame.node, class: frame.class, from, to });
}

function classOf(node: TraceNode<ForestSpan>): CriticalPathClass {
  if (node.span === undefined) return "untraced";
  if (node.span.kind !== "CLIENT") return "self";
  let servers = 0;
  for (const child of node.children) if (child.span?.kind === "SERVER") servers++;
  return servers === 1 ? "network" : "self";
}

type NamedSpan = Pick<Span, "serviceName" | "name">;

function sharesOf(segments: readonly CriticalPathSegment<NamedSpan>[], whole: bigint): CriticalPathShare[] {
  const sums = new Map<
    string,
    { first: CriticalPathSegment<NamedSpan>; byClass: Map<CriticalPathClass, bigint> }
  >();
  for (const segment of segments) {
    const key = segment.span === undefined ? "" : `${segment.span.serviceName}\0${segment.span.name}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { first: segment, byClass: new Map() };
      sums.set(key, sum);
    }
    sum.byClass.set(segment.class, (sum.byClass.get(segment.class) ?? 0n) + segment.durationNanos);
  }
  return [...sums.values()].map((sum) => shareFrom(sum.first.span, sum.byClass, whole)).sort(compareShares);
}

function shareFrom(
  span: NamedSpan | undefined,
  byClass: ReadonlyMap<CriticalPathClass, bigint>,
  whole: bigint,
): CriticalPathShare {
  let durationNanos = 0n;
  for (const nanos of byClass.values()) durationNanos += nanos;
  return {
    service: span?.serviceName ?? "",
    operation: span?.name ?? "",
    durationNanos,
    share: Number(durationNanos) / Number(whole),
    byClass: Object.fromEntries(byClass),
  };
}

function compareShares(left: CriticalPathShare, right: CriticalPathShare): number {
  if (left.durationNanos !== right.durationNanos) return left.durationNanos > right.durationNanos ? -1 : 1;
  if (left.service !== right.service) return left.service < right.service ? -1 : 1;
  return left.operation < right.operation ? -1 : 1;
}
