/** What functions over time give. */

import type { SeriesLabel } from "./series-labels.ts";

/** A span that stands for those behind a value. */
export interface SeriesExemplar {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** Start of the span. */
  readonly timeUnixNano: bigint;
  /** What was measured of the span, or for counts the series' own value there. Seconds for a duration. */
  readonly value: number;
}

/** Values over time that belong together. */
export interface Series {
  readonly labels: readonly SeriesLabel[];
  /** One for each interval of the grid; NaN: none. Seconds for durations. */
  readonly values: Float64Array;
  /** By time. */
  readonly exemplars: readonly SeriesExemplar[];
}
