/** The critical path of a trace by way of columns, in the shape of `criticalPath`. */

import type {
  CriticalPath,
  CriticalPathOptions,
  CriticalPathSegment,
} from "../../../src/analysis/critical-path.ts";
import { ColumnPath } from "../../../src/analysis/profile/column-path.ts";
import { ColumnTree } from "../../../src/analysis/profile/column-tree.ts";
import { columnsOfSpans } from "../../../src/analysis/profile/columns-of-spans.ts";
import { FrameTable } from "../../../src/analysis/profile/frame-table.ts";
import type { Span } from "../../../src/model/span.ts";
import type { TraceColumns } from "../../../src/model/trace-columns.ts";

/** Used for every trace, as a server does: what one leaves behind must not show in the next. */
const tree = new ColumnTree();
const path = new ColumnPath();

/** What `criticalPath` gives, but for the order of `byOperation` and its classes. */
export function columnCriticalPath(
  trace: { readonly traceId: string; readonly spans: readonly Span[] },
  options: CriticalPathOptions = {},
): CriticalPath {
  const frames = new FrameTable();
  return pathOfColumns(columnsOfSpans(trace, frames), frames, trace.spans, options);
}

/** The same for columns whose row r is `spans[r]`. */
export function pathOfColumns(
  columns: TraceColumns,
  frames: FrameTable,
  spans: readonly Span[],
  { maxOverlapNanos = 0 }: CriticalPathOptions = {},
): CriticalPath {
  tree.build(columns, frames);
  path.walk(tree, maxOverlapNanos);
  const base = columns.startTimesUnixNano[tree.rows[0]!]!;
  const at = (nanos: number): bigint => base + BigInt(nanos);
  const segments: CriticalPathSegment[] = [];
  for (let index = path.segmentCount - 1; index >= 0; index--) {
    const node = path.nodes[index]!;
    const startTimeUnixNano = at(path.starts[index]!);
    const endTimeUnixNano = at(path.ends[index]!);
    segments.push({
      span: spans[tree.rows[node]!],
      startTimeUnixNano,
      endTimeUnixNano,
      durationNanos: endTimeUnixNano - startTimeUnixNano,
      class: path.classOf(tree, node),
    });
  }
  const startTimeUnixNano = at(tree.starts[tree.root]!);
  const endTimeUnixNano = at(tree.ends[tree.root]!);
  return {
    traceId: columns.traceId,
    startTimeUnixNano,
    endTimeUnixNano,
    durationNanos: endTimeUnixNano - startTimeUnixNano,
    clocks: [],
    segments,
    byOperation: segments.map(({ span, durationNanos }) => ({
      service: span?.serviceName ?? "",
      operation: span?.name ?? "",
      durationNanos,
      share: 0,
      byClass: {},
    })),
  };
}
