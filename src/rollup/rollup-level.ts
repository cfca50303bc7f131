/** The windows of one length: which there are, when they rest, what they are folded into. */

import { ceilTo, floorTo } from "../base/whole-steps.ts";
import { RestingSums } from "./resting-sums.ts";
import { RollupWindow } from "./rollup-window.ts";

/** Windows of one length, and how long they are held. */
export interface Resolution {
  readonly windowSeconds: number;
  readonly keepSeconds: number;
}

/** A range of time, both in seconds since the epoch; `end` is exclusive. */
export interface SecondsRange {
  readonly start: number;
  readonly end: number;
}

/** Windows that lie this far back rest as bytes: what still comes for them is late. */
const REST_AFTER_WINDOWS = 2;
/** Windows of one resolution, by start. */
export class Level {
  readonly resolution: Resolution;
  readonly windows: Map<number, RollupWindow> = new Map();
  readonly sums: RestingSums;
  /** What its windows are folded into. */
  readonly #longer: Level | undefined;
  /** The window asked for last: most spans of a request fall into one. */
  #last: RollupWindow | undefined;
  /** What starts before this is gone. */
  #droppedBefore = Number.NEGATIVE_INFINITY;

  constructor(resolution: Resolution, longer: Level | undefined, maxSumBytes: number | undefined) {
    this.resolution = resolution;
    this.#longer = longer;
    this.sums = new RestingSums(this.windows, resolution.windowSeconds, maxSumBytes);
  }

  /** Puts a window back that was stored. */
  restore(window: RollupWindow): void {
    this.windows.set(window.startSeconds, window);
    this.sums.forget(window.startSeconds);
  }

  /** Earliest start of a window that is held. */
  heldSince(nowSeconds: number): number {
    const { windowSeconds, keepSeconds } = this.resolution;
    return Math.max(floorTo(nowSeconds - keepSeconds, windowSeconds), this.#droppedBefore);
  }

  /** Says that all windows are back that were stored, and which of them are not folded. */
  restored(unfoldedStarts: ReadonlySet<number>): void {
    if (this.#longer === undefined || this.windows.size === 0) return;
    for (const [start, window] of this.windows) window.isFolded = !unfoldedStarts.has(start);
    const first = Math.min(...this.windows.keys());
    const isOlderThere = [...this.#longer.windows.keys()].some((start) => start < first);
    if (isOlderThere) this.#droppedBefore = Math.max(this.#droppedBefore, first);
  }

  /** The range in whole windows, all of it in them. */
  widened({ start, end }: SecondsRange): SecondsRange {
    const { windowSeconds } = this.resolution;
    return { start: floorTo(start, windowSeconds), end: ceilTo(end, windowSeconds) };
  }

  /**
   * What of a range lies in whole windows, and at an end where the finer level does not hold all of the window that the
   * end lies in, that window too. Undefined when that is nothing.
   */
  shareOf(range: SecondsRange, finer: Level, nowSeconds: number): SecondsRange | undefined {
    const { windowSeconds } = this.resolution;
    const since = finer.heldSince(nowSeconds);
    const wide = this.widened(range);
    const wholeEnd = floorTo(range.end, windowSeconds);
    const start = range.start < since ? wide.start : ceilTo(range.start, windowSeconds);
    const end = wholeEnd < since ? wide.end : wholeEnd;
    return start < end ? { start, end } : undefined;
  }

  /** The window that a moment lies in, to be changed; undefined when it is past its term. */
  windowAt(seconds: number, nowSeconds: number): RollupWindow | undefined {
    const { windowSeconds } = this.resolution;
    const start = floorTo(seconds, windowSeconds);
    if (this.#last?.startSeconds === start) return this.#last;
    if (start < this.heldSince(nowSeconds)) return undefined;
    let window = this.windows.get(start);
    // What is asked for changes next: sums are of windows at rest.
    if (window?.isLive !== true) this.sums.forget(start);
    if (window === undefined) {
      window = new RollupWindow(start);
      this.windows.set(start, window);
    }
    this.#last = window;
    return window;
  }

  /** Drops what is past its term, lets rest what is past and folds it into longer windows; bytes of what rests. */
  age(nowSeconds: number): number {
    const { windowSeconds } = this.resolution;
    const since = this.heldSince(nowSeconds);
    const restBefore = nowSeconds - REST_AFTER_WINDOWS * windowSeconds;
    let bytes = 0;
    for (const [start, window] of this.windows) {
      if (start < restBefore) this.#fold(window, nowSeconds);
      if (start < since) {
        this.#drop(start);
        continue;
      }
      if (window.isLive && start < restBefore) window.rest();
      bytes += window.restingBytes;
    }
    return bytes;
  }

  /** Drops the oldest window, if it rests and is folded; its bytes, 0 without one. */
  dropOldest(): number {
    const oldest = this.windows.get(Math.min(...this.windows.keys()));
    if (oldest === undefined || oldest.isLive) return 0;
    if (this.#longer !== undefined && !oldest.isFolded) return 0;
    this.#drop(oldest.startSeconds);
    this.#droppedBefore = oldest.startSeconds + this.resolution.windowSeconds;
    return oldest.restingBytes;
  }

  /** Windows of a range, and sums in place of many. */
  summedBetween(start: number, end: number): RollupWindow[] {
    // Whoever changes a window that may be in a sum now has to pass where that is forgotten.
    this.#last = undefined;
    return this.sums.between(start, end);
  }

  /** Windows that start in a range, oldest first. */
  between(start: number, end: number): RollupWindow[] {
    const found: RollupWindow[] = [];
    for (const window of this.windows.values()) {
      if (window.startSeconds >= start && window.startSeconds < end) found.push(window);
    }
    return found.sort((left, right) => left.startSeconds - right.startSeconds);
  }

  /** Into the next longer window, and into those that this was folded into before. */
  #fold(window: RollupWindow, nowSeconds: number): void {
    if (window.isFolded) return;
    window.isFolded = this.#longer !== undefined;
    for (let level = this.#longer; level !== undefined; level = level.#longer) {
      const longer = level.windowAt(window.startSeconds, nowSeconds);
      if (longer === undefined) continue;
      window.addTo(longer);
      if (!longer.isFolded) return;
    }
  }

  #drop(start: number): void {
    this.windows.delete(start);
    this.sums.forget(start);
    if (this.#last?.startSeconds === start) this.#last = undefined;
  }
}
