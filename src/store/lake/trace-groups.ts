/** Rows of many batches brought together by trace id, without an object or a string per row. */

import { randomBytes } from "node:crypto";
import type { SpanBatch, SpanRow } from "../../batch/span-batch.ts";
import { hashTraceId } from "./trace-filter.ts";

/** Rows of many batches, grouped by trace id. */
export interface TraceGroups {
  readonly traceCount: number;
  readonly rowCount: number;
  /** The 16 bytes of every trace id; group g's lie at 16 g. Groups are in the order of their ids. */
  readonly traceIds: Uint8Array;
  /** The rows of group g, in the order of the batches. */
  rows(group: number): SpanRow[];
}

/** Groups rows by trace id; ids ascending, byte by byte. */
export function groupByTrace(batches: readonly SpanBatch[]): TraceGroups {
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const table = new GroupTable(rowCount);
  const batchOf = new Uint32Array(rowCount);
  const rowOf = new Uint32Array(rowCount);
  const groupOf = new Uint32Array(rowCount);
  let at = 0;
  for (const [batchIndex, batch] of batches.entries()) {
    for (let row = 0; row < batch.rowCount; row++, at++) {
      batchOf[at] = batchIndex;
      rowOf[at] = row;
      groupOf[at] = table.groupFor(batch.traceIds, row * 16);
    }
  }
  const { traceIds, ranks } = table.sorted();
  const starts = new Uint32Array(table.groupCount + 1);
  for (let index = 0; index < rowCount; index++) starts[ranks[groupOf[index]!]! + 1]!++;
  for (let group = 0; group < table.groupCount; group++) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const order = new Uint32Array(rowCount);
  for (let index = 0; index < rowCount; index++) order[next[ranks[groupOf[index]!]!]!++] = index;
  return {
    traceCount: table.groupCount,
    rowCount,
    traceIds,
    rows(group) {
      const rows: SpanRow[] = [];
      for (let index = starts[group]!; index < starts[group + 1]!; index++) {
        const item = order[index]!;
        rows.push({ batch: batches[batchOf[item]!]!, row: rowOf[item]! });
      }
      return rows;
    },
  };
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
    for (const [rank, group] of order.entries()) {
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
