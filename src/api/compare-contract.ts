/** JSON shapes of comparisons: what `/api/v1/compare` and `/api/v1/traces/{traceId}/compare` answer. Types only. */

import type { PathPresenceChange } from "../analysis/compare/path-differences.ts";
import type { PathChange } from "../analysis/compare/trace-diff.ts";
import type { TraceShape } from "../analysis/compare/trace-shape.ts";
import type { Likeness } from "../analysis/compare/typical-trace.ts";
import type { SpanKind } from "../model/span-kind.ts";
import type { CoveredRangeJson, HostClockJson, NanosJson } from "./contract.ts";

/** One step of a call path; ids in the operation's name read `{id}`. */
export interface CallPathStepJson {
  /** "" for time that no span covers. */
  readonly service: string;
  readonly operation: string;
  /** Null for time that no span covers. */
  readonly kind: SpanKind | null;
}

/** Sums over the spans on one call path of one trace; of a delta any may be below 0. */
export interface PathFiguresJson {
  readonly count: number;
  readonly errorCount: number;
  readonly inclusiveNanos: NanosJson;
  readonly selfNanos: NanosJson;
  /** On the critical path, in these spans themselves. */
  readonly criticalPathNanos: NanosJson;
}

/** Two spans that stand for one another. */
export interface MostChangedJson {
  readonly spanId: string;
  readonly withSpanId: string;
  readonly deltaNanos: NanosJson;
}

/** A call path on which two traces differ. */
export interface DiffNodeJson {
  /** From the root on; the innermost 64 steps of a longer path. */
  readonly path: readonly CallPathStepJson[];
  /** Steps above the last one. */
  readonly depth: number;
  /** Seen from the trace compared with: `added` is in this trace only. */
  readonly change: PathChange;
  readonly trace: PathFiguresJson;
  readonly with: PathFiguresJson;
  /** `trace` less `with`. */
  readonly delta: PathFiguresJson;
  /** Spans with a counterpart on the other side. */
  readonly pairedCount: number;
  readonly mostChanged: MostChangedJson | null;
}

/** How a typical trace was chosen. */
export interface TypicalJson {
  /** The finest level that enough traces share. */
  readonly likeness: Likeness;
  /** Traces that are alike to this degree. */
  readonly alikeCount: number;
  readonly medianNanos: NanosJson;
  /** True when more traces of the root operation are stored than were looked at. */
  readonly truncated: boolean;
}

/** `GET /api/v1/traces/{traceId}/compare`. */
export interface TraceComparisonJson {
  readonly traceId: string;
  readonly withTraceId: string;
  /** Null when the other trace was named. */
  readonly typical: TypicalJson | null;
  /** Equal hashes, equal shapes at that level. */
  readonly shape: TraceShape;
  readonly withShape: TraceShape;
  readonly durationNanos: NanosJson;
  readonly withDurationNanos: NanosJson;
  /** The sum of the critical-path deltas of `callPaths` and `others`, exactly. */
  readonly deltaNanos: NanosJson;
  /** What contributes most first. */
  readonly callPaths: readonly DiffNodeJson[];
  /** Differences beyond those listed. */
  readonly others: { readonly count: number; readonly criticalPathDeltaNanos: NanosJson };
  /** Call paths with nothing to tell. */
  readonly sameCount: number;
  /** Hosts of either trace whose clock was set. */
  readonly clocks: readonly HostClockJson[];
  readonly withClocks: readonly HostClockJson[];
}

/** A key with one value of it. */
export interface AttributePairJson {
  readonly key: string;
  readonly value: string;
}

/** How something comes in the selection and in the baseline. */
export interface DifferenceJson {
  readonly selectionCount: number;
  /** Of the selection's traces, 0 to 1: the coverage. */
  readonly selectionShare: number;
  readonly baselineCount: number;
  readonly baselineShare: number;
  /** |selectionShare - baselineShare|. */
  readonly score: number;
  readonly z: number;
  /** Of such a difference anywhere among all that was tested, when there is none. */
  readonly chance: number;
  /** Of the traces that have it, those in the selection, 0 to 1. */
  readonly purity: number;
  /** How many times likelier such a trace is to be in the selection than any trace. */
  readonly lift: number;
}

/** An attribute value that differs. */
export interface AttributeDifferenceJson extends AttributePairJson, DifferenceJson {
  /** Mean critical-path self time of the spans that have it, selection less baseline. */
  readonly criticalDeltaMs: number;
  /** Other values that nearly the same traces have, those whose spans differ most in time first. */
  readonly alongside: readonly AttributePairJson[];
}

/** Two values that differ more together than either alone. */
export interface ConjunctionDifferenceJson extends DifferenceJson {
  readonly conditions: readonly AttributePairJson[];
}

/** A numeric attribute that is distributed differently. */
export interface NumericDifferenceJson {
  readonly key: string;
  /** Kolmogorov and Smirnov's, 0 to 1. */
  readonly distance: number;
  readonly chance: number;
  readonly selectionCount: number;
  readonly baselineCount: number;
  readonly selectionMedian: number;
  readonly baselineMedian: number;
}

/** What a call path is for one side. */
export interface PathSideJson {
  readonly traceCount: number;
  /** Of the side's traces, 0 to 1. */
  readonly presence: number;
  /** Mean share of the root's duration on the critical path, 0 to 1. */
  readonly share: number;
  /** Mean critical-path self time in milliseconds. */
  readonly meanMs: number;
}

/** A call path that differs between sets. */
export interface PathDifferenceJson {
  readonly path: readonly CallPathStepJson[];
  readonly change: PathPresenceChange;
  readonly selection: PathSideJson;
  readonly baseline: PathSideJson;
  /** Share in the selection less share in the baseline, with the ends of its 95 % confidence interval. */
  readonly shareDelta: number;
  readonly shareDeltaLow: number;
  readonly shareDeltaHigh: number;
  readonly presenceZ: number;
  readonly chance: number;
}

/** Root durations of both sides at one percentile. */
export interface PercentilePairJson {
  /** 0 to 100. */
  readonly percentile: number;
  readonly selectionMs: number;
  readonly baselineMs: number;
}

/** Which versions of a service were compared. */
export interface ComparedVersionsJson {
  readonly service: string;
  /** Null when no trace ran a version, or not two. */
  readonly selection: string | null;
  readonly baseline: string | null;
  /** Traces on neither side: of other versions, of several, or of none that is known. */
  readonly otherCount: number;
}

/** `GET /api/v1/compare`. */
export interface SetComparisonJson {
  /** Traces. */
  readonly selectionSize: number;
  readonly baselineSize: number;
  readonly percentiles: readonly PercentilePairJson[];
  readonly attributes: readonly AttributeDifferenceJson[];
  readonly conjunctions: readonly ConjunctionDifferenceJson[];
  readonly numericAttributes: readonly NumericDifferenceJson[];
  readonly callPaths: readonly PathDifferenceJson[];
  /** What the chances are corrected for. */
  readonly tested: { readonly values: number; readonly numbers: number; readonly paths: number };
  /** True when more traces match than were compared, the newest. */
  readonly truncated: boolean;
  /** Traces of more than 4,096 spans, which are not compared. */
  readonly leftOutCount: number;
  /** Traces in which the clock of a host was set. */
  readonly correctedTraces: number;
  /** Null unless versions were compared. */
  readonly versions: ComparedVersionsJson | null;
  readonly range: CoveredRangeJson;
}
