/** Attributes of a row, found in its bytes. */

import { ProtobufReader, WireType } from "../base/protobuf-reader.ts";
import { utf8FromText } from "../base/utf8.ts";
import type { AttributeValue } from "../model/attribute-value.ts";
import type { DecodedAttribute } from "./attribute-decode.ts";
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

/** Is told where the `KeyValue` of one attribute lies. */
export type AttributeBytesVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** Visits the attributes of the span, in the order they were sent, repeats too, and decodes nothing of it. */
export function visitSpanAttributeBytes({ batch, row }: SpanRow, visit: AttributeBytesVisitor): void {
  const start = batch.spanStarts[row] as number;
  const end = batch.spanEnds[row] as number;
  visitAttributes(new ProtobufReader(batch.payload, start, end), OtlpFieldNumber.Span.attributes, visit);
}

/** Decodes the attribute that lies there. */
export function attributeAt(bytes: Uint8Array, start: number, end: number): DecodedAttribute {
  return keyValueFrom(new ProtobufReader(bytes, start, end));
}

/** Visits the attributes of the span's resource, in the order they were sent, repeats too. */
export function visitResourceAttributes(row: SpanRow, visit: AttributeVisitor): void {
  const { start, end } = resourceEntryOf(row);
  const reader = new ProtobufReader(row.batch.payload, start, end);
  visitAttributes(reader, OtlpFieldNumber.Resource.attributes, (bytes, start, end) => {
    const { key, value } = attributeAt(bytes, start, end);
    visit(key, value);
  });
}

function visitAttributes(
  reader: ProtobufReader,
  attributesField: number,
  visit: AttributeBytesVisitor,
): void {
  const attributesTag = (attributesField << 3) | WireType.LENGTH;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag !== attributesTag) {
      reader.skip(tag);
      continue;
    }
    const length = reader.length();
    const start = reader.position;
    reader.position = start + length;
    visit(reader.bytes, start, reader.position);
  }
}
