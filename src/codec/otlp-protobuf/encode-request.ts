/** OTLP requests out: from spans of the model, and from rows as they came. */

import { hexFromBytes } from "../../base/bytes.ts";
import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { Attributes } from "../../model/attribute-value.ts";
import type { Resource, Scope, Span } from "../../model/span.ts";
import { UNKNOWN_SERVICE } from "../../model/span.ts";
import { groupRows } from "../row-groups.ts";
import { writeAttributes } from "./encode-attributes.ts";
import type { EncodableSpan } from "./encode-span.ts";
import { writeNumber, writeSpan, writeText } from "./encode-span.ts";

const REQUEST = OtlpFieldNumber.Request;
const RESOURCE_SPANS = OtlpFieldNumber.ResourceSpans;
const SCOPE_SPANS = OtlpFieldNumber.ScopeSpans;
const RESOURCE = OtlpFieldNumber.Resource;
const SCOPE = OtlpFieldNumber.Scope;

/**
 * An `ExportTraceServiceRequest` of spans, those of equal resource and scope together. A service name that the
 * resource's attributes lack is put there as `service.name`.
 *
 * @throws TracAggError `invalid_argument` when an id is not hex.
 *
 * @example
 * await fetch(url, { method: "POST", body: encodeSpans(spans), headers: { "content-type": "application/x-protobuf" } });
 */
export function encodeSpans(spans: Iterable<Span>): Uint8Array {
  return encodeGrouped(spans, ({ resource, serviceName }) => encodeResource(resource, serviceName));
}

/**
 * The same of spans that were not made into objects of the model yet: their service is the one of their resource.
 *
 * @throws TracAggError `invalid_argument` when an id is not hex.
 */
export function encodeParts(parts: readonly (EncodableSpan & SpanOrigin)[]): Uint8Array {
  return encodeGrouped(parts, ({ resource }) => encodeResource(resource, UNKNOWN_SERVICE));
}

/** What spans are grouped by. */
interface SpanOrigin {
  readonly resource: Resource;
  readonly scope: Scope;
}

function encodeGrouped<Encoded extends EncodableSpan & SpanOrigin>(
  spans: Iterable<Encoded>,
  resourceOf: (span: Encoded) => Uint8Array,
): Uint8Array {
  const writer = new ProtobufWriter();
  for (const { encoded, schemaUrl, scopes } of groupSpans(spans, resourceOf).values()) {
    const mark = writer.begin(REQUEST.resourceSpans);
    if (encoded.length > 0) writer.bytes(RESOURCE_SPANS.resource, encoded);
    for (const scope of scopes.values()) {
      const scopeMark = writer.begin(RESOURCE_SPANS.scopeSpans);
      if (scope.encoded.length > 0) writer.bytes(SCOPE_SPANS.scope, scope.encoded);
      for (const span of scope.spans) writeSpan(writer, SCOPE_SPANS.spans, span);
      writeText(writer, SCOPE_SPANS.schemaUrl, scope.schemaUrl);
      writer.end(scopeMark);
    }
    writeText(writer, RESOURCE_SPANS.schemaUrl, schemaUrl);
    writer.end(mark);
  }
  return writer.finish();
}

/**
 * An `ExportTraceServiceRequest` of rows: spans, resources and scopes byte for byte as they came, unknown fields
 * included, with their schema URLs.
 */
export function payloadFromRows(rows: Iterable<SpanRow>): Uint8Array {
  const writer = new ProtobufWriter();
  for (const { batch, resource, scopes } of groupRows(rows)) {
    const { payload, spanStarts, spanEnds } = batch;
    const mark = writer.begin(REQUEST.resourceSpans);
    if (resource.end > resource.start) {
      writer.bytes(RESOURCE_SPANS.resource, payload, resource.start, resource.end);
    }
    for (const { scope, rows: scopeRows } of scopes) {
      const scopeMark = writer.begin(RESOURCE_SPANS.scopeSpans);
      if (scope.end > scope.start) writer.bytes(SCOPE_SPANS.scope, payload, scope.start, scope.end);
      for (const row of scopeRows) writer.bytes(SCOPE_SPANS.spans, payload, spanStarts[row], spanEnds[row]);
      writeText(writer, SCOPE_SPANS.schemaUrl, scope.schemaUrl);
      writer.end(scopeMark);
    }
    writeText(writer, RESOURCE_SPANS.schemaUrl, resource.schemaUrl);
    writer.end(mark);
  }
  return writer.finish();
}

