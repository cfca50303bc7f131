/** Takes the spans of one trace into columns, copies of what is there left out. */

import { HIGH_WORD, LOW_WORD, wordPairsOf, wordsOfBytes } from "../base/bytes.ts";
import type { SpanBatch } from "../batch/span-batch.ts";
import { FarEnds } from "./far-ends.ts";
import { Places } from "./places.ts";
import type { LinkTarget } from "./span-tail.ts";
import { SpanTails } from "./span-tail.ts";
import { RowFlag, WindowRows } from "./window-rows.ts";

const STATUS_ERROR = 2;
/** Traces up to this many spans are searched span by span for an id, which is cheaper than an index. */
export const MAX_SEARCHED_ROWS = 32;
const NO_ROW = -1;

/** A batch with its columns as words. */
export interface BatchWords {
  readonly batch: SpanBatch;
  readonly traceIds: Uint32Array;
  readonly spanIds: Uint32Array;
  readonly parentIds: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Views of the columns of a batch, copies where they are not aligned. */
export function batchWords(batch: SpanBatch): BatchWords {
  return {
    batch,
    traceIds: wordsOfBytes(batch.traceIds),
    spanIds: wordsOfBytes(batch.spanIds),
    parentIds: wordsOfBytes(batch.parentSpanIds),
    starts: wordPairsOf(batch.startTimesUnixNano),
    ends: wordPairsOf(batch.endTimesUnixNano),
  };
}

/** The rows of all traces in the window, with what does not fit a column. */
export class SpanRows {
  readonly columns: WindowRows = new WindowRows();
  readonly farEnds: FarEnds = new FarEnds();
  readonly places: Places;
  readonly #tails: SpanTails = new SpanTails(this.farEnds);
  /** Links of the rows that have some. */
  readonly links: Map<number, readonly LinkTarget[]> = new Map();
  /** Adjusted counts other than 1. */
  readonly weights: Map<number, number> = new Map();
  /** Rows by the low word of their span id, of chains too long to search; by trace number. */
  readonly #indexes: Map<number, Map<number, number[]>> = new Map();

  constructor(maxPlaces?: number) {
    this.places = new Places(maxPlaces);
  }

  /**
   * Adds a span in front of the chain of its trace.
   *
   * @returns its row, or -1 when the chain has it already: the same in all that is counted and of the same encoded
   * length, as a sender sends it again that did not hear the answer.
   */
  add(trace: number, head: number, chainLength: number, words: BatchWords, at: SpanPlace): number {
    const row = this.#fill(words, at);
    if (this.#isThere(trace, head, row)) {
      this.columns.next[row] = NO_ROW;
      this.columns.giveBack(row);
      return NO_ROW;
    }
    this.#addTail(words.batch, at.row, row);
    this.columns.next[row] = head;
    this.#addToIndex(trace, row, chainLength + 1);
    return row;
  }

  /** Lets go of all rows of a chain. */
  giveBack(trace: number, head: number): void {
    const { columns } = this;
    this.dropIndex(trace);
    for (let row = head; row !== NO_ROW; row = columns.next[row] as number) {
      const flags = columns.flags[row] as number;
      if ((flags & RowFlag.HAS_LINKS) !== 0) this.links.delete(row);
      if ((flags & RowFlag.IS_WEIGHTED) !== 0) this.weights.delete(row);
    }
    columns.giveBack(head);
  }

  /** Lets go of what makes adding to a long chain fast. */
  dropIndex(trace: number): void {
    this.#indexes.delete(trace);
  }

  /** Forgets far ends that no row names. */
  sweepFarEnds(): void {
    this.farEnds.keepOnly(new Set(this.columns.farEnds));
    this.#tails.forget();
  }

