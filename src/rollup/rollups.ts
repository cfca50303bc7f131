/** Sums of spans and calls in windows of time, at three resolutions. */

import type { CellSums } from "./cells.ts";
import { RollupWindow } from "./rollup-window.ts";

/** Windows of one length, and how long they are held. */
export interface Resolution {
  readonly windowSeconds: number;
  readonly keepSeconds: number;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Ten seconds for a quarter of an hour, minutes for two days, hours for thirty days. Each holds everything by itself. */
export const RESOLUTIONS: readonly Resolution[] = Object.freeze([
  { windowSeconds: 10, keepSeconds: 15 * MINUTE },
  { windowSeconds: MINUTE, keepSeconds: 2 * DAY },
  { windowSeconds: HOUR, keepSeconds: 30 * DAY },
]);

/** Windows that lie this far back rest as bytes: what still comes for them is late. */
const REST_AFTER_WINDOWS = 2;
/** Bytes of resting windows; the oldest of the finest resolution go first. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** What rollups count of themselves. */
export interface RollupCounters {
  /** Spans and calls that start before the oldest window held. */
  tooOld: number;
  /** Windows dropped before their time for memory. */
  droppedForMemory: number;
}

/** A range of time, both in seconds since the epoch; `end` is exclusive. */
export interface SecondsRange {
  readonly start: number;
  readonly end: number;
}

/** Which windows, and how much of them. */
export interface RollupsOptions {
  readonly maxBytes?: number;
  /** Finest first. Default {@link RESOLUTIONS}. */
  readonly resolutions?: readonly Resolution[];
  /**
   * True to add to the finest windows only, and to fold each into the next longer one when it comes to rest: half of the
   * work of adding, where there are two resolutions, for some work all at once. What comes later is added to both.
   */
  readonly isFolding?: boolean;
}

/** Windows by resolution, and what to add to them. */
export class Rollups {
  readonly counters: RollupCounters = { tooOld: 0, droppedForMemory: 0 };
  readonly #levels: readonly Level[];
  readonly #maxBytes: number;
  readonly #isFolding: boolean;
  readonly #found: RollupWindow[] = [];
  #nowSeconds = 0;

  constructor(options: RollupsOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#isFolding = options.isFolding ?? false;
    this.#levels = (options.resolutions ?? RESOLUTIONS).map((resolution) => new Level(resolution));
  }

  /** Latest time that {@link Rollups.tick} was told. */
  get nowSeconds(): number {
    return this.#nowSeconds;
  }

