/** What the window knows of each trace, by its number in the table. */

import type { CommittedBatch } from "../batch/committed-batch.ts";

const INITIAL_TRACES = 1_024;

/** Whether a number is a trace's, and what becomes of its next span. */
export const TraceState: { readonly FREE: 0; readonly OPEN: 1; readonly COMPLETE: 2 } = Object.freeze({
  FREE: 0,
  OPEN: 1,
  COMPLETE: 2,
});

/** Where a batch came from: its log position, and when. */
export type Arrival = Pick<CommittedBatch, "position" | "arrivalUnixMillis">;

/** Columns that grow with the table. */
export class TraceStates {
  /** One of {@link TraceState}. */
  states: Uint8Array = new Uint8Array(INITIAL_TRACES);
  /** Newest row of the chain, -1 without one. */
  heads: Int32Array = new Int32Array(INITIAL_TRACES);
  rowCounts: Uint32Array = new Uint32Array(INITIAL_TRACES);
  /** Rows that the listener was told of: those that came first. */
  toldCounts: Uint32Array = new Uint32Array(INITIAL_TRACES);
  /** Rows of the trace that were told of before a restart, those that came first: they are not told of again. */
  settledCounts: Uint32Array = new Uint32Array(INITIAL_TRACES);
  /** When the first span came, and the last one. */
  firstMillis: Float64Array = new Float64Array(INITIAL_TRACES);
  lastMillis: Float64Array = new Float64Array(INITIAL_TRACES);
  /** When the trace was complete. */
  completeMillis: Float64Array = new Float64Array(INITIAL_TRACES);
  /** When the first span came, in milliseconds since the epoch. */
  arrivals: Float64Array = new Float64Array(INITIAL_TRACES);
  /** Log position of its first span, and of its last one. */
  firstPositions: Float64Array = new Float64Array(INITIAL_TRACES);
  lastPositions: Float64Array = new Float64Array(INITIAL_TRACES);

  /** Bytes of the columns. */
  get byteSize(): number {
    return this.states.length * 65;
  }

  /** Makes a number a trace's that has no span yet. */
  open(trace: number, nowMillis: number, { position, arrivalUnixMillis }: Arrival): void {
    while (trace >= this.states.length) this.#grow();
    this.states[trace] = TraceState.OPEN;
    this.heads[trace] = -1;
    this.rowCounts[trace] = 0;
    this.toldCounts[trace] = 0;
    this.settledCounts[trace] = 0;
    this.firstMillis[trace] = nowMillis;
    this.lastMillis[trace] = nowMillis;
    this.arrivals[trace] = arrivalUnixMillis;
    this.firstPositions[trace] = position;
    this.lastPositions[trace] = position;
  }

  #grow(): void {
    const size = this.states.length * 2;
    this.states = grown(this.states, new Uint8Array(size));
    this.heads = grown(this.heads, new Int32Array(size));
    this.rowCounts = grown(this.rowCounts, new Uint32Array(size));
    this.toldCounts = grown(this.toldCounts, new Uint32Array(size));
    this.settledCounts = grown(this.settledCounts, new Uint32Array(size));
    this.firstMillis = grown(this.firstMillis, new Float64Array(size));
    this.lastMillis = grown(this.lastMillis, new Float64Array(size));
    this.completeMillis = grown(this.completeMillis, new Float64Array(size));
    this.arrivals = grown(this.arrivals, new Float64Array(size));
    this.firstPositions = grown(this.firstPositions, new Float64Array(size));
    this.lastPositions = grown(this.lastPositions, new Float64Array(size));
  }
}

/** The fresh column with the old one's content at its start. */
export function grown<Column extends Uint8Array | Uint32Array | Int32Array | Float64Array>(
  old: Column,
  fresh: Column,
): Column {
  fresh.set(old);
  return fresh;
}
