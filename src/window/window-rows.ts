/** The spans in the window as columns: what statistics need of each, 54 bytes a span. */

import { hexOfWords } from "../base/bytes.ts";
import { grown } from "./trace-states.ts";

const INITIAL_ROWS = 4_096;
const NO_ROW = -1;

/** Bits of {@link WindowRows.flags}. */
export const RowFlag: { readonly ERROR: 1; readonly HAS_LINKS: 2; readonly IS_WEIGHTED: 4 } = Object.freeze({
  ERROR: 1,
  HAS_LINKS: 2,
  IS_WEIGHTED: 4,
});

/** Columns with rows that are given out and taken back; rows of one trace are chained, newest first. */
export class WindowRows {
  /** Low word of the span id as it lies in memory, then the high one. */
  spanIds: Uint32Array = new Uint32Array(INITIAL_ROWS * 2);
  /** Both words 0 for a root. */
  parentIds: Uint32Array = new Uint32Array(INITIAL_ROWS * 2);
  /** Nanoseconds since the epoch: low word, high word. */
  starts: Uint32Array = new Uint32Array(INITIAL_ROWS * 2);
  /** Nanoseconds; 0 where the span ends before it starts. */
  durations: Float64Array = new Float64Array(INITIAL_ROWS);
  /** Number of service and name. */
  operations: Uint32Array = new Uint32Array(INITIAL_ROWS);
  farEnds: Uint32Array = new Uint32Array(INITIAL_ROWS);
  /** Number of the place that the span is from. */
  places: Uint32Array = new Uint32Array(INITIAL_ROWS);
  /** Bytes of the encoded span. */
  lengths: Uint32Array = new Uint32Array(INITIAL_ROWS);
  kinds: Uint8Array = new Uint8Array(INITIAL_ROWS);
  flags: Uint8Array = new Uint8Array(INITIAL_ROWS);
  /** The row of the same trace that came before, -1 at the end of the chain. */
  next: Int32Array = new Int32Array(INITIAL_ROWS);
  #free = NO_ROW;
  #highest = 0;
  #count = 0;

  /** Rows given out. */
  get count(): number {
    return this.#count;
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.durations.length;
  }

  /** Bytes of the columns. */
  get byteSize(): number {
    return this.capacity * 54;
  }

  /** The span id of a row in lower-case hex. */
  spanIdHex(row: number): string {
    return hexOfWords(this.spanIds, row * 2, 2);
  }

  /** The parent's id in lower-case hex; undefined for a root. */
  parentIdHex(row: number): string | undefined {
    const isRoot = this.parentIds[row * 2] === 0 && this.parentIds[row * 2 + 1] === 0;
    return isRoot ? undefined : hexOfWords(this.parentIds, row * 2, 2);
  }

  /** A row that nobody has. Its content is what it was. */
  take(): number {
    this.#count++;
    const reused = this.#free;
    if (reused !== NO_ROW) {
      this.#free = this.next[reused] as number;
      return reused;
    }
    if (this.#highest === this.capacity) this.#grow();
    return this.#highest++;
  }

  /** Gives all rows of a chain back. */
  giveBack(head: number): void {
    for (let row = head; row !== NO_ROW; ) {
      const following = this.next[row] as number;
      this.next[row] = this.#free;
      this.#free = row;
      this.#count--;
      row = following;
    }
  }

  #grow(): void {
    const rows = this.capacity * 2;
    this.spanIds = grown(this.spanIds, new Uint32Array(rows * 2));
    this.parentIds = grown(this.parentIds, new Uint32Array(rows * 2));
    this.starts = grown(this.starts, new Uint32Array(rows * 2));
    this.durations = grown(this.durations, new Float64Array(rows));
    this.operations = grown(this.operations, new Uint32Array(rows));
    this.farEnds = grown(this.farEnds, new Uint32Array(rows));
    this.places = grown(this.places, new Uint32Array(rows));
    this.lengths = grown(this.lengths, new Uint32Array(rows));
    this.kinds = grown(this.kinds, new Uint8Array(rows));
    this.flags = grown(this.flags, new Uint8Array(rows));
    this.next = grown(this.next, new Int32Array(rows));
  }
}

/** Seconds since the epoch of a row of {@link WindowRows.starts}. */
export function secondsAt(starts: Uint32Array, row: number): number {
  return ((starts[row * 2 + 1] as number) * 2 ** 32 + (starts[row * 2] as number)) / 1e9;
}
