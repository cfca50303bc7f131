/** What may be written next in a half-written query, with the keys and values that occur. */

import { TracAggError } from "../base/errors.ts";
import type { AttributeScope, Field } from "../filter/query-model.ts";
import type { AttributeKeyFacts, AttributeLevel } from "../model/attribute-facts.ts";
import type { Completion, Expectation } from "../traceql/complete.ts";
import { completionAt } from "../traceql/complete.ts";
import { fieldText, valueText } from "../traceql/print-value.ts";
import type { FoundAttributeValue } from "./attribute-questions.ts";
import { attributeKeysIn, attributeValuesIn } from "./attribute-questions.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Keys, and values, suggested when no number is given. */
export const DEFAULT_SUGGESTIONS = 50;
/** Most keys, and values, that are suggested. */
export const MAX_SUGGESTIONS = 1_000;
/** Spans looked at for one suggestion: it is asked for at every letter. */
const MAX_SPANS_LOOKED_AT = 20_000;

/** Where in which query. */
export interface CompleteRequest extends TextRange {
  readonly q: string;
  /** Of the cursor, in UTF-16 units; default the end of the text. */
  readonly position?: number;
  /** Keys and values suggested, 1 to {@link MAX_SUGGESTIONS}, default {@link DEFAULT_SUGGESTIONS}. */
  readonly limit?: number;
}

/** One text that may stand there. */
export interface Suggestion {
  readonly kind: Expectation["kind"];
  /** What takes the place of the text between `start` and `end`. */
  readonly text: string;
  /** Of a key whose attribute it is, of a value its type; "" for words of the language. */
  readonly detail: string;
  /** Spans that have it; 0 for words of the language and when it is not known. */
  readonly count: number;
}

/** What may be written, best first: what occurs most, then the newest, then words of the language. */
export interface CompleteAnswer {
  /** What of the query a suggestion takes the place of, in UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly suggestions: readonly Suggestion[];
  /** False when there may be others. */
  readonly isWhole: boolean;
  readonly range: CoveredRange;
}

/**
 * Completes a query, however broken it is.
 *
 * @throws TracAggError `invalid_argument` for a position, limit or range that is none; never for what the query is.
 *
 * @example
 * await completeQuery(context, { q: '{ resource.service.name = "ch' }, running); // "checkout", and where it goes
 */
export async function completeQuery(
  context: QueryContext,
  request: CompleteRequest,
  running: RunningQuery,
): Promise<CompleteAnswer> {
  const { q, position = q.length, limit = DEFAULT_SUGGESTIONS } = request;
  checkNumber("position", position, 0, Number.MAX_SAFE_INTEGER);
  checkNumber("limit", limit, 1, MAX_SUGGESTIONS);
  const nowMillis = context.clock.nowMillis();
  const completion = completionAt(q, position);
  const filler = new Filler(context, running, { request, completion, limit });
  const filled: Suggestion[] = [];
  const words: Suggestion[] = [];
  for (const expectation of completion.expects) {
    if (expectation.kind === "attributeKey") filled.push(...(await filler.keys(expectation.scope)));
    else if (expectation.kind === "value") filled.push(...(await filler.values(expectation)));
    else words.push(...wordsOf(expectation, completion.prefix));
  }
  return {
    start: completion.start,
    end: completion.end,
    suggestions: [...filled, ...words],
    isWhole: filler.isWhole,
    range: coveredRange(timeRangeFrom(request, nowMillis), nowMillis),
  };
}

interface Filling {
  readonly request: CompleteRequest;
  readonly completion: Completion;
  readonly limit: number;
}

/** Asks what occurs on the spans that the rest of the query asks for. */
class Filler {
  readonly #context: QueryContext;
  readonly #running: RunningQuery;
  readonly #filling: Filling;
  isWhole = true;

  constructor(context: QueryContext, running: RunningQuery, filling: Filling) {
    this.#context = context;
    this.#running = running;
    this.#filling = filling;
  }

  async keys(scope: AttributeScope): Promise<readonly Suggestion[]> {
    const level = scope === "any" ? {} : { level: scope };
    const question = { ...this.#question(), ...level };
    const { keys, isWhole } = await attributeKeysIn(this.#context, question, this.#running);
    this.isWhole &&= isWhole;
    const found = keys.filter(({ level }) => level !== "intrinsic");
    const { request, completion } = this.#filling;
    // A dot alone names no level, and what is written stays as it is.
    if (scope === "any" && request.q.charAt(completion.start) === ".") return bareKeys(found);
    return found.map((facts) => keySuggestion(facts, facts.level as AttributeScope));
  }

  async values({ field, quoted }: Expectation & { kind: "value" }): Promise<readonly Suggestion[]> {
    const question = { ...this.#question(), ...levelAndKey(field) };
    const { values, isWhole } = await attributeValuesIn(this.#context, question, this.#running);
    this.isWhole &&= isWhole;
    // Words of the language come with the words.
    const found = values.filter(({ type }) => (quoted ? type === "string" : type !== "keyword"));
    return found.flatMap((value) => {
      const text = literalText(value);
      return text === undefined
        ? []
        : [{ kind: "value" as const, text, detail: value.type, count: value.count }];
    });
  }

  #question() {
    const { request, completion, limit } = this.#filling;
    const { q, start, end } = request;
    return {
      // Without what is being typed: it says nothing yet.
      q: `${q.slice(0, completion.start)} ${q.slice(completion.end)}`,
      prefix: completion.prefix,
      limit,
      maxSpans: MAX_SPANS_LOOKED_AT,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    };
  }
}

function keySuggestion({ key, level, count }: AttributeKeyFacts, scope: AttributeScope): Suggestion {
  const text = fieldText({ node: "attribute", scope, key, start: 0, end: 0 });
  return { kind: "attributeKey", text, detail: level, count };
}

/** Keys of spans and resources, which a dot alone asks for, each once. */
function bareKeys(keys: readonly AttributeKeyFacts[]): readonly Suggestion[] {
  const byText = new Map<string, Suggestion>();
  for (const facts of keys) {
    if (facts.level !== "span" && facts.level !== "resource") continue;
    const suggestion = keySuggestion(facts, "any");
    if (!byText.has(suggestion.text)) byText.set(suggestion.text, suggestion);
  }
  return [...byText.values()];
}

function levelAndKey(field: Field): { readonly level: AttributeLevel | "any"; readonly key: string } {
  if (field.node === "intrinsic") return { level: "intrinsic", key: field.name };
  return { level: field.scope, key: field.key };
}

/** As a query has it; undefined for numbers that no query can name. */
function literalText({ type, text }: FoundAttributeValue): string | undefined {
  switch (type) {
    case "string":
      return valueText({ type, value: text });
    case "int":
      return valueText({ type, value: BigInt(text) });
    case "float":
      return Number.isFinite(Number(text)) ? valueText({ type, value: Number(text) }) : undefined;
    default:
      return text;
  }
}

function wordsOf(
  expectation: Expectation & { readonly words: readonly string[] },
  prefix: string,
): Suggestion[] {
  const wanted = prefix.toLowerCase();
  return expectation.words
    .filter((word) => word.toLowerCase().startsWith(wanted))
    .map((text) => ({ kind: expectation.kind, text, detail: "", count: 0 }));
}

function checkNumber(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new TracAggError(
    "invalid_argument",
    `${field}: expected a whole number from ${least} to ${most}, got ${value}`,
    { field },
  );
}
