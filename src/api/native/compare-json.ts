/** Comparisons as the native API writes them. */

import type { CallPathStep } from "../../analysis/compare/call-paths.ts";
import type { PathDifference, PathSide } from "../../analysis/compare/path-differences.ts";
import type { PathFigures } from "../../analysis/compare/path-figures.ts";
import type { DiffNode } from "../../analysis/compare/trace-diff.ts";
import type { ComparedVersions, SetComparison } from "../../query/compare-sets.ts";
import type { TraceComparison } from "../../query/compare-traces.ts";
import type {
  CallPathStepJson,
  ComparedVersionsJson,
  DiffNodeJson,
  PathDifferenceJson,
  PathFiguresJson,
  PathSideJson,
  SetComparisonJson,
  TraceComparisonJson,
} from "../compare-contract.ts";
import { rangeJson } from "./range-json.ts";
import { hostClockJson } from "./trace-analysis-json.ts";

/** How one trace differs from another, which is the reference. */
export function traceComparisonJson(answer: TraceComparison): TraceComparisonJson {
  const { traceId, withTraceId, typical, shape, withShape, diff } = answer;
  return {
    traceId,
    withTraceId,
    typical:
      typical === undefined
        ? null
        : {
            likeness: typical.likeness,
            alikeCount: typical.alikeCount,
            medianNanos: typical.medianNanos.toString(),
            truncated: typical.truncated,
          },
    shape,
    withShape,
    durationNanos: diff.subjectNanos.toString(),
    withDurationNanos: diff.referenceNanos.toString(),
    deltaNanos: diff.deltaNanos.toString(),
    callPaths: diff.nodes.map(diffNodeJson),
    others: {
      count: diff.others.count,
      criticalPathDeltaNanos: diff.others.criticalNanos.toString(),
    },
    sameCount: diff.sameCount,
    clocks: diff.subjectClocks.map(hostClockJson),
    withClocks: diff.referenceClocks.map(hostClockJson),
  };
}

function diffNodeJson(node: DiffNode): DiffNodeJson {
  const { mostChanged } = node;
  return {
    path: node.path.map(stepJson),
    depth: node.depth,
    change: node.change,
    trace: figuresJson(node.subject),
    with: figuresJson(node.reference),
    delta: figuresJson(node.delta),
    pairedCount: node.pairedCount,
    mostChanged:
      mostChanged === undefined
        ? null
        : {
            spanId: mostChanged.subjectSpanId,
            withSpanId: mostChanged.referenceSpanId,
            deltaNanos: mostChanged.deltaNanos.toString(),
          },
  };
}

function stepJson({ service, operation, kind }: CallPathStep): CallPathStepJson {
  return { service, operation, kind: kind ?? null };
}

function figuresJson(figures: PathFigures): PathFiguresJson {
  return {
    count: figures.count,
    errorCount: figures.errorCount,
    inclusiveNanos: figures.inclusiveNanos.toString(),
    selfNanos: figures.selfNanos.toString(),
    criticalPathNanos: figures.criticalNanos.toString(),
  };
}

/** How sets differ, and which traces were looked at. */
export function setComparisonJson(answer: SetComparison): SetComparisonJson {
  const { comparison, truncated, leftOutCount, correctedTraces, range, versions } = answer;
  return {
    selectionSize: comparison.selectionSize,
    baselineSize: comparison.baselineSize,
    percentiles: comparison.percentiles.map(({ percentile, selectionNanos, baselineNanos }) => ({
      percentile,
      selectionMs: selectionNanos / 1e6,
      baselineMs: baselineNanos / 1e6,
    })),
    attributes: comparison.attributes.map(({ criticalDeltaNanos, alongside, ...difference }) => ({
      ...difference,
      criticalDeltaMs: criticalDeltaNanos / 1e6,
      alongside,
    })),
    conjunctions: comparison.conjunctions,
    numericAttributes: comparison.numericAttributes,
    callPaths: comparison.paths.map(pathDifferenceJson),
    tested: comparison.tested,
    truncated,
    leftOutCount,
    correctedTraces,
    versions: versions === undefined ? null : versionsJson(versions),
    range: rangeJson(range),
  };
}

function versionsJson({ service, selection, baseline, otherCount }: ComparedVersions): ComparedVersionsJson {
  return { service, selection: selection ?? null, baseline: baseline ?? null, otherCount };
}

function pathDifferenceJson(difference: PathDifference): PathDifferenceJson {
  const { path, selection, baseline, ...figures } = difference;
  return {
    path: path.map(stepJson),
    selection: pathSideJson(selection),
    baseline: pathSideJson(baseline),
    ...figures,
  };
}

function pathSideJson({ traceCount, presence, share, meanNanos }: PathSide): PathSideJson {
  return { traceCount, presence, share, meanMs: meanNanos / 1e6 };
}
