/** Attributes of a row, found in its bytes. */

import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import { utf8FromText } from "../base/utf8.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import { keyValueFrom } from "./attribute-decode.ts";
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

/** Is told of one attribute. */
export type AttributeVisitor = (key: string, value: AttributeValue) => void;

/** Visits the attributes of the span, in the order they were sent, repeats too, and decodes nothing else of it. */
export function visitSpanAttributes({ batch, row }: SpanRow, visit: AttributeVisitor): void {
  const start = batch.spanStarts[row] as number;
  const end = batch.spanEnds[row] as number;
  visitAttributes(new ProtobufReader(batch.payload, start, end), OtlpFieldNumber.Span.attributes, visit);
}

/** Visits the attributes of the span's resource, in the order they were sent, repeats too. */
export function visitResourceAttributes(row: SpanRow, visit: AttributeVisitor): void {
  const { start, end } = resourceEntryOf(row);
  const reader = new ProtobufReader(row.batch.payload, start, end);
  visitAttributes(reader, OtlpFieldNumber.Resource.attributes, visit);
}

function visitAttributes(reader: ProtobufReader, attributesField: number, visit: AttributeVisitor): void {
  const attributesTag = (attributesField << 3) | WireType.LENGTH;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag !== attributesTag) {
      reader.skip(tag);
      continue;
    }
    const { key, value } = keyValueFrom(reader.message());
    visit(key, value);
  }
}
