/** Looks at every minute once its traces are complete, and says when a bottleneck comes, moves or goes. */

import type {
  BottleneckDetectorOptions,
  BottleneckEvent,
  BottleneckWindow,
} from "../analysis/profile/bottleneck-events.ts";
import { BottleneckDetector } from "../analysis/profile/bottleneck-events.ts";
import type { FrameTable } from "../analysis/profile/frame-table.ts";
import type { Steps } from "../base/time-slice.ts";
import type { BottleneckFeed } from "./bottleneck-feed.ts";
import type { ProfileRoots } from "./profile-roots.ts";
import type { ProfileWindows } from "./profile-windows.ts";

const MINUTE_SECONDS = 60;
/** A trace that is not whole is complete ten seconds after its last span; the rest is for its length. */
const SETTLE_SECONDS = 30;
/** Minutes that are looked at again after a restart, so that what was going on is known: more than a score looks back. */
const WARM_UP_MINUTES = 40;
/** Call paths looked at in one go: some milliseconds. */
const PATHS_PER_TICK = 2_000;

/** What a {@link BottleneckWatch} works with. */
export interface BottleneckWatchParts {
  readonly windows: ProfileWindows;
  readonly roots: ProfileRoots;
  readonly frames: FrameTable;
  readonly feed: BottleneckFeed;
  readonly options?: BottleneckDetectorOptions;
}

/** Feeds a detector minute by minute, some call paths a tick. */
export class BottleneckWatch {
  readonly #parts: BottleneckWatchParts;
  readonly #detector: BottleneckDetector;
  /** Start of the next minute to look at; undefined before the first. */
  #next: number | undefined;
  /** Events of minutes up to here were told before a restart. */
  #toldUntil = 0;
  #looking: Steps<BottleneckEvent[]> | undefined;

  constructor(parts: BottleneckWatchParts) {
    this.#parts = parts;
    this.#detector = new BottleneckDetector(parts.options);
  }

  /** Root operations watched now. */
  get rootOperationCount(): number {
    return this.#detector.rootOperationCount;
  }

  /** Minutes of root operations beyond the limit. */
  get ignoredWindows(): number {
    return this.#detector.ignoredWindows;
  }

  /** Everything before this moment was looked at; 0 for nothing. To be stored. */
  get doneUntil(): number {
    return Math.max(this.#next ?? 0, this.#toldUntil);
  }

  /** Goes on from what was stored. */
  restore(doneUntil: number): void {
    if (doneUntil === 0) return;
    this.#toldUntil = doneUntil;
    this.#next = doneUntil - WARM_UP_MINUTES * MINUTE_SECONDS;
  }

  /** Looks at minutes that are past, up to a bound. */
  tick(nowSeconds: number): void {
    for (let left = PATHS_PER_TICK; left > 0; left--) {
      this.#looking ??= this.#begin(nowSeconds);
      if (this.#looking === undefined) return;
      const step = this.#looking.next();
      if (step.done === true) this.#finish(step.value);
      else left -= step.value;
    }
  }

  #begin(nowSeconds: number): Steps<BottleneckEvent[]> | undefined {
    const { windows } = this.#parts;
    const next = this.#next ?? windows.earliestMinute();
    if (next === undefined) return undefined;
    // Minutes before are not told apart any more.
    const start = Math.max(next, windows.bounds.minutesSince);
    this.#next = start;
    if (start + MINUTE_SECONDS + SETTLE_SECONDS > nowSeconds) return undefined;
    const endTimeUnixNano = BigInt(start + MINUTE_SECONDS) * 1_000_000_000n;
    return this.#detector.feedInSteps(endTimeUnixNano, this.#windowsOf(start));
  }

  #finish(events: readonly BottleneckEvent[]): void {
    this.#looking = undefined;
    this.#next = (this.#next as number) + MINUTE_SECONDS;
    if (this.#next <= this.#toldUntil) return;
    for (const event of events) this.#parts.feed.push(event);
  }

  /** Root operations of spans: traces without a root, or beyond the bound, have little in common. */
  *#windowsOf(startSeconds: number): Generator<BottleneckWindow, void> {
    const { windows, roots, frames } = this.#parts;
    for (const number of [...(windows.minuteAt(startSeconds)?.roots() ?? [])]) {
      const root = roots.at(number);
      const rootOperation = frames.frame(root.frame);
      const window = windows.minuteAt(startSeconds);
      if (rootOperation.role !== "operation" || window === undefined) continue;
      yield { rootOperation, profile: window.profileOf(root).profile };
    }
  }
}
