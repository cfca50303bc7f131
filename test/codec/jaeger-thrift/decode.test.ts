import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TracAggError } from "../../../src/base/errors.ts";
import { payloadInSlices } from "../../../src/codec/jaeger-model/payload-in-slices.ts";
import { spansFromJaegerThrift } from "../../../src/codec/jaeger-thrift/decode.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../../src/model/span.ts";
import type { ThriftValue } from "../thrift/thrift-bytes.ts";
import { bool, double, i32, i64, list, struct, text } from "../thrift/thrift-bytes.ts";
import { JAEGER_CLIENT_PAYLOAD } from "./jaeger-client-payload.ts";

const TRACE_LOW = 0x1122334455667788n;
const TRACE_ID = "00000000000000001122334455667788";

type Fields = Readonly<Record<number, ThriftValue | undefined>>;

const tag = (key: string, type: number, field: number, value: ThriftValue): ThriftValue =>
  struct({ 1: text(key), 2: i32(type), [field]: value });

function spanStruct(fields: Fields = {}): ThriftValue {
  return struct({
    1: i64(TRACE_LOW),
    2: i64(0n),
    3: i64(-1n),
    4: i64(0n),
    5: text("op"),
    7: i32(1),
    8: i64(1_700_000_000_000_001n),
    9: i64(250n),
    ...fields,
  });
}

function batch(spans: readonly ThriftValue[], tags: readonly ThriftValue[] = []): Uint8Array {
  return struct({ 1: struct({ 1: text("shop"), 2: list(12, tags) }), 2: list(12, spans) }).bytes;
}

const decode = (bytes: Uint8Array): Span[] => [...spansFromJaegerThrift(Uint8Array.from(bytes))];
const decodeOne = (fields: Fields): Span => decode(batch([spanStruct(fields)]))[0] as Span;

