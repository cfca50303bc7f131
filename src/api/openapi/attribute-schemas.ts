/** Schemas of answers about attributes that occur. */

import { ATTRIBUTE_LEVELS, ATTRIBUTE_TYPES, LISTED_TYPES } from "../../model/attribute-facts.ts";
import type { JsonSchema } from "../query-parameters.ts";
import { COUNT, described, listOf, NANOS, objectOf, ref, TEXT, TRUTH, wordOf } from "./schema-parts.ts";

const IS_WHOLE = described(
  TRUTH,
  "False when there may be others, or counts are too low, because a bound was reached.",
);
const SPANS_EXAMINED = described(COUNT, "Spans that q was run over.");

/** Schemas by name. */
export function attributeSchemas(): Record<string, JsonSchema> {
  return {
    AttributeKey: objectOf({
      level: wordOf(...ATTRIBUTE_LEVELS),
      key: TEXT,
      types: listOf(wordOf(...ATTRIBUTE_TYPES)),
      count: described(COUNT, "Spans that have it; events or links at their levels."),
      lastSeenUnixNano: NANOS,
    }),
    AttributeList: objectOf({
      attributes: described(listOf(ref("AttributeKey")), "Most spans first."),
      isWhole: IS_WHOLE,
      spansExamined: SPANS_EXAMINED,
      range: ref("CoveredRange"),
    }),
    AttributeValueFacts: objectOf({
      type: wordOf(...LISTED_TYPES, "keyword"),
      value: described(TEXT, "A string as it is, numbers and booleans as their text."),
      count: COUNT,
      lastSeenUnixNano: NANOS,
    }),
    AttributeValueList: objectOf({
      level: wordOf(...ATTRIBUTE_LEVELS, "any"),
      key: TEXT,
      values: described(listOf(ref("AttributeValueFacts")), "The most frequent first."),
      isWhole: IS_WHOLE,
      spansExamined: SPANS_EXAMINED,
      range: ref("CoveredRange"),
    }),
    Suggestion: objectOf({
      kind: wordOf(
        ...["attributeKey", "value", "scope", "intrinsic", "operator"],
        ...["stage", "function", "keyword", "spanset"],
      ),
      text: TEXT,
      detail: described(TEXT, "Of a key its level, of a value its type; empty for words of the language."),
      count: described(COUNT, "Spans that have it; 0 for words of the language."),
    }),
    Completion: objectOf({
      start: described(COUNT, "Where what a suggestion takes the place of begins, in UTF-16 units."),
      end: described(COUNT, "Where it ends, exclusive."),
      suggestions: described(listOf(ref("Suggestion")), "Best first."),
      isWhole: IS_WHOLE,
      range: ref("CoveredRange"),
    }),
  };
}
