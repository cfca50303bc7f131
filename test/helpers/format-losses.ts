/** The losses of docs/formats.md, in their order: what is left of a span that went through another format. */

import { base64FromBytes } from "../../src/base/base64.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { SpanParts } from "../../src/model/make-span.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Span, SpanEvent } from "../../src/model/span.ts";
import { EMPTY_SCOPE } from "../../src/model/span.ts";

const wholeMicros = (nanos: bigint): bigint => (nanos / 1_000n) * 1_000n;

function tookMicros({ startTimeUnixNano, endTimeUnixNano }: Span): bigint {
  const nanos = endTimeUnixNano - startTimeUnixNano;
  return nanos > 0n ? wholeMicros(nanos) : 0n;
}

const mapped = (given: Attributes, change: (value: AttributeValue) => AttributeValue): Attributes =>
  Object.fromEntries(Object.entries(given).map(([key, each]) => [key, change(each)]));

/** As it stands in JSON. */
function plain(each: AttributeValue): unknown {
  if (each instanceof Uint8Array) return base64FromBytes(each);
  if (typeof each === "bigint") return Number(each);
  if (Array.isArray(each)) return each.map(plain);
  if (typeof each !== "object" || each === null) return each;
  return Object.fromEntries(
    Object.entries(each).map(([key, inner]) => [key, plain(inner as AttributeValue)]),
  );
}

const asText = (each: AttributeValue): string => {
  const json = plain(each);
  return typeof json === "string" ? json : JSON.stringify(json);
};

/** Jaeger has texts, truth values, both kinds of numbers, and bytes. */
const asJaegerValue = (each: AttributeValue): AttributeValue =>
  typeof each === "object" && !(each instanceof Uint8Array) ? asText(each) : each;

/** Parts of the span with the losses that both formats have. */
function withoutBoth(given: Span): SpanParts {
  const start = wholeMicros(given.startTimeUnixNano);
  const { name, version } = given.scope;
  return { ...given, flags: 0, startTimeUnixNano: start, scope: { ...EMPTY_SCOPE, name, version } };
}

/** What is left of a span that was Jaeger JSON. */
export function throughJaeger(given: Span): Span {
  const start = wholeMicros(given.startTimeUnixNano);
  return makeSpan({
    ...withoutBoth(given),
    endTimeUnixNano: start + tookMicros(given),
    attributes: mapped(given.attributes, asJaegerValue),
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    resource: {
      attributes: mapped(given.resource.attributes, asJaegerValue),
      droppedAttributesCount: 0,
      schemaUrl: "",
    },
    events: given.events.map((each) => ({
      ...each,
      timeUnixNano: wholeMicros(each.timeUnixNano),
      attributes: mapped(each.attributes, asJaegerValue),
      droppedAttributesCount: 0,
    })),
    links: given.links.map(({ traceId, spanId }) => ({
      traceId,
      spanId,
      traceState: "",
      attributes: { "opentracing.ref_type": "follows_from" },
      droppedAttributesCount: 0,
      flags: 0,
    })),
  });
}

/** What JSON without types is read as: whole numbers as such, bytes as their text. */
function fromPlainJson(json: unknown): AttributeValue {
  if (typeof json === "number" && Number.isSafeInteger(json)) return BigInt(json);
  if (Array.isArray(json)) return json.map(fromPlainJson);
  if (typeof json !== "object" || json === null) return json as AttributeValue;
  return Object.fromEntries(Object.entries(json).map(([key, each]) => [key, fromPlainJson(each)]));
}
const asJsonValue = (each: AttributeValue): AttributeValue => fromPlainJson(plain(each));

/** By time, then the text that an event is there; what is there twice stays once. */
function inZipkinsOrder(events: readonly SpanEvent[]): SpanEvent[] {
  const textOf = ({ name, attributes }: SpanEvent): string =>
    Object.keys(attributes).length === 0
      ? name
      : `${JSON.stringify(name)}: ${JSON.stringify(plain(attributes))}`;
  const texts = events.map((event) => ({ event, time: event.timeUnixNano, text: textOf(event) }));
  texts.sort((one, other) =>
    one.time === other.time
      ? Number(one.text > other.text) - Number(one.text < other.text)
      : Number(one.time - other.time),
  );
  return texts
    .filter(({ time, text }, at) => texts[at - 1]?.time !== time || texts[at - 1]?.text !== text)
    .map(({ event }) => event);
}

/** What is left of a span that was Zipkin JSON. */
export function throughZipkin(given: Span): Span {
  const start = wholeMicros(given.startTimeUnixNano);
  const took = given.endTimeUnixNano - given.startTimeUnixNano;
  const { "service.name": _, ...ofResource } = given.resource.attributes;
  return makeSpan({
    ...withoutBoth(given),
    kind: given.kind === "UNSPECIFIED" ? "INTERNAL" : given.kind,
    endTimeUnixNano: start + (took > 0n && took < 1_000n ? 1_000n : tookMicros(given)),
    statusMessage: given.status === "ERROR" ? given.statusMessage : "",
    attributes: mapped({ ...ofResource, ...given.scope.attributes, ...given.attributes }, asText),
    resource: {
      attributes: { "service.name": given.serviceName },
      droppedAttributesCount: 0,
      schemaUrl: "",
    },
    events: inZipkinsOrder(
      given.events.map((each) => ({
        ...each,
        timeUnixNano: wholeMicros(each.timeUnixNano),
        attributes: mapped(each.attributes, asJsonValue),
        droppedAttributesCount: 0,
      })),
    ),
    links: given.links.map((each) => ({
      ...each,
      attributes: mapped(each.attributes, asJsonValue),
      droppedAttributesCount: 0,
      flags: 0,
    })),
  });
}
