import { join } from "node:path";
import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import type { TracAggError } from "../../../src/base/errors.ts";
import { spansFromJaegerJson } from "../../../src/codec/jaeger-json/decode.ts";
import { jaegerTraceFromTrace } from "../../../src/codec/jaeger-json/encode.ts";
import { spansFromPostSpans } from "../../../src/codec/jaeger-protobuf/decode.ts";
import { jaegerSpanBytes } from "../../../src/codec/jaeger-protobuf/encode.ts";
import { makeSpan } from "../../../src/model/make-span.ts";
import type { Span } from "../../../src/model/span.ts";
import { traceFromSpans } from "../../../src/model/trace.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";
const SPAN_ID = "eee19b7ec3c1b174";
const MODEL = join(import.meta.dirname, "../../../proto/jaeger/api_v2/model.proto");
const Batch = new protobuf.Root().loadSync(MODEL, { keepCase: true }).lookupType("jaeger.api_v2.Batch");

const id = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** `PostSpansRequest`: the batch is field 1. */
function request(batch: object): Uint8Array {
  const message = Batch.encode(Batch.fromObject(batch)).finish();
  return new protobuf.Writer()
    .uint32((1 << 3) | 2)
    .bytes(message)
    .finish();
}

const decode = (bytes: Uint8Array): Span[] => [...spansFromPostSpans(bytes)];
const plainSpan = {
  trace_id: id(TRACE_ID),
  span_id: id(SPAN_ID),
  operation_name: "op",
  start_time: { seconds: 1_700_000_000, nanos: 1_000 },
  duration: { seconds: 1, nanos: 500_000_000 },
};
const decodeOne = (members: object): Span =>
  decode(request({ spans: [{ ...plainSpan, ...members }], process: { service_name: "shop" } }))[0] as Span;

const full = makeSpan({
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  parentSpanId: "eee19b7ec3c1b173",
  name: "GET /cart",
  kind: "CLIENT",
  status: "ERROR",
  statusMessage: "boom",
  traceState: "a=1",
  startTimeUnixNano: 1_700_000_000_000_001_000n,
  endTimeUnixNano: 1_700_000_001_500_002_000n,
  attributes: { text: "x", yes: true, whole: -(2n ** 60n), half: 0.5, raw: new Uint8Array([1, 2]) },
  events: [
    {
      name: "retry",
      timeUnixNano: 1_700_000_000_100_000_000n,
      attributes: { n: 1n },
      droppedAttributesCount: 0,
    },
  ],
  links: [
    {
      traceId: "000000000000000000f067aa0ba902b7",
      spanId: "00f067aa0ba902b7",
      traceState: "",
      attributes: { "opentracing.ref_type": "follows_from" },
      droppedAttributesCount: 0,
      flags: 0,
    },
  ],
  resource: {
    attributes: { "service.name": "shop", "host.name": "h1" },
    droppedAttributesCount: 0,
    schemaUrl: "",
  },
  scope: { name: "lib", version: "2.0", attributes: {}, droppedAttributesCount: 0, schemaUrl: "" },
});

describe("Jaeger protobuf in", () => {
  it("makes of a span what Jaeger JSON of the same span becomes", () => {
    const fromJson = spansFromJaegerJson(jaegerTraceFromTrace(traceFromSpans([full])));
    const batch = new protobuf.Writer()
      .uint32((1 << 3) | 2)
      .bytes(jaegerSpanBytes(full))
      .finish();
    const fromProtobuf = decode(
      new protobuf.Writer()
        .uint32((1 << 3) | 2)
        .bytes(batch)
        .finish(),
    );
    expect(fromProtobuf).toEqual(fromJson);
    expect(fromProtobuf).toEqual([full]);
  });

  it("keeps nanoseconds, and pads a trace id of 8 bytes", () => {
    const span = decodeOne({ trace_id: id("00f067aa0ba902b7"), start_time: { seconds: 5, nanos: 7 } });
    expect([span.traceId, span.startTimeUnixNano]).toEqual([
      "000000000000000000f067aa0ba902b7",
      5_000_000_007n,
    ]);
  });

  it("lets a span's own process count before that of the batch", () => {
    const process = {
      service_name: "bank",
      tags: [{ key: "hostname", v_type: 0, v_str: "h2" }],
    };
    expect(decodeOne({ process }).resource.attributes).toEqual({ "service.name": "bank", "host.name": "h2" });
    expect(decodeOne({}).serviceName).toBe("shop");
  });

  it("keeps warnings, the sampled bit and the debug bit", () => {
    const span = decodeOne({ flags: 3, warnings: ["clock skew"] });
    expect([span.flags, span.attributes]).toEqual([
      1,
      { "jaeger.debug": true, "@jaeger@warnings": ["clock skew"] },
    ]);
  });

  it.each([
    [{ trace_id: id("0102") }, "trace_id at byte"],
    [{ span_id: id(TRACE_ID) }, "expected 8 bytes, got 16"],
  ])("refuses %j", (members, message) => {
    expect(() => decodeOne(members)).toThrow(message);
  });

  it("takes any bytes, or a real request with any byte changed, without anything but a refusal", () => {
    const real = request({ spans: [plainSpan], process: { service_name: "shop" } });
    const changed = fc
      .tuple(fc.nat(real.length - 1), fc.nat(255))
      .map(([at, byte]) => Uint8Array.from(real).with(at, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect((error as TracAggError).code).toBe("invalid_argument");
        }
      }),
    );
  });
});
