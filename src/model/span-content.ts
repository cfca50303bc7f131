/** What makes two spans the same span. */

import { hexFromBytes } from "../base/bytes.ts";
import type { AttributeValue } from "./attribute-value.ts";
import type { Span } from "./span.ts";

/**
 * A text that is equal for two spans exactly when all they say is equal: ids, times, names, attributes with their
 * types (in any order of keys), own tags, events and links in order, resource and scope.
 */
export function spanContent(span: Span): string {
  const { resource, scope } = span;
  return JSON.stringify([
    [
      span.traceId,
      span.spanId,
      span.parentSpanId ?? "",
      span.name,
      span.kind,
      span.status,
      span.statusMessage,
    ],
    [String(span.startTimeUnixNano), String(span.endTimeUnixNano), span.traceState, span.flags],
    [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    valueContent(span.attributes),
    valueContent(span.tags),
    span.events.map((event) => [
      event.name,
      String(event.timeUnixNano),
      valueContent(event.attributes),
      event.droppedAttributesCount,
    ]),
    span.links.map((link) => [
      [link.traceId, link.spanId, link.traceState, link.flags, link.droppedAttributesCount],
      valueContent(link.attributes),
    ]),
    [resource.schemaUrl, resource.droppedAttributesCount, valueContent(resource.attributes)],
    [
      scope.name,
      scope.version,
      scope.schemaUrl,
      scope.droppedAttributesCount,
      valueContent(scope.attributes),
    ],
  ]);
}

/** True when two spans are one: all they say is equal, see {@link spanContent}. */
export function isSameSpan(left: Span, right: Span): boolean {
  return spanContent(left) === spanContent(right);
}

/** The value with its type, as JSON can hold it: `1n`, `1` and `"1"` differ, and so do `0` and `-0`. */
function valueContent(value: AttributeValue): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return { int: String(value) };
  if (typeof value === "number") return { double: Object.is(value, -0) ? "-0" : String(value) };
  if (value instanceof Uint8Array) return { bytes: hexFromBytes(value) };
  if (Array.isArray(value)) return value.map(valueContent);
  const map = value as Readonly<Record<string, AttributeValue>>;
  const keys = Object.keys(map).sort();
  return { map: keys.map((key) => [key, valueContent(map[key] as AttributeValue)]) };
}
