/** Resource and scope of a row, decoded. */

import { ProtobufReader } from "../base/protobuf-reader.ts";
import type { Resource, Scope } from "../model/span.ts";
import { addAttribute, createAttributes } from "./attribute-decode.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";
import { resourceEntryOf, scopeEntryOf } from "./row-names.ts";
import type { SpanRow } from "./span-batch.ts";

const RESOURCE = OtlpFieldNumber.Resource;
const SCOPE = OtlpFieldNumber.Scope;

/** The resource of a row. */
export function resourceOf(row: SpanRow): Resource {
  const { start, end, schemaUrl } = resourceEntryOf(row);
  return resourceFrom(new ProtobufReader(row.batch.payload, start, end), schemaUrl);
}

/** Reads one `Resource` body. */
export function resourceFrom(reader: ProtobufReader, schemaUrl: string): Resource {
  const attributes = createAttributes();
  let droppedAttributesCount = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === ((RESOURCE.attributes << 3) | 2)) addAttribute(attributes, reader.message());
    else if (tag === RESOURCE.droppedAttributesCount << 3) droppedAttributesCount = reader.uint32();
    else reader.skip(tag);
  }
  return { attributes, droppedAttributesCount, schemaUrl };
}

/** The instrumentation scope of a row. */
export function scopeOf(row: SpanRow): Scope {
  const { start, end, schemaUrl } = scopeEntryOf(row);
  return scopeFrom(new ProtobufReader(row.batch.payload, start, end), schemaUrl);
}

/** Reads one `InstrumentationScope` body. */
export function scopeFrom(reader: ProtobufReader, schemaUrl: string): Scope {
  const attributes = createAttributes();
  let name = "";
  let version = "";
  let droppedAttributesCount = 0;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case (SCOPE.name << 3) | 2:
        name = reader.text();
        break;
      case (SCOPE.version << 3) | 2:
        version = reader.text();
        break;
      case (SCOPE.attributes << 3) | 2:
        addAttribute(attributes, reader.message());
        break;
      case SCOPE.droppedAttributesCount << 3:
        droppedAttributesCount = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { name, version, attributes, droppedAttributesCount, schemaUrl };
}
