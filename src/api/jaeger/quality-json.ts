/** The quality of traces in the shape that Jaeger's UI shows. */

import type { QualityCategory, QualityResult, QualityTally } from "../../analysis/trace-quality.ts";
import { qualityScore } from "../../analysis/trace-quality.ts";
import { jaegerTraceId } from "../../codec/jaeger-json/encode.ts";

/** Label of each score. */
const SCORES: readonly (readonly [QualityCategory, string])[] = [
  ["completeness", "Completeness"],
  ["consistency", "Consistency"],
  ["description", "Description"],
];
const MAX_SCORE = 100;
/** Where it is written how spans are meant to be made. */
const DOCUMENTATION = "https://opentelemetry.io/docs/concepts/signals/traces/";

/** What was looked at. */
export interface QualityScope {
  readonly service: string;
  readonly hours: bigint;
  readonly tracesRead: number;
}

/** The answer of `/api/quality-metrics`. */
export function qualityMetricsJson(results: readonly QualityResult[], scope: QualityScope): object {
  const { service, hours, tracesRead } = scope;
  const traces = `${tracesRead} ${tracesRead === 1 ? "trace" : "traces"}`;
  return {
    traceQualityDocumentationLink: DOCUMENTATION,
    bannerText: { value: `Of the newest ${traces} of ${service} in the last ${hours} h`, styling: {} },
    scores: SCORES.map(([key, label]) => ({
      key,
      label,
      max: MAX_SCORE,
      value: Math.round((qualityScore(results, key) ?? 0) * MAX_SCORE),
    })),
    metrics: results.map(metricJson),
  };
}

function metricJson({ check, passed, failed, exempt, failuresByOperation }: QualityResult): object {
  return {
    name: check.name,
    category: check.category,
    description: check.description,
    metricDocumentationLink: DOCUMENTATION,
    metricWeight: check.weight,
    passCount: passed.count,
    passExamples: examplesJson(passed),
    failureCount: failed.count,
    failureExamples: examplesJson(failed),
    exemptionCount: exempt.count,
    exemptionExamples: examplesJson(exempt),
    details: failuresByOperation.length === 0 ? [] : [failuresJson(failuresByOperation)],
  };
}

function examplesJson({ examples }: QualityTally): readonly object[] {
  return examples.map(({ spanIds, traceId }) => ({ spanIDs: spanIds, traceID: jaegerTraceId(traceId) }));
}

function failuresJson(failures: QualityResult["failuresByOperation"]): object {
  return {
    description: "Spans that fail, by operation.",
    header: "Failures",
    columns: [
      { key: "operation", label: "Operation", preventSort: false },
      { key: "failures", label: "Failures", preventSort: false },
    ],
    rows: failures.map(([operation, count]) => ({ operation, failures: count })),
  };
}
