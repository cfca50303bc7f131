/** Sums of spans and calls in windows of time, at three resolutions. */

import { ceilTo, floorTo } from "../base/whole-steps.ts";
import type { CellSums } from "./cells.ts";
import type { SumSizes } from "./resting-sums.ts";
import { sizesOfSums } from "./resting-sums.ts";
import type { Resolution, SecondsRange } from "./rollup-level.ts";
import { Level } from "./rollup-level.ts";
import type { RollupWindow } from "./rollup-window.ts";
import type { WindowSizes } from "./window-sizes.ts";
import { sizesOf } from "./window-sizes.ts";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Ten seconds for a quarter of an hour, minutes for two days, hours for thirty days. */
export const RESOLUTIONS: readonly Resolution[] = Object.freeze([
  { windowSeconds: 10, keepSeconds: 15 * MINUTE },
  { windowSeconds: MINUTE, keepSeconds: 2 * DAY },
  { windowSeconds: HOUR, keepSeconds: 30 * DAY },
]);

/** Bytes of resting windows; the oldest of the finest resolution go first. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** What rollups count of themselves. */
export interface RollupCounters {
  /** Spans and calls that start before the oldest window held. */
  tooOld: number;
  /** Windows dropped before their time for memory. */
  droppedForMemory: number;
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
   * folded into. Valid until the next call of another method.
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
    this.#foundFor = Number.NaN;
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
    level?.restore(window);
    this.#foundFor = Number.NaN;
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
  }

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
