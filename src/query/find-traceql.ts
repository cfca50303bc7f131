/** A search in TraceQL without pages: all that match up to a number, told part by part as they are found. */

import { TracAggError } from "../base/errors.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { FoundTrace } from "./found-traces.ts";
import { BestTraces, bytesOf, foundTraceReader } from "./found-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { SearchCounts } from "./search-traceql.ts";
import {
  candidatesOf,
  checkSpansShown,
  DEFAULT_SPANS_SHOWN,
  matchingTraces,
  newSearchCounts,
  prepareQuery,
} from "./search-traceql.ts";
import type { TextRange } from "./trace-filter.ts";
import { timeRangeFrom } from "./trace-filter.ts";

/** Most traces one search gives: what Tempo allows its clients to ask for. */
export const MAX_TRACES_FOUND = 262_144;

/** Traces told at once: more would make whoever looks at a list wait for them. */
const TRACES_PER_PART = 100;
/** Longest time between two parts while traces are found, and between two that tell how far the search is. */
const PART_MILLIS = 200;

/** One part of what a search finds. */
export interface FoundPart {
  /** Found since the part before, in the order of the answer; none when only the counts went on. */
  readonly traces: readonly FoundTrace[];
  /** What was looked at so far. */
  readonly counts: Readonly<SearchCounts>;
}

/** Which search, and who is told. */
export interface TraceQlFindRequest extends TextRange {
  /** TraceQL without functions over time. */
  readonly q: string;
  /** 1 to {@link MAX_TRACES_FOUND}. */
  readonly maxTraces: number;
  /** 0 to 100, default 3. */
  readonly spansShown?: number;
  /**
   * Takes part by part, each once; the search goes on when the promise resolves, so that a slow reader slows it down
   * and parts do not pile up. Absent: the answer has all of them.
   */
  readonly onPart?: (part: FoundPart) => Promise<void>;
}

/** What a search found. */
export interface TraceQlFindAnswer {
  /** Newest first, with `orderBy` in the order asked for; empty where parts were told. */
  readonly traces: readonly FoundTrace[];
  readonly counts: Readonly<SearchCounts>;
}

/**
 * Finds the newest traces that match, or with `orderBy` the first of all.
 *
 * @throws what `searchTraceQl` throws for the query, the range and the spans shown, and TracAggError `invalid_argument`
 * for a number of traces out of range.
 *
 * @example
 * await findTraceQl(context, { q: "{ status = error }", maxTraces: 200, onPart: send }, running);
 */
export async function findTraceQl(
  context: QueryContext,
  request: TraceQlFindRequest,
  running: RunningQuery,
): Promise<TraceQlFindAnswer> {
  const { q, maxTraces, spansShown = DEFAULT_SPANS_SHOWN, onPart } = request;
  checkMaxTraces(maxTraces);
  checkSpansShown(spansShown);
  const prepared = prepareQuery(q);
  const candidates = candidatesOf(prepared, timeRangeFrom(request, context.clock.nowMillis()));
  const counts = newSearchCounts();
  const parts = new Parts(onPart, running.held, counts);
  const search = { ...prepared, candidates, expected: maxTraces };
  const matches = matchingTraces(context, search, running, counts);
  const target = { maxTraces, read: foundTraceReader(prepared.compiled.fields, spansShown), parts };
  await (prepared.isOrdered ? takeFirst(matches, target, running.held) : takeNewest(matches, target));
  await parts.tell();
  return { traces: parts.untold(), counts };
}

type Matches = ReturnType<typeof matchingTraces>;

interface Target {
  readonly maxTraces: number;
  readonly read: ReturnType<typeof foundTraceReader>;
  readonly parts: Parts;
}

async function takeNewest(matches: Matches, { maxTraces, read, parts }: Target): Promise<void> {
  let taken = 0;
  for await (const found of matches) {
    if (found !== undefined) {
      parts.add(read(await found.summary(), found.match));
      taken++;
      if (taken === maxTraces) break;
    }
    if (parts.isDue()) await parts.tell();
  }
}

/** Which ones are first is known when all have been looked at; until then only the counts are told. */
async function takeFirst(
  matches: Matches,
  { maxTraces, read, parts }: Target,
  held: HeldBytes,
): Promise<void> {
  const best = new BestTraces(maxTraces, held);
  for await (const found of matches) {
    const sortKey = found?.match.sortKey;
    if (found !== undefined && best.takes(sortKey)) {
      best.add(sortKey, read(await found.summary(), found.match));
    }
    if (parts.isDue()) await parts.tell();
  }
  for (const trace of best.traces()) {
    parts.add(trace);
    held.add(-bytesOf(trace));
    if (parts.isDue()) await parts.tell();
  }
}

/** What was found and not told yet. */
class Parts {
  readonly #onPart: TraceQlFindRequest["onPart"];
  readonly #held: HeldBytes;
  readonly #counts: SearchCounts;
  #traces: FoundTrace[] = [];
  #bytes = 0;
  #isFirst = true;
  #toldAtMillis: number = performance.now();

  constructor(onPart: TraceQlFindRequest["onPart"], held: HeldBytes, counts: SearchCounts) {
    this.#onPart = onPart;
    this.#held = held;
    this.#counts = counts;
  }

  add(trace: FoundTrace): void {
    const bytes = bytesOf(trace);
    this.#held.add(bytes);
    this.#bytes += bytes;
    this.#traces.push(trace);
  }

  /** True when whoever follows should hear of it: at the first trace, then from time to time. */
  isDue(): boolean {
    if (this.#onPart === undefined) return false;
    if (this.#traces.length >= (this.#isFirst ? 1 : TRACES_PER_PART)) return true;
    return performance.now() - this.#toldAtMillis >= PART_MILLIS;
  }

  async tell(): Promise<void> {
    if (this.#onPart === undefined) return;
    const traces = this.#traces;
    const bytes = this.#bytes;
    this.#traces = [];
    this.#bytes = 0;
    if (traces.length > 0) this.#isFirst = false;
    await this.#onPart({ traces, counts: { ...this.#counts } });
    this.#held.add(-bytes);
    this.#toldAtMillis = performance.now();
  }

  untold(): readonly FoundTrace[] {
    return this.#traces;
  }
}

function checkMaxTraces(maxTraces: number): void {
  if (Number.isInteger(maxTraces) && maxTraces >= 1 && maxTraces <= MAX_TRACES_FOUND) return;
  throw new TracAggError(
    "invalid_argument",
    `limit: expected a whole number from 1 to ${MAX_TRACES_FOUND}, got ${maxTraces}`,
    { field: "limit" },
  );
}
