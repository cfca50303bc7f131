/** Clock skew: one offset for each host of a trace, so that calls between hosts come to lie where they must have been. */

import { hostKeyOf } from "../model/host-key.ts";
import { makeSpan } from "../model/make-span.ts";
import type { Resource, Span } from "../model/span.ts";
import type { HostClockState, HostPair } from "./host-clocks.ts";
import { isPossible, settleClocks } from "./host-clocks.ts";
import type { ForestSpan, SpanForest } from "./span-forest.ts";
import { durationNanosOf, Parenthood, spanForest } from "./span-forest.ts";

/** How far clocks may be set. */
export interface ClockSkewOptions {
  /**
   * Largest offset in nanoseconds, in either direction. Default one hour: a clock further off is broken rather than
   * skewed, and what it stamped should be seen as it is. A host that would need more keeps its times and is flagged.
   */
  readonly maxOffsetNanos?: bigint;
}

/** The clock of one host. */
export interface HostClock {
  /** As `hostKeyOf` gives it; "" for the spans that name no host. */
  readonly host: string;
  /** What has to be added to every time of the host. */
  readonly offsetNanos: bigint;
  readonly spanCount: number;
  /** Parents and children on this host and on another, of which the child could lie inside the parent. */
  readonly pairCount: number;
  /** Of those, how many stay impossible whatever the clock says. */
  readonly impossiblePairs: number;
  /** True when some pairs stay impossible: the clock ran unevenly, two machines have one name, or spans are wrong. */
  readonly skewConflict: boolean;
  /** True when a larger offset than allowed would fit best; the offset is 0 then. */
  readonly isBeyondLimit: boolean;
}

/** The clocks of one trace. */
export interface ClockSkew {
  /** By host key. */
  readonly hosts: readonly HostClock[];
  /** Pairs across hosts that are impossible as the clocks stamped them. */
  readonly impossiblePairsBefore: number;
  /** Those that stay so; never more. */
  readonly impossiblePairsAfter: number;
}

/** What telling hosts apart needs of a span. */
export type SkewSpan = ForestSpan & { readonly resource: Pick<Resource, "attributes"> };

/** A span with the clock of its host set, beside the span as it was. */
export interface CorrectedSpan {
  readonly original: Span;
  /** The same object as `original` where the offset is 0. */
  readonly span: Span;
  readonly offsetNanos: bigint;
}

const DEFAULT_MAX_OFFSET_NANOS = 3_600_000_000_000n;
/** Far above any difference of two 64-bit times. */
const NO_LIMIT_NANOS = 1n << 70n;

/**
 * Finds one offset for each host, so that children on other hosts lie inside their parents.
 *
 * A pair of parent and child says that the child started and ended inside the parent; where the child lasted longer (the
 * caller gave up waiting), only that it started inside, which counts only where the other pairs leave it open; for a
 * CONSUMER under its PRODUCER, only that it did not start before. The host of the only root keeps its clock; with several roots or none, the host of the longest one does. Spans
 * that name no host keep their times too. A span id that two hosts use says nothing, unless a server has it from its client. Should setting clocks one by one
 * leave more pairs impossible than there were, no clock is set and all hosts with such pairs are flagged.
 *
 * @throws RangeError when `maxOffsetNanos` is negative.
 */
export function clockSkew(
  trace: { readonly spans: readonly SkewSpan[] },
  options: ClockSkewOptions = {},
): ClockSkew {
  return clockSkewBy(trace.spans, createHostLookup(), options);
}

