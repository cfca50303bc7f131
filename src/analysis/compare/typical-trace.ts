/** Which trace to compare another with: one of its shape that took as long as they usually do. */

import type { ShapeLevel, TraceShape } from "./trace-shape.ts";
import { SHAPE_LEVELS } from "./trace-shape.ts";

/** How much two traces are alike: in shape at a level, or in their root operation alone. */
export type Likeness = ShapeLevel | "operation";

/** A trace to choose from. */
export interface TypicalCandidate {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly durationNanos: bigint;
  readonly shape: TraceShape;
}

/** The trace chosen, and out of what. */
export interface TypicalTrace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly likeness: Likeness;
  /** Traces that are alike to this degree. */
  readonly alikeCount: number;
  /** Of their durations; the mean of the middle two of an even number. */
  readonly medianNanos: bigint;
}

/** How a typical trace is chosen. */
export interface TypicalTraceOptions {
  /** Traces of one shape that make a median worth speaking of; with fewer a coarser likeness is tried. Default 5. */
  readonly minAlike?: number;
}

const DEFAULT_MIN_ALIKE = 5;

/**
 * Chooses, of traces with one root operation, the one of the finest likeness that enough of them share whose duration
 * is nearest the median of those; the smaller id among equals. Undefined without candidates.
 *
 * @param shape of the trace that wants a counterpart; the trace itself must not be among the candidates.
 */
export function typicalTrace(
  shape: TraceShape,
  candidates: readonly TypicalCandidate[],
  { minAlike = DEFAULT_MIN_ALIKE }: TypicalTraceOptions = {},
): TypicalTrace | undefined {
  for (const likeness of [...SHAPE_LEVELS].reverse()) {
    const alike = candidates.filter((candidate) => candidate.shape[likeness] === shape[likeness]);
    if (alike.length >= minAlike) return nearestMedian(likeness, alike);
  }
  return nearestMedian("operation", candidates);
}

/** Of two in the middle both are as near, so the shorter one is taken. */
function nearestMedian(
  likeness: Likeness,
  candidates: readonly TypicalCandidate[],
): TypicalTrace | undefined {
  const sorted = [...candidates].sort(compareCandidates);
  const lower = sorted[(sorted.length - 1) >> 1];
  const upper = sorted[sorted.length >> 1];
  if (lower === undefined || upper === undefined) return undefined;
  const nearest = sorted.find(({ durationNanos }) => durationNanos === lower.durationNanos);
  return {
    traceId: (nearest ?? lower).traceId,
    likeness,
    alikeCount: sorted.length,
    medianNanos: (lower.durationNanos + upper.durationNanos) / 2n,
  };
}

function compareCandidates(left: TypicalCandidate, right: TypicalCandidate): number {
  if (left.durationNanos !== right.durationNanos) return left.durationNanos < right.durationNanos ? -1 : 1;
  return left.traceId < right.traceId ? -1 : 1;
}
