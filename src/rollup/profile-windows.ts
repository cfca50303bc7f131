/** Profiles in windows of time: minutes, which are added to their hour when they are old. */

import { ceilTo, floorTo } from "../base/whole-steps.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { ProfileRoot, ProfileRoots } from "./profile-roots.ts";
import { ProfileWindow } from "./profile-window.ts";
import type { SecondsRange } from "./rollup-level.ts";
import type { ProfileParts } from "./root-profile.ts";
import type { WindowSizes } from "./window-sizes.ts";
import { sizesOf } from "./window-sizes.ts";

const MINUTE = 60;
const HOUR = 3_600;
/** Minutes are held for three hours: a day is then some two hundred windows to add up. */
const KEEP_MINUTES_SECONDS = 3 * HOUR;
/** Two weeks of hours: this week against the last. */
const KEEP_HOURS_SECONDS = 14 * 86_400;
/** Windows that did not change for so long rest as bytes. */
const REST_AFTER_SECONDS = MINUTE;
/** Most windows held as sums: when traces of hours come at once, those that changed longest ago rest earlier. */
const MAX_LIVE_WINDOWS = 16;
/** Bytes of windows at rest; the oldest go first. */
const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;

/** What windows of profiles count of themselves. */
export interface ProfileWindowCounters {
  /** Traces that start before the oldest window held. */
  tooOld: number;
  /** Windows dropped before their time for memory. */
  droppedForMemory: number;
}

/** One root operation of one window as bytes. */
export interface ProfilePiece {
  readonly root: number;
  readonly bytes: Uint8Array;
}

/** Where time is cut: what of it lies in minutes, in hours, and nowhere. */
export interface ProfileBounds {
  /** Minutes from here on are windows of their own; what is before is in its hour. */
  readonly minutesSince: number;
  /** Every trace that starts from here on is counted. */
  readonly heldSince: number;
}

/**
 * Every trace is in one window: in the minute it starts in, or in the hour once that minute is three hours old. So
 * adding it costs once, taking it back finds it, and an answer adds each moment up once.
 */
export class ProfileWindows {
  readonly counters: ProfileWindowCounters = { tooOld: 0, droppedForMemory: 0 };
  readonly #parts: ProfileParts;
  readonly #roots: ProfileRoots;
  readonly #maxBytes: number;
  readonly #minutes: Map<number, ProfileWindow> = new Map();
  readonly #hours: Map<number, ProfileWindow> = new Map();
  #minutesSince = 0;
  #heldSince = 0;
  #nowSeconds = 0;

  constructor(roots: ProfileRoots, parts: ProfileParts, maxBytes: number = DEFAULT_MAX_BYTES) {
    this.#roots = roots;
    this.#parts = parts;
    this.#maxBytes = maxBytes;
  }

