/** Offsets of clocks from what spans of different hosts say about each other. */

import { compareValues } from "../base/compare.ts";

/** One clock of a trace, while its offset is looked for. */
export interface HostClockState {
  /** "" stands for all spans that name no host; their times stay. */
  readonly key: string;
  /** Larger comes first when a host is chosen whose clock the others are set by. */
  readonly rank: readonly bigint[];
  readonly earliestUnixNano: bigint;
  readonly latestUnixNano: bigint;
  readonly pairs: HostPair[];
  isSettled: boolean;
  offsetNanos: bigint;
  /** True when the offset that fits best is larger than allowed, so that none was taken. */
  isBeyondLimit: boolean;
}

/** A child on another host than its parent: what the child's offset less the parent's may be, both ends included. */
export interface HostPair {
  readonly parent: HostClockState;
  readonly child: HostClockState;
  readonly lowNanos: bigint;
  readonly highNanos: bigint;
  /** True when the child cannot lie inside its parent anyway: such pairs decide only what the others leave open. */
  readonly isWeak: boolean;
}

interface OffsetWindow {
  readonly low: bigint;
  readonly high: bigint;
  readonly isWeak: boolean;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** True when the pair is possible with the offsets of its hosts. */
export function isPossible({ parent, child, lowNanos, highNanos }: HostPair): boolean {
  const difference = child.offsetNanos - parent.offsetNanos;
  return lowNanos <= difference && difference <= highNanos;
}

/**
 * Gives every host its offset. The first host keeps its clock, and so do spans without a host; every other one is set by
 * those that are settled, nearest in calls first: 0 when that fits all pairs with them, else the nearest offset that
 * does, else the one that fits most (weak pairs counting only among equals). No order depends on times, so that settled clocks stay as they are when asked again.
 */
export function settleClocks(hosts: readonly HostClockState[], maxOffsetNanos: bigint): void {
  const waiting = [...hosts].sort(compareRanks);
  for (const host of waiting) if (host.key === "") host.isSettled = true;
  const reached = new Set<HostClockState>();
  for (const first of waiting) {
    if (reached.has(first)) continue;
    first.isSettled = true;
    settleFrom(first, reached, maxOffsetNanos);
  }
}

/** Settles whatever hangs together with a host, breadth first. */
function settleFrom(first: HostClockState, reached: Set<HostClockState>, maxOffsetNanos: bigint): void {
  reached.add(first);
  const order = [first];
  // The list grows while it is read.
  for (const host of order) {
    if (!host.isSettled) settle(host, maxOffsetNanos);
    for (const next of neighboursOf(host)) {
      if (reached.has(next)) continue;
      reached.add(next);
      order.push(next);
    }
  }
}

function compareRanks(left: HostClockState, right: HostClockState): number {
  for (const [at, value] of left.rank.entries()) {
    const other = right.rank[at] as bigint;
    if (value !== other) return value > other ? -1 : 1;
  }
  return compareKeys(left, right);
}

function compareKeys(left: HostClockState, right: HostClockState): number {
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}

function neighboursOf(host: HostClockState): HostClockState[] {
  const others = new Set(host.pairs.map(({ parent, child }) => (parent === host ? child : parent)));
  return [...others].sort(compareKeys);
}

function settle(host: HostClockState, maxOffsetNanos: bigint): void {
  const offset = nearestOffset(windowsOf(host));
  const isTime = host.earliestUnixNano + offset >= 0n && host.latestUnixNano + offset <= MAX_UINT64;
  host.isBeyondLimit = magnitude(offset) > maxOffsetNanos || !isTime;
  host.offsetNanos = host.isBeyondLimit ? 0n : offset;
  host.isSettled = true;
}

/** What the pairs with settled hosts allow the offset of a host to be. */
function windowsOf(host: HostClockState): OffsetWindow[] {
  const windows: OffsetWindow[] = [];
  for (const { parent, child, lowNanos, highNanos, isWeak } of host.pairs) {
    const other = parent === host ? child : parent;
    if (!other.isSettled) continue;
    const [low, high] = parent === host ? [-highNanos, -lowNanos] : [lowNanos, highNanos];
    windows.push({ low: other.offsetNanos + low, high: other.offsetNanos + high, isWeak });
  }
  return windows;
}

/** The offset inside the most windows; of several the one nearest to 0. */
function nearestOffset(windows: readonly OffsetWindow[]): bigint {
  let low: bigint | undefined;
  let high: bigint | undefined;
  for (const window of windows) {
    if (low === undefined || window.low > low) low = window.low;
    if (high === undefined || window.high < high) high = window.high;
  }
  if (low === undefined || high === undefined) return 0n;
  if (low > high) return mostAgreed(windows);
  if (low > 0n) return low;
  return high < 0n ? high : 0n;
}

/** Looks at 0 and at every end of a window: nowhere else does the weight of the windows around an offset grow. */
function mostAgreed(windows: readonly OffsetWindow[]): bigint {
  const strong = windows.length + 1;
  const weightOf = ({ isWeak }: OffsetWindow): number => (isWeak ? 1 : strong);
  const starts = windows.map((window) => ({ at: window.low, weight: weightOf(window) })).sort(compareEdges);
  const ends = windows.map((window) => ({ at: window.high, weight: weightOf(window) })).sort(compareEdges);
  const candidates = [0n, ...starts.map(({ at }) => at), ...ends.map(({ at }) => at)].sort(compareValues);
  let best = 0n;
  let bestWeight = -1;
  let weight = 0;
  let begun = 0;
  let ended = 0;
  for (const offset of candidates) {
    for (let edge = starts[begun]; edge !== undefined && edge.at <= offset; edge = starts[++begun]) {
      weight += edge.weight;
    }
    for (let edge = ends[ended]; edge !== undefined && edge.at < offset; edge = ends[++ended]) {
      weight -= edge.weight;
    }
    if (weight < bestWeight || (weight === bestWeight && !isNearer(offset, best))) continue;
    best = offset;
    bestWeight = weight;
  }
  return best;
}

interface WindowEdge {
  readonly at: bigint;
  readonly weight: number;
}

function compareEdges(left: WindowEdge, right: WindowEdge): number {
  return compareValues(left.at, right.at);
}

/** Nearer to 0; of two on either side of it, the later one. */
function isNearer(offset: bigint, than: bigint): boolean {
  const one = magnitude(offset);
  const other = magnitude(than);
  return one < other || (one === other && offset > than);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
