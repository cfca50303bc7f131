/** docs/formats.md as a test: a span that went through another format is the span itself but for the losses listed there. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spansFromJaegerJson } from "../../src/codec/jaeger-json/decode.ts";
import { jaegerJsonFromTraces } from "../../src/codec/jaeger-json/encode.ts";
import { spansFromZipkinJson } from "../../src/codec/zipkin-json/decode.ts";
import { zipkinSpansFromSpans } from "../../src/codec/zipkin-json/encode.ts";
import type { Attributes, AttributeValue } from "../../src/model/attribute-value.ts";
import type { SpanParts } from "../../src/model/make-span.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Span, SpanEvent, SpanLink } from "../../src/model/span.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { throughJaeger, throughZipkin } from "../helpers/format-losses.ts";

const hex = (digits: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((id) => !/^0+$/.test(id));
const text = fc.string({ unit: "grapheme", maxLength: 8 });
const count = fc.nat(1_000);
const moment = fc.bigInt({ min: 1_600_000_000_000_000_000n, max: 1_900_000_000_000_000_000n });

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.bigInt({ min: BigInt(Number.MIN_SAFE_INTEGER), max: BigInt(Number.MAX_SAFE_INTEGER) }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.uint8Array({ maxLength: 4 }),
);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("x", "y"), scalar, { maxKeys: 2 }) },
);
/** Keys of a prefix: those with a meaning in the formats are other tests. */
const attributes = (prefix: string): fc.Arbitrary<Attributes> =>
  fc
    .dictionary(fc.stringMatching(/^[a-z]{1,4}$/), value, { maxKeys: 4, noNullPrototype: true })
    .map((made) => Object.fromEntries(Object.entries(made).map(([key, each]) => [`${prefix}.${key}`, each])));

const event: fc.Arbitrary<SpanEvent> = fc.record({
  name: text,
  timeUnixNano: moment,
  attributes: attributes("event"),
  droppedAttributesCount: count,
});
/** Links to other traces: those into the own trace are other tests. */
const link: fc.Arbitrary<SpanLink> = fc.record({
  traceId: fc.stringMatching(/^f[0-9a-f]{31}$/),
  spanId: hex(16),
  traceState: text,
  attributes: attributes("link"),
  droppedAttributesCount: count,
  flags: count,
});

const span: fc.Arbitrary<Span> = fc
  .record({
    traceId: fc.oneof(
      hex(16).map((id) => id.padStart(32, "0")),
      fc.stringMatching(/^e[0-9a-f]{31}$/),
    ),
    spanId: hex(16),
    parentSpanId: fc.option(hex(16), { nil: undefined }),
    name: text,
    kind: fc.constantFrom<Span["kind"]>(
      "UNSPECIFIED",
      "INTERNAL",
      "SERVER",
      "CLIENT",
      "PRODUCER",
      "CONSUMER",
    ),
    startTimeUnixNano: moment,
    tookNanos: fc.bigInt({ min: -2_000n, max: 10_000_000_000n }),
    status: fc.constantFrom<Span["status"]>("UNSET", "OK", "ERROR"),
    statusMessage: text,
    attributes: attributes("app"),
    events: fc.array(event, { maxLength: 2 }),
    links: fc.array(link, { maxLength: 2 }),
    service: fc.option(fc.stringMatching(/^[a-z]{3,8}$/), { nil: undefined }),
    resource: fc.record({ attributes: attributes("res"), droppedAttributesCount: count, schemaUrl: text }),
    scope: fc.record({
      name: text,
      version: text,
      attributes: attributes("lib"),
      droppedAttributesCount: count,
      schemaUrl: text,
    }),
    traceState: text,
    flags: count,
    droppedAttributesCount: count,
    droppedEventsCount: count,
    droppedLinksCount: count,
  })
  .filter(({ spanId, parentSpanId }) => spanId !== parentSpanId)
  .map(({ tookNanos, service, resource, ...parts }) =>
    makeSpan({
      ...parts,
      endTimeUnixNano: parts.startTimeUnixNano + tookNanos,
      resource: {
        ...resource,
        attributes: { ...(service !== undefined && { "service.name": service }), ...resource.attributes },
      },
    }),
  );

// --- the ways ------------------------------------------------------------------------------------------------------

const viaJaeger = (given: Span): Span | undefined =>
  spansFromJaegerJson(JSON.parse(JSON.stringify(jaegerJsonFromTraces([traceFromSpans([given])]))))[0];

const viaZipkin = (given: Span): Span | undefined =>
  spansFromZipkinJson(JSON.parse(JSON.stringify(zipkinSpansFromSpans([given]))))[0];

describe("a span that went through another format", () => {
  it("is the same but for Jaeger's losses", () => {
    const kept = fc.property(span, (given) => {
      expect(viaJaeger(given)).toEqual(throughJaeger(given));
    });
    fc.assert(kept);
  });

  it("is the same but for Zipkin's losses", () => {
    const kept = fc.property(span, (given) => {
      expect(viaZipkin(given)).toEqual(throughZipkin(given));
    });
    fc.assert(kept);
  });

  it("loses nothing more the second time", () => {
    const twice = (via: (given: Span) => Span | undefined) =>
      fc.property(span, (given) => {
        const once = via(given) as Span;
        expect(via(once)).toEqual(once);
      });
    fc.assert(twice(viaJaeger));
    fc.assert(twice(viaZipkin));
  });
});

describe("what has a meaning of its own", () => {
  const parts: SpanParts = {
    traceId: "e".repeat(32),
    spanId: "a".repeat(16),
    name: "pay",
    startTimeUnixNano: 1_700_000_000_000_000_000n,
    endTimeUnixNano: 1_700_000_000_001_000_000n,
  };
  const linkTo = (traceId: string, spanId: string): SpanLink => ({
    traceId,
    spanId,
    traceState: "",
    attributes: {},
    droppedAttributesCount: 0,
    flags: 0,
  });
  const parent = "b".repeat(16);

  it("becomes, for Jaeger, of a link to the parent nothing, of a root's link into its trace the parent", () => {
    const linked = makeSpan({ ...parts, parentSpanId: parent, links: [linkTo(parts.traceId, parent)] });
    const root = makeSpan({ ...parts, links: [linkTo(parts.traceId, parent)] });
    expect(viaJaeger(linked)).toMatchObject({ parentSpanId: parent, links: [] });
    expect(viaJaeger(root)).toMatchObject({ parentSpanId: parent, links: [] });
  });

  it("becomes, for Zipkin, of a service that is not named one called unknown_service", () => {
    expect(viaZipkin(makeSpan(parts))?.resource.attributes).toEqual({ "service.name": "unknown_service" });
    expect(viaJaeger(makeSpan(parts))?.resource.attributes).toEqual({});
  });

  it("becomes, for Zipkin, of two attributes of one key the span's", () => {
    const given = makeSpan({
      ...parts,
      attributes: { version: "span" },
      resource: { attributes: { version: "resource" }, droppedAttributesCount: 0, schemaUrl: "" },
    });
    expect(viaZipkin(given)?.attributes).toEqual({ version: "span" });
  });
});
