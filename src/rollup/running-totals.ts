/** Sums since the process started: what counters are made of, which never fall. */

import { EdgeCell, SpanCell } from "./cells.ts";

/** A cell for each series and each edge that was seen; their number is bounded where the numbers are given. */
export class RunningTotals {
  readonly spans: Map<number, SpanCell> = new Map();
  readonly edges: Map<number, EdgeCell> = new Map();
  /** Encoded bytes of the spans of each series. */
  readonly bytes: Map<number, number> = new Map();

  /** The cell of a series. */
  spanCell(series: number): SpanCell {
    let cell = this.spans.get(series);
    if (cell === undefined) {
      cell = new SpanCell();
      this.spans.set(series, cell);
    }
    return cell;
  }

  /** The cell of an edge. */
  edgeCell(edge: number): EdgeCell {
    let cell = this.edges.get(edge);
    if (cell === undefined) {
      cell = new EdgeCell();
      this.edges.set(edge, cell);
    }
    return cell;
  }

  /** Adds the encoded length of a span. */
  addBytes(series: number, bytes: number): void {
    this.bytes.set(series, (this.bytes.get(series) ?? 0) + bytes);
  }
}
