/** One trace on its way into a profile: which call path each of its spans is on, and how long it was critical there. */

import type { TraceColumns } from "../../model/trace-columns.ts";
import { clockedColumns } from "./column-clocks.ts";
import { ColumnPath } from "./column-path.ts";
import { ColumnTree } from "./column-tree.ts";
import type { FrameTable } from "./frame-table.ts";
import { UNTRACED_FRAME } from "./frame-table.ts";
import { NestedSpans } from "./nested-spans.ts";
import type { PathTable } from "./path-table.ts";
import { ROOT_PATH } from "./path-table.ts";

/** One trace at a time; everything is written over by the next {@link find}. Many profiles can work with one. */
export class TracePaths {
  readonly tree: ColumnTree = new ColumnTree();
  /** Spans inside another one of their call path. */
  readonly nested: NestedSpans = new NestedSpans();
  /** Call path of each node of the tree. */
  pathOfNode: Int32Array = new Int32Array(64);
  /** Critical-path time by call path. */
  selfNanos: Float64Array = new Float64Array(64);
  /** Call paths with critical-path time, the first {@link touchedCount}. */
  touched: Int32Array = new Int32Array(64);
  touchedCount = 0;
  /** True when the clock of a host was set. */
  isCorrected = false;
  readonly #path: ColumnPath = new ColumnPath();

  /**
   * Works a trace out. Call paths get numbers of `paths`.
   *
   * @throws RangeError for a trace without a span.
   */
  find(columns: TraceColumns, frames: FrameTable, paths: PathTable): void {
    this.tree.build(columns, frames);
    const corrected = clockedColumns(this.tree, columns, frames);
    this.isCorrected = corrected !== undefined;
    if (corrected !== undefined) this.tree.build(corrected, frames);
    this.#path.walk(this.tree);
    this.#findPaths(columns, paths);
    this.#sumSegments(paths.count);
  }

  /** Finds the call path of every node, and which ones lie inside another one of theirs. */
  #findPaths(columns: TraceColumns, paths: PathTable): void {
    const { parentsFirst, parents, rows, nodeCount } = this.tree;
    if (nodeCount > this.pathOfNode.length) this.pathOfNode = new Int32Array(nodeCount * 2);
    const { pathOfNode } = this;
    let isRecursive = false;
    for (let at = 0; at < nodeCount; at++) {
      const node = parentsFirst[at] as number;
      const row = rows[node] as number;
      const above = at === 0 ? ROOT_PATH : (pathOfNode[parents[node] as number] as number);
      const frame = row < 0 ? UNTRACED_FRAME : (columns.frames[row] as number);
      const path = paths.below(above, frame);
      pathOfNode[node] = path;
      isRecursive ||= paths.parentOf(path) !== above;
    }
    if (isRecursive) this.nested.mark(this.tree, pathOfNode, paths.count);
    else this.nested.clear(nodeCount);
  }

  /** Adds the segments of the critical path up by call path. */
  #sumSegments(pathCount: number): void {
    for (let at = 0; at < this.touchedCount; at++) this.selfNanos[this.touched[at] as number] = 0;
    this.touchedCount = 0;
    if (pathCount > this.selfNanos.length) {
      this.selfNanos = new Float64Array(pathCount * 2);
      this.touched = new Int32Array(pathCount * 2);
    }
    const { nodes, starts, ends, segmentCount } = this.#path;
    for (let segment = 0; segment < segmentCount; segment++) {
      const path = this.pathOfNode[nodes[segment] as number] as number;
      const before = this.selfNanos[path] as number;
      if (before === 0) this.touched[this.touchedCount++] = path;
      this.selfNanos[path] = before + ((ends[segment] as number) - (starts[segment] as number));
    }
  }
}
