/** One walk over the spans of a seal: their attributes by number, and where the bytes begin that are no column. */

import { AttributePairs } from "./attribute-pairs.ts";
import type { SealRows } from "./seal-rows.ts";
import { fieldEnd, isColumnTag } from "./span-remainder.ts";

/** What the walk found. */
export interface RowAttributes {
  readonly pairs: AttributePairs;
  /** Attributes of row r, in the order they were sent: `pairIds[starts[r], starts[r + 1])`. */
  readonly starts: Uint32Array;
  readonly pairIds: Uint32Array;
  /** Where what is no column begins, when it all lies behind the columns as encoders write it; else 0. */
  readonly restStarts: Uint32Array;
  /** 1 for a span with links to other spans. */
  readonly hasLinks: Uint8Array;
  /** Events and links: row, 1 for an event, start and end of its body; four numbers each. */
  readonly parts: readonly number[];
}

const ATTRIBUTES_TAG = 0x4a;
const EVENTS_TAG = 0x5a;
const LINKS_TAG = 0x6a;

/** Walks every row once; the spans have been decoded before, so their bytes are well formed. */
export function readRowAttributes(rows: SealRows): RowAttributes {
  const walk = new AttributeWalk(rows);
  for (let row = 0; row < rows.rowCount; row++) walk.addRow(row);
  return walk.result();
}

class AttributeWalk {
  readonly #rows: SealRows;
  readonly #bytes: Uint8Array;
  readonly #pairs: AttributePairs;
  readonly #starts: Uint32Array;
  readonly #restStarts: Uint32Array;
  readonly #hasLinks: Uint8Array;
  readonly #parts: number[] = [];
  /** By name: where the attributes of the last span of that name begin; spans of one name are likely alike. */
  readonly #lastOfName: Uint32Array;
  #pairIds: Uint32Array;
  #filled = 0;
  #likely = 0;

  constructor(rows: SealRows) {
    this.#rows = rows;
    this.#bytes = rows.bytes;
    this.#pairs = new AttributePairs(rows.bytes);
    this.#starts = new Uint32Array(rows.rowCount + 1);
    this.#restStarts = new Uint32Array(rows.rowCount);
    this.#hasLinks = new Uint8Array(rows.rowCount);
    this.#lastOfName = new Uint32Array(rows.names.length);
    this.#pairIds = new Uint32Array(Math.max(1_024, rows.rowCount * 12));
  }

  addRow(row: number): void {
    const bytes = this.#bytes;
    const nameId = this.#rows.nameIds[row]!;
    const end = this.#rows.spanEnds[row]!;
    let at = this.#rows.spanStarts[row]!;
    this.#likely = this.#lastOfName[nameId]!;
    this.#lastOfName[nameId] = this.#filled;
    let restStart = 0;
    let isInterleaved = false;
    while (at < end) {
      const tag = bytes[at]!;
      const next = fieldEnd(bytes, at);
      if (isColumnTag(tag)) isInterleaved ||= restStart !== 0;
      else {
        restStart ||= at;
        this.#addOther(row, tag, at, next);
      }
      at = next;
    }
    this.#restStarts[row] = isInterleaved ? 0 : restStart || end;
    this.#starts[row + 1] = this.#filled;
  }

  #addOther(row: number, tag: number, start: number, end: number): void {
    if (tag === ATTRIBUTES_TAG) this.#addAttribute(start + 1, end);
    else if (tag === EVENTS_TAG) this.#parts.push(row, 1, this.#bodyStart(start + 1), end);
    else if (tag === LINKS_TAG) {
      this.#hasLinks[row] = 1;
      this.#parts.push(row, 0, this.#bodyStart(start + 1), end);
    }
  }

  /** Behind the length of a message. */
  #bodyStart(lengthAt: number): number {
    let start = lengthAt;
    while (this.#bytes[start]! >= 0x80) start++;
    return start + 1;
  }

  result(): RowAttributes {
    return {
      pairs: this.#pairs,
      starts: this.#starts,
      pairIds: this.#pairIds.subarray(0, this.#filled),
      restStarts: this.#restStarts,
      hasLinks: this.#hasLinks,
      parts: this.#parts,
    };
  }

  /** @param lengthAt where the length of the `KeyValue` stands. */
  #addAttribute(lengthAt: number, end: number): void {
    const start = this.#bodyStart(lengthAt);
    if (this.#filled === this.#pairIds.length) this.#grow();
    const likely = this.#likely < this.#filled ? this.#pairIds[this.#likely]! : -1;
    const pair =
      likely >= 0 && this.#pairs.isPair(likely, start, end) ? likely : this.#pairs.idOf(start, end);
    this.#likely++;
    this.#pairIds[this.#filled++] = pair;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#pairIds.length * 2);
    grown.set(this.#pairIds);
    this.#pairIds = grown;
  }
}
