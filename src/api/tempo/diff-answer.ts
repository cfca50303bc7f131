/** How one trace differs from another, in the forms of `POST /api/v2/traces/diff`; docs/tempo.md describes them. */

import type { CallPathStep } from "../../analysis/compare/call-paths.ts";
import type { PathFigures } from "../../analysis/compare/path-figures.ts";
import type { DiffNode } from "../../analysis/compare/trace-diff.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { TraceComparison } from "../../query/compare-traces.ts";

/** What may be asked for. */
export const DIFF_FORMATS = [
  "trace-patch-v0",
  "trace-summary-v0-native",
  "trace-summary-v0-composed",
] as const;
/** One of {@link DIFF_FORMATS}. */
export type DiffFormat = (typeof DIFF_FORMATS)[number];

/** Largest patch that a composed summary carries, as Tempo has it. */
const MAX_PATCH_BYTES = 64 * 1024;
/** Changes that a summary names. */
const MAX_CHANGES_NAMED = 10;

/** The answer in a format. The trace under `compare` is seen from the one under `base`. */
export function diffJson(comparison: TraceComparison, format: DiffFormat): object {
  if (format === "trace-patch-v0") return patchJson(comparison);
  const summary = summaryJson(comparison, format);
  if (format === "trace-summary-v0-native") return summary;
  const patch = patchJson(comparison);
  const patchBytes = Buffer.byteLength(JSON.stringify(patch));
  return patchBytes <= MAX_PATCH_BYTES ? { ...summary, patchBytes, patch } : { ...summary, patchBytes };
}

function patchJson({ traceId, withTraceId, diff }: TraceComparison): object {
  return {
    format: "trace-patch-v0",
    base: { traceId: withTraceId, durationNanos: diff.referenceNanos.toString() },
    compare: { traceId, durationNanos: diff.subjectNanos.toString() },
    deltaNanos: diff.deltaNanos.toString(),
    operations: diff.nodes.map(operationJson),
    unchangedPaths: diff.sameCount,
    ...(diff.others.count === 0
      ? {}
      : {
          leftOut: { paths: diff.others.count, criticalPathDeltaNanos: diff.others.criticalNanos.toString() },
        }),
  };
}

function operationJson({ path, change, reference, subject, mostChanged }: DiffNode): object {
  return {
    op: opOf(change),
    path: path.map(stepJson),
    ...(change === "added" ? {} : { base: figuresJson(reference) }),
    ...(change === "removed" ? {} : { compare: figuresJson(subject) }),
    ...(mostChanged === undefined
      ? {}
      : {
          mostChanged: {
            baseSpanId: mostChanged.referenceSpanId,
            compareSpanId: mostChanged.subjectSpanId,
            deltaNanos: mostChanged.deltaNanos.toString(),
          },
        }),
  };
}

function opOf(change: DiffNode["change"]): "add" | "remove" | "replace" {
  if (change === "added") return "add";
  return change === "removed" ? "remove" : "replace";
}

function stepJson({ service, operation, kind }: CallPathStep): object {
  return { service, operation, ...(kind === undefined ? {} : { kind }) };
}

function figuresJson(figures: PathFigures): object {
  return {
    spans: figures.count,
    errors: figures.errorCount,
    durationNanos: figures.inclusiveNanos.toString(),
    selfNanos: figures.selfNanos.toString(),
    criticalPathNanos: figures.criticalNanos.toString(),
  };
}

function summaryJson(comparison: TraceComparison, format: DiffFormat): object {
  const { summary, withSummary, diff } = comparison;
  const counts = { added: 0, removed: 0, more: 0, fewer: 0, same: 0 };
  for (const { change } of diff.nodes) counts[change]++;
  return {
    format,
    base: sideJson(withSummary, diff.referenceNanos),
    compare: sideJson(summary, diff.subjectNanos),
    delta: {
      durationNanos: diff.deltaNanos.toString(),
      spans: summary.spanCount - withSummary.spanCount,
      errors: summary.errorCount - withSummary.errorCount,
    },
    servicesAdded: servicesBeyond(summary, withSummary),
    servicesRemoved: servicesBeyond(withSummary, summary),
    paths: {
      added: counts.added,
      removed: counts.removed,
      moreOften: counts.more,
      lessOften: counts.fewer,
      changedTimes: counts.same,
      unchanged: diff.sameCount,
      leftOut: diff.others.count,
    },
    largestChanges: diff.nodes.slice(0, MAX_CHANGES_NAMED).map(changeJson),
  };
}

function sideJson({ traceId, spanCount, errorCount }: TraceSummary, durationNanos: bigint): object {
  return { traceId, durationNanos: durationNanos.toString(), spans: spanCount, errors: errorCount };
}

function servicesBeyond(those: TraceSummary, others: TraceSummary): readonly string[] {
  const known = new Set(others.services.map(({ name }) => name));
  return those.services.map(({ name }) => name).filter((name) => !known.has(name));
}

function changeJson({ path, change, delta }: DiffNode): object {
  return {
    path: path.map(({ service, operation }) => (service === "" ? operation : `${service}: ${operation}`)),
    change,
    criticalPathDeltaNanos: delta.criticalNanos.toString(),
    selfDeltaNanos: delta.selfNanos.toString(),
    spansDelta: delta.count,
    errorsDelta: delta.errorCount,
  };
}
