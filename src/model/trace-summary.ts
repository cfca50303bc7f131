/** What lists show of a trace, without its spans. */

/** Spans and errors of one service in one trace. */
export interface ServiceShare {
  readonly name: string;
  readonly spanCount: number;
  readonly errorCount: number;
}

/** One row of a list of traces. */
export interface TraceSummary {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Service of the earliest parentless span, "" when no root is known. */
  readonly rootServiceName: string;
  /** Name of the earliest parentless span, "" when no root is known. */
  readonly rootOperationName: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly spanCount: number;
  /** Spans with status ERROR. */
  readonly errorCount: number;
  /** By name. */
  readonly services: readonly ServiceShare[];
}
