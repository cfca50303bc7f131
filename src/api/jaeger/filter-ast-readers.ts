/** Reading the references of a structured filter. */

import { ownAttribute } from "../../filter/evaluator/span-trace-view.ts";
import type { AttributeKey, TraceView } from "../../filter/evaluator/trace-view.ts";
import { attributeKey, durationNanosAt } from "../../filter/evaluator/trace-view.ts";
import { KINDS, STATUSES } from "../../filter/query-model.ts";
import type { Attributes, AttributeValue } from "../../model/attribute-value.ts";
import type { SpanEvent, SpanLink } from "../../model/span.ts";
import type { AttributeReference, FieldReference, Reference } from "./filter-ast.ts";
import type { Scalar } from "./filter-ast-constants.ts";

const SERVICE_NAME = "service.name";

/** What a `some` around has one element of; what is not there is all that the span has. */
export interface Bound {
  readonly event?: SpanEvent;
  readonly link?: SpanLink;
}

/** A span that is asked. */
export interface AskedSpan {
  readonly view: TraceView;
  /** Its number in the view. */
  readonly span: number;
  readonly bound: Bound;
}

/** Every value a reference has on a span, those of an array one by one; undefined: it is not there. */
export type ValuesReader = (asked: AskedSpan) => readonly Scalar[] | undefined;

/** Prepares the reading of a reference for many spans. */
export function valuesReader(reference: Reference): ValuesReader {
  return reference.node === "attribute" ? attributeReader(reference) : fieldReader(reference);
}

/** The events that are asked of: one within a `some` over events. */
export function eventsOf({ view, span, bound }: AskedSpan): readonly SpanEvent[] {
  return bound.event === undefined ? view.events(span) : [bound.event];
}

/** The links that are asked of: one within a `some` over links. */
export function linksOf({ view, span, bound }: AskedSpan): readonly SpanLink[] {
  return bound.link === undefined ? view.links(span) : [bound.link];
}

function attributeReader({ key: text, level }: AttributeReference): ValuesReader {
  const key = attributeKey(text);
  switch (level) {
    case undefined:
      return ({ view, span }) => valuesOf(view.spanAttribute(span, key), resourceValue(view, span, key));
    case "span":
      return ({ view, span }) => valuesOf(view.spanAttribute(span, key));
    case "resource":
      return ({ view, span }) => valuesOf(resourceValue(view, span, key));
    case "scope":
      return ({ view, span }) => valuesOf(ownAttribute(view.scope(span).attributes, key));
    case "event":
      return (asked) => valuesOfParts(eventsOf(asked), key);
    case "link":
      return (asked) => valuesOfParts(linksOf(asked), key);
  }
}

/** Every span has a service: one that names none is of `unknown_service`, as everywhere else. */
function resourceValue(view: TraceView, span: number, key: AttributeKey): AttributeValue | undefined {
  return key.text === SERVICE_NAME ? view.serviceName(span) : view.resourceAttribute(span, key);
}

function valuesOfParts(
  parts: readonly { readonly attributes: Attributes }[],
  key: AttributeKey,
): readonly Scalar[] | undefined {
  return valuesOf(...parts.map(({ attributes }) => ownAttribute(attributes, key)));
}

/** What was sent without a value is not there. */
function valuesOf(...values: readonly (AttributeValue | undefined)[]): readonly Scalar[] | undefined {
  const there = values.filter((value) => value !== undefined && value !== null);
  return there.length === 0 ? undefined : there.flatMap((value) => scalarsOf(value as AttributeValue));
}

function scalarsOf(value: AttributeValue): readonly Scalar[] {
  if (typeof value !== "object") return [value];
  return Array.isArray(value) ? value.flatMap(scalarsOf) : [null];
}

function fieldReader({ level, name }: FieldReference): ValuesReader {
  switch (level) {
    case "span":
      return SPAN_FIELDS[name] as ValuesReader;
    case "resource":
      if (name === "service") return ({ view, span }) => [view.serviceName(span)];
      return ({ view, span }) => text(view.analysed(span).resource.schemaUrl);
    case "scope":
      return ({ view, span }) => text(view.scope(span)[SCOPE_MEMBERS[name] as "name"]);
    case "event":
      return EVENT_FIELDS[name] as ValuesReader;
    case "link":
      return (asked) => texts(linksOf(asked).map((link) => link[LINK_MEMBERS[name] as "traceId"]));
  }
}

const SCOPE_MEMBERS: Readonly<Record<string, string>> = Object.freeze({
  name: "name",
  version: "version",
  schemaURL: "schemaUrl",
});

const LINK_MEMBERS: Readonly<Record<string, string>> = Object.freeze({
  traceID: "traceId",
  spanID: "spanId",
  traceState: "traceState",
});

const SPAN_FIELDS: Readonly<Record<string, ValuesReader>> = Object.freeze({
  traceID: ({ view }) => [view.traceId],
  spanID: ({ view, span }) => [view.spanId(span)],
  parentSpanID: ({ view, span }) => text(view.parentSpanId(span) ?? ""),
  traceState: ({ view, span }) => text(view.analysed(span).traceState),
  name: ({ view, span }) => text(view.name(span)),
  kind: ({ view, span }) => [KINDS[view.kind(span)] as string],
  startTime: ({ view, span }) => [view.startTimeUnixNano(span)],
  endTime: ({ view, span }) => [view.endTimeUnixNano(span)],
  status: ({ view, span }) => [STATUSES[view.status(span)] as string],
  statusMessage: ({ view, span }) => text(view.statusMessage(span)),
  duration: ({ view, span }) => [durationNanosAt(view, span)],
});

const EVENT_FIELDS: Readonly<Record<string, ValuesReader>> = Object.freeze({
  name: (asked) => texts(eventsOf(asked).map(({ name }) => name)),
  time: (asked) => some(eventsOf(asked).map(({ timeUnixNano }) => timeUnixNano)),
  timeSinceStart: (asked) => {
    const start = asked.view.startTimeUnixNano(asked.span);
    return some(eventsOf(asked).map(({ timeUnixNano }) => timeUnixNano - start));
  },
});

/** A text of OTLP that is empty was not sent. */
function text(value: string): readonly Scalar[] | undefined {
  return value === "" ? undefined : [value];
}

function texts(values: readonly string[]): readonly Scalar[] | undefined {
  return some(values.filter((value) => value !== ""));
}

function some(values: readonly Scalar[]): readonly Scalar[] | undefined {
  return values.length === 0 ? undefined : values;
}
