/** Bottlenecks as they come, move and go: events out of one profile a window of time. */

import type { Steps } from "../../base/time-slice.ts";
import { atOnce } from "../../base/time-slice.ts";
import { weightOfSteps } from "../weight-steps.ts";
import type { CallPathProfile } from "./call-path-profile.ts";
import type { ProfileExemplars } from "./exemplars.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { frameKey } from "./frame-table.ts";
import type { RankedOperation } from "./rankings.ts";
import { rankOperations } from "./rankings.ts";

/** What happened. */
export type BottleneckEventType = "bottleneck_started" | "bottleneck_moved" | "bottleneck_ended";

/** One root operation's traces in one window of time. */
export interface BottleneckWindow {
  readonly rootOperation: ProfileFrame;
  readonly profile: CallPathProfile;
}

/** A change of what most of a root operation's time goes into. */
export interface BottleneckEvent {
  readonly type: BottleneckEventType;
  readonly rootOperation: ProfileFrame;
  /** End of the window that settled it. */
  readonly timeUnixNano: bigint;
  /** The bottleneck that started, that it moved to, or that ended. */
  readonly operation: ProfileFrame;
  /** Where it moved from. */
  readonly previousOperation: ProfileFrame | undefined;
  /** Critical share of `operation` in this window, 0 to 1. */
  readonly share: number;
  /** `share` less the mean of its shares in the windows before: how much of it is new. */
  readonly changeScore: number;
  /** Weight of the window's traces. */
  readonly traceWeight: number;
  readonly exemplars: ProfileExemplars;
}

/** When a {@link BottleneckDetector} speaks. */
export interface BottleneckDetectorOptions {
  /** Critical share from which an operation is a bottleneck. Default 0.5: most of the time goes there. */
  readonly startShare?: number;
  /** Share below which it is none any more. Default 0.4: below the start, so that noise around one bound says nothing. */
  readonly endShare?: number;
  /** How far another operation has to be ahead to take over. Default 0.1. */
  readonly moveMargin?: number;
  /** Windows in a row that have to agree before anything is said. Default 2. */
  readonly confirmWindows?: number;
  /** Windows with fewer traces (by weight) say nothing. Default 10. */
  readonly minTraces?: number;
  /** After so many windows without traces enough in a row a bottleneck ends and the rest is forgotten. Default 10. */
  readonly maxSilentWindows?: number;
  /** Most root operations watched. Default 1,000; further ones are counted and not watched. */
  readonly maxRootOperations?: number;
}

const DEFAULTS: Required<BottleneckDetectorOptions> = Object.freeze({
  startShare: 0.5,
  endShare: 0.4,
  moveMargin: 0.1,
  confirmWindows: 2,
  minTraces: 10,
  maxSilentWindows: 10,
  maxRootOperations: 1_000,
});

/** Windows that a change score looks back on. */
const HISTORY_WINDOWS = 30;
const NO_EXEMPLARS: ProfileExemplars = Object.freeze({ max: undefined, p50: undefined, p95: undefined });

/** What is known of one root operation. */
interface Watched {
  readonly rootOperation: ProfileFrame;
  current: ProfileFrame | undefined;
  /** A change that fewer than `confirmWindows` windows have shown. */
  pending: { readonly change: Change; windows: number } | undefined;
  silentWindows: number;
  /** Shares by operation of the windows before, oldest first. */
  readonly history: ReadonlyMap<string, number>[];
}

/** What one window says should be the case; `to` is undefined for an end. */
interface Change {
  readonly to: ProfileFrame | undefined;
}

/**
 * Watches root operations. Feed every window of time once, in order, with the profiles of the root operations that had
 * traces in it; an event comes when enough windows agree.
 *
 * @example
 * const detector = new BottleneckDetector();
 * for (const event of detector.feed(windowEndUnixNano, windows)) console.log(event.type, event.operation);
 */
export class BottleneckDetector {
  readonly #options: Required<BottleneckDetectorOptions>;
  readonly #watched: Map<string, Watched> = new Map();
  #ignoredWindows = 0;

