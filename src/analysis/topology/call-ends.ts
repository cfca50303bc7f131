/** The spans at both ends of a call: where it was made, and where it was answered. */

import type { DependencySpan, TraceCall } from "../dependency-links.ts";
import type { SpanForest } from "../span-forest.ts";

/** Indexes in the forest; -1 for an end that sends no spans. */
export interface CallEnds {
  readonly from: number;
  readonly to: number;
}

/** The ends of a call. What a consumer takes comes from its broker, whoever sent it there. */
export function callEndsOf(
  { caller, callee, fromService }: TraceCall,
  { spans }: SpanForest<DependencySpan>,
): CallEnds {
  const isCaller = caller !== -1 && spans[caller]?.serviceName === fromService;
  return { from: isCaller ? caller : -1, to: callee };
}
