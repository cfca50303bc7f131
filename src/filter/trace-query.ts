/** What a search asks for. */

/**
 * An attribute condition: the stored value equals `value`. The span's own attribute decides; the resource's counts
 * only when the span lacks the key. `matchesAttributeText` says what equal means for each type.
 */
export interface AttributeCondition {
  readonly key: string;
  readonly value: string;
}

/**
 * Conditions of a search; an absent one holds always.
 *
 * `serviceName`, `operationName`, `attributes` and `hasErrors: true` must hold together on one span of the trace;
 * durations, times, root conditions and `hasErrors: false` (no span has status ERROR) are the trace's.
 */
export interface TraceQuery {
  readonly serviceName?: string;
  readonly operationName?: string;
  readonly attributes?: readonly AttributeCondition[];
  readonly hasErrors?: boolean;
  /** Service of the root span (the earliest span without a parent). */
  readonly rootServiceName?: string;
  /** Name of the root span. */
  readonly rootOperationName?: string;
  /** Inclusive. */
  readonly minDurationNanos?: bigint;
  /** Inclusive. */
  readonly maxDurationNanos?: bigint;
  /** Traces that start at or after this moment. */
  readonly startTimeUnixNano?: bigint;
  /** Traces that start before this moment. */
  readonly endTimeUnixNano?: bigint;
  /** Traces whose latest span ends at or after this moment: those that reach into a range, whenever they began. */
  readonly minEndTimeUnixNano?: bigint;
}
