/** A trace as columns: what analyses read that look at every span of many traces. */

/** The spans of one trace; row r of every column describes span r. Columns may be longer than there are rows. */
export interface TraceColumns {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  readonly rowCount: number;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row, all zero for a root. */
  readonly parentSpanIds: Uint8Array;
  readonly startTimesUnixNano: BigUint64Array;
  readonly endTimesUnixNano: BigUint64Array;
  /** OTLP numbers; unknown ones count as 0. */
  readonly kinds: Uint8Array;
  /** OTLP numbers: 0 UNSET, 1 OK, 2 ERROR. */
  readonly statusCodes: Uint8Array;
  /** Number of each span's service, operation and kind, as {@link FrameNumbers} gives them. */
  readonly frames: Int32Array;
  /** Host of each span, as `hostKeyOf` gives it; absent: not known, so all times are taken as they are. */
  readonly hosts?: readonly string[] | undefined;
}

/** Numbers for combinations of service, operation and kind. */
export interface FrameNumbers {
  /**
   * The number of a combination.
   *
   * @param kind OTLP number; unknown ones count as 0
   */
  numberOf(service: string, operation: string, kind: number): number;
}
