/** The trace window: spans of one trace meet here, whatever request they came in, until the trace is complete. */

import type { CommittedBatch } from "../batch/committed-batch.ts";
import { DueTraces } from "./due-traces.ts";
import type { Operations } from "./operations.ts";
import { DEFAULT_MAX_PLACES } from "./places.ts";
import type { BatchWords, SpanPlace } from "./span-rows.ts";
import { batchWords, MAX_SEARCHED_ROWS, SpanRows } from "./span-rows.ts";
import type { Arrival } from "./trace-states.ts";
import { TraceState, TraceStates } from "./trace-states.ts";
import { TraceTable } from "./trace-table.ts";

const NO_ROW = -1;

/** When traces are complete, and how much is kept. */
export interface WindowOptions {
  /** A trace is complete when no span came for this long. Default 10 s, what service graphs usually wait. */
  readonly quietMillis?: number;
  /** Shorter wait for a trace that has a root and every parent that a span names. Default 2 s. */
  readonly wholeQuietMillis?: number;
  /** A trace is complete this long after its first span, whatever still comes. Default 5 minutes. */
  readonly maxOpenMillis?: number;
  /**
   * Spans at which a trace is complete; what still comes of it makes another part. Default 5,000: working that many out
   * holds nobody up.
   */
  readonly maxTraceSpans?: number;
  /** How long a complete trace is kept for spans that come late. Default 10 minutes. */
  readonly keepMillis?: number;
  /** Spans held, of open and of complete traces; the oldest go first. Default 1,000,000: some 70 MB. */
  readonly maxSpans?: number;
  /** Seed of the table of trace ids. Default 0. */
  readonly seed?: number;
  /** Places told apart. Default 50,000. */
  readonly maxPlaces?: number;
}

const DEFAULTS: Required<WindowOptions> = Object.freeze({
  quietMillis: 10_000,
  wholeQuietMillis: 2_000,
  maxOpenMillis: 300_000,
  maxTraceSpans: 5_000,
  keepMillis: 600_000,
  maxSpans: 1_000_000,
  seed: 0,
  maxPlaces: DEFAULT_MAX_PLACES,
});

/** How often which limit made a trace complete, and what came late. */
export interface WindowCounters {
  quiet: number;
  whole: number;
  spanCap: number;
  timeCap: number;
  memoryCap: number;
  /** Complete traces that were worked out again for spans that came late. */
  reopened: number;
  /** Spans that were there already. */
  duplicates: number;
}

/** What a {@link TraceListener} hears: `complete` for the first time, else `retract`, then `replace`. */
export type TraceNews = "complete" | "retract" | "replace";

/**
 * Told of a trace when it is complete: `rows` are its rows in the order they came, valid during the call. With
 * `retract` what was told of exactly these rows before does not hold any more.
 */
export type TraceListener = (rows: Int32Array, trace: number, news: TraceNews) => void;

interface KeptTrace {
  readonly trace: number;
  readonly atMillis: number;
}

/** Told of a span that was not there before: its row in the batch, and in {@link TraceWindow.spans}. */
export type FreshListener = (row: number, kept: number) => void;

/** Spans of traces that are not complete yet, or have not been for long. Times are of a clock that never goes back. */
export class TraceWindow {
  readonly spans: SpanRows;
  readonly table: TraceTable;
  readonly counters: WindowCounters = {
    quiet: 0,
    whole: 0,
    spanCap: 0,
    timeCap: 0,
    memoryCap: 0,
    reopened: 0,
    duplicates: 0,
  };
  readonly #options: Required<WindowOptions>;
  readonly #operations: Operations;
  readonly #listener: TraceListener;
  readonly #traces: TraceStates = new TraceStates();
  readonly #due: DueTraces = new DueTraces();
  /** Complete traces in the order they were; one that was opened again since has a later entry. */
  #kept: KeptTrace[] = [];
  #keptStart = 0;
  /** Traces told of that are not here any more, with the log position of their last span. */
  #forgotten: { readonly id: Uint8Array; readonly position: number }[] = [];
  #openCount = 0;

