/** The order in which rows of a trace are looked at: by start, then span id, as analyses have them. */

import { LOW_WORD } from "../base/bytes.ts";
import type { WindowRows } from "./window-rows.ts";

/** Longer traces are sorted by the machine's own sort. */
const MAX_INSERTED = 64;

/** The rows in order. A few are sorted by insertion: most come almost in order. */
export function sortedRows(rows: Int32Array, columns: WindowRows): Int32Array {
  const sorted = rows.slice();
  if (sorted.length > MAX_INSERTED) return sorted.sort((left, right) => compareRows(columns, left, right));
  for (let at = 1; at < sorted.length; at++) {
    const row = sorted[at] as number;
    let place = at;
    for (; place > 0 && compareRows(columns, sorted[place - 1] as number, row) > 0; place--) {
      sorted[place] = sorted[place - 1] as number;
    }
    sorted[place] = row;
  }
  return sorted;
}

/** By start, then span id byte by byte, as the forest has them. */
function compareRows({ starts, spanIds }: WindowRows, left: number, right: number): number {
  return (
    (starts[left * 2 + 1] as number) - (starts[right * 2 + 1] as number) ||
    (starts[left * 2] as number) - (starts[right * 2] as number) ||
    bytesFirst(spanIds[left * 2] as number) - bytesFirst(spanIds[right * 2] as number) ||
    bytesFirst(spanIds[left * 2 + 1] as number) - bytesFirst(spanIds[right * 2 + 1] as number)
  );
}

/** A word of bytes in memory order as the number those bytes make, the first byte the most significant. */
function bytesFirst(word: number): number {
  if (LOW_WORD !== 0) return word;
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
