/** Sums of spans and calls in windows of time, at three resolutions. */

import { ceilTo, floorTo } from "../base/whole-steps.ts";
import type { CellSums } from "./cells.ts";
import type { SumSizes } from "./resting-sums.ts";
import { RestingSums, sizesOfSums } from "./resting-sums.ts";
import { RollupWindow } from "./rollup-window.ts";
import type { WindowSizes } from "./window-sizes.ts";
import { sizesOf } from "./window-sizes.ts";

/** Windows of one length, and how long they are held. */
export interface Resolution {
  readonly windowSeconds: number;
  readonly keepSeconds: number;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Ten seconds for a quarter of an hour, minutes for two days, hours for thirty days. */
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
  /** Bytes of sums of neighbouring windows, for each length of windows. Default 16 MiB. */
  readonly maxSumBytes?: number;
  /** Finest first, each a whole part of the next. Default {@link RESOLUTIONS}. */
  readonly resolutions?: readonly Resolution[];
}

/** A window that is still to be folded into the next longer one. */
export interface UnfoldedWindow {
  readonly windowSeconds: number;
  readonly startSeconds: number;
}

/**
 * Windows by resolution, and what to add to them.
 *
 * What comes is added to the finest window only. When that comes to rest it is folded into the next longer one, so that
 * adding costs the same whatever resolutions there are, and each holds everything, together with the finer windows that
 * are not folded yet. What comes later is added to a folded window and to the one it was folded into.
 */
export class Rollups {
  readonly counters: RollupCounters = { tooOld: 0, droppedForMemory: 0 };
  /** Finest first. */
  readonly #levels: readonly Level[];
  readonly #maxBytes: number;
  /** What {@link Rollups.windowsAt} found last, and for which of the finest windows: most of a trace lies in one. */
  #found: readonly RollupWindow[] = [];
  #foundFor = Number.NaN;
  #nowSeconds = 0;

  constructor({ maxBytes = DEFAULT_MAX_BYTES, resolutions = RESOLUTIONS, maxSumBytes }: RollupsOptions = {}) {
    this.#maxBytes = maxBytes;
    const levels: Level[] = [];
    for (const resolution of [...resolutions].reverse())
      levels.unshift(new Level(resolution, levels[0], maxSumBytes));
    this.#levels = levels;
  }

  /** Latest time that {@link Rollups.tick} was told. */
  get nowSeconds(): number {
    return this.#nowSeconds;
  }

