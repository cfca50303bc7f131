import { describe, expect, test } from "vitest";
import { lazySpan, spanFromRow } from "../../../src/batch/span-from-row.ts";
import { payloadFromRows } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import type { DecodedRequest } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { allRows } from "../../helpers/rows.ts";
import {
  attribute,
  concat,
  field,
  hex,
  IDS,
  requestOfSpan,
  SPAN_ID,
  TRACE_ID,
  tag,
  varint,
} from "./request-bytes.ts";

const decode = (payload: Uint8Array): DecodedRequest => new OtlpRequestDecoder().decode(payload);
const onlySpan = ({ batch }: DecodedRequest) => {
  expect(batch.rowCount).toBe(1);
  return spanFromRow({ batch, row: 0 });
};
const serviceName = (name: string) => field(1, field(1, "service.name"), field(2, field(1, name)));

describe("order and repetition of fields", () => {
  test("a request of no bytes has no spans", () => {
    expect(decode(new Uint8Array(0))).toMatchObject({ acceptedSpans: 0, rejectedSpans: 0, errorMessage: "" });
  });

  test("a resource that comes after its spans is theirs", () => {
    const payload = field(1, field(2, field(2, IDS)), field(1, serviceName("late")), field(3, "urn:r"));
    const span = onlySpan(decode(payload));
    expect([span.serviceName, span.resource.schemaUrl]).toEqual(["late", "urn:r"]);
  });

  test("a scope that comes after its spans is theirs", () => {
    const span = onlySpan(
      decode(field(1, field(2, field(2, IDS), field(3, "urn:s"), field(1, field(1, "lib"))))),
    );
    expect([span.scope.name, span.scope.schemaUrl]).toEqual(["lib", "urn:s"]);
  });

  test("of a scalar sent twice the last one holds", () => {
    const payload = requestOfSpan(
      field(5, "first"),
      tag(6, 0),
      varint(2),
      field(5, "last"),
      tag(6, 0),
      varint(3),
    );
    expect(onlySpan(decode(payload))).toMatchObject({ name: "last", kind: "CLIENT" });
  });

  test("an id sent twice holds as sent last, whatever the first one was", () => {
    const payload = field(1, field(2, field(2, field(1, "short"), IDS)));
    expect(onlySpan(decode(payload)).traceId).toBe(TRACE_ID);
  });

  test("a status in pieces is one status", () => {
    const payload = requestOfSpan(field(15, tag(3, 0), varint(2)), field(15, field(2, "broken")));
    expect(onlySpan(decode(payload))).toMatchObject({ status: "ERROR", statusMessage: "broken" });
  });

  test("an attribute value in pieces is merged", () => {
    const first = field(2, field(5, field(1, field(1, "a"))));
    const second = field(2, field(5, field(1, field(1, "b"))));
    const payload = requestOfSpan(field(9, field(1, "list"), first, second));
    expect(onlySpan(decode(payload)).attributes).toEqual({ list: ["a", "b"] });
  });

  test("of two members of a value the last one holds", () => {
    const payload = requestOfSpan(attribute("k", field(1, "text"), tag(3, 0), varint(5)));
    expect(onlySpan(decode(payload)).attributes).toEqual({ k: 5n });
  });

  test("a resource and a scope in pieces are put together, and nothing is lost", () => {
    const scopePieces = concat(field(1, field(1, "lib")), field(2, IDS), field(1, field(2, "1.2")));
    const payload = concat(
      field(
        1,
        field(1, serviceName("one")),
        field(2, scopePieces),
        field(99, "kept"),
        field(1, tag(2, 0), 7),
      ),
      field(50, "unknown"),
    );
    const decoded = decode(payload);
    const span = onlySpan(decoded);
    expect(span.serviceName).toBe("one");
    expect(span.resource).toEqual({
      attributes: { "service.name": "one" },
      droppedAttributesCount: 7,
      schemaUrl: "",
    });
    expect(span.scope).toMatchObject({ name: "lib", version: "1.2" });
    expect(onlySpan(decode(decoded.batch.payload))).toEqual(span);
    expect(onlySpan(decode(payloadFromRows(allRows(decoded.batch))))).toEqual(span);
  });

  test("lengths and tags may be longer than they need be", () => {
    const traceId = concat(0x8a, 0x00, 0x90, 0x00, hex(TRACE_ID));
    const payload = field(
      1,
      field(2, field(2, traceId, field(2, hex(SPAN_ID)), concat(0xaa, 0x00, 0x81, 0x00, "n"))),
    );
    expect(onlySpan(decode(payload))).toMatchObject({ traceId: TRACE_ID, name: "n" });
  });
});

