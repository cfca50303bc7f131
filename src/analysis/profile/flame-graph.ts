/** A profile as flame graph data: nested, of bounded depth and size, ready for JSON. */

import { weightOfSteps } from "../weight-steps.ts";
import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileExemplars } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { frameLabel } from "./frame-table.ts";
import type { ProfileNode } from "./profile-tree.ts";
import { exemplarsOf, profileTree } from "./profile-tree.ts";

/** One box of a flame graph; times are weighted nanoseconds. */
export interface FlameNode extends ProfileFrame {
  /** One line of text for the box. */
  readonly name: string;
  /** Critical-path time of the call path and everything below it: the width of the box. */
  readonly valueNanos: number;
  /** Critical-path time of the call path's own spans. */
  readonly selfNanos: number;
  /** Part of `valueNanos` in boxes that were left out below. */
  readonly omittedNanos: number;
  /** `selfNanos` / critical-path time of all traces, 0 to 1. */
  readonly share: number;
  /** Spans, by weight. */
  readonly spanCount: number;
  /** Durations of these spans, on the critical path or not, those inside one another once. */
  readonly inclusiveNanos: number;
  /** Of `selfNanos` a trace, over the traces that have some. */
  readonly p50SelfNanos: number;
  readonly p95SelfNanos: number;
  readonly exemplars: ProfileExemplars;
  /** Widest first. */
  readonly children: readonly FlameNode[];
}

/** A flame graph; `roots` stand side by side. */
export interface FlameGraph {
  /** Critical-path time of all traces: the widths of all roots, and what was left out among them. */
  readonly valueNanos: number;
  readonly roots: readonly FlameNode[];
  readonly nodeCount: number;
  /** Call paths with critical-path time that are not in it. */
  readonly omittedCount: number;
}

/** How much of a profile is drawn. */
export interface FlameGraphOptions {
  /** Default 64. */
  readonly maxDepth?: number;
  /** Default 1,000: the widest ones. */
  readonly maxNodes?: number;
}

const DEFAULT_MAX_DEPTH = 64;
const DEFAULT_MAX_NODES = 1_000;

/**
 * The flame graph of a profile's critical paths: every call path with time on them, the widest ones where there are too
 * many. A box is never drawn without those above it.
 */
export function flameGraph(profile: CallPathProfile, options: FlameGraphOptions = {}): FlameGraph {
  const { nodes, roots, whole } = profileTree(profile);
  const { maxDepth = DEFAULT_MAX_DEPTH, maxNodes = DEFAULT_MAX_NODES } = options;
  const drawable = nodes.filter(({ total }) => total > 0n);
  const widest = drawable.filter(({ depth }) => depth <= maxDepth).sort(compareWidths);
  const drawn = new Set(widest.slice(0, maxNodes));
  return {
    valueNanos: nanosOfSum(whole),
    roots: boxesOf(roots, drawn),
    nodeCount: drawn.size,
    omittedCount: drawable.length - drawn.size,
  };
}

/** A node is at least as wide as those below it, so parents come first. */
function compareWidths(left: ProfileNode, right: ProfileNode): number {
  if (left.total !== right.total) return left.total > right.total ? -1 : 1;
  return left.depth - right.depth;
}

/** As deep as call paths get, which is 64 levels. */
function boxesOf(nodes: readonly ProfileNode[], drawn: ReadonlySet<ProfileNode>): FlameNode[] {
  return nodes
    .filter((node) => drawn.has(node))
    .sort(compareWidths)
    .map((node) => boxOf(node, boxesOf(node.children, drawn)));
}

function boxOf(node: ProfileNode, children: readonly FlameNode[]): FlameNode {
  const shown = children.reduce((sum, { valueNanos }) => sum + valueNanos, 0);
  const valueNanos = nanosOfSum(node.total);
  const selfNanos = nanosOfSum(node.self);
  return {
    name: frameLabel(node.frame),
    ...node.frame,
    valueNanos,
    selfNanos,
    omittedNanos: Math.max(0, valueNanos - selfNanos - shown),
    share: node.share,
    spanCount: weightOfSteps(node.spanSteps),
    inclusiveNanos: nanosOfSum(node.inclusive),
    p50SelfNanos: node.selfSketch?.quantile(0.5) ?? 0,
    p95SelfNanos: node.selfSketch?.quantile(0.95) ?? 0,
    exemplars: exemplarsOf(node),
    children,
  };
}