  /** Where time is cut now. */
  get bounds(): ProfileBounds {
    return { minutesSince: this.#minutesSince, heldSince: this.#heldSince };
  }

  /** Says that traces from before were not counted, as when profiles are new to a data folder. */
  beginAt(seconds: number): void {
    this.#heldSince = Math.max(this.#heldSince, ceilTo(seconds, MINUTE));
    this.#minutesSince = Math.max(this.#minutesSince, this.#heldSince);
  }

  /** Adds a trace that starts at a moment; with sign -1 takes back what was added so, unless its window went. */
  add(seconds: number, root: ProfileRoot, columns: TraceColumns, weight: number, sign: 1 | -1): void {
    if (seconds < this.#heldSince) {
      if (sign === 1) this.counters.tooOld++;
      return;
    }
    const window = this.#windowAt(seconds);
    if (sign === -1 && !window.has(root.number)) return;
    window.add(root, columns, weight, sign);
    window.changedSeconds = this.#nowSeconds;
  }

  /** Lets time go on: what is past rests, one old minute becomes part of its hour, what is past its term goes. */
  tick(nowSeconds: number): void {
    this.#nowSeconds = nowSeconds;
    this.#foldOne(floorTo(nowSeconds - KEEP_MINUTES_SECONDS, MINUTE));
    this.#forgetBefore(floorTo(nowSeconds - KEEP_HOURS_SECONDS, HOUR));
    this.#restIdle();
    let bytes = this.sizes().restingBytes;
    while (bytes > this.#maxBytes) bytes -= this.#dropOldest();
  }

  /** True when nothing is missing but what is past its term. */
  isComplete(nowSeconds: number): boolean {
    return this.#heldSince <= floorTo(nowSeconds - KEEP_HOURS_SECONDS, HOUR);
  }

  /** Earliest start of a window in seconds since the epoch; undefined without any. */
  earliestStart(): number | undefined {
    const hours = Math.min(...this.#hours.keys());
    const earliest = Number.isFinite(hours) ? hours : Math.min(...this.#minutes.keys());
    return Number.isFinite(earliest) ? Math.max(earliest, this.#heldSince) : undefined;
  }

  /** The minute that starts at a moment; undefined when no trace is in it. */
  minuteAt(startSeconds: number): ProfileWindow | undefined {
    return this.#minutes.get(startSeconds);
  }

  /** Start of the earliest minute that is a window; undefined without any. */
  earliestMinute(): number | undefined {
    const earliest = Math.min(...this.#minutes.keys());
    return Number.isFinite(earliest) ? earliest : undefined;
  }

  /** The range in whole windows, all of it in them. */
  widened({ start, end }: SecondsRange): SecondsRange {
    const since = this.#minutesSince;
    const wideEnd = end <= since ? Math.min(ceilTo(end, HOUR), since) : ceilTo(end, MINUTE);
    return { start: floorTo(start, start < since ? HOUR : MINUTE), end: wideEnd };
  }

  /** The windows of a widened range as they are now, one piece for each root operation that is wanted. */
  pieces({ start, end }: SecondsRange, isWanted: (root: number) => boolean): ProfilePiece[] {
    const pieces: ProfilePiece[] = [];
    for (const windows of [this.#hours, this.#minutes]) {
      for (const window of windows.values()) {
        if (window.startSeconds < start || window.startSeconds >= end) continue;
        for (const root of window.roots()) {
          if (isWanted(root)) pieces.push({ root, bytes: window.bytesOf(root) as Uint8Array });
        }
      }
    }
    return pieces;
  }

  /** All windows with their length. */
  *all(): Generator<{ readonly windowSeconds: number; readonly window: ProfileWindow }, void> {
    for (const window of this.#hours.values()) yield { windowSeconds: HOUR, window };
    for (const window of this.#minutes.values()) yield { windowSeconds: MINUTE, window };
  }

  /** Puts a window back that was stored. */
  restore(windowSeconds: number, startSeconds: number, bytes: Uint8Array): void {
    const window = ProfileWindow.fromBytes(startSeconds, bytes, this.#parts);
    (windowSeconds === HOUR ? this.#hours : this.#minutes).set(startSeconds, window);
  }

  /** Puts the cuts back that were stored with the windows: what was before them is in hours, or gone. */
  restoreBounds({ minutesSince, heldSince }: ProfileBounds): void {
    this.#minutesSince = Math.max(this.#minutesSince, minutesSince);
    for (const start of [...this.#minutes.keys()]) if (start < minutesSince) this.#minutes.delete(start);
    this.#forgetBefore(heldSince);
  }

  /** Bytes at rest, and how many windows there are. */
  sizes(): WindowSizes {
    return sizesOf(this.all());
  }

  #windowAt(seconds: number): ProfileWindow {
    const isMinute = seconds >= this.#minutesSince;
    const start = floorTo(seconds, isMinute ? MINUTE : HOUR);
    return this.#windowIn(isMinute ? this.#minutes : this.#hours, start);
  }

  #windowIn(windows: Map<number, ProfileWindow>, start: number): ProfileWindow {
    let window = windows.get(start);
    if (window === undefined) {
      window = new ProfileWindow(start, this.#parts);
      windows.set(start, window);
    }
    return window;
  }

  /** Adds the oldest minute before a moment to its hour: one at a time, so that many hold nobody up. */
  #foldOne(before: number): void {
    const oldest = this.earliestMinute();
    if (oldest === undefined || oldest >= before) {
      this.#minutesSince = Math.max(this.#minutesSince, before);
      return;
    }
    const hour = this.#windowIn(this.#hours, floorTo(oldest, HOUR));
    hour.merge(this.#minutes.get(oldest) as ProfileWindow, (number) => this.#roots.at(number));
    hour.changedSeconds = this.#nowSeconds;
    this.#minutes.delete(oldest);
    this.#minutesSince = oldest + MINUTE;
  }

  #restIdle(): void {
    const live: ProfileWindow[] = [];
    for (const { window } of this.all()) {
      if (window.isLive && window.changedSeconds < this.#nowSeconds - REST_AFTER_SECONDS) window.rest();
      else if (window.isLive) live.push(window);
    }
    if (live.length <= MAX_LIVE_WINDOWS) return;
    live.sort(
      (left, right) => left.changedSeconds - right.changedSeconds || left.startSeconds - right.startSeconds,
    );
    for (const window of live.slice(0, live.length - MAX_LIVE_WINDOWS)) window.rest();
  }

  #forgetBefore(seconds: number): void {
    const since = Math.max(this.#heldSince, seconds);
    this.#heldSince = since;
    for (const start of [...this.#hours.keys()]) if (start + HOUR <= since) this.#hours.delete(start);
    for (const start of [...this.#minutes.keys()]) if (start < since) this.#minutes.delete(start);
  }

  /** Drops the oldest window; its bytes. */
  #dropOldest(): number {
    const isHour = this.#hours.size > 0;
    const windows = isHour ? this.#hours : this.#minutes;
    const start = Math.min(...windows.keys());
    const bytes = (windows.get(start) as ProfileWindow).restingBytes;
    windows.delete(start);
    this.counters.droppedForMemory++;
    const end = isHour ? Math.min(start + HOUR, this.#minutesSince) : start + MINUTE;
    this.#heldSince = Math.max(this.#heldSince, end);
    this.#minutesSince = Math.max(this.#minutesSince, this.#heldSince);
    return bytes;
  }
}
