/** Which attributes occur, and with which values: everywhere, or on the spans that a half-written query asks for. */

import { TracAggError } from "../base/errors.ts";
import type { AttributeCounts } from "../batch/attribute-counts.ts";
import { summedKeys, summedValues } from "../batch/attribute-counts.ts";
import type { Intrinsic } from "../filter/query-model.ts";
import { INTRINSICS, KINDS, STATUSES } from "../filter/query-model.ts";
import type { AttributeKeyFacts, AttributeLevel, AttributeValueFacts } from "../model/attribute-facts.ts";
import { ATTRIBUTE_LEVELS, LISTED_INTRINSICS } from "../model/attribute-facts.ts";
import { finishedConditions } from "../traceql/finished-conditions.ts";
import { countMatching } from "./attribute-scan.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TextRange, TimeRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Entries in an answer when none are asked for. */
export const DEFAULT_ATTRIBUTES_LISTED = 100;
/** Most entries in an answer. */
export const MAX_ATTRIBUTES_LISTED = 10_000;
/** Spans that a query is run over for one answer, newest first: about a second of work. */
export const MAX_SPANS_LOOKED_AT = 100_000;

/** What both questions have in common. */
export interface AttributeQuestion extends TextRange {
  /** A query in TraceQL, finished or not; only the spans that it asks for as far as it is finished are counted. */
  readonly q?: string;
  /** Only what begins with this, whatever its case. */
  readonly prefix?: string;
  /** 1 to {@link MAX_ATTRIBUTES_LISTED}, default {@link DEFAULT_ATTRIBUTES_LISTED}. */
  readonly limit?: number;
  /** Spans that `q` is run over at most; default {@link MAX_SPANS_LOOKED_AT}. */
  readonly maxSpans?: number;
}

/** Which keys. */
export interface AttributeKeysQuestion extends AttributeQuestion {
  /** Absent: all. */
  readonly level?: AttributeLevel;
}

/** Which values. */
export interface AttributeValuesQuestion extends AttributeQuestion {
  /** `any`: of spans and of resources. */
  readonly level: AttributeLevel | "any";
  /** At level `intrinsic` a scoped name such as `span:name`. */
  readonly key: string;
}

/** A value; `keyword` is what a status or kind can be, whether it occurs or not. */
export interface FoundAttributeValue extends Omit<AttributeValueFacts, "type"> {
  readonly type: AttributeValueFacts["type"] | "keyword";
}

interface AttributeAnswer {
  /** False when there may be others, or counts are too low, because a bound was reached. */
  readonly isWhole: boolean;
  readonly range: CoveredRange;
  /** Spans that `q` was run over; 0 when the catalogue had the answer. */
  readonly spansExamined: number;
}

/** Keys, most spans first, then by key. */
export interface AttributeKeysFound extends AttributeAnswer {
  readonly keys: readonly AttributeKeyFacts[];
}

/** Values, the most frequent first, then the newest, then by text. */
export interface AttributeValuesFound extends AttributeAnswer {
  readonly values: readonly FoundAttributeValue[];
}

/**
 * Lists keys.
 *
 * @throws TracAggError `invalid_argument` for a limit or level out of range and a range that ends before it starts; never
 * for what `q` is.
 */
export async function attributeKeysIn(
  context: QueryContext,
  question: AttributeKeysQuestion,
  running: RunningQuery,
): Promise<AttributeKeysFound> {
  const { level, prefix } = question;
  if (level !== undefined) checkLevel(level, ATTRIBUTE_LEVELS);
  const limit = checkedLimit(question.limit);
  const asked = await countsFor(context, question, running);
  const request = { level, prefix, limit };
  const { keys, isWhole } =
    asked.counts === undefined
      ? await context.catalogue.attributeKeys({ ...request, ...asked.range, signal: running.signal })
      : summedKeys([asked.counts], request);
  return { keys, isWhole: isWhole && asked.isWhole, ...asked.told };
}

