/** Which spans lie inside another span of their own call path, as recursion makes them. */

import type { ColumnTree } from "./column-tree.ts";

/** One trace at a time; the array is written over by the next {@link mark}. */
export class NestedSpans {
  /** 1 for a node below another one of its call path. */
  isNested: Uint8Array = new Uint8Array(64);
  /** Nodes of each call path above the one at hand, that one included. */
  #open: Int32Array = new Int32Array(64);
  #stack: Int32Array = new Int32Array(64);
  #nexts: Int32Array = new Int32Array(64);

  /** Says of every node that it is not nested: right without recursion. */
  clear(nodeCount: number): void {
    if (nodeCount > this.isNested.length) this.isNested = new Uint8Array(nodeCount * 2);
    else this.isNested.fill(0, 0, nodeCount);
  }

  /** Goes through the tree from the root down, without recursion of its own. */
  mark(tree: ColumnTree, pathOfNode: Int32Array, pathCount: number): void {
    this.clear(tree.nodeCount);
    if (pathCount > this.#open.length) this.#open = new Int32Array(pathCount * 2);
    let depth = this.#enter(tree, pathOfNode, tree.root, 0);
    while (depth > 0) {
      const node = this.#stack[depth - 1] as number;
      const next = this.#nexts[depth - 1] as number;
      if (next < (tree.childStarts[node + 1] as number)) {
        this.#nexts[depth - 1] = next + 1;
        depth = this.#enter(tree, pathOfNode, tree.children[next] as number, depth);
        continue;
      }
      const path = pathOfNode[node] as number;
      this.#open[path] = (this.#open[path] as number) - 1;
      depth--;
    }
  }

  #enter(tree: ColumnTree, pathOfNode: Int32Array, node: number, depth: number): number {
    if (depth === this.#stack.length) {
      this.#stack = doubled(this.#stack);
      this.#nexts = doubled(this.#nexts);
    }
    const path = pathOfNode[node] as number;
    const above = this.#open[path] as number;
    this.isNested[node] = above > 0 ? 1 : 0;
    this.#open[path] = above + 1;
    this.#stack[depth] = node;
    this.#nexts[depth] = tree.childStarts[node] as number;
    return depth + 1;
  }
}

function doubled(old: Int32Array): Int32Array {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
