/** A span as it is about to be written: what adjusters may change of it, beside the span itself. */

import type { AttributeValue } from "../../../model/attribute-value.ts";
import type { Span, SpanEvent, SpanLink } from "../../../model/span.ts";

/** A key and its value; keys are distinct. */
export type AttributePair = readonly [string, AttributeValue];

/** An event with its attributes in the order they are written in. */
export interface EventParts {
  readonly event: SpanEvent;
  readonly attributes: readonly AttributePair[];
}

/** What of a span is written; adjusters replace members. */
export interface SpanParts {
  readonly span: Span;
  spanId: string;
  /** Undefined for a root. */
  parentSpanId: string | undefined;
  attributes: readonly AttributePair[];
  events: readonly EventParts[];
  links: readonly SpanLink[];
  readonly warnings: string[];
}

/** The attribute under which Jaeger keeps what it noticed about a span. */
const WARNINGS_KEY = "@jaeger@warnings";

/** The parts of a span as it was sent; warnings that came with it as an attribute are warnings again. */
export function spanParts(span: Span): SpanParts {
  const attributes = Object.entries(span.attributes);
  const kept = attributes.findIndex(([key]) => key === WARNINGS_KEY);
  const warnings = kept === -1 ? undefined : warningsFrom(attributes[kept]?.[1]);
  if (warnings !== undefined) attributes.splice(kept, 1);
  return {
    span,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    attributes,
    events: span.events.map((event) => ({ event, attributes: Object.entries(event.attributes) })),
    links: span.links,
    warnings: warnings ?? [],
  };
}

function warningsFrom(value: AttributeValue | undefined): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each: AttributeValue) => typeof each === "string");
  return texts.length === value.length ? texts : undefined;
}