/**
 * Lists values of a key.
 *
 * @throws TracAggError as {@link attributeKeysIn}
 *
 * @example
 * await attributeValuesIn(context, { level: "span", key: "http.route", q: '{ resource.service.name = "shop" && }' }, running);
 */
export async function attributeValuesIn(
  context: QueryContext,
  question: AttributeValuesQuestion,
  running: RunningQuery,
): Promise<AttributeValuesFound> {
  const { level, key, prefix } = question;
  checkLevel(level, [...ATTRIBUTE_LEVELS, "any"]);
  const limit = checkedLimit(question.limit);
  if (level === "intrinsic" && !isListed(key)) return valuesOfIntrinsic(context, question);
  const asked = await countsFor(context, question, running);
  const request = { key, prefix, limit };
  const levels: readonly AttributeLevel[] = level === "any" ? ["span", "resource"] : [level];
  const { values, isWhole } =
    asked.counts === undefined
      ? await context.catalogue.attributeValues({ level, ...request, ...asked.range, signal: running.signal })
      : summedValues([asked.counts], { levels, ...request });
  return { values, isWhole: isWhole && asked.isWhole, ...asked.told };
}

interface Asked {
  /** Undefined: the catalogue is to be asked. */
  readonly counts: AttributeCounts | undefined;
  readonly isWhole: boolean;
  readonly range: TimeRange;
  readonly told: Pick<AttributeAnswer, "range" | "spansExamined">;
}

async function countsFor(
  context: QueryContext,
  { q = "", maxSpans = MAX_SPANS_LOOKED_AT, ...textRange }: AttributeQuestion,
  running: RunningQuery,
): Promise<Asked> {
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(textRange, nowMillis);
  const covered = coveredRange(range, nowMillis);
  const pipeline = finishedConditions(q);
  if (pipeline === undefined) {
    return { counts: undefined, isWhole: true, range, told: { range: covered, spansExamined: 0 } };
  }
  const { counts, isWhole, spansExamined } = await countMatching(
    context.reader,
    { pipeline, range, maxSpans },
    running,
  );
  return { counts, isWhole, range, told: { range: covered, spansExamined } };
}

const KEYWORDS: Readonly<Partial<Record<Intrinsic, readonly string[]>>> = Object.freeze({
  "span:status": STATUSES,
  "span:kind": KINDS,
});

/** The words of a status or kind; of ids, times and numbers nothing is listed. */
function valuesOfIntrinsic(
  { clock }: QueryContext,
  { key, prefix = "", ...textRange }: AttributeValuesQuestion,
): AttributeValuesFound {
  const nowMillis = clock.nowMillis();
  const range = coveredRange(timeRangeFrom(textRange, nowMillis), nowMillis);
  const words = KEYWORDS[key as Intrinsic];
  if (words === undefined) {
    checkLevel(key, INTRINSICS, "key");
    return { values: [], isWhole: false, range, spansExamined: 0 };
  }
  const wanted = words.filter((word) => word.startsWith(prefix.toLowerCase()));
  const values = wanted.map((text) => ({ type: "keyword" as const, text, count: 0, lastSeenUnixNano: 0n }));
  return { values, isWhole: true, range, spansExamined: 0 };
}

function isListed(key: string): boolean {
  return (LISTED_INTRINSICS as readonly string[]).includes(key);
}

function checkedLimit(limit = DEFAULT_ATTRIBUTES_LISTED): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_ATTRIBUTES_LISTED) return limit;
  throw new TracAggError(
    "invalid_argument",
    `limit: expected a whole number from 1 to ${MAX_ATTRIBUTES_LISTED}, got ${limit}`,
    { field: "limit" },
  );
}

function checkLevel(word: string, words: readonly string[], field = "level"): void {
  if (words.includes(word)) return;
  throw new TracAggError("invalid_argument", `${field}: expected one of ${words.join(", ")}, got "${word}"`, {
    field,
  });
}
