/** One trace against another: where the difference of their durations comes from. */

import type { Span } from "../../model/span.ts";
import type { HostClock } from "../clock-skew.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { TraceNode, TraceTree } from "../trace-tree.ts";
import { traceTree } from "../trace-tree.ts";
import type { CallPath, CallPathStep } from "./call-paths.ts";
import { CallPathTable, canonicalRanks, stepsOf } from "./call-paths.ts";
import type { PathFigures } from "./path-figures.ts";
import { figuresDelta, NO_FIGURES, nodeNanos, pathFigures } from "./path-figures.ts";
import type { SpanPair } from "./span-pairs.ts";
import { pairSpans } from "./span-pairs.ts";
import { ShapeTable } from "./trace-shape.ts";

/** How often a call path is gone, seen from the reference: `added` and `removed` are on one side only. */
export type PathChange = "added" | "removed" | "more" | "fewer" | "same";

/** A call path on which the traces differ. */
export interface DiffNode {
  /** From the root on; the innermost 64 of a longer path. */
  readonly path: readonly CallPathStep[];
  /** Steps above the last one. */
  readonly depth: number;
  readonly change: PathChange;
  readonly reference: PathFigures;
  readonly subject: PathFigures;
  /** Subject less reference. */
  readonly delta: PathFigures;
  /** Spans that have a counterpart on the other side: repeated calls of like parents are aligned by their order. */
  readonly pairedCount: number;
  /** The pair of spans whose durations differ most; undefined when none does. */
  readonly mostChanged: MostChangedPair | undefined;
}

/** Two spans that stand for one another. */
export interface MostChangedPair {
  /** 16 lower-case hex digits. */
  readonly referenceSpanId: string;
  /** 16 lower-case hex digits. */
  readonly subjectSpanId: string;
  /** Duration of the subject's span less that of the reference's. */
  readonly deltaNanos: bigint;
}

/** How two traces differ. */
export interface TraceDiff {
  /** Duration of the root, or of the virtual root over several. */
  readonly referenceNanos: bigint;
  /** Duration of the root, or of the virtual root over several. */
  readonly subjectNanos: bigint;
  /** Subject less reference: the sum of the critical-path deltas of `nodes` and `others`, exactly. */
  readonly deltaNanos: bigint;
  /** What contributes most first: by critical-path delta, then by delta of self time, whatever their signs. */
  readonly nodes: readonly DiffNode[];
  /** What differs beyond the nodes listed. */
  readonly others: { readonly count: number; readonly criticalNanos: bigint };
  /** Call paths with nothing to tell. */
  readonly sameCount: number;
  /** The hosts of each trace whose clock was set, by host. */
  readonly referenceClocks: readonly HostClock[];
  readonly subjectClocks: readonly HostClock[];
}

/** How much a comparison of two traces tells. */
export interface TraceDiffOptions {
  /** Most call paths listed; the others are summed up. Default 1,000. */
  readonly maxNodes?: number;
}

const DEFAULT_MAX_NODES = 1_000;
const MAX_STEPS = 64;

/**
 * Compares two traces call path by call path: how often each is gone, how long it takes, how much of the critical
 * path it has, and how many of its spans failed.
 *
 * Comparing a trace with itself lists nothing; swapping the traces negates every delta. Neither a shift in time nor the
 * order of the spans matters.
 *
 * @example
 * const { deltaNanos, nodes } = traceDiff(usual, slow);
 * nodes[0]?.path.at(-1); // the operation that made it slow
 *
 * @throws RangeError when a trace has no span.
 */
