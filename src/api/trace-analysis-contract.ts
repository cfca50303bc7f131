/** JSON shapes of findings, what-if and clock skew; see `contract.ts` for the manners of all. Types only. */

import type { FindingSeverity, FindingType } from "../analysis/findings/finding.ts";
import type { SpanStatus } from "../model/span-status.ts";
import type { CoveredRangeJson, HostClockJson, NanosJson } from "./contract.ts";

/** A span that proves a finding. */
export interface FindingSpanJson {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly service: string;
  readonly operation: string;
  readonly startTimeUnixNano: NanosJson;
  readonly durationNanos: NanosJson;
  readonly durationMs: number;
  readonly status: SpanStatus;
  /** What a failed span says of its failure: exception, error type, status message; "" when it says nothing. */
  readonly error: string;
}

/** One thing found in a trace. */
export interface FindingJson {
  readonly type: FindingType;
  readonly severity: FindingSeverity;
  readonly service: string;
  readonly operation: string;
  /** Critical-path time that went into it. */
  readonly costNanos: NanosJson;
  readonly costMs: number;
  /** Cost as a share of the trace, 0 to 100. */
  readonly percentageOfTrace: number;
  readonly summary: string;
  readonly advice: string;
  /** At most 10, the most telling first. */
  readonly spans: readonly FindingSpanJson[];
  readonly spanCount: number;
}

/** `GET /api/v1/traces/{traceId}/findings`: most severe first, then by cost. */
export interface FindingListJson {
  readonly traceId: string;
  readonly durationNanos: NanosJson;
  /** At most 100. */
  readonly findings: readonly FindingJson[];
  readonly omittedFindings: number;
  /** Hosts whose clock was set. */
  readonly clocks: readonly HostClockJson[];
  readonly nextPageToken: string;
}

/** What one span has to do with the duration of its trace. */
export interface SpanSlackJson {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly service: string;
  readonly operation: string;
  readonly criticalSelfNanos: NanosJson;
  /** Most that the trace becomes shorter when this span alone becomes faster. */
  readonly dragNanos: NanosJson;
  readonly dragMs: number;
  /** How much later the span may end before the trace does; null when nobody waits for it. */
  readonly slackNanos: NanosJson | null;
  readonly slackMs: number | null;
}

/** What was asked. */
interface WhatIfTargetJson {
  readonly service: string;
  /** "" for every operation of the service. */
  readonly operation: string;
  readonly percent: number;
}

/** `GET /api/v1/traces/{traceId}/what-if`. */
export interface WhatIfJson extends WhatIfTargetJson {
  readonly traceId: string;
  readonly matchingSpans: number;
  readonly durationNanos: NanosJson;
  readonly durationMs: number;
  readonly newDurationNanos: NanosJson;
  readonly newDurationMs: number;
  readonly savingNanos: NanosJson;
  readonly savingMs: number;
  /** Of the duration, 0 to 100. */
  readonly savedPercentage: number;
  readonly criticalSelfNanos: NanosJson;
  /** The saving if nothing took the operation's place on the critical path. */
  readonly mostSavingNanos: NanosJson;
  /** At most 100, largest drag first. */
  readonly spans: readonly SpanSlackJson[];
  /** Hosts whose clock was set. */
  readonly clocks: readonly HostClockJson[];
}

/** Durations of traces. */
export interface DurationDistributionJson {
  readonly minMs: number;
  readonly avgMs: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** `GET /api/v1/statistics/what-if`: over the newest matching traces. */
export interface WhatIfOverJson extends WhatIfTargetJson {
  readonly totalTraces: number;
  readonly matchingTraces: number;
  readonly matchingSpans: number;
  readonly before: DurationDistributionJson;
  readonly after: DurationDistributionJson;
  readonly savingNanos: NanosJson;
  readonly mostSavingNanos: NanosJson;
  /** Of all durations together, 0 to 100. */
  readonly savedPercentage: number;
  /** True when more traces match than were looked at. */
  readonly truncated: boolean;
  /** Traces in which the clock of a host was set. */
  readonly correctedTraces: number;
  readonly range: CoveredRangeJson;
}

/** `GET /api/v1/traces/{traceId}/clock-skew`: by host. */
export interface HostClockListJson {
  readonly traceId: string;
  readonly impossiblePairsBefore: number;
  readonly impossiblePairsAfter: number;
  readonly hosts: readonly HostClockJson[];
  readonly nextPageToken: string;
}