/** How many bytes {@link payloadFromRows} makes of the rows, without making them: every field has a tag of one byte. */
export function payloadBytesOfRows(rows: Iterable<SpanRow>): number {
  let bytes = 0;
  for (const { batch, resource, scopes } of groupRows(rows)) {
    let group = partBytes(resource.end - resource.start) + textBytes(resource.schemaUrl);
    for (const { scope, rows: scopeRows } of scopes) {
      let body = partBytes(scope.end - scope.start) + textBytes(scope.schemaUrl);
      for (const row of scopeRows) {
        body += fieldBytes((batch.spanEnds[row] as number) - (batch.spanStarts[row] as number));
      }
      group += fieldBytes(body);
    }
    bytes += fieldBytes(group);
  }
  return bytes;
}

/** Tag, length and so many bytes. */
function fieldBytes(length: number): number {
  let lengthBytes = 1;
  for (let rest = Math.floor(length / 128); rest > 0; rest = Math.floor(rest / 128)) lengthBytes++;
  return 1 + lengthBytes + length;
}

/** A part that is left out when it is empty. */
function partBytes(length: number): number {
  return length === 0 ? 0 : fieldBytes(length);
}

function textBytes(text: string): number {
  return partBytes(new TextEncoder().encode(text).length);
}

interface EncodedScope {
  readonly encoded: Uint8Array;
  readonly schemaUrl: string;
  readonly spans: EncodableSpan[];
}

interface EncodedResource {
  readonly encoded: Uint8Array;
  readonly schemaUrl: string;
  readonly scopes: Map<string, EncodedScope>;
}

function groupSpans<Encoded extends EncodableSpan & SpanOrigin>(
  spans: Iterable<Encoded>,
  resourceOf: (span: Encoded) => Uint8Array,
): Map<string, EncodedResource> {
  const groups = new Map<string, EncodedResource>();
  let last: LastGroup | undefined;
  for (const span of spans) {
    // Most spans come beside those of the same objects, and a service name follows from its resource.
    if (last?.resource === span.resource && last.scope === span.scope && last.service === serviceOf(span)) {
      last.into.push(span);
      continue;
    }
    const resource = resourceOf(span);
    const resourceKey = keyOf(resource, span.resource.schemaUrl);
    let group = groups.get(resourceKey);
    if (group === undefined) {
      group = { encoded: resource, schemaUrl: span.resource.schemaUrl, scopes: new Map() };
      groups.set(resourceKey, group);
    }
    const into = spansOfScope(group, span.scope);
    into.push(span);
    last = { resource: span.resource, scope: span.scope, service: serviceOf(span), into };
  }
  return groups;
}

interface LastGroup {
  readonly resource: Resource;
  readonly scope: Scope;
  readonly service: unknown;
  readonly into: EncodableSpan[];
}

/** Spans of the model name their service besides their resource. */
function serviceOf(span: object): unknown {
  return (span as { readonly serviceName?: string }).serviceName;
}

function spansOfScope({ scopes }: EncodedResource, scope: Scope): EncodableSpan[] {
  const encoded = encodeScope(scope);
  const scopeKey = keyOf(encoded, scope.schemaUrl);
  const known = scopes.get(scopeKey);
  if (known !== undefined) return known.spans;
  const spans: EncodableSpan[] = [];
  scopes.set(scopeKey, { encoded, schemaUrl: scope.schemaUrl, spans });
  return spans;
}

function keyOf(encoded: Uint8Array, schemaUrl: string): string {
  return `${hexFromBytes(encoded)} ${schemaUrl}`;
}

function encodeResource(resource: Resource, serviceName: string): Uint8Array {
  const writer = new ProtobufWriter(256);
  writeAttributes(writer, RESOURCE.attributes, withServiceName(resource.attributes, serviceName));
  writeNumber(writer, RESOURCE.droppedAttributesCount, resource.droppedAttributesCount);
  return writer.finish();
}

function withServiceName(attributes: Attributes, serviceName: string): Attributes {
  if (serviceName === UNKNOWN_SERVICE || attributes["service.name"] === serviceName) return attributes;
  return { ...attributes, "service.name": serviceName };
}

function encodeScope(scope: Scope): Uint8Array {
  const writer = new ProtobufWriter(256);
  writeText(writer, SCOPE.name, scope.name);
  writeText(writer, SCOPE.version, scope.version);
  writeAttributes(writer, SCOPE.attributes, scope.attributes);
  writeNumber(writer, SCOPE.droppedAttributesCount, scope.droppedAttributesCount);
  return writer.finish();
}
