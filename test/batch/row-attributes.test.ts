import fc from "fast-check";
import type protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  attributeAt,
  resourceAttribute,
  spanAttribute,
  visitResourceAttributes,
  visitSpanAttributeBytes,
} from "../../src/batch/row-attributes.ts";
import { lazySpan, spanFromRow } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { attribute, concat, field, requestOfSpan } from "../codec/otlp-protobuf/request-bytes.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../helpers/otlp-arbitrary.ts";
import { loadRequestType } from "../helpers/otlp-canonical.ts";
import { allRows } from "../helpers/rows.ts";

let requestType: protobuf.Type;

beforeAll(async () => {
  requestType = await loadRequestType();
});

const rowOf = (payload: Uint8Array) => ({ batch: new OtlpRequestDecoder().decode(payload).batch, row: 0 });
const ABSENT_KEY = "no generator makes this key";

describe("all attributes of a row", () => {
  test("are those a full decode gives", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary({}), (request) => {
        const { batch } = new OtlpRequestDecoder().decode(encodeOtlpRequest(requestType, request));
        for (const row of allRows(batch)) {
          const span = spanFromRow(row);
          const own = new Map<string, unknown>();
          visitSpanAttributeBytes(row, (bytes, start, end) => {
            const { key, value } = attributeAt(bytes, start, end);
            own.set(key, value);
          });
          expect(own).toEqual(new Map(Object.entries(span.attributes)));
          const resource = new Map<string, unknown>();
          visitResourceAttributes(row, (key, value) => resource.set(key, value));
          expect(resource).toEqual(new Map(Object.entries(span.resource.attributes)));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("one attribute of a row", () => {
  test("is the value a full decode gives, for every key", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary({ repeatKeys: true }), (request) => {
        const { batch } = new OtlpRequestDecoder().decode(encodeOtlpRequest(requestType, request));
        for (const row of allRows(batch)) {
          const span = spanFromRow(row);
          for (const [key, value] of Object.entries(span.attributes)) {
            expect(spanAttribute(row, key)).toEqual(value);
          }
          for (const [key, value] of Object.entries(span.resource.attributes)) {
            expect(resourceAttribute(row, key)).toEqual(value);
          }
          expect(spanAttribute(row, ABSENT_KEY)).toBeUndefined();
          expect(resourceAttribute(row, ABSENT_KEY)).toBeUndefined();
        }
      }),
      { numRuns: 150 },
    );
  });

  test("that is repeated is the last one", () => {
    const row = rowOf(
      requestOfSpan(attribute("k", field(1, "a")), attribute("j"), attribute("k", field(1, "b"))),
    );
    expect(spanAttribute(row, "k")).toBe("b");
  });

  test("with an empty value is there: null, not undefined", () => {
    expect(spanAttribute(rowOf(requestOfSpan(attribute("k"))), "k")).toBeNull();
  });

  test("whose value comes before its key is found", () => {
    const row = rowOf(requestOfSpan(field(9, field(2, field(1, "v")), field(1, "k"))));
    expect(spanAttribute(row, "k")).toBe("v");
  });

  test("without a key has the empty key", () => {
    expect(spanAttribute(rowOf(requestOfSpan(field(9, field(2, field(1, "v"))))), "")).toBe("v");
  });

  test("is not found by a part of its key", () => {
    const row = rowOf(requestOfSpan(attribute("http.route", field(1, "/"))));
    expect(["http", "http.route.x", "ttp.route"].map((key) => spanAttribute(row, key))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("a lazy span", () => {
  test("says what the plain one says", () => {
    const row = rowOf(requestOfSpan(field(5, "n"), attribute("k", field(1, "v")), concat(field(3, "a=b"))));
    const plain = spanFromRow(row);
    const lazy = lazySpan(row);
    for (const [field, value] of Object.entries(plain)) {
      expect(lazy[field as keyof typeof plain]).toEqual(value);
    }
  });

  test("decodes a field once", () => {
    const lazy = lazySpan(rowOf(requestOfSpan(attribute("k", field(1, "v")))));
    expect(lazy.attributes).toBe(lazy.attributes);
    expect(lazy.resource).toBe(lazy.resource);
    expect(lazy.scope).toBe(lazy.scope);
  });
});
