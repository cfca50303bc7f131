/** Sums of neighbouring windows at rest, so that an answer over many reads few. */

import { floorTo } from "../base/whole-steps.ts";
import { RollupWindow } from "./rollup-window.ts";

/** Windows that a sum is of, shortest first; each is so many whole ones of the length before. 60 minutes are five of 12. */
const LENGTHS = [1, 2, 4, 12];
/** Sums made on the way of one answer, some milliseconds each: the first over a long range does not wait for all. */
const MADE_BY_ANSWER = 4;
/** Beside the bytes of its content. */
const BYTES_OF_SUM = 200;
/** Some forty sums of hours with 500 operations and 300 edges; an answer over a day takes a handful. */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Bytes of sums, and how many were dropped for memory. */
export interface SumSizes {
  readonly bytes: number;
  readonly dropped: number;
}

/** Adds up what sums take. */
export function sizesOfSums(all: readonly RestingSums[]): SumSizes {
  let bytes = 0;
  let dropped = 0;
  for (const { sizes } of all) {
    bytes += sizes.bytes;
    dropped += sizes.dropped;
  }
  return { bytes, dropped };
}

/**
 * Sums of windows of one length, made when they are first asked for. A sum is of windows at rest only, and is forgotten
 * before any of them changes, comes or goes, so that reading it is the same as reading each of them.
 */
export class RestingSums {
  readonly #windows: ReadonlyMap<number, RollupWindow>;
  readonly #windowSeconds: number;
  readonly #maxBytes: number;
  /** By start and length; the one asked for last comes last. */
  readonly #sums: Map<number, RollupWindow> = new Map();
  #byteSize = 0;
  #dropped = 0;
  #leftToMake = 0;

  /** @param windows - by start, as they are at any time */
  constructor(
    windows: ReadonlyMap<number, RollupWindow>,
    windowSeconds: number,
    maxBytes: number = DEFAULT_MAX_BYTES,
  ) {
    this.#windows = windows;
    this.#windowSeconds = windowSeconds;
    this.#maxBytes = maxBytes;
  }

  /** What they take. */
  get sizes(): SumSizes {
    return { bytes: this.#byteSize, dropped: this.#dropped };
  }

  /** Windows and sums that hold the windows of a range of whole ones once each, oldest first: to be read, not changed. */
  between(start: number, end: number): RollupWindow[] {
    this.#leftToMake = MADE_BY_ANSWER;
    const starts = [...this.#windows.keys()].filter((at) => at >= start && at < end);
    const latest = Math.max(...starts);
    const found: RollupWindow[] = [];
    for (let at = Math.min(...starts); at <= latest; ) {
      const { window, length } = this.#longestAt(at, end);
      if (window !== undefined) found.push(window);
      at += this.#seconds(length);
    }
    return found;
  }

  /** To be called before a window at rest changes, and when one came or went. */
  forget(start: number): void {
    if (this.#sums.size === 0) return;
    for (let length = 1; length < LENGTHS.length; length++) {
      this.#remove(keyOf(floorTo(start, this.#seconds(length)), length));
    }
  }

  #seconds(length: number): number {
    return (LENGTHS[length] as number) * this.#windowSeconds;
  }

  /** The longest sum that there is or can be made of what lies between two moments, or the window alone. */
  #longestAt(
    at: number,
    end: number,
  ): { readonly window: RollupWindow | undefined; readonly length: number } {
    for (let length = LENGTHS.length - 1; length > 0; length--) {
      const seconds = this.#seconds(length);
      const isWhole = at % seconds === 0 && at + seconds <= end;
      const window = isWhole ? this.#sumAt(at, length) : undefined;
      if (window !== undefined) return { window, length };
    }
    return { window: this.#windows.get(at), length: 0 };
  }

  /** The sum, made if need be; undefined when a window in it changes, or enough were made. */
  #sumAt(at: number, length: number): RollupWindow | undefined {
    const key = keyOf(at, length);
    const known = this.#sums.get(key);
    if (known !== undefined) {
      this.#sums.delete(key);
      this.#sums.set(key, known);
      return known;
    }
    const parts: RollupWindow[] = [];
    const isAtRest = this.#leftToMake > 0 && this.#findParts(at, length, parts);
    if (!isAtRest || parts.length < 2) return undefined;
    this.#leftToMake--;
    const sum = new RollupWindow(at);
    for (const part of parts) part.addTo(sum);
    sum.rest();
    this.#keep(key, sum);
    return sum;
  }

  /** Finds shorter sums and windows that a sum is made of; false when a window changes. */
  #findParts(at: number, length: number, parts: RollupWindow[]): boolean {
    const step = this.#seconds(length - 1);
    for (let start = at; start < at + this.#seconds(length); start += step) {
      const part = length === 1 ? this.#windows.get(start) : this.#sums.get(keyOf(start, length - 1));
      if (part?.isLive === true) return false;
      if (part !== undefined) parts.push(part);
      else if (length > 1 && !this.#findParts(start, length - 1, parts)) return false;
    }
    return true;
  }

  #keep(key: number, sum: RollupWindow): void {
    this.#sums.set(key, sum);
    this.#byteSize += bytesOf(sum);
    for (const oldest of this.#sums.keys()) {
      if (this.#byteSize <= this.#maxBytes) return;
      this.#remove(oldest);
      this.#dropped++;
    }
  }

  #remove(key: number): void {
    const sum = this.#sums.get(key);
    if (sum === undefined) return;
    this.#sums.delete(key);
    this.#byteSize -= bytesOf(sum);
  }
}

function keyOf(start: number, length: number): number {
  return start * LENGTHS.length + length;
}

function bytesOf(sum: RollupWindow): number {
  return sum.restingBytes + BYTES_OF_SUM;
}
