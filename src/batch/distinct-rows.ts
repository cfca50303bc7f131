/** Rows of one trace without repeats. */

import { spanContent } from "../model/span-content.ts";
import { lazySpan } from "./lazy-span.ts";
import { spanIdOf } from "./row-ids.ts";
import type { SpanRow } from "./span-batch.ts";

/**
 * The distinct spans of one trace, by start time, then span id; of equal spans the first one given stays. Equal means
 * equal content after decoding, so the same span under another encoding counts once, and spans that share an id but
 * differ in anything both stay.
 */
export function distinctRows(rows: Iterable<SpanRow>): SpanRow[] {
  const bySpanId = new Map<string, SpanRow[]>();
  for (const row of rows) {
    const spanId = spanIdOf(row);
    const same = bySpanId.get(spanId);
    if (same === undefined) bySpanId.set(spanId, [row]);
    else same.push(row);
  }
  const keyed: KeyedRow[] = [];
  for (const [spanId, same] of bySpanId) {
    for (const row of same.length === 1 ? same : withoutRepeats(same)) {
      keyed.push({ spanId, start: row.batch.startTimesUnixNano[row.row] as bigint, row });
    }
  }
  return keyed.sort(compareKeyed).map(({ row }) => row);
}

interface KeyedRow {
  readonly spanId: string;
  readonly start: bigint;
  readonly row: SpanRow;
}

function compareKeyed(left: KeyedRow, right: KeyedRow): number {
  if (left.start !== right.start) return left.start < right.start ? -1 : 1;
  if (left.spanId === right.spanId) return 0;
  return left.spanId < right.spanId ? -1 : 1;
}

function withoutRepeats(rows: readonly SpanRow[]): SpanRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const content = spanContent(lazySpan(row));
    if (seen.has(content)) return false;
    seen.add(content);
    return true;
  });
}
