/** The clocks of a trace's hosts, set before anything is made of its times. */

import { hostKeyOf } from "../model/host-key.ts";
import type { HostClock } from "./clock-skew.ts";
import { clockSkewBy, isPossibleAsStamped } from "./clock-skew.ts";
import type { ForestSpan, SpanForest } from "./span-forest.ts";
import { Parenthood, spanForest } from "./span-forest.ts";

/** Which times an analysis goes by: those of `clockSkew`, or those that were sent. */
export type ClockReading = "corrected" | "raw";

/** How an analysis reads times. */
export interface ClockOptions {
  /** Default `corrected`. Where no clock is off, and where all spans are of one host, both are the same. */
  readonly clock?: ClockReading;
}

/** A forest whose times are set, beside the spans as they were. */
export interface ClockedForest<S extends ForestSpan> {
  readonly forest: SpanForest<ForestSpan>;
  /** The spans of the forest as they were given, in its order. */
  readonly originals: readonly S[];
  /** The hosts whose clock was set, by host; empty when none was. */
  readonly clocks: readonly HostClock[];
}

interface MovedSpan<S extends ForestSpan> extends ForestSpan {
  readonly original: S;
}

const NO_CLOCKS: readonly HostClock[] = Object.freeze([]);

/** {@link spanForest} of the spans with the clocks of their hosts set. */
export function clockedForest<S extends ForestSpan>(
  spans: readonly S[],
  { clock = "corrected" }: ClockOptions = {},
): ClockedForest<S> {
  const raw = spanForest(spans);
  const clocks = clock === "raw" ? NO_CLOCKS : clocksOf(raw);
  if (clocks.length === 0) return { forest: raw, originals: raw.spans, clocks };
  const offsets = new Map(clocks.map(({ host, offsetNanos }) => [host, offsetNanos]));
  const forest = spanForest(raw.spans.map((span) => movedSpan(span, offsets.get(hostKeyOfSpan(span)) ?? 0n)));
  return { forest, originals: forest.spans.map(({ original }) => original), clocks };
}

/** The host that stamped a span, as `hostKeyOf` gives it; "" for spans that name none. */
export function hostKeyOfSpan(span: ForestSpan): string {
  const { hostKey } = span;
  if (hostKey !== undefined) return hostKey;
  // Not read with the key: some spans decode it when they are asked.
  const { resource } = span;
  return resource === undefined ? "" : hostKeyOf(resource.attributes);
}

/** The clocks to be set. Where every call fits as it was stamped no clock is, which is seen without looking further. */
function clocksOf(forest: SpanForest<ForestSpan>): readonly HostClock[] {
  const hosts = severalHosts(forest.spans);
  if (hosts === undefined || !isAnyImpossible(forest, hosts)) return NO_CLOCKS;
  const { hosts: clocks } = clockSkewBy(forest.spans, hostKeyOfSpan);
  return clocks.filter(({ offsetNanos }) => offsetNanos !== 0n);
}

/** Host of each span; undefined when all are of one. */
function severalHosts(spans: readonly ForestSpan[]): readonly string[] | undefined {
  const first = spans[0] === undefined ? "" : hostKeyOfSpan(spans[0]);
  return spans.some((span) => hostKeyOfSpan(span) !== first) ? spans.map(hostKeyOfSpan) : undefined;
}

function isAnyImpossible(
  { spans, parents, parenthood }: SpanForest<ForestSpan>,
  hosts: readonly string[],
): boolean {
  for (const [index, span] of spans.entries()) {
    // Who was the parent of a cut span is for the search for clocks to say.
    if (parenthood[index] === Parenthood.CYCLE_CUT) return true;
    const parent = parents[index] as number;
    if (parent === -1 || hosts[index] === hosts[parent]) continue;
    if (!isPossibleAsStamped(spans[parent] as ForestSpan, span)) return true;
  }
  return false;
}

function movedSpan<S extends ForestSpan>(original: S, offsetNanos: bigint): MovedSpan<S> {
  const { spanId, parentSpanId, kind, serviceName, name, status } = original;
  return {
    spanId,
    parentSpanId,
    kind,
    serviceName,
    name,
    status,
    startTimeUnixNano: original.startTimeUnixNano + offsetNanos,
    endTimeUnixNano: original.endTimeUnixNano + offsetNanos,
    original,
  };
}
