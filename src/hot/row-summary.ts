/** The summary of a trace from columns, without decoding a span. */

import { isAllZero } from "../base/bytes.ts";
import { traceIdOf } from "../batch/row-ids.ts";
import { nameOf, serviceNameOf } from "../batch/row-names.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { ServiceShare, TraceSummary } from "../model/trace-summary.ts";

const STATUS_ERROR = 2;

/**
 * Summarises the distinct rows of one trace: the same answer as `traceSummary` of `src/analysis` for their spans,
 * at a fraction of the cost.
 *
 * @param rows at least one, by start, then span id, as `distinctRows` gives them.
 * @throws RangeError when there is no row.
 */
export function rowSummary(rows: readonly SpanRow[]): TraceSummary {
  const first = rows[0];
  if (first === undefined) throw new RangeError("a trace summary needs at least one row, got none");
  const startTimeUnixNano = first.batch.startTimesUnixNano[first.row] as bigint;
  let endTimeUnixNano = startTimeUnixNano;
  let errorCount = 0;
  for (const { batch, row } of rows) {
    const end = batch.endTimesUnixNano[row] as bigint;
    if (end > endTimeUnixNano) endTimeUnixNano = end;
    if (batch.statusCodes[row] === STATUS_ERROR) errorCount++;
  }
  const root = rows.find(isRoot);
  return {
    traceId: traceIdOf(first),
    rootServiceName: root === undefined ? "" : serviceNameOf(root),
    rootOperationName: root === undefined ? "" : nameOf(root),
    startTimeUnixNano,
    endTimeUnixNano,
    spanCount: rows.length,
    errorCount,
    services: serviceShares(rows),
  };
}

function isRoot({ batch, row }: SpanRow): boolean {
  return isAllZero(batch.parentSpanIds, row * 8, row * 8 + 8);
}

function serviceShares(rows: readonly SpanRow[]): ServiceShare[] {
  const shares = new Map<string, { name: string; spanCount: number; errorCount: number }>();
  for (const row of rows) {
    const name = serviceNameOf(row);
    let share = shares.get(name);
    if (share === undefined) {
      share = { name, spanCount: 0, errorCount: 0 };
      shares.set(name, share);
    }
    share.spanCount++;
    if (row.batch.statusCodes[row.row] === STATUS_ERROR) share.errorCount++;
  }
  return [...shares.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}
