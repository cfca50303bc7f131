/** Findings inside one trace. */

import { compareValues } from "../../base/compare.ts";
import type { Span } from "../../model/span.ts";
import { traceTree } from "../trace-tree.ts";
import { scheduleOf } from "../what-if/schedule.ts";
import { errorOrigins } from "./error-origins.ts";
import type { Finding, FindingOptions, FindingSeverity, FindingSpan, TraceFindings } from "./finding.ts";
import { DEFAULT_FINDING_OPTIONS } from "./finding.ts";
import { findingContext } from "./finding-context.ts";
import { missingSpans } from "./missing-spans.ts";
import { repeatedCalls } from "./repeated-calls.ts";
import { retries } from "./retries.ts";
import { sequentialCalls } from "./sequential-calls.ts";
import { timeouts } from "./timeouts.ts";
import { untracedGaps } from "./untraced-gaps.ts";

const SEVERITIES: readonly FindingSeverity[] = ["high", "medium", "low"];

/**
 * What is wrong in a trace, as far as one trace shows it, each with the spans that prove it and what to do. Costs are
 * critical-path time, so they say what the trace would be shorter by; those of different findings may overlap. The order
 * of spans does not matter. One step a span but for sorting, without recursion.
 *
 * @example
 * for (const { severity, summary, advice } of traceFindings(trace).findings) console.log(severity, summary, advice);
 *
 * @throws RangeError when the trace has no span.
 */
export function traceFindings<S extends FindingSpan = Span>(
  trace: { readonly traceId: string; readonly spans: readonly S[] },
  options: FindingOptions = {},
): TraceFindings<S> {
  const tree = traceTree(trace, options);
  const context = findingContext(scheduleOf(tree), { ...DEFAULT_FINDING_OPTIONS, ...options });
  // Repeated calls come first: sequences and retries leave alone what they tell of.
  const found = [
    ...repeatedCalls(context),
    ...sequentialCalls(context),
    ...retries(context),
    ...timeouts(context),
    ...untracedGaps(context),
    ...missingSpans(context),
    ...errorOrigins(context),
  ].sort(compareFindings);
  const { maxFindings } = context.options;
  return {
    traceId: trace.traceId,
    durationNanos: BigInt(context.traceNanos),
    findings: found.slice(0, maxFindings),
    omittedFindings: Math.max(0, found.length - maxFindings),
    clocks: tree.clocks,
  };
}

/** The same findings over other spans: for those that travel between threads. */
export function withSpans<From, To>(
  { findings, ...rest }: TraceFindings<From>,
  spanOf: (span: From) => To,
): TraceFindings<To> {
  return { ...rest, findings: findings.map((finding) => ({ ...finding, spans: finding.spans.map(spanOf) })) };
}

function compareFindings(left: Finding<FindingSpan>, right: Finding<FindingSpan>): number {
  if (left.severity !== right.severity) {
    return SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity);
  }
  if (left.costNanos !== right.costNanos) return left.costNanos > right.costNanos ? -1 : 1;
  return (
    compareValues(left.type, right.type) ||
    compareValues(left.service, right.service) ||
    compareValues(left.operation, right.operation) ||
    compareValues(left.spans[0]?.spanId ?? "", right.spans[0]?.spanId ?? "")
  );
}
