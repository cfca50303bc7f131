/** Jaeger's structured filter over Span objects, the long way: each rule of its description written out once more. */

import type { AttributeValue } from "../../src/model/attribute-value.ts";
import type { Span, SpanEvent, SpanLink } from "../../src/model/span.ts";

/** A call as it travels. */
export interface FilterCall {
  readonly op: string;
  readonly args: readonly FilterTerm[];
}

/** One of these is there. */
export interface FilterTerm {
  readonly attr?: { readonly key: string; readonly level?: string };
  readonly field?: { readonly name: string; readonly level: string };
  readonly nested?: { readonly level: string };
  readonly scalar?: { readonly value: string; readonly type?: string };
  readonly list?: { readonly values: readonly string[]; readonly type?: string };
  readonly call?: FilterCall;
}

interface Place {
  readonly span: Span;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** True when a call holds on a span. */
export function naivelyHolds(call: FilterCall, span: Span): boolean {
  return callHolds(call, { span, events: span.events, links: span.links });
}

function callHolds({ op, args }: FilterCall, place: Place): boolean {
  const inner = (at: number): boolean => callHolds(args[at]?.call as FilterCall, place);
  switch (op) {
    case "and":
      return args.every((_, at) => inner(at));
    case "or":
      return args.some((_, at) => inner(at));
    case "not":
      return !inner(0);
    case "some": {
      const call = args[1]?.call as FilterCall;
      return args[0]?.nested?.level === "event"
        ? place.events.some((event) => callHolds(call, { ...place, events: [event] }))
        : place.links.some((link) => callHolds(call, { ...place, links: [link] }));
    }
    default:
      return leafHolds(op, args, place);
  }
}

function leafHolds(op: string, args: readonly FilterTerm[], place: Place): boolean {
  const [left, right] = args as readonly [FilterTerm, FilterTerm];
  if (left.scalar !== undefined) return leafHolds(TURNED[op] as string, [right, left], place);
  const found = valuesOf(left, place);
  if (found.length === 0) return false;
  const values = found.flatMap(elementsOf);
  if (op === "exists") return true;
  if (op === "regex") {
    const pattern = new RegExp(right.scalar?.value as string, "u");
    return values.some((value) => typeof value !== "object" && pattern.test(String(value)));
  }
  if (op === "in" || op === "not_in") {
    const { values: wanted, type } = right.list as NonNullable<FilterTerm["list"]>;
    const isIn = values.some((value) =>
      wanted.some((each) =>
        compares("eq", value, { value: each, ...(type === undefined ? {} : { type }) }, left),
      ),
    );
    return isIn === (op === "in");
  }
  if (right.scalar !== undefined) {
    const { scalar } = right;
    if (op === "ne") return !values.some((value) => compares("eq", value, scalar, left));
    return values.some((value) => compares(op, value, scalar, left));
  }
  const others = valuesOf(right, place);
  if (others.length === 0) return false;
  const both = (how: string): boolean =>
    values.some((value) => others.flatMap(elementsOf).some((other) => sameKind(how, value, other)));
  return op === "ne" ? !both("eq") : both(op);
}

const TURNED: Readonly<Record<string, string>> = {
  eq: "eq",
  ne: "ne",
  gt: "lt",
  lt: "gt",
  gte: "lte",
  lte: "gte",
};

function elementsOf(value: AttributeValue): readonly AttributeValue[] {
  return Array.isArray(value) ? value.flatMap(elementsOf) : [value];
}

/** Every value that is there. */
function valuesOf({ attr, field }: FilterTerm, place: Place): readonly AttributeValue[] {
  const all =
    attr === undefined
      ? fieldValues(field as { name: string; level: string }, place)
      : attributeValues(attr, place);
  return all.filter((value) => value !== undefined && value !== null) as readonly AttributeValue[];
}

function attributeValues(
  { key, level = "" }: NonNullable<FilterTerm["attr"]>,
  { span, events, links }: Place,
): readonly (AttributeValue | undefined)[] {
  const ofResource = key === "service.name" ? span.serviceName : span.resource.attributes[key];
  switch (level) {
    case "":
      return [span.attributes[key], ofResource];
    case "span":
      return [span.attributes[key]];
    case "resource":
      return [ofResource];
    case "scope":
      return [span.scope.attributes[key]];
    case "event":
      return events.map(({ attributes }) => attributes[key]);
    default:
      return links.map(({ attributes }) => attributes[key]);
  }
}

function fieldValues(
  { name, level }: { readonly name: string; readonly level: string },
  { span, events, links }: Place,
): readonly (AttributeValue | undefined)[] {
  const sent = (text: string | undefined): string | undefined => (text === "" ? undefined : text);
  const lasted = span.endTimeUnixNano - span.startTimeUnixNano;
  switch (`${level}.${name}`) {
    case "span.traceID":
      return [span.traceId];
    case "span.spanID":
      return [span.spanId];
    case "span.parentSpanID":
      return [span.parentSpanId];
    case "span.traceState":
      return [sent(span.traceState)];
    case "span.name":
      return [sent(span.name)];
    case "span.kind":
      return [span.kind.toLowerCase()];
    case "span.startTime":
      return [span.startTimeUnixNano];
    case "span.endTime":
      return [span.endTimeUnixNano];
    case "span.status":
      return [span.status.toLowerCase()];
    case "span.statusMessage":
      return [sent(span.statusMessage)];
    case "span.duration":
      return [lasted > 0n ? lasted : 0n];
    case "resource.service":
      return [span.serviceName];
    case "resource.schemaURL":
      return [sent(span.resource.schemaUrl)];
    case "scope.name":
      return [sent(span.scope.name)];
    case "scope.version":
      return [sent(span.scope.version)];
    case "scope.schemaURL":
      return [sent(span.scope.schemaUrl)];
    case "event.name":
      return events.map((event) => sent(event.name));
    case "event.time":
      return events.map(({ timeUnixNano }) => timeUnixNano);
    case "event.timeSinceStart":
      return events.map(({ timeUnixNano }) => timeUnixNano - span.startTimeUnixNano);
    case "link.traceID":
      return links.map(({ traceId }) => traceId);
    case "link.spanID":
      return links.map(({ spanId }) => spanId);
    case "link.traceState":
      return links.map(({ traceState }) => sent(traceState));
    default:
      throw new Error(`no field ${level}.${name}`);
  }
}

/** Durations and times of the generated filters, in nanoseconds, by their text. */
export const NANOS_OF_TEXT: ReadonlyMap<string, bigint> = new Map([
  ["5ms", 5_000_000n],
  ["0.01s", 10_000_000n],
  ["0", 0n],
  ["2023-11-14T22:13:20.005Z", 1_700_000_000_005_000_000n],
  ["2023-11-14T23:13:20.01+01:00", 1_700_000_000_010_000_000n],
]);

function compares(
  op: string,
  value: AttributeValue,
  { value: text, type = "" }: { readonly value: string; readonly type?: string },
  { field }: FilterTerm,
): boolean {
  if (field !== undefined) {
    const isNanos = /duration|Time$|time/.test(field.name);
    return sameKind(op, value, isNanos ? (NANOS_OF_TEXT.get(text) as bigint) : text);
  }
  return type === "" ? comparesLoosely(op, value, text) : comparesTyped(op, value, { text, type });
}

function comparesTyped(
  op: string,
  value: AttributeValue,
  { text, type }: { readonly text: string; readonly type: string },
): boolean {
  switch (type) {
    case "string":
      return typeof value === "string" && sameKind(op, value, text);
    case "int":
      return typeof value === "bigint" && sameKind(op, value, BigInt(text));
    case "double":
      return typeof value === "number" && sameKind(op, value, Number(text));
    default:
      return typeof value === "boolean" && sameKind(op, value, text === "true");
  }
}

function comparesLoosely(op: string, value: AttributeValue, text: string): boolean {
  const number = text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text);
  if (op !== "eq") return sameKind(op, value, number ?? text);
  if (typeof value === "string" || typeof value === "boolean") return String(value) === text;
  return number !== undefined && sameKind("eq", value, number);
}

/** Texts with texts, truth values with truth values, numbers with numbers. */
function sameKind(op: string, left: AttributeValue, right: AttributeValue): boolean {
  if (typeof left === "string" && typeof right === "string") {
    return fits(op, Buffer.compare(Buffer.from(left), Buffer.from(right)));
  }
  if (typeof left === "boolean" && typeof right === "boolean") return op === "eq" && left === right;
  const isNumber = (value: AttributeValue): value is bigint | number =>
    typeof value === "bigint" || typeof value === "number";
  if (!isNumber(left) || !isNumber(right) || Number.isNaN(left) || Number.isNaN(right)) return false;
  return fits(op, left < right ? -1 : left > right ? 1 : 0);
}

function fits(op: string, order: number): boolean {
  switch (op) {
    case "eq":
      return order === 0;
    case "gt":
      return order > 0;
    case "gte":
      return order >= 0;
    case "lt":
      return order < 0;
    default:
      return order <= 0;
  }
}
