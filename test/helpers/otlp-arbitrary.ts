/** Random OTLP requests with every field of the protocol, as plain objects in the form protobufjs takes. */

import fc from "fast-check";
import type protobuf from "protobufjs";

/** An `ExportTraceServiceRequest` for `Type.fromObject`: ids and bytes as bytes, 64-bit numbers as decimal strings. */
export type OtlpRequestObject = Readonly<Record<string, unknown>>;

export interface OtlpArbitraryOptions {
  /** Spans of one scope, at most; default 4. */
  readonly maxSpansPerScope?: number;
  /** Whether attribute keys may repeat; default false. */
  readonly repeatKeys?: boolean;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MAX_UINT32 = 0xffff_ffff;

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
  fc.constantFrom("", "\ufeffmarked", '"quoted"\\\n\t\u0001', "ünïcödé ☃ 𝒳", "x".repeat(200)),
);
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("service.name", "http.route", "k", "", "__proto__", "7", "constructor"),
  },
  { weight: 2, arbitrary: text },
);
const int64 = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(0n, -1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n),
  )
  .map(String);
const time = fc
  .oneof(fc.bigInt({ min: 0n, max: MAX_UINT64 }), fc.constantFrom(0n, 1_700_000_000_123_456_789n, MAX_UINT64))
  .map(String);
const count = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_UINT32 }));
const bytes = fc.uint8Array({ maxLength: 40 });
/** Without bias, so that spans of many requests have ids of their own. */
const id = (length: number): fc.Arbitrary<Uint8Array> =>
  fc
    .noBias(fc.uint8Array({ minLength: length, maxLength: length }))
    .filter((value) => value.some((byte) => byte !== 0));

interface Attributes {
  readonly list: fc.Arbitrary<unknown[]>;
}

function attributes(repeatKeys: boolean): Attributes {
  const { list } = fc.letrec<{ value: unknown; list: unknown[] }>((tie) => ({
    list: repeatKeys
      ? fc.array(keyValue(tie("value")), { maxLength: 6 })
      : fc.uniqueArray(keyValue(tie("value")), { maxLength: 6, selector: (item) => item.key }),
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.oneof(
        fc.constant({}),
        fc.record({ stringValue: text }),
        fc.record({ boolValue: fc.boolean() }),
        fc.record({ intValue: int64 }),
        fc.record({ doubleValue: fc.double() }),
        fc.record({ bytesValue: bytes }),
      ),
      fc.record({ arrayValue: fc.record({ values: fc.array(tie("value"), { maxLength: 4 }) }) }),
      fc.record({ kvlistValue: fc.record({ values: tie("list") }) }),
    ),
  }));
  return { list };
}

function keyValue(value: fc.Arbitrary<unknown>): fc.Arbitrary<{ key: string; value?: unknown }> {
  return fc.record({ key, value }, { requiredKeys: ["key"] });
}

/** Requests in which any field may be missing but the ids of spans and links. */
export function otlpRequestArbitrary(options: OtlpArbitraryOptions = {}): fc.Arbitrary<OtlpRequestObject> {
  const { list } = attributes(options.repeatKeys ?? false);
  const attributed = { attributes: list, droppedAttributesCount: count };
  const event = fc.record({ timeUnixNano: time, name: text, ...attributed }, { requiredKeys: [] });
  const link = fc.record(
    { traceId: id(16), spanId: id(8), traceState: text, ...attributed, flags: count },
    { requiredKeys: ["traceId", "spanId"] },
  );
  const status = fc.record({ message: text, code: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] });
  const span = fc.record(
    {
      traceId: id(16),
      spanId: id(8),
      traceState: text,
      parentSpanId: fc.oneof(id(8), fc.constant(new Uint8Array(8)), fc.constant(new Uint8Array(0))),
      name: text,
      kind: fc.integer({ min: 0, max: 5 }),
      startTimeUnixNano: time,
      endTimeUnixNano: time,
      ...attributed,
      events: fc.array(event, { maxLength: 3 }),
      droppedEventsCount: count,
      links: fc.array(link, { maxLength: 3 }),
      droppedLinksCount: count,
      status,
      flags: count,
    },
    { requiredKeys: ["traceId", "spanId"] },
  );
  const scope = fc.record({ name: text, version: text, ...attributed }, { requiredKeys: [] });
  const spans = fc.array(span, { maxLength: options.maxSpansPerScope ?? 4 });
  const scopeSpans = fc.record({ scope, spans, schemaUrl: text }, { requiredKeys: ["spans"] });
  const resource = fc.record(attributed, { requiredKeys: [] });
  const resourceSpans = fc.record(
    { resource, scopeSpans: fc.array(scopeSpans, { maxLength: 2 }), schemaUrl: text },
    { requiredKeys: ["scopeSpans"] },
  );
  return fc.record({ resourceSpans: fc.array(resourceSpans, { maxLength: 2 }) });
}

/** Protobuf bytes of a request, by the oracle's encoder. */
export function encodeOtlpRequest(type: protobuf.Type, request: OtlpRequestObject): Uint8Array {
  // A plain view: protobufjs gives a Buffer, whose `slice` shares memory.
  return new Uint8Array(type.encode(type.fromObject(request)).finish());
}
