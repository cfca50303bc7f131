/** What is summed for one series in one window of time. */

import { CALL_COUNTS, CALL_SKETCHES, CallSums } from "../analysis/call-sums.ts";
import { LatencySketch, MAX_SKETCH_NANOS } from "../analysis/latency-sketch.ts";
import { WEIGHT_STEPS } from "../analysis/weight-steps.ts";
import type { ByteReader, ByteWriter } from "../base/varint-bytes.ts";

/** A span to look at: the slowest of the window that was seen. */
export interface Exemplar {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spanId: string;
  readonly durationNanos: number;
}

/** Spans of one service, operation, kind and status: their number and durations. */
export class SpanCell {
  readonly durations: LatencySketch = new LatencySketch();
  exemplar: Exemplar | undefined;

  /** Adds what another cell of the series holds. */
  merge(other: SpanCell): void {
    this.durations.merge(other.durations);
    this.exemplar = slower(this.exemplar, other.exemplar);
  }

  /** Writes what {@link SpanCell.mergeFrom} reads. */
  writeTo(writer: ByteWriter): void {
    this.durations.writeTo(writer);
    writeExemplar(writer, this.exemplar);
  }

  /** Adds what {@link SpanCell.writeTo} wrote of another cell. @throws TracAggError `data_corrupt` */
  mergeFrom(reader: ByteReader): void {
    this.durations.mergeFrom(reader);
    this.exemplar = slowerIn(reader, this.exemplar);
  }
}

/** Calls of one edge: sums in the order of their names, then the slowest that was seen. */
export class EdgeCell extends CallSums {
  exemplar: Exemplar | undefined;

  /** Adds what another cell of the edge holds. */
  merge(other: EdgeCell): void {
    this.mergeSums(other);
    this.exemplar = slower(this.exemplar, other.exemplar);
  }

  /** Writes what {@link EdgeCell.mergeFrom} reads. */
  writeTo(writer: ByteWriter): void {
    for (const name of CALL_COUNTS) writer.varint(this.counts[name] * WEIGHT_STEPS);
    let present = 0;
    for (const [bit, name] of CALL_SKETCHES.entries())
      if (this.sketches[name]?.isEmpty === false) present |= 1 << bit;
    writer.varint(present);
    for (const [bit, name] of CALL_SKETCHES.entries())
      if ((present & (1 << bit)) !== 0) this.sketch(name).writeTo(writer);
    writeExemplar(writer, this.exemplar);
  }

  /** Adds what {@link EdgeCell.writeTo} wrote of another cell. @throws TracAggError `data_corrupt` */
  mergeFrom(reader: ByteReader): void {
    // In the order of CALL_COUNTS, one by one: with names as keys this took a quarter of an answer over a day.
    const { counts } = this;
    counts.calls += reader.varint() / WEIGHT_STEPS;
    counts.errors += reader.varint() / WEIGHT_STEPS;
    counts.clientErrors += reader.varint() / WEIGHT_STEPS;
    counts.serverErrors += reader.varint() / WEIGHT_STEPS;
    counts.pairedCalls += reader.varint() / WEIGHT_STEPS;
    counts.retries += reader.varint() / WEIGHT_STEPS;
    counts.clampedGaps += reader.varint() / WEIGHT_STEPS;
    const present = reader.varint();
    for (const [bit, name] of CALL_SKETCHES.entries()) {
      if ((present & (1 << bit)) !== 0) this.sketch(name).mergeFrom(reader);
    }
    this.exemplar = slowerIn(reader, this.exemplar);
  }
}

/** Where cells of windows are added up. */
export interface CellSums {
  /** The cell that a series is added to; undefined leaves it out, unread. */
  spanCell(series: number): SpanCell | undefined;
  edgeCell(edge: number): EdgeCell | undefined;
}

/** A cell for every series and every edge that is asked for. */
export class Cells implements CellSums {
  readonly spans: Map<number, SpanCell> = new Map();
  readonly edges: Map<number, EdgeCell> = new Map();

  spanCell(series: number): SpanCell {
    let cell = this.spans.get(series);
    if (cell === undefined) {
      cell = new SpanCell();
      this.spans.set(series, cell);
    }
    return cell;
  }

  edgeCell(edge: number): EdgeCell {
    let cell = this.edges.get(edge);
    if (cell === undefined) {
      cell = new EdgeCell();
      this.edges.set(edge, cell);
    }
    return cell;
  }
}

/** True when a span of that duration is to take the place of the exemplar. */
export function isSlower(durationNanos: number, exemplar: Exemplar | undefined): boolean {
  return exemplar === undefined || durationNanos > exemplar.durationNanos;
}

/** The slower of two exemplars; of equally slow ones the one whose ids come first, so that no order matters. */
export function slower(left: Exemplar | undefined, right: Exemplar | undefined): Exemplar | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  if (left.durationNanos !== right.durationNanos)
    return left.durationNanos > right.durationNanos ? left : right;
  return left.traceId + left.spanId <= right.traceId + right.spanId ? left : right;
}

/** Its duration plus one, 0 for none; then its ids. */
function writeExemplar(writer: ByteWriter, exemplar: Exemplar | undefined): void {
  writer.varint(exemplar === undefined ? 0 : Math.min(exemplar.durationNanos, MAX_SKETCH_NANOS) + 1);
  if (exemplar === undefined) return;
  writer.text(exemplar.traceId);
  writer.text(exemplar.spanId);
}

/** The slower of an exemplar and the one that was written; the ids of a faster one are passed over. */
function slowerIn(reader: ByteReader, other: Exemplar | undefined): Exemplar | undefined {
  const durationNanos = reader.varint() - 1;
  if (durationNanos === -1) return other;
  if (other !== undefined && durationNanos < other.durationNanos) {
    reader.skipBytes();
    reader.skipBytes();
    return other;
  }
  return slower(other, { durationNanos, traceId: reader.text(), spanId: reader.text() });
}