  /**
   * The windows that a span or call of a moment belongs into: the finest that reaches back so far, and those that it was
   * folded into.
   * The windows that a span or call of a moment belongs into; valid until the next call of any method. The finest that
   * reaches back so far, and those that it was folded into.
   */
  windowsAt(seconds: number): readonly RollupWindow[] {
    const finest = floorTo(seconds, (this.#levels[0] as Level).resolution.windowSeconds);
    if (finest !== this.#foundFor) {
      this.#found = this.#findAt(seconds);
      this.#foundFor = finest;
    }
    if (this.#found.length === 0) this.counters.tooOld++;
    return this.#found;
  }

  /** Says that it is at least so late. */
  observe(nowSeconds: number): void {
    this.#nowSeconds = Math.max(this.#nowSeconds, nowSeconds);
    this.#foundFor = Number.NaN;
  }

  /** Lets time go on: windows that are past rest, those past their term go. */
  tick(nowSeconds: number): void {
    this.observe(nowSeconds);
    let bytes = 0;
    for (const level of this.#levels) bytes += level.age(this.#nowSeconds);
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
   * Adds the cells of a range up, see {@link windowsOver}; of windows at rest, sums of several that are kept.
   *
   * @returns the range that was covered
   */
  addUp(range: SecondsRange, sums: CellSums): SecondsRange {
    const { shares, covered } = this.#sharesOf(range);
    for (const { index, start, end } of shares) {
      // What holds most comes first: sketches take their full width at once.
      for (const window of (this.#levels[index] as Level).summedBetween(start, end)) window.addTo(sums);
      for (const window of this.#unfoldedBetween(index, start, end)) window.addTo(sums);
    }
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
    const { shares, covered } = this.#sharesOf(range);
    const windows = shares.flatMap(({ index, start, end }) => this.#partsBetween(index, start, end));
    return { windows, covered };
  }

  /**
   * Start of the earliest window, as finely as it is known, in seconds since the epoch; now when there is none: what an
   * open range begins with.
   */
  earliestStart(): number {
    let earliest = Number.NEGATIVE_INFINITY;
    for (const level of [...this.#levels].reverse()) {
      const first = Math.min(...level.windows.keys());
      // Finer windows tell it better, where they reach back as far.
      const isTold = earliest === Number.NEGATIVE_INFINITY || level.heldSince(this.#nowSeconds) <= earliest;
      if (isTold && Number.isFinite(first)) earliest = first;
    }
    return Number.isFinite(earliest) ? earliest : this.#nowSeconds;
  }

  /**
   * Windows that start in a range, oldest first: those of one resolution, and finer ones that are not folded into them
   * yet.
   */
  windows(windowSeconds: number, { start, end }: SecondsRange): readonly RollupWindow[] {
    const index = this.#levels.findIndex(({ resolution }) => resolution.windowSeconds === windowSeconds);
    if (index === -1)
      throw new RangeError(`expected the length of windows that are held, got ${windowSeconds} s`);
    const wholeStart = ceilTo(start, windowSeconds);
    return this.#partsBetween(index, wholeStart, ceilTo(end, windowSeconds)).sort(
      (left, right) => left.startSeconds - right.startSeconds,
    );
  }

  /** All windows with the resolution they belong to. */
  *all(): Generator<{ readonly windowSeconds: number; readonly window: RollupWindow }, void> {
    for (const { resolution, windows } of this.#levels) {
      for (const window of windows.values()) yield { windowSeconds: resolution.windowSeconds, window };
    }
  }

  /** The windows that are still to be folded into longer ones. */
  unfolded(): UnfoldedWindow[] {
    return this.#levels
      .slice(0, -1)
      .flatMap(({ resolution: { windowSeconds }, windows }) =>
        [...windows.values()]
          .filter(({ isFolded }) => !isFolded)
          .map(({ startSeconds }) => ({ windowSeconds, startSeconds })),
      );
  }

  /** Says which windows are still to be folded, of those that were stored: to be called when all are back. */
  restoreUnfolded(unfolded: readonly UnfoldedWindow[]): void {
    for (const level of this.#levels) {
      const { windowSeconds } = level.resolution;
      const own = unfolded.filter((window) => window.windowSeconds === windowSeconds);
      level.restored(new Set(own.map(({ startSeconds }) => startSeconds)));
    }
    this.#foundFor = Number.NaN;
  }

  /** Puts a window back that was stored. */
  restore(windowSeconds: number, window: RollupWindow): void {
    const level = this.#levels.find(({ resolution }) => resolution.windowSeconds === windowSeconds);
    level?.windows.set(window.startSeconds, window);
    this.#foundFor = Number.NaN;
    level?.restore(window);
  }

  /** Bytes of resting windows, and how many are held as cells. */
  sizes(): WindowSizes {
    return sizesOf(this.all());
  }

  #findAt(seconds: number): RollupWindow[] {
    const found: RollupWindow[] = [];
    for (const level of this.#levels) {
      const window = level.windowAt(seconds, this.#nowSeconds);
      if (window === undefined) continue;
      found.push(window);
      if (!window.isFolded) break;
    }
    return found;
  /** What sums of neighbouring windows take that are kept for answers. */
  sumSizes(): SumSizes {
    return sizesOfSums(this.#levels.map(({ sums }) => sums));
  }

  /** Windows of a level that start in a range of whole ones, and finer ones there that are not folded. */
  #partsBetween(index: number, start: number, end: number): RollupWindow[] {
    const own = (this.#levels[index] as Level).between(start, end);
    return [...this.#unfoldedBetween(index, start, end), ...own];
  }

  #unfoldedBetween(index: number, start: number, end: number): RollupWindow[] {
    return this.#levels
      .slice(0, index)
      .flatMap((level) => level.between(start, end).filter(({ isFolded }) => !isFolded));
  }

  #sharesOf(range: SecondsRange): { readonly shares: readonly Share[]; readonly covered: SecondsRange } {
    const shares: Share[] = [];
    const covered = this.#findIn(this.#levels.length - 1, range, shares);
    return { shares, covered };
  }

  /** This level takes what it has whole windows for, and the next finer one, as far as it reaches, the rest. */
  #findIn(index: number, range: SecondsRange, shares: Share[]): SecondsRange {
    const level = this.#levels[index] as Level;
    const finer = this.#levels[index - 1];
    const covered =
      finer === undefined ? level.widened(range) : level.shareOf(range, finer, this.#nowSeconds);
    if (covered === undefined) return this.#findIn(index - 1, range, shares);
    shares.push({ index, ...covered });
    let { start, end } = covered;
    if (range.start < start)
      ({ start } = this.#findIn(index - 1, { start: range.start, end: start }, shares));
    if (range.end > end) ({ end } = this.#findIn(index - 1, { start: end, end: range.end }, shares));
    return { start, end };
  }
}

/** What of a range the windows of a level answer for. */
interface Share extends SecondsRange {
  /** Of the level. */
  readonly index: number;
}

/** Windows of one resolution, by start. */
class Level {
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