  constructor(options: BottleneckDetectorOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Root operations watched now. */
  get rootOperationCount(): number {
    return this.#watched.size;
  }

  /** Windows of root operations beyond the limit: nothing is said about them. */
  get ignoredWindows(): number {
    return this.#ignoredWindows;
  }

  /** Takes the profiles of one window of time; returns what changed, by root operation as given. */
  feed(endTimeUnixNano: bigint, windows: Iterable<BottleneckWindow>): BottleneckEvent[] {
    return atOnce(this.feedInSteps(endTimeUnixNano, windows));
  }

  /** {@link feed} as work that can be done in slices, a root operation each; a window is asked for when its turn comes. */
  *feedInSteps(endTimeUnixNano: bigint, windows: Iterable<BottleneckWindow>): Steps<BottleneckEvent[]> {
    const events: BottleneckEvent[] = [];
    const heard = new Set<Watched>();
    for (const { rootOperation, profile } of windows) {
      const traceWeight = weightOfSteps(profile.totals.traceSteps);
      if (traceWeight < this.#options.minTraces) continue;
      const watched = this.#watch(rootOperation);
      if (watched === undefined) {
        this.#ignoredWindows++;
        continue;
      }
      heard.add(watched);
      watched.silentWindows = 0;
      const ranked = rankOperations(profile, "critical").filter(({ frame }) => frame.role !== "overflow");
      const event = this.#heed(watched, ranked);
      if (event !== undefined) events.push({ ...event, timeUnixNano: endTimeUnixNano, traceWeight });
      remember(watched, ranked);
      yield profile.paths.count;
    }
    for (const [key, watched] of this.#watched) {
      if (heard.has(watched) || ++watched.silentWindows < this.#options.maxSilentWindows) continue;
      this.#watched.delete(key);
      const event = endOf(watched, undefined);
      if (event !== undefined) events.push({ ...event, timeUnixNano: endTimeUnixNano, traceWeight: 0 });
    }
    return events;
  }

  #watch(rootOperation: ProfileFrame): Watched | undefined {
    const key = frameKey(rootOperation);
    const known = this.#watched.get(key);
    if (known !== undefined) return known;
    if (this.#watched.size >= this.#options.maxRootOperations) return undefined;
    const watched = { rootOperation, current: undefined, pending: undefined, silentWindows: 0, history: [] };
    this.#watched.set(key, watched);
    return watched;
  }

  #heed(watched: Watched, ranked: readonly RankedOperation[]): UntimedEvent | undefined {
    const change = this.#changeIn(watched, ranked);
    if (change === undefined) {
      watched.pending = undefined;
      return undefined;
    }
    const { pending } = watched;
    const isSame = pending !== undefined && isSameFrame(pending.change.to, change.to);
    watched.pending = { change, windows: isSame ? pending.windows + 1 : 1 };
    if (watched.pending.windows < this.#options.confirmWindows) return undefined;
    watched.pending = undefined;
    const previous = watched.current;
    if (change.to === undefined) return endOf(watched, ranked);
    watched.current = change.to;
    const type = previous === undefined ? "bottleneck_started" : "bottleneck_moved";
    return eventOf(type, watched, ranked, change.to, previous);
  }

  /** What this window alone would have; undefined when all may stay as it is. */
  #changeIn({ current }: Watched, ranked: readonly RankedOperation[]): Change | undefined {
    const { startShare, endShare, moveMargin } = this.#options;
    const top = ranked[0];
    const isBottleneck = top !== undefined && top.criticalShare >= startShare;
    if (current === undefined) return isBottleneck ? { to: top.frame } : undefined;
    const share = shareIn(ranked, current);
    const isOther = isBottleneck && !isSameFrame(top.frame, current);
    if (isOther && top.criticalShare >= share + moveMargin) return { to: top.frame };
    return share < endShare ? { to: undefined } : undefined;
  }
}

type UntimedEvent = Omit<BottleneckEvent, "timeUnixNano" | "traceWeight">;

function endOf(watched: Watched, ranked: readonly RankedOperation[] | undefined): UntimedEvent | undefined {
  const ended = watched.current;
  if (ended === undefined) return undefined;
  watched.current = undefined;
  return eventOf("bottleneck_ended", watched, ranked ?? [], ended, undefined);
}

function eventOf(
  type: BottleneckEventType,
  { rootOperation, history }: Watched,
  ranked: readonly RankedOperation[],
  operation: ProfileFrame,
  previousOperation: ProfileFrame | undefined,
): UntimedEvent {
  const share = shareIn(ranked, operation);
  const key = frameKey(operation);
  const before = history.reduce((sum, shares) => sum + (shares.get(key) ?? 0), 0);
  return {
    type,
    rootOperation,
    operation,
    previousOperation,
    share,
    changeScore: share - (history.length === 0 ? 0 : before / history.length),
    exemplars: ranked.find(({ frame }) => isSameFrame(frame, operation))?.exemplars ?? NO_EXEMPLARS,
  };
}

function remember({ history }: Watched, ranked: readonly RankedOperation[]): void {
  history.push(new Map(ranked.map(({ frame, criticalShare }) => [frameKey(frame), criticalShare])));
  if (history.length > HISTORY_WINDOWS) history.shift();
}

function shareIn(ranked: readonly RankedOperation[], operation: ProfileFrame): number {
  return ranked.find(({ frame }) => isSameFrame(frame, operation))?.criticalShare ?? 0;
}

function isSameFrame(left: ProfileFrame | undefined, right: ProfileFrame | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return frameKey(left) === frameKey(right);
}
