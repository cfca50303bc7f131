/** Sums since the process started: what counters are made of, which never fall. */

import { Cells } from "./cells.ts";

/** A cell for each series and each edge that was seen; their number is bounded where the numbers are given. */
export class RunningTotals extends Cells {
  /** Encoded bytes of the spans of each series. */
  readonly bytes: Map<number, number> = new Map();

  /** Adds the encoded length of a span. */
  addBytes(series: number, bytes: number): void {
    this.bytes.set(series, (this.bytes.get(series) ?? 0) + bytes);
  }
}
