/** Findings, what-if and clock skew as the native API writes them. */

import type { HostClock } from "../../analysis/clock-skew.ts";
import type { Finding, TraceFindings } from "../../analysis/findings/finding.ts";
import { durationNanosOf } from "../../analysis/span-forest.ts";
import type { SpanSlack } from "../../analysis/what-if/span-slack.ts";
import type { WhatIf, WhatIfTarget } from "../../analysis/what-if/what-if.ts";
import type { Attributes } from "../../model/attribute-value.ts";
import type { Span } from "../../model/span.ts";
import type { TraceClocks } from "../../query/trace-questions.ts";
import type { WhatIfOverAnswer } from "../../query/what-if-over.ts";
import type { HostClockJson } from "../contract.ts";
import { listChunks } from "../json-chunks.ts";
import type {
  FindingJson,
  FindingListJson,
  FindingSpanJson,
  SpanSlackJson,
  WhatIfJson,
  WhatIfOverJson,
} from "../trace-analysis-contract.ts";
import { rangeJson } from "./range-json.ts";

/** The findings of a trace. */
export function findingListJson({
  traceId,
  durationNanos,
  findings,
  omittedFindings,
  clocks,
}: TraceFindings): FindingListJson {
  return {
    traceId,
    durationNanos: durationNanos.toString(),
    findings: findings.map((finding) => findingJson(finding, durationNanos)),
    omittedFindings,
    clocks: clocks.map(hostClockJson),
    nextPageToken: "",
  };
}

function findingJson(finding: Finding, traceNanos: bigint): FindingJson {
  const { type, severity, service, operation, costNanos, summary, advice, spans, spanCount } = finding;
  return {
    type,
    severity,
    service,
    operation,
    costNanos: costNanos.toString(),
    costMs: millis(costNanos),
    percentageOfTrace: percentage(costNanos, traceNanos),
    summary,
    advice,
    spans: spans.map(findingSpanJson),
    spanCount,
  };
}

function findingSpanJson(span: Span): FindingSpanJson {
  return {
    spanId: span.spanId,
    service: span.serviceName,
    operation: span.name,
    startTimeUnixNano: span.startTimeUnixNano.toString(),
    durationNanos: durationNanosOf(span).toString(),
    durationMs: span.durationMs,
    status: span.status,
    error: span.status === "ERROR" ? errorText(span) : "",
  };
}

/** The exception where there is one, since its message is the thrower's own; else what span and status say. */
function errorText({ attributes, events, statusMessage }: Span): string {
  const exception = events.findLast(({ name }) => name === "exception")?.attributes ?? {};
  const parts = [textIn(exception, "exception.type"), textIn(exception, "exception.message")];
  const known = parts.filter((part) => part !== "");
  if (known.length > 0) return known.join(": ");
  return [textIn(attributes, "error.type"), statusMessage].filter((part) => part !== "").join(": ");
}

function textIn(attributes: Attributes, key: string): string {
  const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  return typeof value === "string" ? value : "";
}

/** One trace with an operation made faster. */
export function whatIfJson(target: WhatIfTarget, answer: WhatIf): WhatIfJson {
  return {
    traceId: answer.traceId,
    ...targetJson(target),
    matchingSpans: answer.matchingSpans,
    durationNanos: answer.durationNanos.toString(),
    durationMs: millis(answer.durationNanos),
    newDurationNanos: answer.newDurationNanos.toString(),
    newDurationMs: millis(answer.newDurationNanos),
    savingNanos: answer.savingNanos.toString(),
    savingMs: millis(answer.savingNanos),
    savedPercentage: percentage(answer.savingNanos, answer.durationNanos),
    criticalSelfNanos: answer.criticalSelfNanos.toString(),
    mostSavingNanos: answer.mostSavingNanos.toString(),
    spans: answer.spans.map(slackJson),
    clocks: answer.clocks.map(hostClockJson),
  };
}

function targetJson({
  service,
  operation = "",
  percent,
}: WhatIfTarget): Pick<WhatIfJson, "service" | "operation" | "percent"> {
  return { service, operation, percent };
}

function slackJson({ span, criticalSelfNanos, dragNanos, slackNanos }: SpanSlack): SpanSlackJson {
  return {
    spanId: span.spanId,
    service: span.serviceName,
    operation: span.name,
    criticalSelfNanos: criticalSelfNanos.toString(),
    dragNanos: dragNanos.toString(),
    dragMs: millis(dragNanos),
    slackNanos: slackNanos?.toString() ?? null,
    slackMs: slackNanos === undefined ? null : millis(slackNanos),
  };
}

/** Many traces with an operation made faster. */
export function whatIfOverJson(target: WhatIfTarget, answer: WhatIfOverAnswer): WhatIfOverJson {
  const { distribution, truncated, correctedTraces, range } = answer;
  return {
    ...targetJson(target),
    totalTraces: distribution.totalTraces,
    matchingTraces: distribution.matchingTraces,
    matchingSpans: distribution.matchingSpans,
    before: distribution.before,
    after: distribution.after,
    savingNanos: distribution.savingNanos.toString(),
    mostSavingNanos: distribution.mostSavingNanos.toString(),
    savedPercentage: distribution.savedShare * 100,
    truncated,
    correctedTraces,
    range: rangeJson(range),
  };
}

/** {@link HostClockListJson} as text in pieces, to be joined. */
export function* hostClockChunks({ traceId, skew }: TraceClocks): Iterable<string> {
  const { impossiblePairsBefore, impossiblePairsAfter, hosts } = skew;
  const head = JSON.stringify({ traceId, impossiblePairsBefore, impossiblePairsAfter });
  yield `${head.slice(0, -1)},"hosts":`;
  yield* listChunks(hosts, hostClockJson);
  yield ',"nextPageToken":""}';
}

/** The clock of one host. */
export function hostClockJson({ offsetNanos, ...clock }: HostClock): HostClockJson {
  return {
    host: clock.host,
    offsetNanos: offsetNanos.toString(),
    offsetMs: millis(offsetNanos),
    spanCount: clock.spanCount,
    pairCount: clock.pairCount,
    impossiblePairs: clock.impossiblePairs,
    skewConflict: clock.skewConflict,
    isBeyondLimit: clock.isBeyondLimit,
  };
}

function millis(nanos: bigint): number {
  return Number(nanos) / 1e6;
}

function percentage(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : (Number(part) / Number(whole)) * 100;
}
