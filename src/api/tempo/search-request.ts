/** What a search asks for, from the parameters of a request or a message of the stream. */

import type { TraceQlFindRequest } from "../../query/find-traceql.ts";
import { MAX_TRACES_FOUND } from "../../query/find-traceql.ts";
import { MAX_SPANS_SHOWN } from "../../query/search-traceql.ts";
import { tagQuery } from "../../query/tag-query.ts";
import type { TextRange } from "../../query/trace-filter.ts";
import type { Tag } from "./logfmt.ts";
import { tagsFromLogfmt } from "./logfmt.ts";
import { badRequest } from "./tempo-error.ts";
import {
  goDuration,
  rangeOfSeconds,
  secondsRange,
  wholeNumber,
  wholeNumberUpTo,
} from "./tempo-parameters.ts";

const DEFAULT_LIMIT = 20;
const DEFAULT_SPANS_PER_SPANSET = 3;

/** Parameters of `/api/search` with a meaning; any other is a tag when none of the first four is there. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "q",
  "tags",
  "start",
  "end",
  "minDuration",
  "maxDuration",
  "limit",
  "spss",
]);
const RULE_OUT_BARE_TAGS = ["q", "tags", "start", "end"];

/** A search in the words of the use case. */
export type TempoSearch = Omit<TraceQlFindRequest, "onPart">;

/**
 * Reads the parameters of `/api/search`.
 *
 * @throws TracAggError `invalid_argument`
 */
export function searchFromParameters(search: URLSearchParams): TempoSearch {
  const conditions = {
    tags: tagsOf(search),
    minDurationNanos: goDuration(search, "minDuration"),
    maxDurationNanos: goDuration(search, "maxDuration"),
  };
  const q = search.get("q") ?? "";
  if (q !== "" && search.get("tags")) throw badRequest("can't specify tags and q in the same query", "q");
  const limit = wholeNumber(search, "limit") ?? DEFAULT_LIMIT;
  const spss = wholeNumberUpTo(search, "spss", MAX_SPANS_SHOWN) ?? DEFAULT_SPANS_PER_SPANSET;
  return searchOf({ q, conditions, limit, spss, range: secondsRange(search) });
}

/** A `SearchRequest` as it comes off the wire; 64-bit numbers are none in it. */
export interface SearchRequestMessage {
  readonly Tags?: Readonly<Record<string, string>>;
  readonly MinDurationMs?: number;
  readonly MaxDurationMs?: number;
  readonly Limit?: number;
  readonly start?: number;
  readonly end?: number;
  readonly Query?: string;
  readonly SpansPerSpanSet?: number;
}

/**
 * Reads a `SearchRequest`; in protobuf a number that was not given is 0.
 *
 * @throws TracAggError `invalid_argument`
 */
export function searchFromMessage(message: SearchRequestMessage): TempoSearch {
  const millis = (value: number | undefined) => (value ? BigInt(value) * 1_000_000n : undefined);
  const tags = Object.entries(message.Tags ?? {}).map(([key, value]) => ({ key, value }));
  const spss = message.SpansPerSpanSet || DEFAULT_SPANS_PER_SPANSET;
  if (spss > MAX_SPANS_SHOWN)
    throw badRequest(`invalid spss: expected at most ${MAX_SPANS_SHOWN}, got ${spss}`);
  return searchOf({
    q: message.Query ?? "",
    conditions: {
      tags,
      minDurationNanos: millis(message.MinDurationMs),
      maxDurationNanos: millis(message.MaxDurationMs),
    },
    limit: message.Limit || DEFAULT_LIMIT,
    spss,
    range: rangeOfSeconds(message.start ?? 0, message.end ?? 0),
  });
}

interface SearchParts {
  readonly q: string;
  readonly conditions: Parameters<typeof tagQuery>[0];
  readonly limit: number;
  readonly spss: number;
  readonly range: TextRange;
}

function searchOf({ q, conditions, limit, spss, range }: SearchParts): TempoSearch {
  if (limit < 1 || limit > MAX_TRACES_FOUND) {
    throw badRequest(`invalid limit: expected 1 to ${MAX_TRACES_FOUND}, got ${limit}`, "limit");
  }
  return {
    q: q === "" ? tagQuery(conditions) : q,
    maxTraces: limit,
    // 0 asks for all of them; a trace itself has those beyond what a list shows.
    spansShown: spss === 0 ? MAX_SPANS_SHOWN : spss,
    ...range,
  };
}

function tagsOf(search: URLSearchParams): readonly Tag[] {
  const tags = search.get("tags");
  if (tags !== null) return tagsFromLogfmt(tags);
  if (RULE_OUT_BARE_TAGS.some((name) => search.has(name))) return [];
  return [...search].filter(([key]) => !PARAMETERS.has(key)).map(([key, value]) => ({ key, value }));
}