  constructor(operations: Operations, listener: TraceListener, options: WindowOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#operations = operations;
    this.#listener = listener;
    this.spans = new SpanRows(this.#options.maxPlaces);
    this.table = new TraceTable(this.#options.seed);
  }

  /** Traces that are not complete. */
  get openTraces(): number {
    return this.#openCount;
  }

  /** Spans held. */
  get spanCount(): number {
    return this.spans.columns.count;
  }

  /** Bytes of the columns. */
  get byteSize(): number {
    return this.spans.columns.byteSize + this.table.byteSize + this.#traces.byteSize + this.#kept.length * 24;
  }

  /** Spans at which a trace is cut. */
  get maxTraceSpans(): number {
    return this.#options.maxTraceSpans;
  }

  /** Open traces that the listener has not been told of, with their rows; none when they are more than `maxSpans`. */
  untold(maxSpans: number): { readonly trace: number; readonly rows: Int32Array }[] {
    const { states, rowCounts, toldCounts } = this.#traces;
    const found: { trace: number; rows: Int32Array }[] = [];
    let spans = 0;
    for (let trace = 0; trace < this.table.capacity; trace++) {
      if (states[trace] !== TraceState.OPEN || (toldCounts[trace] as number) > 0) continue;
      spans += rowCounts[trace] as number;
      if (spans > maxSpans) return [];
      found.push({ trace, rows: this.#rowsOf(trace) });
    }
    return found;
  }

  /**
   * Takes the spans of a batch in.
   *
   * @param onFresh - told of each row of the batch that is no copy of a span in the window, and of its row here
   */
  append(committed: CommittedBatch, nowMillis: number, onFresh: FreshListener): void {
    const { batch, position, arrivalUnixMillis } = committed;
    const words = batchWords(batch);
    const operationOf = this.#operations.readerOf(batch);
    const placeOf = this.spans.places.readerOf(batch);
    const arrival = { position, arrivalUnixMillis };
    for (let row = 0; row < batch.rowCount; row++) {
      const trace = this.#traceAt(words, row * 4, nowMillis, arrival);
      const kept = this.#add(trace, words, { row, operation: operationOf(row), place: placeOf(row) });
      if (kept !== NO_ROW) onFresh(row, kept);
      this.#traces.lastMillis[trace] = nowMillis;
      this.#traces.lastPositions[trace] = position;
      if ((this.#traces.rowCounts[trace] as number) >= this.#options.maxTraceSpans)
        this.#cut(trace, nowMillis);
    }
    while (this.spanCount > this.#options.maxSpans && this.#makeRoom(nowMillis)) {
      // Each step lets go of a trace, or completes one that the next step may let go of.
    }
    if (this.spans.farEnds.isSweepDue) this.spans.sweepFarEnds();
  }

  /** Completes what is due, ends after the trace that makes it `maxSpans` spans: true when there may be more. */
  tick(nowMillis: number, maxSpans: number = Number.POSITIVE_INFINITY): boolean {
    for (let looked = 0; looked < maxSpans; ) {
      const trace = this.#due.next(nowMillis);
      if (trace === -1) {
        this.#forgetOld(nowMillis);
        return false;
      }
      looked++;
      if (this.#traces.states[trace] !== TraceState.OPEN) continue;
      looked += this.#traces.rowCounts[trace] as number;
      this.#completeOrWait(trace, nowMillis);
    }
    return true;
  }

  /** Completes open traces: all of them, or those that the listener was told of before. */
  completeOpen(nowMillis: number, which: "all" | "told"): void {
    const { states, toldCounts } = this.#traces;
    for (let trace = 0; trace < this.table.capacity; trace++) {
      if (states[trace] !== TraceState.OPEN) continue;
      if (which === "all" || (toldCounts[trace] as number) > 0) this.#complete(trace, nowMillis);
    }
  }

  /** Log position of the oldest span of a trace that is not complete; infinite when all are. */
  oldestOpenPosition(): number {
    const { states, firstPositions } = this.#traces;
    let oldest = Number.POSITIVE_INFINITY;
    for (let trace = 0; trace < this.table.capacity; trace++) {
      if (states[trace] === TraceState.OPEN) oldest = Math.min(oldest, firstPositions[trace] as number);
    }
    return oldest;
  }

  /** When the first span of a trace came, in milliseconds since the epoch. */
  arrivalUnixMillis(trace: number): number {
    return this.#traces.arrivals[trace] as number;
  }

  /**
   * Ids of complete traces with spans from a log position on, 16 bytes each; those that are not here any more are
   * forgotten for good when they have none.
   */
  completeSince(position: number): Uint8Array {
    const { states, lastPositions } = this.#traces;
    this.#forgotten = this.#forgotten.filter((trace) => trace.position >= position);
    const ids = this.#forgotten.map(({ id }) => id);
    for (let trace = 0; trace < this.table.capacity; trace++) {
      if (states[trace] !== TraceState.COMPLETE || (lastPositions[trace] as number) < position) continue;
      ids.push(this.table.bytes(trace));
    }
    const joined = new Uint8Array(ids.length * 16);
    for (const [at, id] of ids.entries()) joined.set(id, at * 16);
    return joined;
  }

  /**
   * Says that the spans here of these traces were told of before a restart: they are complete, and only what comes from
   * now on is told of.
   */
  settle(traceIds: Uint8Array, nowMillis: number): void {
    const words = new Uint32Array(Uint8Array.from(traceIds).buffer);
    const { states, rowCounts, toldCounts, settledCounts } = this.#traces;
    for (let at = 0; at < words.length; at += 4) {
      const trace = this.table.find(words, at);
      if (trace === -1 || states[trace] !== TraceState.OPEN) continue;
      toldCounts[trace] = rowCounts[trace] as number;
      settledCounts[trace] = rowCounts[trace] as number;
      this.#complete(trace, nowMillis);
    }
  }

  #traceAt(words: BatchWords, at: number, nowMillis: number, from: Arrival): number {
    const known = this.table.find(words.traceIds, at);
    if (known >= 0 && this.#traces.states[known] === TraceState.OPEN) return known;
    const trace = known >= 0 ? known : this.table.add(words.traceIds, at);
    if (known === -1) {
      this.#traces.open(trace, nowMillis, from);
    } else {
      this.#traces.states[trace] = TraceState.OPEN;
      this.#traces.firstMillis[trace] = nowMillis;
    }
    this.#openCount++;
    this.#due.add(trace, nowMillis + this.#options.wholeQuietMillis);
    return trace;
  }

  #add(trace: number, words: BatchWords, place: SpanPlace): number {
    const { heads, rowCounts } = this.#traces;
    const count = rowCounts[trace] as number;
    const row = this.spans.add(trace, heads[trace] as number, count, words, place);
    if (row === NO_ROW) {
      this.counters.duplicates++;
      return NO_ROW;
    }
    heads[trace] = row;
    rowCounts[trace] = count + 1;
    return row;
  }

  #completeOrWait(trace: number, nowMillis: number): void {
    const { quietMillis, wholeQuietMillis, maxOpenMillis } = this.#options;
    const quiet = nowMillis - (this.#traces.lastMillis[trace] as number);
    if (nowMillis - (this.#traces.firstMillis[trace] as number) >= maxOpenMillis) {
      this.#completeFor("timeCap", trace, nowMillis);
    } else if (quiet >= quietMillis) {
      this.#completeFor("quiet", trace, nowMillis);
    } else if (quiet >= wholeQuietMillis && this.#isWhole(trace)) {
      this.#completeFor("whole", trace, nowMillis);
    } else {
      this.#due.add(trace, nowMillis - quiet + (quiet < wholeQuietMillis ? wholeQuietMillis : quietMillis));
    }
  }

  #completeFor(
    reason: "quiet" | "whole" | "spanCap" | "timeCap" | "memoryCap",
    trace: number,
    nowMillis: number,
  ): void {
    this.counters[reason]++;
    this.#complete(trace, nowMillis);
  }

  #complete(trace: number, nowMillis: number): void {
    const { rowCounts, toldCounts, states, completeMillis } = this.#traces;
    const count = rowCounts[trace] as number;
    const told = toldCounts[trace] as number;
    if (count !== told) {
      const settled = this.#traces.settledCounts[trace] as number;
      const rows = this.#rowsOf(trace);
      if (told > settled) {
        this.counters.reopened++;
        this.#listener(rows.subarray(settled, told), trace, "retract");
      }
      this.#listener(rows.subarray(settled), trace, told > settled ? "replace" : "complete");
      toldCounts[trace] = count;
    }
    states[trace] = TraceState.COMPLETE;
    completeMillis[trace] = nowMillis;
    this.#openCount--;
    this.spans.dropIndex(trace);
    this.#kept.push({ trace, atMillis: nowMillis });
  }

  /** A trace at its cap is told of and forgotten. */
  #cut(trace: number, nowMillis: number): void {
    this.#completeFor("spanCap", trace, nowMillis);
    this.#forget(trace);
  }

  /** True when a root is there and every parent that a span names. */
  #isWhole(trace: number): boolean {
    const { spanIds, parentIds } = this.spans.columns;
    const rows = this.#rowsOf(trace);
    const isThere = idFinder(spanIds, rows);
    let hasRoot = false;
    for (const row of rows) {
      const low = parentIds[row * 2] as number;
      const high = parentIds[row * 2 + 1] as number;
      if (low === 0 && high === 0) hasRoot = true;
      else if (!isThere(low, high)) return false;
    }
    return hasRoot;
  }

  /** In the order they came. */
  #rowsOf(trace: number): Int32Array {
    const { next } = this.spans.columns;
    const rows = new Int32Array(this.#traces.rowCounts[trace] as number);
    let at = rows.length;
    for (let row = this.#traces.heads[trace] as number; row !== NO_ROW; row = next[row] as number)
      rows[--at] = row;
    return rows;
  }

  #forgetOld(nowMillis: number): void {
    for (;;) {
      const oldest = this.#kept[this.#keptStart];
      if (oldest === undefined || oldest.atMillis + this.#options.keepMillis > nowMillis) return;
      this.#forgetOldest();
    }
  }

  /** Forgets the trace that has been complete longest or else completes one that has waited longest; false for neither. */
  #makeRoom(nowMillis: number): boolean {
    if (this.#keptStart < this.#kept.length) {
      this.#forgetOldest();
      return true;
    }
    const trace = this.#due.next(Number.POSITIVE_INFINITY);
    if (trace === -1) return false;
    if (this.#traces.states[trace] === TraceState.OPEN) this.#completeFor("memoryCap", trace, nowMillis);
    return true;
  }

  #forgetOldest(): void {
    const { trace, atMillis } = this.#kept[this.#keptStart++] as KeptTrace;
    if (this.#keptStart >= 1_024 && this.#keptStart * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#keptStart);
      this.#keptStart = 0;
    }
    const { states, completeMillis } = this.#traces;
    if (states[trace] === TraceState.COMPLETE && completeMillis[trace] === atMillis) this.#forget(trace);
  }

  #forget(trace: number): void {
    this.#forgotten.push({
      id: this.table.bytes(trace),
      position: this.#traces.lastPositions[trace] as number,
    });
    this.spans.giveBack(trace, this.#traces.heads[trace] as number);
    this.#traces.states[trace] = TraceState.FREE;
    this.table.remove(trace);
  }
}

function idFinder(spanIds: Uint32Array, rows: Int32Array): (low: number, high: number) => boolean {
  if (rows.length <= MAX_SEARCHED_ROWS) {
    return (low, high) => rows.some((row) => spanIds[row * 2] === low && spanIds[row * 2 + 1] === high);
  }
  const lows = new Set<number>();
  for (const row of rows) lows.add(spanIds[row * 2] as number);
  // The low half of a random id tells it from the others of one trace; a false yes only ends a wait early.
  return (low) => lows.has(low);
}
