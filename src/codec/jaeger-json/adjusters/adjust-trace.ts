/** What Jaeger changes of a trace before a person looks at it, in Jaeger's order. */

import { lazySpan } from "../../../batch/lazy-span.ts";
import type { SpanRow } from "../../../batch/span-batch.ts";
import { spanContent } from "../../../model/span-content.ts";
import type { WarningsBySpan } from "./clock-skew-warnings.ts";
import { clockSkewWarnings } from "./clock-skew-warnings.ts";
import { repeatedSpans } from "./repeated-spans.ts";
import { separateSharedIds } from "./shared-ids.ts";
import type { AdjustableResource } from "./span-adjusters.ts";
import { dotAddresses, moveLibraryAttributes, removeEmptyLinks, sortCollections } from "./span-adjusters.ts";
import type { SpanParts } from "./span-parts.ts";
import type { AdjustedColumns } from "./trace-columns.ts";
import { columnsOfRows } from "./trace-columns.ts";

/** Adjusts the spans of one trace one by one, in the order of its rows. */
export class TraceAdjuster {
  readonly #columns: AdjustedColumns;
  readonly #repeated: ReadonlySet<number>;
  readonly #warnings: WarningsBySpan;

  /** Looks at ids, times and hosts of all rows; bodies are read as the spans are. */
  constructor(rows: readonly SpanRow[]) {
    this.#columns = columnsOfRows(rows);
    separateSharedIds(this.#columns);
    this.#repeated = repeatedSpans(this.#columns, (at) => spanContent(lazySpan(rows[at] as SpanRow)));
    this.#warnings = clockSkewWarnings(without(this.#columns, this.#repeated));
  }

  /** Changes the parts of the span at that place; false when it is left out. */
  adjust(at: number, parts: SpanParts, resource: AdjustableResource): boolean {
    if (this.#repeated.has(at)) return false;
    parts.spanId = this.#columns.spanIds[at] as string;
    parts.parentSpanId = this.#columns.parentSpanIds[at];
    sortCollections(parts);
    parts.warnings.push(...(this.#warnings.get(at) ?? []));
    dotAddresses(parts);
    moveLibraryAttributes(parts, resource);
    removeEmptyLinks(parts);
    return true;
  }
}

/** Repeated spans under ids of their own, so that nobody takes them for another's duplicate. */
function without(columns: AdjustedColumns, repeated: ReadonlySet<number>): AdjustedColumns {
  if (repeated.size === 0) return columns;
  return {
    ...columns,
    spanIds: columns.spanIds.map((id, at) => (repeated.has(at) ? `repeated ${at}` : id)),
    parentSpanIds: columns.parentSpanIds.map((id, at) => (repeated.has(at) ? undefined : id)),
  };
}