/** {@link clockSkew} of spans whose host keys are found otherwise. */
export function clockSkewBy<S extends ForestSpan>(
  spans: readonly S[],
  hostOf: (span: S) => string,
  { maxOffsetNanos = DEFAULT_MAX_OFFSET_NANOS }: ClockSkewOptions = {},
): ClockSkew {
  if (maxOffsetNanos < 0n) throw new RangeError(`maxOffsetNanos: expected at least 0, got ${maxOffsetNanos}`);
  const forest = spanForest(spans);
  const hosts = hostStatesOf(spans, hostOf);
  const states = [...hosts.values()].map(({ state }) => state);
  const stateOf = (span: S): MutableState | undefined => hosts.get(hostOf(span))?.state;
  const unclear = idsOfSeveralHosts(forest, stateOf);
  rankHosts(forest, (span) => (unclear.has(span.spanId) ? undefined : stateOf(span)));
  const pairs = pairsOf(forest, (span) => (unclear.has(span.spanId) ? undefined : stateOf(span)));
  const impossiblePairsBefore = countImpossible(pairs);
  settleClocks(states, maxOffsetNanos);
  if (countImpossible(pairs) > impossiblePairsBefore) for (const state of states) state.offsetNanos = 0n;
  return {
    hosts: [...hosts.values()]
      .map(({ state, spanCount }) => hostClockOf(state, spanCount))
      .sort((left, right) => (left.host < right.host ? -1 : 1)),
    impossiblePairsBefore,
    impossiblePairsAfter: countImpossible(pairs),
  };
}

/**
 * The spans with their clocks set, in the order given; times of events move with their span. Nothing given is changed.
 *
 * @example
 * const corrected = correctClockSkew(trace.spans, clockSkew(trace));
 * corrected.filter(({ offsetNanos }) => offsetNanos !== 0n);
 */
export function correctClockSkew(spans: readonly Span[], { hosts }: ClockSkew): CorrectedSpan[] {
  const hostOf = createHostLookup();
  const offsets = new Map(hosts.map(({ host, offsetNanos }) => [host, offsetNanos]));
  return spans.map((original) => {
    const offsetNanos = offsets.get(hostOf(original)) ?? 0n;
    return { original, span: offsetNanos === 0n ? original : moved(original, offsetNanos), offsetNanos };
  });
}

function moved(span: Span, offsetNanos: bigint): Span {
  // Spans may be lazy objects, whose members no spread would copy.
  const plain = makeSpan(span);
  return makeSpan({
    ...plain,
    startTimeUnixNano: plain.startTimeUnixNano + offsetNanos,
    endTimeUnixNano: plain.endTimeUnixNano + offsetNanos,
    events: plain.events.map((event) => ({ ...event, timeUnixNano: event.timeUnixNano + offsetNanos })),
  });
}

/** Keys by resource, each worked out once for all spans that share the object. */
function createHostLookup(): (span: Pick<SkewSpan, "resource">) => string {
  const known = new WeakMap<SkewSpan["resource"], string>();
  return ({ resource }) => {
    let key = known.get(resource);
    if (key === undefined) {
      key = hostKeyOf(resource.attributes);
      known.set(resource, key);
    }
    return key;
  };
}

interface HostSpans {
  readonly state: MutableState;
  spanCount: number;
}

interface MutableState extends HostClockState {
  rank: [bigint, bigint];
  earliestUnixNano: bigint;
  latestUnixNano: bigint;
}

function hostStatesOf<S extends ForestSpan>(
  spans: readonly S[],
  hostOf: (span: S) => string,
): Map<string, HostSpans> {
  const hosts = new Map<string, HostSpans>();
  for (const span of spans) {
    const key = hostOf(span);
    let host = hosts.get(key);
    if (host === undefined) {
      host = { state: newState(key, span), spanCount: 0 };
      hosts.set(key, host);
    }
    host.spanCount++;
    widen(host.state, span);
  }
  return hosts;
}

/** Durations of the longest root of each host, and of its longest span without a known parent. */
function rankHosts<S extends ForestSpan>(
  { spans, parenthood }: SpanForest<S>,
  stateOf: (span: S) => MutableState | undefined,
): void {
  for (const [index, span] of spans.entries()) {
    const isRoot = parenthood[index] === Parenthood.ROOT;
    if (!isRoot && parenthood[index] !== Parenthood.PARENT_MISSING) continue;
    const rank = stateOf(span)?.rank;
    if (rank === undefined) continue;
    const duration = durationNanosOf(span);
    if (isRoot && duration > rank[0]) rank[0] = duration;
    if (duration > rank[1]) rank[1] = duration;
  }
}

