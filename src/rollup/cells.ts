/** What is summed for one series in one window of time. */

import type { CallFacts } from "../analysis/call-facts.ts";
import { LatencySketch, MAX_SKETCH_NANOS } from "../analysis/latency-sketch.ts";
import { stepsOfWeight, WEIGHT_STEPS, weightOfSteps } from "../analysis/weight-steps.ts";
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

/** Plain sums of an edge, in the order they are written. Weighted, in steps that add up exactly. */
const COUNTS = [
  "calls",
  "errors",
  "clientErrors",
  "serverErrors",
  "pairedCalls",
  "retries",
  "clampedGaps",
] as const;
type EdgeCount = (typeof COUNTS)[number];

/** Sketches of an edge, in the order they are written. */
const SKETCHES = ["client", "server", "gap", "delay"] as const;
type EdgeSketch = (typeof SKETCHES)[number];

/** Calls of one edge. */
export class EdgeCell {
  readonly counts: Record<EdgeCount, number> = {
    calls: 0,
    errors: 0,
    clientErrors: 0,
    serverErrors: 0,
    pairedCalls: 0,
    retries: 0,
    clampedGaps: 0,
  };
  /** Durations by the caller, by the callee, between the two, and waiting of messages; absent while nothing was added. */
  readonly sketches: { [Name in EdgeSketch]?: LatencySketch } = {};
  exemplar: Exemplar | undefined;

  /** Adds a call, or several of one kind; with sign -1 takes back what was added so. */
  add(
    call: { readonly callCount: number; readonly errorCount: number; readonly facts: CallFacts },
    weight: number,
    sign: 1 | -1,
  ): void {
    const { counts } = this;
    const { facts } = call;
    const once = sign * weightOfSteps(stepsOfWeight(weight));
    counts.calls += once * call.callCount;
    counts.errors += once * call.errorCount;
    if (facts.isClientError) counts.clientErrors += once;
    if (facts.isServerError) counts.serverErrors += once;
    if (facts.clientNanos >= 0 && facts.serverNanos >= 0) counts.pairedCalls += once;
    if (facts.isRetry) counts.retries += once;
    if (facts.isGapClamped) counts.clampedGaps += once;
    this.#addTo("client", facts.clientNanos, weight, sign);
    this.#addTo("server", facts.serverNanos, weight, sign);
    this.#addTo("gap", facts.gapNanos, weight, sign);
    this.#addTo("delay", facts.delayNanos, weight, sign);
  }

  /** Adds what another cell of the edge holds. */
  merge(other: EdgeCell): void {
    for (const name of COUNTS) this.counts[name] += other.counts[name];
    for (const name of SKETCHES) {
      const sketch = other.sketches[name];
      if (sketch !== undefined) this.#sketch(name).merge(sketch);
    }
    this.exemplar = slower(this.exemplar, other.exemplar);
  }

  /** True when all that was added was taken back. */
  get isEmpty(): boolean {
    return this.counts.calls === 0;
  }

  /** Writes what {@link EdgeCell.mergeFrom} reads. */
  writeTo(writer: ByteWriter): void {
    for (const name of COUNTS) writer.varint(this.counts[name] * WEIGHT_STEPS);
    let present = 0;
    for (const [bit, name] of SKETCHES.entries())
      if (this.sketches[name]?.isEmpty === false) present |= 1 << bit;
    writer.varint(present);
    for (const [bit, name] of SKETCHES.entries())
      if ((present & (1 << bit)) !== 0) this.#sketch(name).writeTo(writer);
    writeExemplar(writer, this.exemplar);
  }

  /** Adds what {@link EdgeCell.writeTo} wrote of another cell. @throws TracAggError `data_corrupt` */
  mergeFrom(reader: ByteReader): void {
    for (const name of COUNTS) this.counts[name] += reader.varint() / WEIGHT_STEPS;
    const present = reader.varint();
    for (const [bit, name] of SKETCHES.entries()) {
      if ((present & (1 << bit)) !== 0) this.#sketch(name).mergeFrom(reader);
    }
    this.exemplar = slowerIn(reader, this.exemplar);
  }

  #addTo(name: EdgeSketch, nanos: number, weight: number, sign: 1 | -1): void {
    if (nanos < 0) return;
    if (sign === 1) this.#sketch(name).add(nanos, weight);
    else this.#sketch(name).remove(nanos, weight);
  }

  #sketch(name: EdgeSketch): LatencySketch {
    const sketch = this.sketches[name] ?? new LatencySketch();
    this.sketches[name] = sketch;
    return sketch;
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
