/** Span ids that a client and a server of one trace may have in common. */

import { bigEndian32 } from "../base/bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import { spanIdOf } from "./row-ids.ts";
import type { SpanRow } from "./span-batch.ts";

/** Kinds as OTLP numbers them. */
const SERVER = 2;
const CLIENT = 3;
/** Rows looked at between two chances for others to run. */
const ROWS_PER_STEP = 4_096;

/**
 * Ids that more than one CLIENT or SERVER of a trace has: nearly always none, which is found without a text or an object
 * for a row.
 */
export function* repeatedCallIds(rows: readonly SpanRow[]): Steps<ReadonlySet<string>> {
  const repeated = new Set<string>();
  let size = 64;
  while (size < rows.length * 2) size *= 2;
  // Open addressing: an index + 1, 0 where free.
  const slots = new Int32Array(size);
  const seed = (Math.random() * 0x1_0000_0000) | 0;
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
    const kind = row.batch.kinds[row.row];
    if (kind !== SERVER && kind !== CLIENT) continue;
    let slot = hashOf(row, seed) & (size - 1);
    let other = slots[slot] as number;
    while (other !== 0 && !haveSameId(rows[other - 1] as SpanRow, row)) {
      slot = (slot + 1) & (size - 1);
      other = slots[slot] as number;
    }
    if (other === 0) slots[slot] = index + 1;
    else repeated.add(spanIdOf(row));
  }
  return repeated;
}

/** Other in each call, so that colliding ids cannot be prepared. */
function hashOf({ batch, row }: SpanRow, seed: number): number {
  let hash = Math.imul(bigEndian32(batch.spanIds, row * 8) ^ seed, 0x85eb_ca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ bigEndian32(batch.spanIds, row * 8 + 4), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

function haveSameId(left: SpanRow, right: SpanRow): boolean {
  for (let byte = 0; byte < 8; byte++) {
    if (left.batch.spanIds[left.row * 8 + byte] !== right.batch.spanIds[right.row * 8 + byte]) return false;
  }
  return true;
}
