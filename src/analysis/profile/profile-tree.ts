/** A profile as a tree to look at: call paths under one another, in an order that depends on names alone. */

import type { CallPathProfile, ProfileTotals } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileExemplars } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames } from "./frame-table.ts";
import type { PathSum } from "./path-sums.ts";
import { OVERFLOW_PATH, ROOT_PATH } from "./path-table.ts";

/** One call path. Sums are in (nanoseconds x 1/1,024 of a weight): {@link nanosOfSum} makes nanoseconds of them. */
export interface ProfileNode extends PathSum {
  /** Its number in the profile. */
  readonly path: number;
  readonly frame: ProfileFrame;
  /** From 1. */
  readonly depth: number;
  readonly parent: ProfileNode | undefined;
  /** By role, service, operation, kind. */
  readonly children: readonly ProfileNode[];
  /** Critical-path time of the path and everything below it. */
  readonly total: bigint;
  /** `self` of the critical-path time of all traces, 0 to 1. */
  readonly share: number;
}

/** All call paths of a profile. */
export interface ProfileTree {
  readonly totals: ProfileTotals;
  /** Critical-path time of all traces: the exact sum of every node's `self`. */
  readonly whole: bigint;
  readonly roots: readonly ProfileNode[];
  /** Every node, parents before children, siblings in order. */
  readonly nodes: readonly ProfileNode[];
}

type MutableNode = { -readonly [Key in keyof Omit<ProfileNode, "parent" | "children">]: ProfileNode[Key] } & {
  parent: MutableNode | undefined;
  readonly children: MutableNode[];
};

/** The tree of what a profile holds now; call paths with nothing in them are left out. */
export function profileTree(profile: CallPathProfile): ProfileTree {
  const sums = Array.from({ length: profile.paths.count }, (_, path) => profile.at(path));
  let whole = 0n;
  for (const { self } of sums) whole += self;
  const nodes = new Map<number, MutableNode>();
  const roots: MutableNode[] = [];
  // Children have larger numbers than their parents, so from the end each node finds its children there.
  for (let path = sums.length - 1; path > ROOT_PATH; path--) {
    const sum = sums[path] as PathSum;
    const known = nodes.get(path);
    if (known === undefined && isEmpty(sum)) continue;
    const node = known ?? emptyNode(profile, path, sum);
    node.total += sum.self;
    node.share = shareOf(sum.self, whole);
    node.children.sort(compareNodes);
    const parent = profile.paths.parentOf(path);
    if (parent === ROOT_PATH || path === OVERFLOW_PATH) roots.push(node);
    else {
      const above = nodes.get(parent) ?? emptyNode(profile, parent, sums[parent] as PathSum);
      nodes.set(parent, above);
      node.parent = above;
      above.children.push(node);
      above.total += node.total;
    }
  }
  roots.sort(compareNodes);
  return { totals: profile.totals, whole, roots, nodes: inOrder(roots) };
}

/** The frames from the root of its traces down to a node. */
export function framesTo(node: ProfileNode): ProfileFrame[] {
  const frames: ProfileFrame[] = [];
  for (let at: ProfileNode | undefined = node; at !== undefined; at = at.parent) frames.push(at.frame);
  return frames.reverse();
}

/** Traces with time on the critical path at a node that show what it is like. */
export function exemplarsOf({ exemplars, selfSketch }: PathSum): ProfileExemplars {
  if (exemplars === undefined || selfSketch === undefined) {
    return { max: undefined, p50: undefined, p95: undefined };
  }
  return exemplars.pick(selfSketch.quantile(0.5), selfSketch.quantile(0.95));
}

/** A part of a whole, 0 to 1; 0 of nothing. */
export function shareOf(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : nanosOfSum(part) / nanosOfSum(whole);
}

function isEmpty({ spanCount, self, inclusive }: PathSum): boolean {
  return spanCount === 0 && self === 0n && inclusive === 0n;
}

/** Member by member: spreading the sums takes several times as long as all the rest. */
function emptyNode(profile: CallPathProfile, path: number, sum: PathSum): MutableNode {
  return {
    path,
    frame: profile.frames.frame(profile.paths.frameOf(path)),
    depth: profile.paths.depthOf(path),
    parent: undefined,
    children: [],
    spanCount: sum.spanCount,
    spanSteps: sum.spanSteps,
    self: sum.self,
    total: 0n,
    share: 0,
    inclusive: sum.inclusive,
    selfSketch: sum.selfSketch,
    exemplars: sum.exemplars,
  };
}

function compareNodes(left: ProfileNode, right: ProfileNode): number {
  return compareFrames(left.frame, right.frame);
}

function inOrder(roots: readonly ProfileNode[]): ProfileNode[] {
  const nodes: ProfileNode[] = [];
  const waiting = [...roots].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    for (let at = node.children.length - 1; at >= 0; at--) waiting.push(node.children[at] as ProfileNode);
  }
  return nodes;
}
