/** Which tags or values of a tag are asked for, from the parameters of a request or a message of the stream. */

import type { AttributeLevel } from "../../model/attribute-facts.ts";
import { ATTRIBUTE_LEVELS } from "../../model/attribute-facts.ts";
import type { AttributeQuestion, AttributeValuesQuestion } from "../../query/attribute-questions.ts";
import { MAX_ATTRIBUTES_LISTED } from "../../query/attribute-questions.ts";
import { attributeKeyed, attributeNamed } from "../../query/named-attribute.ts";
import { badRequest } from "./tempo-error.ts";
import { rangeOfSeconds, secondsRange, wholeNumber } from "./tempo-parameters.ts";

/** Which of the two versions of the endpoints is asked: the first knows no query. */
export type TagVersion = "v1" | "v2";

/** What can be asked for; `none` are all attributes, of traces there are none. */
const SCOPES: readonly Exclude<TagScope, "">[] = [...ATTRIBUTE_LEVELS, "trace", "none"];
/** One of the scopes, or all of them. */
export type TagScope = AttributeLevel | "trace" | "none" | "";

/** Which tags. */
export interface TagsRequest {
  readonly scope: TagScope;
  /** Most tags of each scope. */
  readonly limit: number;
  readonly question: Pick<AttributeQuestion, "q" | "start" | "end">;
}

/**
 * Reads the parameters of `/api/search/tags`.
 *
 * @throws TracAggError `invalid_argument`; never for what `q` is
 */
export function tagsFromParameters(search: URLSearchParams, version: TagVersion): TagsRequest {
  return {
    scope: scopeOf(search.get("scope") ?? ""),
    limit: limitFromParameters(search),
    question: questionOf(version, search.get("q") ?? "", secondsRange(search)),
  };
}

/** A `SearchTagsRequest` as it comes off the wire. */
export interface TagsRequestMessage {
  readonly scope?: string;
  readonly query?: string;
  readonly start?: number;
  readonly end?: number;
  readonly maxTagsPerScope?: number;
}

/**
 * Reads a `SearchTagsRequest`.
 *
 * @throws TracAggError `invalid_argument`
 */
export function tagsFromMessage(message: TagsRequestMessage, version: TagVersion): TagsRequest {
  const { scope = "", query = "", start = 0, end = 0, maxTagsPerScope } = message;
  return {
    scope: scopeOf(scope),
    limit: limitOf(maxTagsPerScope),
    question: questionOf(version, query, rangeOfSeconds(start, end)),
  };
}

/**
 * Reads the parameters of `/api/search/tag/{tag}/values`.
 *
 * @throws TracAggError `invalid_argument`, in the second version also for a tag that names no field of TraceQL
 */
export function valuesFromParameters(
  tag: string,
  search: URLSearchParams,
  version: TagVersion,
): AttributeValuesQuestion {
  return {
    ...attributeOf(tag, version),
    limit: limitFromParameters(search),
    ...questionOf(version, search.get("q") ?? "", secondsRange(search)),
  };
}

/** A `SearchTagValuesRequest` as it comes off the wire. */
export interface ValuesRequestMessage {
  readonly tagName?: string;
  readonly query?: string;
  readonly start?: number;
  readonly end?: number;
  readonly maxTagValues?: number;
}

/**
 * Reads a `SearchTagValuesRequest`.
 *
 * @throws TracAggError `invalid_argument`
 */
export function valuesFromMessage(
  message: ValuesRequestMessage,
  version: TagVersion,
): AttributeValuesQuestion {
  const { tagName = "", query = "", start = 0, end = 0, maxTagValues } = message;
  return {
    ...attributeOf(tagName, version),
    limit: limitOf(maxTagValues),
    ...questionOf(version, query, rangeOfSeconds(start, end)),
  };
}

function questionOf(
  version: TagVersion,
  q: string,
  range: Pick<AttributeQuestion, "start" | "end">,
): TagsRequest["question"] {
  return version === "v1" || q === "" ? range : { q, ...range };
}

function scopeOf(text: string): TagScope {
  const scope = SCOPES.find((known) => known === text);
  if (scope !== undefined || text === "") return scope ?? "";
  throw badRequest(`invalid scope: ${text}`, "scope");
}

/** How long ago a value may have been seen is read and not needed: all that is stored is told. */
function limitFromParameters(search: URLSearchParams): number {
  wholeNumber(search, "maxStaleValues");
  return limitOf(wholeNumber(search, "limit"));
}

/** None and 0 are no limit of the caller's. */
function limitOf(limit: number | undefined): number {
  return limit ? Math.min(limit, MAX_ATTRIBUTES_LISTED) : MAX_ATTRIBUTES_LISTED;
}

/** Tags of searches without a query language that are no attributes. */
const FIELD_OF_TAG: ReadonlyMap<string, string> = new Map([
  ["root.name", "trace:rootName"],
  ["root.service.name", "trace:rootService"],
  ["status.code", "span:status"],
]);

function attributeOf(tag: string, version: TagVersion): ReturnType<typeof attributeNamed> {
  return version === "v2" ? attributeNamed(tag) : attributeKeyed(FIELD_OF_TAG.get(tag) ?? tag);
}
