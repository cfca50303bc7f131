/** One attribute of a row, found in its bytes. */

import { utf8FromText } from "../base/utf8.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import { attributeIn } from "./attribute-scan.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";
import { resourceEntryOf } from "./row-names.ts";
import type { SpanRow } from "./span-batch.ts";

/** The span attribute `key`; the last one when it is repeated, undefined when the span has none. */
export function spanAttribute({ batch, row }: SpanRow, key: string): AttributeValue | undefined {
  const start = batch.spanStarts[row] as number;
  const end = batch.spanEnds[row] as number;
  return attributeIn(batch.payload, start, end, OtlpFieldNumber.Span.attributes, utf8FromText(key));
}

/** The resource attribute `key`; the last one when it is repeated, undefined when the resource has none. */
export function resourceAttribute(row: SpanRow, key: string): AttributeValue | undefined {
  const { start, end } = resourceEntryOf(row);
  return attributeIn(row.batch.payload, start, end, OtlpFieldNumber.Resource.attributes, utf8FromText(key));
}
