/** More questions to one stored trace: findings, what-if, clock skew. */

import type { ClockSkew, ClockSkewOptions } from "../analysis/clock-skew.ts";
import { clockSkewBy } from "../analysis/clock-skew.ts";
import type { TraceFindings } from "../analysis/findings/finding.ts";
import { traceFindings } from "../analysis/findings/trace-findings.ts";
import type { WhatIf, WhatIfTarget } from "../analysis/what-if/what-if.ts";
import { whatIf } from "../analysis/what-if/what-if.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import { atOnce } from "../base/time-slice.ts";
import { bytesOfRows } from "../batch/row-bytes.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { spanTable } from "../batch/span-table.ts";
import { hostKeysOfTable, spansOfTable } from "../batch/table-spans.ts";
import type { LargeAnalyses } from "./large-analyses.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { storedTrace } from "./stored-trace.ts";
import type { TraceRequest } from "./trace-analysis.ts";

/** Bytes of a span in the table an analysis is given. */
const TABLE_BYTES = 100;

/** What becomes faster in which trace. */
export interface WhatIfRequest extends TraceRequest {
  readonly target: WhatIfTarget;
}

/** Whose clocks are to be compared. */
export interface ClockSkewRequest extends ClockSkewOptions {
  readonly traceId: string;
}

/** The clocks of a stored trace. */
export interface TraceClocks {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly skew: ClockSkew;
}

/** The findings inside a stored trace. @throws what {@link storedTrace} throws. */
export async function findingsOf(
  context: QueryContext,
  { traceId, ...options }: TraceRequest,
  running: RunningQuery,
): Promise<TraceFindings> {
  const { summary, rows } = await storedTrace(context, traceId, running);
  const elsewhere = largeAnalysesFor(context, rows);
  if (elsewhere === undefined) {
    return traceFindings({ traceId: summary.traceId, spans: rows.map(lazySpan) }, options);
  }
  // The bodies of calls are copied too.
  running.held.add(rows.length * TABLE_BYTES + bytesOfRows(rows));
  return await elsewhere.findings(rows, running.signal, options);
}

/** A stored trace with an operation made faster. @throws what {@link storedTrace} throws. */
export async function whatIfOf(
  context: QueryContext,
  { traceId, ...question }: WhatIfRequest,
  running: RunningQuery,
): Promise<WhatIf> {
  const { rows } = await storedTrace(context, traceId, running);
  return await whatIfOfRows(context, { rows, ...question }, running);
}

/** {@link whatIf} of the rows of one trace, wherever it is worked out best. */
export async function whatIfOfRows(
  context: QueryContext,
  { rows, target, ...options }: Omit<WhatIfRequest, "traceId"> & { readonly rows: readonly SpanRow[] },
  running: RunningQuery,
): Promise<WhatIf> {
  const elsewhere = largeAnalysesFor(context, rows);
  if (elsewhere === undefined) {
    const spans = rows.map(lazySpan);
    return whatIf({ traceId: spans[0]?.traceId ?? "", spans }, target, options);
  }
  running.held.add(rows.length * TABLE_BYTES);
  return await elsewhere.whatIf(rows, target, running.signal, options);
}

/** The clocks of a stored trace. @throws what {@link storedTrace} throws. */
export async function clockSkewOf(
  context: QueryContext,
  { traceId, ...options }: ClockSkewRequest,
  running: RunningQuery,
): Promise<TraceClocks> {
  const { summary, rows } = await storedTrace(context, traceId, running);
  const elsewhere = largeAnalysesFor(context, rows);
  running.held.add(rows.length * TABLE_BYTES);
  if (elsewhere !== undefined) {
    return { traceId: summary.traceId, skew: await elsewhere.clockSkew(rows, options, running.signal) };
  }
  // A table knows each host once for a resource, where every span would decode its resource anew.
  const table = atOnce(spanTable(rows, { withLinkBodies: false, withHosts: true }));
  const skew = clockSkewBy(spansOfTable(table), hostKeysOfTable(table), options);
  return { traceId: summary.traceId, skew };
}

function largeAnalysesFor(
  { largeAnalyses }: QueryContext,
  rows: readonly SpanRow[],
): LargeAnalyses | undefined {
  return rows.length > MAX_SPANS_AT_ONCE ? largeAnalyses : undefined;
}
