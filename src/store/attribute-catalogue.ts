/** The port that knows which attributes occur, with which values, and how often. */

import type { AttributeKeyFacts, AttributeLevel, AttributeValueFacts } from "../model/attribute-facts.ts";

/** What both questions have in common. */
export interface AttributeRequest {
  /** Most entries in the answer, 1 or more. */
  readonly limit: number;
  /** Only what begins with this, whatever its case. */
  readonly prefix?: string | undefined;
  /**
   * Start of the spans, inclusive; absent = open. Stores count by segment or block, and answer from all that may hold a
   * span of the range.
   */
  readonly startTimeUnixNano?: bigint | undefined;
  /** Start of the spans, exclusive; absent = open. */
  readonly endTimeUnixNano?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which keys. */
export interface AttributeKeysRequest extends AttributeRequest {
  /** Absent: all. */
  readonly level?: AttributeLevel | undefined;
}

/** Keys, most spans first, then by key, then by level. */
export interface AttributeKeysAnswer {
  readonly keys: readonly AttributeKeyFacts[];
  /** False when there may be others, or counts are too low, because a bound was reached or a count is not finished. */
  readonly isWhole: boolean;
}

/** Which values. */
export interface AttributeValuesRequest extends AttributeRequest {
  /** `any`: of spans and of resources. */
  readonly level: AttributeLevel | "any";
  /** At level `intrinsic` one of `LISTED_INTRINSICS`. */
  readonly key: string;
}

/** Values, the most frequent first, then the newest, then by text. */
export interface AttributeValuesAnswer {
  readonly values: readonly AttributeValueFacts[];
  /** As {@link AttributeKeysAnswer.isWhole}. */
  readonly isWhole: boolean;
}

/**
 * Keys and values of what is stored now. A span that is stored twice counts twice; so does a key that one span was sent
 * with twice. A resource without a `service.name` has `unknown_service`; what was sent without a value is not there.
 */
export interface AttributeCatalogue {
  attributeKeys(request: AttributeKeysRequest): Promise<AttributeKeysAnswer>;
  /** Nothing, and whole, for a key that does not occur. */
  attributeValues(request: AttributeValuesRequest): Promise<AttributeValuesAnswer>;
}
