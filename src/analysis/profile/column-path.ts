/** The critical path over a tree in flat arrays: what `criticalPath` finds, at a small part of its cost. */

import type { CriticalPathClass } from "../critical-path.ts";
import { MAX_OVERLAP_SHARE } from "../critical-path.ts";
import type { ColumnTree } from "./column-tree.ts";

/** OTLP numbers of kinds. */
const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;
/** Up to this many siblings are sorted by insertion: most lists are short, and in order or nearly so. */
const SHORT_LIST = 24;

/** The walk's position in one node of each level; all arrays are of one length. */
interface Frames {
  readonly nodes: Int32Array;
  /** Start of the window a node answers for. */
  readonly lows: Float64Array;
  /** Everything from here on is told. */
  readonly cuts: Float64Array;
  /** How much of a node's end was clipped off: its children may be clipped by as much. */
  readonly slacks: Float64Array;
  readonly overlaps: Float64Array;
  /** Place in the tree's children of the next one to look at, going left. */
  readonly nexts: Int32Array;
}

/** One path at a time; every array is written over by the next {@link walk}. */
export class ColumnPath {
  segmentCount = 0;
  /** Node, start and end of each segment, the latest first; times as in the tree. */
  nodes: Int32Array = new Int32Array(64);
  starts: Float64Array = new Float64Array(64);
  ends: Float64Array = new Float64Array(64);
  #frames: Frames = framesOf(64);

  /**
   * Walks the path as `criticalPath` does. Sorts the children of the nodes it enters in place.
   *
   * @param maxOverlapNanos see `CriticalPathOptions`
   */
  walk(tree: ColumnTree, maxOverlapNanos = 0): void {
    this.segmentCount = 0;
    let depth = 0;
    this.#enter(tree, depth, tree.root, tree.starts[tree.root] as number, tree.ends[tree.root] as number);
    this.#frames.overlaps[0] = overlapOf(tree, tree.root, maxOverlapNanos);
    while (depth >= 0) {
      const { nodes, lows, cuts, slacks, overlaps } = this.#frames;
      const cut = cuts[depth] as number;
      const low = lows[depth] as number;
      const child = this.#latestTriggering(tree, depth, low, cut);
      if (child < 0) {
        this.#emit(nodes[depth] as number, low, cut);
        depth--;
        continue;
      }
      const childEnd = Math.min(tree.ends[child] as number, cut);
      const childStart = Math.max(tree.starts[child] as number, low);
      this.#emit(nodes[depth] as number, childEnd, cut);
      cuts[depth] = childStart;
      slacks[depth] = 0;
      if (childStart >= childEnd) continue;
      depth++;
      if (depth === overlaps.length) this.#frames = widerFrames(this.#frames);
      this.#enter(tree, depth, child, childStart, childEnd);
      this.#frames.overlaps[depth] = overlapOf(tree, child, maxOverlapNanos);
    }
  }

  /** What the time of a segment of this node went into. */
  classOf(tree: ColumnTree, node: number): CriticalPathClass {
    if ((tree.rows[node] as number) < 0) return "untraced";
    if (tree.kinds[node] !== CLIENT) return "self";
    let servers = 0;
    const end = tree.childStarts[node + 1] as number;
    for (let at = tree.childStarts[node] as number; at < end; at++) {
      if (tree.kinds[tree.children[at] as number] === SERVER) servers++;
    }
    return servers === 1 ? "network" : "self";
  }

  #enter(tree: ColumnTree, depth: number, node: number, low: number, cut: number): void {
    const frames = this.#frames;
    const start = tree.childStarts[node] as number;
    const end = tree.childStarts[node + 1] as number;
    if (end - start > 1) sortByEnds(tree, start, end);
    frames.nodes[depth] = node;
    frames.lows[depth] = low;
    frames.cuts[depth] = cut;
    frames.slacks[depth] = (tree.ends[node] as number) - cut;
    frames.nexts[depth] = end - 1;
  }

  /** The child that was over last at the cut, -1 for none; the place only moves left, so each is looked at once. */
  #latestTriggering(tree: ColumnTree, depth: number, low: number, cut: number): number {
    const { nodes, slacks, overlaps, nexts } = this.#frames;
    const node = nodes[depth] as number;
    const first = tree.childStarts[node] as number;
    const isProducer = tree.kinds[node] === PRODUCER;
    const latestEnd = cut + Math.max(overlaps[depth] as number, slacks[depth] as number);
    for (let at = nexts[depth] as number; at >= first; at--) {
      const child = tree.children[at] as number;
      const end = tree.ends[child] as number;
      if ((tree.starts[child] as number) >= cut || end <= low || end > latestEnd) continue;
      if (isProducer && tree.kinds[child] === CONSUMER) continue;
      nexts[depth] = at - 1;
      return child;
    }
    nexts[depth] = first - 1;
    return -1;
  }

  #emit(node: number, from: number, to: number): void {
    if (from >= to) return;
    const last = this.segmentCount - 1;
    if (last >= 0 && this.nodes[last] === node && this.starts[last] === to) {
      this.starts[last] = from;
      return;
    }
    if (this.segmentCount === this.nodes.length) this.#grow();
    this.nodes[this.segmentCount] = node;
    this.starts[this.segmentCount] = from;
    this.ends[this.segmentCount] = to;
    this.segmentCount++;
  }

  #grow(): void {
    const { nodes, starts, ends } = this;
    this.nodes = new Int32Array(nodes.length * 2);
    this.starts = new Float64Array(nodes.length * 2);
    this.ends = new Float64Array(nodes.length * 2);
    this.nodes.set(nodes);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}

function overlapOf(tree: ColumnTree, node: number, maxOverlapNanos: number): number {
  const duration = (tree.ends[node] as number) - (tree.starts[node] as number);
  return Math.min(duration * MAX_OVERLAP_SHARE, maxOverlapNanos);
}

/** By end, start, id, and among equals as they were. */
function sortByEnds(tree: ColumnTree, start: number, end: number): void {
  const { children } = tree;
  let from = start + 1;
  while (from < end && compareEnds(tree, children[from - 1] as number, children[from] as number) <= 0) from++;
  if (from === end) return;
  if (end - start > SHORT_LIST) {
    children.subarray(start, end).sort((left, right) => compareEnds(tree, left, right));
    return;
  }
  for (; from < end; from++) {
    const node = children[from] as number;
    let at = from - 1;
    while (at >= start && compareEnds(tree, children[at] as number, node) > 0) {
      children[at + 1] = children[at] as number;
      at--;
    }
    children[at + 1] = node;
  }
}

function compareEnds(tree: ColumnTree, left: number, right: number): number {
  return (
    (tree.ends[left] as number) - (tree.ends[right] as number) ||
    (tree.starts[left] as number) - (tree.starts[right] as number) ||
    tree.compareIds(left, right)
  );
}

function framesOf(length: number): Frames {
  return {
    nodes: new Int32Array(length),
    lows: new Float64Array(length),
    cuts: new Float64Array(length),
    slacks: new Float64Array(length),
    overlaps: new Float64Array(length),
    nexts: new Int32Array(length),
  };
}

function widerFrames(frames: Frames): Frames {
  const wider = framesOf(frames.nodes.length * 2);
  wider.nodes.set(frames.nodes);
  wider.lows.set(frames.lows);
  wider.cuts.set(frames.cuts);
  wider.slacks.set(frames.slacks);
  wider.overlaps.set(frames.overlaps);
  wider.nexts.set(frames.nexts);
  return wider;
}
