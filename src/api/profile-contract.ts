/** JSON shapes of profiles: part of `contract.ts`, with its manners. Types only. */

import type { BottleneckEventType } from "../analysis/profile/bottleneck-events.ts";
import type { FrameRole } from "../analysis/profile/frame-table.ts";
import type { RankBy } from "../analysis/profile/rankings.ts";
import type { SpanKind } from "../model/span-kind.ts";
import type { ProfileSource } from "../query/profile-of.ts";
import type { CoveredRangeJson, NanosJson } from "./contract.ts";

/** One step of a call path; service is "" unless the role is `operation`. */
export interface ProfileFrameJson {
  readonly role: FrameRole;
  readonly service: string;
  /** `(untraced)` and `(other)` for the other roles. */
  readonly operation: string;
  readonly kind: SpanKind;
}

/** A trace to look at. */
export interface ProfileExemplarJson {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Critical-path time in it of what it is an example of. */
  readonly durationNanos: NanosJson;
}

/** Traces with the longest, a usual and a large critical-path time; null where none is known. */
export interface ProfileExemplarsJson {
  readonly max: ProfileExemplarJson | null;
  readonly p50: ProfileExemplarJson | null;
  readonly p95: ProfileExemplarJson | null;
}

/** One call path: a box of a flame graph. Counts and times are weighted. */
export interface ProfileNodeJson extends ProfileFrameJson {
  readonly name: string;
  /** Critical-path time of the call path and everything below it. */
  readonly valueNanos: NanosJson;
  /** Critical-path time of the call path's own spans. */
  readonly selfNanos: NanosJson;
  /** Part of `valueNanos` in call paths that were left out below. */
  readonly omittedNanos: NanosJson;
  /** `selfNanos` / critical-path time of all traces, 0 to 1. */
  readonly share: number;
  readonly spanCount: number;
  /** Durations of the spans, on the critical path or not. */
  readonly inclusiveNanos: NanosJson;
  readonly p50SelfNanos: NanosJson;
  readonly p95SelfNanos: NanosJson;
  readonly exemplars: ProfileExemplarsJson;
  /** Widest first. */
  readonly children: readonly ProfileNodeJson[];
}

/** Which traces an answer about many is over. */
export interface AnalysedTracesJson {
  /** Traces analysed. */
  readonly traceCount: number;
  /** True when more traces match than were analysed. */
  readonly truncated: boolean;
  /** Traces in which the clock of a host was set. */
  readonly correctedTraces: number;
  readonly range: CoveredRangeJson;
}

/** Which traces an answer about profiles is over. */
export interface ProfiledTracesJson extends Omit<AnalysedTracesJson, "correctedTraces"> {
  /** Traces in which the clock of a host was set; null of windows, which take times as they were sent. */
  readonly correctedTraces: number | null;
  /** `windows`: every trace, as they were counted when they were complete; `traces`: the newest stored ones that match. */
  readonly source: ProfileSource;
}

/** `GET /api/v1/profile`. */
export interface ProfileJson extends ProfiledTracesJson {
  /** How many traces these stand for, by the sampling thresholds of their roots. */
  readonly traceWeight: number;
  readonly spanCount: number;
  /** Critical-path time of all traces. */
  readonly valueNanos: NanosJson;
  /** Call paths in the answer. */
  readonly nodeCount: number;
  /** Call paths with critical-path time that were left out. */
  readonly omittedCount: number;
  /** Spans that are in the node `(other)` because there are too many call paths. */
  readonly overflowSpanCount: number;
  readonly roots: readonly ProfileNodeJson[];
}

/** One operation among others; counts and times are weighted. */
export interface RankedOperationJson extends ProfileFrameJson {
  readonly spanCount: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Durations of all spans. */
  readonly totalMs: number;
  readonly criticalNanos: NanosJson;
  readonly criticalMs: number;
  /** Bottleneck score: critical-path time / durations of all traces, 0 to 1. */
  readonly criticalShare: number;
  readonly exemplars: ProfileExemplarsJson;
}

/** `GET /api/v1/bottlenecks`: highest first. */
export interface OperationRankingJson extends ProfiledTracesJson {
  readonly rank: RankBy;
  readonly operations: readonly RankedOperationJson[];
  readonly nextPageToken: string;
}

/** A change of what most of a root operation's critical-path time goes into. */
export interface BottleneckEventJson {
  /** A number that grows from event to event, as a decimal string: the id of the server-sent event. */
  readonly id: string;
  readonly type: BottleneckEventType;
  /** End of the minute that settled it. */
  readonly time: string;
  readonly timeUnixNano: NanosJson;
  readonly rootOperation: ProfileFrameJson;
  /** The bottleneck that started, that it moved to, or that ended. */
  readonly operation: ProfileFrameJson;
  /** Where it moved from. */
  readonly previousOperation: ProfileFrameJson | null;
  /** Share of `operation` in the critical-path time of that minute, 0 to 1. */
  readonly share: number;
  /** `share` less the mean of its shares in up to 30 minutes before. */
  readonly changeScore: number;
  /** Weight of the minute's traces. */
  readonly traceWeight: number;
  /** Of that minute, for `operation`. */
  readonly exemplars: ProfileExemplarsJson;
}

/** `GET /api/v1/bottlenecks/events`: oldest first. */
export interface BottleneckEventListJson {
  readonly events: readonly BottleneckEventJson[];
  /** Id of the newest event there is, "0" without any: give it back as `since`. */
  readonly lastId: string;
  /** True when events after `since` are not kept any more. */
  readonly missed: boolean;
  readonly nextPageToken: string;
}

/** A root operation, and the durations its slow and middling traces are told by. */
export interface SlowRootOperationJson extends ProfileFrameJson {
  readonly traceCount: number;
  readonly p40Ms: number;
  readonly p60Ms: number;
  readonly p95Ms: number;
  /** Traces longer than p95. */
  readonly slowCount: number;
  /** Traces from p40 to p60. */
  readonly middleCount: number;
}

/** Critical-path time in slow traces against middling ones. */
export interface SlowDifferenceJson {
  /** Shares of the critical-path time, 0 to 1. */
  readonly slowShare: number;
  readonly middleShare: number;
  /** `slowShare` - `middleShare`. */
  readonly shareDelta: number;
  readonly slowMeanMs: number;
  readonly middleMeanMs: number;
  /** The slow trace with most of it. */
  readonly exemplar: ProfileExemplarJson | null;
}

/** The difference of one operation. */
export interface SlowOperationDifferenceJson extends SlowDifferenceJson, ProfileFrameJson {}

/** The difference of one call path. */
export interface SlowPathDifferenceJson extends SlowDifferenceJson {
  /** From the root down. */
  readonly frames: readonly ProfileFrameJson[];
}

/** `GET /api/v1/profile/slow`: largest `shareDelta` first. */
export interface SlowTracesJson extends ProfiledTracesJson {
  readonly slowCount: number;
  readonly middleCount: number;
  /** Traces of root operations with too few of them to compare. */
  readonly leftOutCount: number;
  readonly rootOperations: readonly SlowRootOperationJson[];
  readonly operations: readonly SlowOperationDifferenceJson[];
  readonly paths: readonly SlowPathDifferenceJson[];
}