export function traceDiff<S extends ForestSpan = Span>(
  reference: { readonly spans: readonly S[] },
  subject: { readonly spans: readonly S[] },
  { maxNodes = DEFAULT_MAX_NODES }: TraceDiffOptions = {},
): TraceDiff {
  const table = new CallPathTable();
  const shapes = new ShapeTable();
  const left = sideOf(reference.spans, table);
  const right = sideOf(subject.spans, table);
  const pairs = pairSpans(left, right, { shapes, paths: table.paths });
  const changed = table.paths
    .map((path) => changeOn(path, left, right, pairs[path.number]))
    .filter(isDifferent);
  const ranks = canonicalRanks(table.paths);
  changed.sort(
    (first, second) =>
      compareSizes(first.delta.criticalNanos, second.delta.criticalNanos) ||
      compareSizes(first.delta.selfNanos, second.delta.selfNanos) ||
      (ranks[first.path.number] as number) - (ranks[second.path.number] as number),
  );
  const rest = changed.slice(maxNodes);
  const referenceNanos = nodeNanos(left.tree.root);
  const subjectNanos = nodeNanos(right.tree.root);
  return {
    referenceNanos,
    subjectNanos,
    deltaNanos: subjectNanos - referenceNanos,
    nodes: changed.slice(0, maxNodes).map(diffNode),
    others: {
      count: rest.length,
      criticalNanos: rest.reduce((sum, { delta }) => sum + delta.criticalNanos, 0n),
    },
    sameCount: table.paths.length - changed.length,
    referenceClocks: left.tree.clocks,
    subjectClocks: right.tree.clocks,
  };
}

interface Side<S extends ForestSpan> {
  readonly tree: TraceTree<S>;
  readonly paths: ReadonlyMap<TraceNode<S>, CallPath>;
  readonly figures: ReadonlyMap<CallPath, PathFigures>;
}

function sideOf<S extends ForestSpan>(spans: readonly S[], table: CallPathTable): Side<S> {
  const tree = traceTree({ spans });
  const paths = table.pathsOf(tree);
  return { tree, paths, figures: pathFigures(tree, paths) };
}

interface Change {
  readonly path: CallPath;
  readonly reference: PathFigures;
  readonly subject: PathFigures;
  readonly delta: PathFigures;
  readonly pairs: SpanPair | undefined;
}

function changeOn(
  path: CallPath,
  left: Pick<Side<ForestSpan>, "figures">,
  right: Pick<Side<ForestSpan>, "figures">,
  pairs: SpanPair | undefined,
): Change {
  const reference = left.figures.get(path) ?? NO_FIGURES;
  const subject = right.figures.get(path) ?? NO_FIGURES;
  return { path, reference, subject, delta: figuresDelta(reference, subject), pairs };
}

function isDifferent({ delta, pairs }: Change): boolean {
  const { count, errorCount, inclusiveNanos, selfNanos, criticalNanos } = delta;
  const hasDelta = inclusiveNanos !== 0n || selfNanos !== 0n || criticalNanos !== 0n;
  return hasDelta || count !== 0 || errorCount !== 0 || (pairs?.largestDeltaNanos ?? 0n) !== 0n;
}

function diffNode({ path, reference, subject, delta, pairs }: Change): DiffNode {
  return {
    path: stepsOf(path, MAX_STEPS),
    depth: path.depth,
    change: changeOf(reference.count, subject.count),
    reference,
    subject,
    delta,
    pairedCount: pairs?.count ?? 0,
    mostChanged: mostChangedOf(pairs),
  };
}

function mostChangedOf(pairs: SpanPair | undefined): MostChangedPair | undefined {
  if (pairs === undefined || pairs.largestDeltaNanos === 0n) return undefined;
  const { largest, largestDeltaNanos } = pairs;
  const referenceSpanId = largest[0].span?.spanId;
  const subjectSpanId = largest[1].span?.spanId;
  if (referenceSpanId === undefined || subjectSpanId === undefined) return undefined;
  return { referenceSpanId, subjectSpanId, deltaNanos: largestDeltaNanos };
}

function changeOf(before: number, after: number): PathChange {
  if (before === after) return "same";
  if (before === 0) return "added";
  if (after === 0) return "removed";
  return after > before ? "more" : "fewer";
}

/** Larger first, whatever the signs. */
function compareSizes(left: bigint, right: bigint): number {
  const leftSize = left < 0n ? -left : left;
  const rightSize = right < 0n ? -right : right;
  if (leftSize === rightSize) return 0;
  return leftSize > rightSize ? -1 : 1;
}