describe("Jaeger Thrift in", () => {
  it("reads what a real sender sent", () => {
    const [child, root] = decode(JAEGER_CLIENT_PAYLOAD) as [Span, Span];
    expect([child.name, child.kind, child.status, child.parentSpanId]).toEqual([
      "query",
      "CLIENT",
      "ERROR",
      root.spanId,
    ]);
    expect(child.attributes).toEqual({ half: 0.5 });
    expect([root.name, root.kind, root.status, root.parentSpanId]).toEqual([
      "GET /cart",
      "SERVER",
      "ERROR",
      undefined,
    ]);
    expect([root.startTimeUnixNano, root.durationMs]).toEqual([1_700_000_000_000_000_000n, 250]);
    expect(root.events).toEqual([
      {
        name: "retry",
        timeUnixNano: 1_700_000_000_010_000_000n,
        attributes: { n: 1 },
        droppedAttributesCount: 0,
      },
    ]);
    expect(root.resource.attributes).toMatchObject({
      "service.name": "shop",
      "shop.version": "1.2",
      "jaeger.version": "Node-3.19.0",
      "host.name": expect.any(String),
    });
    expect(root.traceId).toMatch(/^0{16}[0-9a-f]{16}$/);
  });

  it("pads 64-bit ids, reads them unsigned, and joins the halves of longer ones", () => {
    const short = decodeOne({});
    expect([short.traceId, short.spanId]).toEqual([TRACE_ID, "ffffffffffffffff"]);
    expect(decodeOne({ 2: i64(-2n) }).traceId).toBe("fffffffffffffffe1122334455667788");
  });

  it("reads tags of every type, and the default where the value is missing", () => {
    const tags = [
      tag("text", 0, 3, text("x")),
      tag("half", 1, 4, double(0.5)),
      tag("yes", 2, 5, bool(true)),
      tag("whole", 3, 6, i64(2n ** 60n)),
      tag("raw", 4, 7, text(new Uint8Array([0, 255]))),
      struct({ 1: text("none"), 2: i32(3) }),
    ];
    expect(decodeOne({ 10: list(12, tags) }).attributes).toEqual({
      text: "x",
      half: 0.5,
      yes: true,
      whole: 2n ** 60n,
      raw: new Uint8Array([0, 255]),
      none: 0n,
    });
  });

  it("takes the parent id for the parent and keeps all other references as links", () => {
    const reference = (type: number, low: bigint, spanId: bigint) =>
      struct({ 1: i32(type), 2: i64(low), 3: i64(0n), 4: i64(spanId) });
    const span = decodeOne({
      4: i64(0xbn),
      6: list(12, [reference(0, TRACE_LOW, 0xbn), reference(1, 5n, 0xcn), reference(1, 0n, 0n)]),
    });
    expect(span.parentSpanId).toBe("000000000000000b");
    expect(span.links.map(({ traceId, spanId, attributes }) => [traceId, spanId, attributes])).toEqual([
      ["00000000000000000000000000000005", "000000000000000c", { "opentracing.ref_type": "follows_from" }],
    ]);
  });

  it("keeps the sampled bit as a trace flag and the debug bit as an attribute", () => {
    const span = decodeOne({ 7: i32(3) });
    expect([span.flags, span.attributes]).toEqual([1, { "jaeger.debug": true }]);
  });

  it("moves times that cannot be to the nearest that can, and says so", () => {
    const span = decodeOne({ 8: i64(-5n), 9: i64(-1n) });
    expect([span.startTimeUnixNano, span.endTimeUnixNano]).toEqual([0n, 0n]);
    expect(span.attributes["@jaeger@warnings"]).toEqual([
      "start time: -5000 ns since 1970 cannot be stored, 0 is",
      "duration: -1000 ns is less than none, 0 is stored",
    ]);
  });

  it("reads the spans also when the process stands behind them", () => {
    const bytes = Buffer.concat([
      Buffer.from([15, 0, 2]),
      list(12, [spanStruct()]).bytes,
      Buffer.from([12, 0, 1]),
      struct({ 1: text("late") }).bytes,
      Buffer.from([0]),
    ]);
    expect(decode(bytes).map(({ serviceName }) => serviceName)).toEqual(["late"]);
  });

  it("passes over fields it does not know", () => {
    expect(decodeOne({ 12: bool(true), 99: list(12, [spanStruct()]) }).name).toBe("op");
  });

  it.each([
    [struct({}).bytes, "process: expected a struct, got nothing"],
    [struct({ 1: struct({ 1: text("a") }) }).bytes, "spans: expected a list, got nothing"],
    [batch([spanStruct({ 3: undefined })]), "spans[0].spanId: expected an i64, got nothing"],
    [batch([spanStruct({ 5: i32(1) })]), "spans[0].operationName: expected a string, got nothing"],
    [batch([spanStruct({ 10: list(12, [struct({})]) })]), "spans[0].tags[0].key: expected a string"],
    [batch([spanStruct({ 11: list(8, [i32(1)]) })]), "spans[0].logs: expected a list of structs"],
    [Buffer.from("no thrift"), "thrift at byte"],
  ])("refuses a broken batch naming the place (%#)", (bytes, message) => {
    expect(() => decode(bytes)).toThrow(message);
  });

  it("takes any bytes, or a real batch with any byte changed, without anything but a refusal", () => {
    const changed = fc
      .tuple(fc.nat(JAEGER_CLIENT_PAYLOAD.length - 1), fc.nat(255))
      .map(([at, byte]) => JAEGER_CLIENT_PAYLOAD.with(at, byte));
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

  it("becomes one request of OTLP, however many spans there are", async () => {
    const spans = Array.from({ length: 700 }, (_, index) => spanStruct({ 3: i64(BigInt(index + 1)) }));
    const asked: number[] = [];
    const payload = await payloadInSlices(spansFromJaegerThrift(batch(spans)), (bytes) => asked.push(bytes));
    expect(new OtlpRequestDecoder().decode(payload).acceptedSpans).toBe(700);
    expect([asked.length, asked.at(-1)]).toEqual([3, payload.length]);
  });
});
