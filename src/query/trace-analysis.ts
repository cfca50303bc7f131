/** What one stored trace means: critical path and bottlenecks. */

import type { Bottleneck } from "../analysis/bottlenecks.ts";
import { identifyBottlenecks } from "../analysis/bottlenecks.ts";
import type { CriticalPath } from "../analysis/critical-path.ts";
import { criticalPath } from "../analysis/critical-path.ts";
import type { QueryContext } from "./query-context.ts";
import { storedTrace, traceOf } from "./stored-trace.ts";

/** The exact critical path of a stored trace. @throws what {@link storedTrace} throws. */
export async function criticalPathOf(
  context: QueryContext,
  traceId: string,
  signal: AbortSignal,
): Promise<CriticalPath> {
  return criticalPath(traceOf(await storedTrace(context, traceId, signal)));
}

/** Spans longer than `thresholdMs`, longest first. @throws what {@link storedTrace} throws. */
export async function bottlenecksOf(
  context: QueryContext,
  traceId: string,
  thresholdMs: number,
  signal: AbortSignal,
): Promise<readonly Bottleneck[]> {
  return identifyBottlenecks(traceOf(await storedTrace(context, traceId, signal)), thresholdMs);
}
