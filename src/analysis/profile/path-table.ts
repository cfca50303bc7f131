/** The call paths of a profile: a tree of numbered nodes, each one step further than its parent. */

import { OVERFLOW_FRAME } from "./frame-table.ts";

/** Number of the node above all paths. */
export const ROOT_PATH = 0;
/** Number of the node for everything beyond the limit on nodes. */
export const OVERFLOW_PATH = 1;
/** Number of the path that is met first. */
export const FIRST_PATH = 2;

/** Nodes that several tables may still give out together. */
export interface PathBudget {
  left: number;
}

/** Numbers call paths; parents have smaller numbers than their children, and nothing is ever taken out. */
export class PathTable {
  readonly #maxPaths: number;
  readonly #maxDepth: number;
  readonly #budget: PathBudget;
  #count = FIRST_PATH;
  #isFull = false;
  #parents: Int32Array = new Int32Array(64);
  #frames: Int32Array = new Int32Array(64);
  #depths: Uint16Array = new Uint16Array(64);
  /** Open addressing by parent and frame: a node, 0 where free. */
  #slots: Int32Array = new Int32Array(128);

  /**
   * @param maxPaths most nodes beside the two special ones
   * @param maxDepth deepest node; the root's children have depth 1
   * @param budget what this table shares with others
   */
  constructor(maxPaths: number, maxDepth: number, budget: PathBudget = { left: Number.POSITIVE_INFINITY }) {
    this.#budget = budget;
    this.#maxPaths = maxPaths;
    this.#maxDepth = maxDepth;
    this.#parents[ROOT_PATH] = -1;
    this.#frames[ROOT_PATH] = -1;
    this.#frames[OVERFLOW_PATH] = OVERFLOW_FRAME;
    this.#depths[OVERFLOW_PATH] = 1;
  }

  /** Nodes so far, the special ones included. */
  get count(): number {
    return this.#count;
  }

  /**
   * True from the first path that found no room. No path is given a node from then on, even if others become empty:
   * what was counted as overflow would otherwise be taken back from a node that never had it.
   */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Says that paths were counted as overflow already. */
  close(): void {
    this.#isFull = true;
  }

  /** -1 for the root. */
  parentOf(node: number): number {
    return this.#parents[node] as number;
  }

  /** Number of the node's frame; -1 for the root. */
  frameOf(node: number): number {
    return this.#frames[node] as number;
  }

  /** 0 for the root. */
  depthOf(node: number): number {
    return this.#depths[node] as number;
  }

  /**
   * The node one step below another. A frame met again on the way down is the node it was met at first, a frame below
   * the deepest level is the node above it, and one that finds no room is {@link OVERFLOW_PATH}.
   */
  below(parent: number, frame: number): number {
    if (parent === OVERFLOW_PATH || frame === OVERFLOW_FRAME) return OVERFLOW_PATH;
    const mask = this.#slots.length - 1;
    let slot = hashOf(parent, frame) & mask;
    for (let node = this.#slots[slot] as number; node !== 0; node = this.#slots[slot] as number) {
      if (this.#parents[node] === parent && this.#frames[node] === frame) return node;
      slot = (slot + 1) & mask;
    }
    for (let above = parent; above > ROOT_PATH; above = this.#parents[above] as number) {
      if (this.#frames[above] === frame) return above;
    }
    if ((this.#depths[parent] as number) >= this.#maxDepth) return parent;
    if (this.#isFull || this.#count - FIRST_PATH >= this.#maxPaths || this.#budget.left <= 0) {
      this.#isFull = true;
      return OVERFLOW_PATH;
    }
    return this.#add(parent, frame, slot);
  }

  /** Gives the next number to a node that was stored with it, whatever the bounds are now. */
  restore(parent: number, frame: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(parent, frame) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#add(parent, frame, slot);
  }

  #add(parent: number, frame: number, slot: number): number {
    const node = this.#count++;
    this.#budget.left--;
    if (node === this.#parents.length) this.#grow();
    this.#parents[node] = parent;
    this.#frames[node] = frame;
    this.#depths[node] = (this.#depths[parent] as number) + 1;
    this.#slots[slot] = node;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return node;
  }

  #grow(): void {
    const parents = new Int32Array(this.#parents.length * 2);
    const frames = new Int32Array(parents.length);
    const depths = new Uint16Array(parents.length);
    parents.set(this.#parents);
    frames.set(this.#frames);
    depths.set(this.#depths);
    this.#parents = parents;
    this.#frames = frames;
    this.#depths = depths;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let node = FIRST_PATH; node < this.#count; node++) {
      let slot = hashOf(this.#parents[node] as number, this.#frames[node] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.#slots = slots;
  }
}

function hashOf(parent: number, frame: number): number {
  const hash = Math.imul(Math.imul(parent, 0x9e37_79b1) ^ frame, 0x85eb_ca6b);
  return hash ^ (hash >>> 15);
}
