/** Answers about attributes that occur, and completions of queries out of them, as the native API writes them. */

import type { AttributeLevel, AttributeType, ListedType } from "../model/attribute-facts.ts";
import type { CoveredRangeJson, NanosJson } from "./contract.ts";

/** A key that occurs. */
export interface AttributeKeyJson {
  readonly level: AttributeLevel;
  readonly key: string;
  readonly types: readonly AttributeType[];
  /** Spans that have it; events or links at their levels. */
  readonly count: number;
  readonly lastSeenUnixNano: NanosJson;
}

/** `GET /api/v1/attributes`. */
export interface AttributeListJson {
  /** Most spans first. */
  readonly attributes: readonly AttributeKeyJson[];
  /** False when there may be others, or counts are too low, because a bound was reached. */
  readonly isWhole: boolean;
  /** Spans that `q` was run over. */
  readonly spansExamined: number;
  readonly range: CoveredRangeJson;
}

/** A value that occurs. */
export interface AttributeValueFactsJson {
  readonly type: ListedType | "keyword";
  /** A string as it is, numbers and booleans as their text. */
  readonly value: string;
  readonly count: number;
  readonly lastSeenUnixNano: NanosJson;
}

/** `GET /api/v1/attributes/values`. */
export interface AttributeValueListJson {
  readonly level: AttributeLevel | "any";
  readonly key: string;
  /** The most frequent first. */
  readonly values: readonly AttributeValueFactsJson[];
  readonly isWhole: boolean;
  readonly spansExamined: number;
  readonly range: CoveredRangeJson;
}

/** A text that may stand at a place in a query. */
export interface SuggestionJson {
  readonly kind:
    | "attributeKey"
    | "value"
    | "scope"
    | "intrinsic"
    | "operator"
    | "stage"
    | "function"
    | "keyword"
    | "spanset";
  readonly text: string;
  /** Of a key its level, of a value its type; "" for words of the language. */
  readonly detail: string;
  /** Spans that have it; 0 for words of the language. */
  readonly count: number;
}

/** `GET /api/v1/complete`. */
export interface CompletionJson {
  /** What of the query a suggestion takes the place of, in UTF-16 units; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  /** Best first. */
  readonly suggestions: readonly SuggestionJson[];
  readonly isWhole: boolean;
  readonly range: CoveredRangeJson;
}