describe("values OTLP allows", () => {
  test("an end before the start, no times and an empty name are taken", () => {
    const start = concat(tag(7, 1), 9, 0, 0, 0, 0, 0, 0, 0);
    expect(onlySpan(decode(requestOfSpan(start)))).toMatchObject({
      name: "",
      startTimeUnixNano: 9n,
      endTimeUnixNano: 0n,
      durationMs: 0,
    });
  });

  test.each([6, 200, 256, 70_000, 2 ** 32 - 1])("kind %i of the future reads as unspecified", (kind) => {
    expect(onlySpan(decode(requestOfSpan(tag(6, 0), varint(kind)))).kind).toBe("UNSPECIFIED");
  });

  test("a negative enum of ten bytes is taken", () => {
    const payload = requestOfSpan(tag(6, 0), varint(2n ** 64n - 1n));
    expect(onlySpan(decode(payload)).kind).toBe("UNSPECIFIED");
  });

  test.each([
    ["none", new Uint8Array(0)],
    ["an empty one", field(4)],
    ["eight zeros", field(4, new Uint8Array(8))],
    ["sixteen zeros", field(4, new Uint8Array(16))],
  ])("a span whose parent id is %s is a root", (_name, parent) => {
    expect(onlySpan(decode(requestOfSpan(parent))).parentSpanId).toBeUndefined();
  });

  test("64-bit numbers keep every digit", () => {
    const payload = requestOfSpan(
      concat(tag(7, 1), hex("ffffffffffffffff"), tag(8, 1), hex("0100000000002000")),
      attribute("min", tag(3, 0), varint(2n ** 63n)),
      attribute("max", tag(3, 0), varint(2n ** 63n - 1n)),
    );
    const span = onlySpan(decode(payload));
    expect(span.startTimeUnixNano).toBe(2n ** 64n - 1n);
    expect(span.endTimeUnixNano).toBe(2n ** 53n + 1n);
    expect(span.attributes).toEqual({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  });

  test.each([
    ["no value", field(9, field(1, "k"))],
    ["an empty value", attribute("k")],
    ["a value that only profiles know", attribute("k", tag(8, 0), 3)],
  ])("an attribute with %s is there and empty", (_name, bytes) => {
    expect(onlySpan(decode(requestOfSpan(bytes))).attributes).toEqual({ k: null });
  });

  test("a key named __proto__ is a key like any other", () => {
    const payload = requestOfSpan(attribute("__proto__", field(1, "x")));
    const { attributes } = onlySpan(decode(payload));
    expect(Object.entries(attributes)).toEqual([["__proto__", "x"]]);
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype);
  });

  test("of a repeated attribute key the last value is seen, and the bytes keep all", () => {
    const payload = requestOfSpan(attribute("k", field(1, "first")), attribute("k", field(1, "last")));
    const { batch } = decode(payload);
    expect(lazySpan({ batch, row: 0 }).attributes).toEqual({ k: "last" });
    expect(payloadFromRows(allRows(batch))).toEqual(payload);
  });
});

describe("what a resource calls its service", () => {
  test.each([
    ["no resource", new Uint8Array(0)],
    ["no service.name", field(1, field(1, field(1, "other"), field(2, field(1, "x"))))],
    ["an empty one", field(1, serviceName(""))],
    ["a number", field(1, field(1, field(1, "service.name"), field(2, tag(3, 0), 5)))],
    ["an empty value last", field(1, serviceName("before"), field(1, field(1, "service.name")))],
  ])("%s: unknown_service", (_name, resource) => {
    expect(onlySpan(decode(field(1, resource, field(2, field(2, IDS))))).serviceName).toBe("unknown_service");
  });

  test("of two service names the last one holds", () => {
    const payload = field(1, field(1, serviceName("a"), serviceName("b")), field(2, field(2, IDS)));
    expect(onlySpan(decode(payload)).serviceName).toBe("b");
  });
});

describe("fields nobody knows", () => {
  const unknown = concat(
    concat(tag(100, 0), varint(2n ** 64n - 1n)),
    concat(tag(101, 1), new Uint8Array(8)),
    field(102, "bytes"),
    concat(tag(103, 3), tag(1, 0), 5, tag(2, 3), tag(2, 4), tag(103, 4)),
    concat(tag(104, 5), new Uint8Array(4)),
  );

  test("are passed over at every level", () => {
    const value = field(2, unknown, field(1, "v"));
    const keyValue = concat(unknown, field(1, "service.name"), value);
    const span = concat(
      unknown,
      IDS,
      field(9, keyValue),
      field(11, unknown, field(2, "event")),
      field(13, unknown, field(1, hex(TRACE_ID)), field(2, hex(SPAN_ID))),
      field(15, unknown, tag(3, 0), 1),
    );
    const scopeSpans = field(2, unknown, field(1, unknown, field(1, "lib")), field(2, span));
    const payload = concat(unknown, field(1, unknown, field(1, unknown, field(1, keyValue)), scopeSpans));
    expect(onlySpan(decode(payload))).toMatchObject({
      serviceName: "v",
      attributes: { "service.name": "v" },
      status: "OK",
      scope: { name: "lib" },
      events: [{ name: "event" }],
      links: [{ traceId: TRACE_ID, spanId: SPAN_ID }],
    });
  });

  test("stay in the bytes of span, resource and scope", () => {
    const span = field(2, unknown, IDS);
    const payload = field(1, field(1, unknown), field(2, field(1, unknown), span));
    expect(payloadFromRows(allRows(decode(payload).batch))).toEqual(payload);
  });

  test("entity references of a resource stay in its bytes", () => {
    const payload = field(1, field(1, field(3, field(2, "service"))), field(2, field(2, IDS)));
    expect(payloadFromRows(allRows(decode(payload).batch))).toEqual(payload);
  });

  test("key_strindex of any wire type is one of them", () => {
    const payload = requestOfSpan(field(9, field(1, "k"), field(3, "text"), field(2, field(1, "v"))));
    expect(onlySpan(decode(payload)).attributes).toEqual({ k: "v" });
  });

  test("field 1000 of a resource is read as the scope spans it once was", () => {
    const payload = field(
      1,
      field(1, serviceName("old")),
      field(1000, field(1, field(1, "lib")), field(2, IDS)),
    );
    expect(onlySpan(decode(payload))).toMatchObject({ serviceName: "old", scope: { name: "lib" } });
  });
});
