/** What is measured of each call of a trace: both sides' durations, the gap between them, waiting of messages. */

import type { DependencyType, TraceCall } from "./dependency-links.ts";

const NO_TIME = -1;
/** Calls that the sender of a call of no tries made. */
export const NO_TRIES: readonly TraceCall[] = Object.freeze([]);

/** Spans of one trace as columns, in the order of the forest that the calls were found in. */
export interface SpanTimes {
  /** Nanoseconds since some instant of the trace: exact below 2^53. */
  readonly startNanos: Float64Array;
  /** 0 where a span ends before it starts. */
  readonly durationNanos: Float64Array;
  /** 1 where the status is ERROR. */
  readonly isError: Uint8Array;
}

/** The figures of one {@link TraceCall}; -1 where there is none. */
export interface CallFacts {
  /** Duration of the span that made the call. */
  readonly clientNanos: number;
  /** Duration of the span that answered it. */
  readonly serverNanos: number;
  /**
   * Client's duration less the time that any of its servers worked, by durations alone, so that no clock matters: the
   * network and the queues on the way. With the first of several tries only.
   */
  readonly gapNanos: number;
  /** True when the servers worked longer than the client waited: the gap was clamped to 0. */
  readonly isGapClamped: boolean;
  /** From the end of the sending to the start of the taking, of messages; 0 when clocks say it was taken before. */
  readonly delayNanos: number;
  readonly isClientError: boolean;
  readonly isServerError: boolean;
  /** True for a second SERVER span of one CLIENT span and those after it. */
  readonly isRetry: boolean;
}

/**
 * Facts of the calls of one trace, in their order.
 *
 * @param tries - the calls by sender, for those who ask about many traces of one shape
 */
export function callFacts(
  calls: readonly TraceCall[],
  times: SpanTimes,
  tries: TriesBySender = triesBySender(calls),
): readonly CallFacts[] {
  return calls.map((call) => {
    const facts = noFacts();
    measureCall(call, tries.get(call.sender) ?? NO_TRIES, times, facts);
    return facts;
  });
}

/** {@link CallFacts} to be written over. */
export type WritableCallFacts = { -readonly [Name in keyof CallFacts]: CallFacts[Name] };

/** Facts of a call of which nothing is measured. */
export function noFacts(): WritableCallFacts {
  return {
    clientNanos: NO_TIME,
    serverNanos: NO_TIME,
    gapNanos: NO_TIME,
    isGapClamped: false,
    delayNanos: NO_TIME,
    isClientError: false,
    isServerError: false,
    isRetry: false,
  };
}

/** Calls of several tries and of one, by the span that made them. */
export type TriesBySender = ReadonlyMap<number, readonly TraceCall[]>;

/** Finds the calls that one span made. */
export function triesBySender(calls: readonly TraceCall[]): TriesBySender {
  const tries = new Map<number, TraceCall[]>();
  for (const call of calls) {
    if (call.type !== "rpc" || call.sender === -1 || call.callee === -1) continue;
    const known = tries.get(call.sender);
    if (known === undefined) tries.set(call.sender, [call]);
    else known.push(call);
  }
  return tries;
}

/**
 * Measures one call of a trace.
 *
 * @param tries - the calls that its sender made, see {@link triesBySender}; none for a call of another kind
 * @param facts - written over, every part of it
 */
export function measureCall(
  call: TraceCall,
  tries: readonly TraceCall[],
  times: SpanTimes,
  facts: WritableCallFacts,
): void {
  const { sender, callee, type } = call;
  const { startNanos, durationNanos, isError } = times;
  const clientNanos = sender === -1 ? NO_TIME : (durationNanos[sender] as number);
  const isMessage = type === "messaging" && sender !== -1 && callee !== -1;
  const isClient = isClientSide(call);
  const isFirstTry = tries[0] === call;
  const sent = isMessage ? (startNanos[sender] as number) + clientNanos : 0;
  const gap = isFirstTry ? clientNanos - unionNanos(tries, times) : NO_TIME;
  facts.clientNanos = isClient ? clientNanos : NO_TIME;
  facts.serverNanos = callee === -1 ? NO_TIME : (durationNanos[callee] as number);
  facts.gapNanos = isFirstTry ? Math.max(0, gap) : NO_TIME;
  facts.isGapClamped = isFirstTry && gap < 0;
  facts.delayNanos = isMessage ? Math.max(0, (startNanos[callee] as number) - sent) : NO_TIME;
  facts.isClientError = isClient && sender !== -1 && isError[sender] === 1;
  facts.isServerError = callee !== -1 && isError[callee] === 1;
  facts.isRetry = tries.length > 1 && !isFirstTry;
}

/** The sender of a message is counted where it sends, not again where it is taken. */
function isClientSide({ type, callee }: { readonly type: DependencyType; readonly callee: number }): boolean {
  return type !== "messaging" || callee === -1;
}

/** Time that any of the callees worked, by their own clocks. */
function unionNanos(tries: readonly TraceCall[], { startNanos, durationNanos }: SpanTimes): number {
  if (tries.length === 1) return durationNanos[(tries[0] as TraceCall).callee] as number;
  const spans = tries.map(({ callee }) => {
    const start = startNanos[callee] as number;
    return { start, end: start + (durationNanos[callee] as number) };
  });
  spans.sort((left, right) => left.start - right.start);
  let sum = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { start, end } of spans) {
    if (end <= until) continue;
    sum += end - Math.max(start, until);
    until = end;
  }
  return sum;
}
