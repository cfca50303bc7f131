/** Spans of our model in the comparable form of `otlp-canonical.ts`. */

import type { AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import { numberFromSpanKind } from "../../src/model/span-kind.ts";
import { numberFromSpanStatus } from "../../src/model/span-status.ts";
import type { CanonicalSpan } from "./otlp-canonical.ts";

interface Attributed {
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly droppedAttributesCount: number;
}

function canonicalValue(value: AttributeValue): unknown {
  if (value === null) return { empty: true };
  if (typeof value === "string") return { string: value };
  if (typeof value === "boolean") return { bool: value };
  if (typeof value === "bigint") return { int: value.toString() };
  if (typeof value === "number") return { double: Object.is(value, -0) ? "-0" : String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (Array.isArray(value)) return { array: value.map(canonicalValue) };
  return { kvlist: canonicalEntries(value as Readonly<Record<string, AttributeValue>>) };
}

function canonicalEntries(map: Readonly<Record<string, AttributeValue>>): unknown {
  return Object.entries(map).map(([key, value]) => [key, canonicalValue(value)]);
}

function attributed(value: Attributed) {
  return {
    attributes: canonicalEntries(value.attributes),
    droppedAttributesCount: value.droppedAttributesCount,
  };
}

/** One span of the model. Compare after {@link sortedByKey}: JavaScript objects put keys like "7" first. */
export function canonicalFromSpan(span: Span): CanonicalSpan {
  const { resource, scope } = span;
  return {
    key: `${span.traceId}/${span.spanId}`,
    resource: attributed(resource),
    resourceSchemaUrl: resource.schemaUrl,
    scope: { name: scope.name, version: scope.version, ...attributed(scope) },
    scopeSchemaUrl: scope.schemaUrl,
    span: {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? "",
      traceState: span.traceState,
      flags: span.flags,
      name: span.name,
      kind: numberFromSpanKind(span.kind),
      startTimeUnixNano: span.startTimeUnixNano.toString(),
      endTimeUnixNano: span.endTimeUnixNano.toString(),
      ...attributed(span),
      events: span.events.map((event) => ({
        timeUnixNano: event.timeUnixNano.toString(),
        name: event.name,
        ...attributed(event),
      })),
      droppedEventsCount: span.droppedEventsCount,
      links: span.links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        traceState: link.traceState,
        flags: link.flags,
        ...attributed(link),
      })),
      droppedLinksCount: span.droppedLinksCount,
      status: { code: numberFromSpanStatus(span.status), message: span.statusMessage },
    },
  };
}

/** The same with all attribute lists (pairs of key and value) in the order of their keys. */
export function sortedByKey(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedByKey);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const isEntries = name === "attributes" || name === "kvlist";
      return [name, sortedByKey(isEntries ? [...inner].sort(compareEntries) : inner)];
    }),
  );
}

function compareEntries(left: [string, unknown], right: [string, unknown]): number {
  return left[0] < right[0] ? -1 : Number(left[0] > right[0]);
}
