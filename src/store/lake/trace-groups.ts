/** The order of a segment: rows brought together by trace id, sorted inside each trace, repeats left out. */

import { randomBytes } from "node:crypto";
import { distinctRows } from "../../batch/distinct-rows.ts";
import type { SealRows } from "./seal-rows.ts";
import { hashTraceId } from "./trace-filter.ts";

/** Rows by trace. */
export interface TraceGroups {
  readonly traceCount: number;
  /** The 16 bytes of every trace id, ascending byte by byte; group g's lie at 16 g. */
  readonly traceIds: Uint8Array;
  /** The distinct rows: those of group g are `order[starts[g], starts[g + 1])`, by start, then span id. */
  readonly order: Uint32Array;
  readonly starts: Uint32Array;
}

/** Groups rows by trace id and sorts them; of equal spans the first one stays, as `distinctRows` decides. */
export function groupByTrace(rows: SealRows): TraceGroups {
  const { rowCount, traceIds: ids } = rows;
  const table = new GroupTable(rowCount);
  const groupOf = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) groupOf[row] = table.groupFor(ids, row * 16);
  const { traceIds, ranks } = table.sorted();
  const traceCount = table.groupCount;
  const starts = new Uint32Array(traceCount + 1);
  for (let row = 0; row < rowCount; row++) starts[ranks[groupOf[row]!]! + 1]!++;
  for (let group = 0; group < traceCount; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const order = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) order[next[ranks[groupOf[row]!]!]!++] = row;
  const sorted = { traceCount, traceIds, order, starts };
  return sortAndThin(rows, sorted);
}

/** Groups up to this size are sorted by insertion: most arrive almost in order. */
const INSERTION_ROWS = 32;

function sortAndThin(rows: SealRows, groups: TraceGroups): TraceGroups {
  const { order, starts, traceCount } = groups;
  const compare = compareRowsOf(rows);
  const thinned = new Uint32Array(traceCount + 1);
  let kept = 0;
  for (let group = 0; group < traceCount; group++) {
    const start = starts[group]!;
    const end = starts[group + 1]!;
    if (end - start > INSERTION_ROWS) order.subarray(start, end).sort(compare);
    else if (end - start > 1) insertionSort(order, start, end, compare);
    kept = keepDistinct(rows, { order, start, end, to: kept, compare });
    thinned[group + 1] = kept;
  }
  return { ...groups, order: order.subarray(0, kept), starts: thinned };
}

type CompareRows = (left: number, right: number) => number;

/** By start, then span id; equal ones in the order they came. */
function compareRowsOf({ startWords, spanIds }: SealRows): CompareRows {
  return (left, right) => {
    const high = startWords[left * 2 + 1]! - startWords[right * 2 + 1]!;
    if (high !== 0) return high;
    const low = startWords[left * 2]! - startWords[right * 2]!;
    if (low !== 0) return low;
    for (let index = 0; index < 8; index++) {
      const difference = spanIds[left * 8 + index]! - spanIds[right * 8 + index]!;
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function insertionSort(order: Uint32Array, start: number, end: number, compare: CompareRows): void {
  for (let at = start + 1; at < end; at++) {
    const row = order[at]!;
    let place = at;
    while (place > start && compare(order[place - 1]!, row) > 0) {
      order[place] = order[place - 1]!;
      place--;
    }
    order[place] = row;
  }
}

interface Run {
  readonly order: Uint32Array;
  readonly start: number;
  readonly end: number;
  readonly to: number;
  readonly compare: CompareRows;
}

/** Moves the distinct rows of a sorted group to `to`. Equal spans have equal starts and ids, so they are neighbours. */
function keepDistinct(rows: SealRows, { order, start, end, to, compare }: Run): number {
  let kept = to;
  for (let at = start; at < end; ) {
    let runEnd = at + 1;
    while (runEnd < end && compare(order[at]!, order[runEnd]!) === 0) runEnd++;
    if (runEnd === at + 1) order[kept++] = order[at]!;
    else for (const row of distinctOf(rows, order.slice(at, runEnd))) order[kept++] = row;
    at = runEnd;
  }
  return kept;
}

function distinctOf(rows: SealRows, same: Uint32Array): number[] {
  const numbers = new Map([...same].map((row) => [rows.spanRow(row), row]));
  return distinctRows(numbers.keys()).map((row) => numbers.get(row)!);
}

/** Open addressing over 16-byte keys; the seed differs from table to table, so senders cannot aim at one slot. */
class GroupTable {
  readonly #seed: number = randomBytes(4).readInt32LE();
  readonly #slots: Uint32Array;
  readonly #mask: number;
  #ids = new Uint8Array(16 * 1_024);
  groupCount = 0;

  constructor(keysAtMost: number) {
    let capacity = 16;
    while (capacity < keysAtMost * 2) capacity *= 2;
    this.#slots = new Uint32Array(capacity);
    this.#mask = capacity - 1;
  }

  groupFor(ids: Uint8Array, offset: number): number {
    let slot = hashTraceId(ids, offset, this.#seed) & this.#mask;
    for (;;) {
      const found = this.#slots[slot]!;
      if (found === 0) return this.#insert(slot, ids, offset);
      if (this.#isSame(found - 1, ids, offset)) return found - 1;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Ids in ascending order, and for every group its place in that order. */
  sorted(): { traceIds: Uint8Array; ranks: Uint32Array } {
    const view = new DataView(this.#ids.buffer);
    const order = new Uint32Array(this.groupCount);
    for (let group = 0; group < this.groupCount; group++) order[group] = group;
    order.sort((left, right) => {
      for (let word = 0; word < 16; word += 4) {
        const difference = view.getUint32(left * 16 + word) - view.getUint32(right * 16 + word);
        if (difference !== 0) return difference;
      }
      return 0;
    });
    const traceIds = new Uint8Array(this.groupCount * 16);
    const ranks = new Uint32Array(this.groupCount);
    for (let rank = 0; rank < order.length; rank++) {
      const group = order[rank]!;
      ranks[group] = rank;
      traceIds.set(this.#ids.subarray(group * 16, group * 16 + 16), rank * 16);
    }
    return { traceIds, ranks };
  }

  #insert(slot: number, ids: Uint8Array, offset: number): number {
    const group = this.groupCount++;
    this.#slots[slot] = group + 1;
    if (this.groupCount * 16 > this.#ids.length) {
      const grown = new Uint8Array(this.#ids.length * 2);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    for (let index = 0; index < 16; index++) this.#ids[group * 16 + index] = ids[offset + index]!;
    return group;
  }

  #isSame(group: number, ids: Uint8Array, offset: number): boolean {
    for (let index = 0; index < 16; index++) {
      if (this.#ids[group * 16 + index] !== ids[offset + index]) return false;
    }
    return true;
  }
}