  /**
   * The windows that a span or call of a moment belongs into; valid until the next call. One of each resolution that
   * reaches back so far, those left out that another of them will be folded into.
   */
  windowsAt(seconds: number): readonly RollupWindow[] {
    this.#found.length = 0;
    for (const level of this.#levels) {
      const window = level.windowAt(seconds, this.#nowSeconds);
      if (window === undefined) continue;
      this.#found.push(window);
      if (this.#isFolding && !window.isFolded) break;
    }
    if (this.#found.length === 0) this.counters.tooOld++;
    return this.#found;
  }

  /** Says that it is at least so late. */
  observe(nowSeconds: number): void {
    this.#nowSeconds = Math.max(this.#nowSeconds, nowSeconds);
  }

  /** Lets time go on: windows that are past rest, those past their term go. */
  tick(nowSeconds: number): void {
    this.observe(nowSeconds);
    let bytes = 0;
    for (const [index, level] of this.#levels.entries()) {
      const longer = this.#isFolding ? this.#levels[index + 1] : undefined;
      bytes += level.age(this.#nowSeconds, longer);
    }
    for (const level of this.#levels) {
      while (bytes > this.#maxBytes) {
        const freed = level.dropOldest();
        if (freed === 0) break;
        bytes -= freed;
        this.counters.droppedForMemory++;
      }
    }
  }

  /**
   * Adds the cells of a range up, see {@link windowsOver}.
   *
   * @returns the range that was covered
   */
  addUp(range: SecondsRange, sums: CellSums): SecondsRange {
    const { windows, covered } = this.windowsOver(range);
    for (const window of windows) window.addTo(sums);
    return covered;
  }

  /**
   * The windows that hold each moment of a range once, as few as there are: hours where whole hours lie in it, then
   * minutes, then tens of seconds. The range is widened to the bounds of the finest windows held there.
   */
  windowsOver(range: SecondsRange): {
    readonly windows: readonly RollupWindow[];
    readonly covered: SecondsRange;
  } {
    const windows: RollupWindow[] = [];
    const covered = this.#findIn(this.#levels.length - 1, range, windows);
    return { windows, covered };
  }

  /**
   * Start of the earliest window, as finely as it is known, in seconds since the epoch; now when there is none: what an
   * open range begins with.
   */
  earliestStart(): number {
    let earliest = Number.NEGATIVE_INFINITY;
    let lengthSeconds = Number.POSITIVE_INFINITY;
    for (const { resolution, windows } of [...this.#levels].reverse()) {
      const first = Math.min(...windows.keys());
      // Finer windows tell it better, where they reach back to the window it is in.
      if (first < earliest + lengthSeconds || lengthSeconds === Number.POSITIVE_INFINITY) {
        earliest = first;
        lengthSeconds = resolution.windowSeconds;
      }
    }
    return Number.isFinite(earliest) ? earliest : this.#nowSeconds;
  }

  /** Windows of one resolution in a range, oldest first. */
  windows(windowSeconds: number, { start, end }: SecondsRange): readonly RollupWindow[] {
    const level = this.#levels.find(({ resolution }) => resolution.windowSeconds === windowSeconds);
    if (level === undefined)
      throw new RangeError(`expected the length of windows that are held, got ${windowSeconds} s`);
    return level.between(start, end);
  }

  /** All windows with the resolution they belong to. */
  *all(): Generator<{ readonly windowSeconds: number; readonly window: RollupWindow }, void> {
    for (const { resolution, windows } of this.#levels) {
      for (const window of windows.values()) yield { windowSeconds: resolution.windowSeconds, window };
    }
  }

  /** Starts of the windows that are still to be folded into longer ones. */
  unfoldedStarts(): number[] {
    const all = [...(this.#levels[0] as Level).windows.values()];
    return all.filter(({ isFolded }) => !isFolded).map(({ startSeconds }) => startSeconds);
  }

  /** Says which of the finest windows are still to be folded, of those that were stored. */
  restoreUnfolded(starts: readonly number[]): void {
    const unfolded = new Set(starts);
    for (const [start, window] of (this.#levels[0] as Level).windows) window.isFolded = !unfolded.has(start);
  }

  /** Puts a window back that was stored. */
  restore(windowSeconds: number, window: RollupWindow): void {
    const level = this.#levels.find(({ resolution }) => resolution.windowSeconds === windowSeconds);
    level?.windows.set(window.startSeconds, window);
  }

  /** Bytes of resting windows, and how many are held as cells. */
  sizes(): { readonly restingBytes: number; readonly windows: number; readonly liveWindows: number } {
    let restingBytes = 0;
    let windows = 0;
    let liveWindows = 0;
    for (const { window } of this.all()) {
      restingBytes += window.restingBytes;
      windows++;
      if (window.isLive) liveWindows++;
    }
    return { restingBytes, windows, liveWindows };
  }

  /** This level takes what it has whole windows for, and the next finer one, as far as it reaches, the rest. */
  #findIn(index: number, range: SecondsRange, windows: RollupWindow[]): SecondsRange {
    const level = this.#levels[index] as Level;
    const finer = this.#levels[index - 1];
    const covered =
      finer === undefined ? level.widened(range) : level.shareOf(range, finer, this.#nowSeconds);
    if (covered === undefined) return this.#findIn(index - 1, range, windows);
    windows.push(...level.between(covered.start, covered.end));
    if (this.#isFolding && finer !== undefined) {
      windows.push(...finer.between(covered.start, covered.end).filter(({ isFolded }) => !isFolded));
    }
    let { start, end } = covered;
    if (range.start < start)
      ({ start } = this.#findIn(index - 1, { start: range.start, end: start }, windows));
    if (range.end > end) ({ end } = this.#findIn(index - 1, { start: end, end: range.end }, windows));
    return { start, end };
  }
}

/** Windows of one resolution, by start. */
class Level {
  readonly resolution: Resolution;
  readonly windows: Map<number, RollupWindow> = new Map();
  /** The window asked for last: most spans of a request fall into one. */
  #last: RollupWindow | undefined;

  constructor(resolution: Resolution) {
    this.resolution = resolution;
  }

  /** Earliest start of a window that is held. */
  heldSince(nowSeconds: number): number {
    const { windowSeconds, keepSeconds } = this.resolution;
    return floorTo(nowSeconds - keepSeconds, windowSeconds);
  }

  /** The range in whole windows, all of it in them. */
  widened({ start, end }: SecondsRange): SecondsRange {
    const { windowSeconds } = this.resolution;
    return { start: floorTo(start, windowSeconds), end: ceilTo(end, windowSeconds) };
  }

  /**
   * What of a range lies in whole windows; at an end where the finer level does not reach back so far, the window that
   * the end lies in, too. Undefined when that is nothing.
   */
  shareOf(range: SecondsRange, finer: Level, nowSeconds: number): SecondsRange | undefined {
    const { windowSeconds } = this.resolution;
    const since = finer.heldSince(nowSeconds);
    const wide = this.widened(range);
    const start = range.start < since ? wide.start : ceilTo(range.start, windowSeconds);
    const wholeEnd = range.end <= since ? wide.end : floorTo(range.end, windowSeconds);
    const end = range.start < since ? Math.max(wholeEnd, start + windowSeconds) : wholeEnd;
    return start < end ? { start, end } : undefined;
  }

  windowAt(seconds: number, nowSeconds: number): RollupWindow | undefined {
    const { windowSeconds } = this.resolution;
    const start = floorTo(seconds, windowSeconds);
    if (this.#last?.startSeconds === start) return this.#last;
    if (start < this.heldSince(nowSeconds)) return undefined;
    let window = this.windows.get(start);
    if (window === undefined) {
      window = new RollupWindow(start);
      this.windows.set(start, window);
    }
    this.#last = window;
    return window;
  }

  /** Drops what is past its term, lets rest what is past and folds it into longer windows; bytes of what rests. */
  age(nowSeconds: number, longer: Level | undefined): number {
    const { windowSeconds } = this.resolution;
    const since = this.heldSince(nowSeconds);
    const restBefore = nowSeconds - REST_AFTER_WINDOWS * windowSeconds;
    let bytes = 0;
    for (const [start, window] of this.windows) {
      if (longer !== undefined && !window.isFolded && start < restBefore) {
        const around = longer.windowAt(start, nowSeconds);
        if (around !== undefined) window.addTo(around);
        window.isFolded = true;
      }
      if (start < since) {
        this.#drop(start);
        continue;
      }
      if (window.isLive && start < restBefore) window.rest();
      bytes += window.restingBytes;
    }
    return bytes;
  }

  /** Drops the oldest window that rests; its bytes, 0 without one. */
  dropOldest(): number {
    const resting = [...this.windows.values()].filter((window) => !window.isLive);
    if (resting.length === 0) return 0;
    const oldest = resting.reduce((left, right) => (left.startSeconds <= right.startSeconds ? left : right));
    this.#drop(oldest.startSeconds);
    return oldest.restingBytes;
  }

  between(start: number, end: number): RollupWindow[] {
    const found: RollupWindow[] = [];
    for (const window of this.windows.values()) {
      if (window.startSeconds >= start && window.startSeconds < end) found.push(window);
    }
    return found.sort((left, right) => left.startSeconds - right.startSeconds);
  }

  #drop(start: number): void {
    this.windows.delete(start);
    if (this.#last?.startSeconds === start) this.#last = undefined;
  }
}

function floorTo(seconds: number, step: number): number {
  return Math.floor(seconds / step) * step;
}

function ceilTo(seconds: number, step: number): number {
  return Math.ceil(seconds / step) * step;
}
