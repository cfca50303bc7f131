import { describe, expect, test } from "vitest";
import { utf8FromText } from "../../../src/base/utf8.ts";
import { otlpProtobufFromJson } from "../../../src/codec/otlp-json/decode.ts";
import { otlpJsonFromRows } from "../../../src/codec/otlp-json/encode.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { allRows } from "../../helpers/rows.ts";
import { concat, field, requestOfSpan, tag } from "../otlp-protobuf/request-bytes.ts";

const rowsOf = (payload: Uint8Array) => allRows(new OtlpRequestDecoder().decode(payload).batch);
const jsonOf = (payload: Uint8Array) => JSON.parse(otlpJsonFromRows(rowsOf(payload)));

/** Written by hand from the JSON rules of OTLP: what goes in comes out, key by key. */
const EVERYTHING = {
  resourceSpans: [
    {
      resource: {
        attributes: [
          { key: "service.name", value: { stringValue: "shop" } },
          { key: "twice", value: { intValue: "1" } },
          { key: "twice", value: { intValue: "2" } },
        ],
        droppedAttributesCount: 1,
      },
      scopeSpans: [
        {
          scope: {
            name: "lib",
            version: "1.0",
            attributes: [{ key: "k", value: {} }],
            droppedAttributesCount: 2,
          },
          spans: [
            {
              traceId: "0102030405060708090a0b0c0d0e0f10",
              spanId: "1112131415161718",
              traceState: "ot=th:8",
              parentSpanId: "2122232425262728",
              name: "GET /",
              kind: 2,
              startTimeUnixNano: "1700000000123456789",
              endTimeUnixNano: "18446744073709551615",
              attributes: [
                { key: "bool", value: { boolValue: false } },
                { key: "int", value: { intValue: "-9223372036854775808" } },
                { key: "zero", value: { intValue: "0" } },
                { key: "double", value: { doubleValue: 0.5 } },
                { key: "nan", value: { doubleValue: "NaN" } },
                { key: "-inf", value: { doubleValue: "-Infinity" } },
                { key: "-0", value: { doubleValue: "-0" } },
                { key: "bytes", value: { bytesValue: "+/8=" } },
                { key: "text", value: { stringValue: "" } },
                {
                  key: "list",
                  value: { arrayValue: { values: [{ stringValue: "a" }, {}, { arrayValue: {} }] } },
                },
                {
                  key: "map",
                  value: { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } },
                },
              ],
              droppedAttributesCount: 3,
              events: [
                {
                  timeUnixNano: "5",
                  name: "event",
                  attributes: [{ key: "k", value: { stringValue: "v" } }],
                  droppedAttributesCount: 4,
                },
              ],
              droppedEventsCount: 5,
              links: [
                {
                  traceId: "3132333435363738393a3b3c3d3e3f40",
                  spanId: "4142434445464748",
                  traceState: "x=y",
                  attributes: [{ key: "k", value: { stringValue: "v" } }],
                  droppedAttributesCount: 6,
                  flags: 769,
                },
              ],
              droppedLinksCount: 7,
              status: { message: "no", code: 2 },
              flags: 257,
            },
          ],
          schemaUrl: "urn:scope",
        },
      ],
      schemaUrl: "urn:resource",
    },
  ],
};

describe("OTLP/JSON of rows", () => {
  test("holds every field, in the forms OTLP asks for", () => {
    const { payload } = otlpProtobufFromJson(utf8FromText(JSON.stringify(EVERYTHING)));
    expect(jsonOf(payload)).toEqual(EVERYTHING);
  });

  test("leaves out what has its default value", () => {
    const payload = requestOfSpan(
      field(3),
      field(4),
      field(5),
      concat(tag(6, 0), 0, tag(7, 1), new Uint8Array(8)),
    );
    expect(jsonOf(payload)).toEqual({
      resourceSpans: [
        {
          scopeSpans: [
            { spans: [{ traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "1112131415161718" }] },
          ],
        },
      ],
    });
  });

  test("of no rows is an empty request", () => {
    expect(JSON.parse(otlpJsonFromRows([]))).toEqual({ resourceSpans: [] });
  });

  test("of rows from several batches keeps each under its resource and scope", () => {
    const { payload } = otlpProtobufFromJson(utf8FromText(JSON.stringify(EVERYTHING)));
    const { resourceSpans } = JSON.parse(otlpJsonFromRows([...rowsOf(payload), ...rowsOf(requestOfSpan())]));
    expect(resourceSpans).toHaveLength(2);
    expect(resourceSpans[0]).toEqual(EVERYTHING.resourceSpans[0]);
  });

  test("of a value sent as two members has the last one only", () => {
    const value = field(2, field(1, "text"), tag(3, 0), 5);
    const [{ scopeSpans }] = jsonOf(requestOfSpan(field(9, field(1, "k"), value))).resourceSpans;
    expect(scopeSpans[0].spans[0].attributes).toEqual([{ key: "k", value: { intValue: "5" } }]);
  });
});