  #fill(
    { batch, spanIds, parentIds, starts, ends }: BatchWords,
    { row, operation, place }: SpanPlace,
  ): number {
    const rows = this.columns;
    const fresh = rows.take();
    const startLow = starts[row * 2 + LOW_WORD] as number;
    const startHigh = starts[row * 2 + HIGH_WORD] as number;
    const endLow = ends[row * 2 + LOW_WORD] as number;
    const duration = ((ends[row * 2 + HIGH_WORD] as number) - startHigh) * 2 ** 32 + (endLow - startLow);
    rows.spanIds[fresh * 2] = spanIds[row * 2] as number;
    rows.spanIds[fresh * 2 + 1] = spanIds[row * 2 + 1] as number;
    rows.parentIds[fresh * 2] = parentIds[row * 2] as number;
    rows.parentIds[fresh * 2 + 1] = parentIds[row * 2 + 1] as number;
    rows.starts[fresh * 2] = startLow;
    rows.starts[fresh * 2 + 1] = startHigh;
    rows.durations[fresh] = Math.max(0, duration);
    rows.operations[fresh] = operation;
    rows.lengths[fresh] = (batch.spanEnds[row] as number) - (batch.spanStarts[row] as number);
    rows.kinds[fresh] = batch.kinds[row] as number;
    rows.flags[fresh] = batch.statusCodes[row] === STATUS_ERROR ? RowFlag.ERROR : 0;
    rows.farEnds[fresh] = 0;
    rows.places[fresh] = place;
    return fresh;
  }

  #isThere(trace: number, head: number, fresh: number): boolean {
    const index = this.#indexes.get(trace);
    if (index !== undefined) {
      const same = index.get(this.columns.spanIds[fresh * 2] as number);
      return same?.some((row) => this.#isCopy(row, fresh)) === true;
    }
    const { next } = this.columns;
    for (let row = head; row !== NO_ROW; row = next[row] as number) if (this.#isCopy(row, fresh)) return true;
    return false;
  }

  #isCopy(row: number, fresh: number): boolean {
    const { spanIds, lengths, durations, operations, kinds, flags, starts, parentIds } = this.columns;
    return (
      isSamePair(spanIds, row, fresh) &&
      lengths[row] === lengths[fresh] &&
      durations[row] === durations[fresh] &&
      operations[row] === operations[fresh] &&
      kinds[row] === kinds[fresh] &&
      ((flags[row] as number) & RowFlag.ERROR) === flags[fresh] &&
      isSamePair(starts, row, fresh) &&
      isSamePair(parentIds, row, fresh)
    );
  }

  #addTail(batch: SpanBatch, at: number, row: number): void {
    const tails = this.#tails;
    tails.read(batch, at);
    this.columns.farEnds[row] = tails.farEnd;
    if (tails.links.length > 0) {
      this.links.set(row, tails.links);
      this.columns.flags[row] = (this.columns.flags[row] as number) | RowFlag.HAS_LINKS;
    }
    if (tails.weight === 1) return;
    this.weights.set(row, tails.weight);
    this.columns.flags[row] = (this.columns.flags[row] as number) | RowFlag.IS_WEIGHTED;
  }

  #addToIndex(trace: number, row: number, chainLength: number): void {
    if (chainLength < MAX_SEARCHED_ROWS) return;
    const { spanIds, next } = this.columns;
    let index = this.#indexes.get(trace);
    if (index !== undefined) {
      addRow(index, spanIds[row * 2] as number, row);
      return;
    }
    index = new Map();
    for (let at = row; at !== NO_ROW; at = next[at] as number) addRow(index, spanIds[at * 2] as number, at);
    this.#indexes.set(trace, index);
  }
}

/** Which span of a batch, and the numbers of its service and name and of where it is from. */
export interface SpanPlace {
  readonly row: number;
  readonly operation: number;
  readonly place: number;
}

function isSamePair(words: Uint32Array, row: number, other: number): boolean {
  return words[row * 2] === words[other * 2] && words[row * 2 + 1] === words[other * 2 + 1];
}

function addRow(index: Map<number, number[]>, low: number, row: number): void {
  const same = index.get(low);
  if (same === undefined) index.set(low, [row]);
  else same.push(row);
}