function newState(key: string, span: ForestSpan): MutableState {
  return {
    key,
    rank: [-1n, -1n],
    earliestUnixNano: span.startTimeUnixNano,
    latestUnixNano: span.endTimeUnixNano,
    pairs: [],
    isSettled: false,
    offsetNanos: 0n,
    isBeyondLimit: false,
  };
}

function widen(state: MutableState, { startTimeUnixNano, endTimeUnixNano }: ForestSpan): void {
  for (const time of [startTimeUnixNano, endTimeUnixNano]) {
    if (time < state.earliestUnixNano) state.earliestUnixNano = time;
    if (time > state.latestUnixNano) state.latestUnixNano = time;
  }
}

/**
 * Parents and children on different hosts, each also entered with its two hosts. Where to cut a cycle is told by times,
 * which are in doubt here, so the pair that was cut counts like any other of its cycle.
 */
function pairsOf<S extends ForestSpan>(
  forest: SpanForest<S>,
  stateOf: (span: S) => HostClockState | undefined,
): HostPair[] {
  const pairs: HostPair[] = [];
  for (const [index, span] of forest.spans.entries()) {
    const above = forest.spans[forest.cutParents.get(index) ?? (forest.parents[index] as number)];
    const parent = above === undefined ? undefined : stateOf(above);
    const child = stateOf(span);
    if (above === undefined || parent === undefined || child === undefined || parent === child) continue;
    const pair = { parent, child, ...windowOf(above, span) };
    pairs.push(pair);
    parent.pairs.push(pair);
    child.pairs.push(pair);
  }
  return pairs;
}

/** But for ids of clients and servers that share them. */
function idsOfSeveralHosts<S extends ForestSpan>(
  { spans, isSharedId }: SpanForest<S>,
  stateOf: (span: S) => HostClockState | undefined,
): Set<string> {
  const hosts = new Map<string, HostClockState | undefined>();
  const several = new Set<string>();
  for (const span of spans) {
    const state = stateOf(span);
    if (!hosts.has(span.spanId)) hosts.set(span.spanId, state);
    else if (hosts.get(span.spanId) !== state && !isSharedId(span.spanId)) several.add(span.spanId);
  }
  return several;
}

/** True when a child on another host than its parent may have run just when both say it did. */
export function isPossibleAsStamped(parent: ForestSpan, child: ForestSpan): boolean {
  const { lowNanos, highNanos } = windowOf(parent, child);
  return lowNanos <= 0n && highNanos >= 0n;
}

function windowOf(parent: ForestSpan, child: ForestSpan): Omit<HostPair, "parent" | "child"> {
  const lowNanos = parent.startTimeUnixNano - child.startTimeUnixNano;
  if (parent.kind === "PRODUCER" && child.kind === "CONSUMER") {
    return { lowNanos, highNanos: NO_LIMIT_NANOS, isWeak: false };
  }
  const roomNanos = durationNanosOf(parent) - durationNanosOf(child);
  const isWeak = roomNanos < 0n;
  return { lowNanos, highNanos: lowNanos + (isWeak ? durationNanosOf(parent) : roomNanos), isWeak };
}

function countImpossible(pairs: readonly HostPair[]): number {
  let count = 0;
  for (const pair of pairs) if (!pair.isWeak && !isPossible(pair)) count++;
  return count;
}

function hostClockOf(state: HostClockState, spanCount: number): HostClock {
  const impossiblePairs = countImpossible(state.pairs);
  return {
    host: state.key,
    offsetNanos: state.offsetNanos,
    spanCount,
    pairCount: state.pairs.filter(({ isWeak }) => !isWeak).length,
    impossiblePairs,
    skewConflict: impossiblePairs > 0,
    isBeyondLimit: state.isBeyondLimit,
  };
}
