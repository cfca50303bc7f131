import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TracAggError } from "../../../src/base/errors.ts";
import { utf8FromText } from "../../../src/base/utf8.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import { otlpProtobufFromJson } from "../../../src/codec/otlp-json/decode.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { allRows } from "../../helpers/rows.ts";

const IDS = '"traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"1112131415161718"';
const transcode = (json: string) => otlpProtobufFromJson(utf8FromText(json));
const decode = (json: string) => new OtlpRequestDecoder().decode(transcode(json).payload);
const request = (...spans: readonly string[]) =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans.join()}]}]}]}`;
const span = (fields: string) => request(`{${IDS}${fields === "" ? "" : `,${fields}`}}`);
const spanOf = (fields: string) => {
  const { batch, errorMessage } = decode(span(fields));
  expect(errorMessage).toBe("");
  return spanFromRow({ batch, row: 0 });
};
const decodedValue = (value: string) => spanOf(`"attributes":[{"key":"k","value":${value}}]`).attributes["k"];
const faultOf = (json: string): TracAggError => {
  try {
    transcode(json);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TracAggError);
    return thrown as TracAggError;
  }
  throw new Error("expected a refusal, the request was accepted");
};

describe("64-bit numbers", () => {
  test.each([
    ["18446744073709551615", 2n ** 64n - 1n],
    ['"18446744073709551615"', 2n ** 64n - 1n],
    ["1700000000123456789", 1_700_000_000_123_456_789n],
    ['"1700000000123456789"', 1_700_000_000_123_456_789n],
    ["9007199254740993", 2n ** 53n + 1n],
    ["1.5e3", 1_500n],
    ["1700000000123456789.0", 1_700_000_000_123_456_789n],
    ["1.700000000123456789E+18", 1_700_000_000_123_456_789n],
    ["170000000000000e4", 1_700_000_000_000_000_000n],
    ["-0", 0n],
    ["0e5", 0n],
  ])("time %s is exact", (text, expected) => {
    expect(spanOf(`"startTimeUnixNano":${text}`).startTimeUnixNano).toBe(expected);
  });

  test.each([
    ["9007199254740993", 2n ** 53n + 1n],
    ['"-9223372036854775808"', -(2n ** 63n)],
    ["-9223372036854775808", -(2n ** 63n)],
    ["9223372036854775807", 2n ** 63n - 1n],
  ])("integer %s is exact", (text, expected) => {
    expect(decodedValue(`{"intValue":${text}}`)).toBe(expected);
  });

  test.each([
    "18446744073709551616",
    "-1",
    "1.5",
    "1e-1",
    '"0x10"',
    '""',
    '" 1"',
    "1e999",
    "true",
    `"${"9".repeat(100_000)}"`,
  ])("%s is no time", (text) => {
    const { message, field } = faultOf(span(`"startTimeUnixNano":${text}`));
    expect(field).toBe("resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano");
    expect(message).toContain(
      "expected a whole number from 0 to 18446744073709551615, as number or string, got",
    );
  });

  test.each(["9223372036854775808", "-9223372036854775809"])("%s is no 64-bit integer", (text) => {
    expect(faultOf(span(`"attributes":[{"key":"k","value":{"intValue":${text}}}]`)).field).toBe(
      "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.intValue",
    );
  });
});

describe("attribute values", () => {
  test.each([
    ['{"stringValue":""}', ""],
    ['{"stringValue":"\\u00e9\\ud834\\udd1e\\n\\/\\"☃"}', 'é𝄞\n/"☃'],
    ['{"stringValue":"\\ud834"}', "\ufffd"],
    ['{"boolValue":false}', false],
    ['{"doubleValue":1}', 1],
    ['{"doubleValue":-0}', -0],
    ['{"doubleValue":"2.5e3"}', 2_500],
    ['{"doubleValue":"NaN"}', Number.NaN],
    ['{"doubleValue":"Infinity"}', Number.POSITIVE_INFINITY],
    ['{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
    ['{"bytesValue":"+/8="}', Uint8Array.of(0xfb, 0xff)],
    ['{"bytesValue":"-_8"}', Uint8Array.of(0xfb, 0xff)],
    ['{"bytesValue":""}', new Uint8Array(0)],
    ["{}", null],
    ["null", null],
    ['{"stringValue":null}', null],
    ['{"unknownValue":{"a":[1,{"b":null}]}}', null],
    ['{"arrayValue":{}}', []],
    ['{"arrayValue":{"values":[{"intValue":1},{},null,{"arrayValue":{"values":[]}}]}}', [1n, null, null, []]],
    [
      '{"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":"1"}}]}}',
      JSON.parse('{"__proto__":0}'),
    ],
  ])("%s", (json, expected) => {
    const value = decodedValue(json);
    const isMap = json.includes("__proto__");
    expect(isMap ? Object.keys(value as object) : value).toEqual(
      isMap ? Object.keys(expected as object) : expected,
    );
  });

  test.each([
    ['{"bytesValue":"*"}', "expected base64"],
    ['{"bytesValue":"A"}', "expected base64"],
    ['{"bytesValue":"AA="}', "expected base64"],
    ['{"boolValue":"true"}', "expected true or false"],
    ['{"doubleValue":"fast"}', "expected a number"],
    ['{"doubleValue":1e999}', "expected a number"],
    ['{"stringValue":5}', "expected a string"],
    ['{"arrayValue":[]}', "expected an object"],
    ['"text"', "expected an object"],
  ])("%s is refused", (json, reason) => {
    const { code, message, field } = faultOf(span(`"attributes":[{"key":"k","value":${json}}]`));
    expect(code).toBe("invalid_argument");
    expect(message).toContain(reason);
    expect(field).toContain("spans[0].attributes[0].value");
  });
});

describe("names", () => {
  test("in snake_case and enum names are taken and counted", () => {
    const json = `{"resource_spans":[{"scope_spans":[{"schema_url":"urn:s","spans":[{
      "trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"1112131415161718","kind":"SPAN_KIND_SERVER",
      "status":{"code":"STATUS_CODE_ERROR"}}]}]}]}`;
    const { payload, lenientNames } = transcode(json);
    expect(lenientNames).toBe(7);
    const { batch } = new OtlpRequestDecoder().decode(payload);
    expect(spanFromRow({ batch, row: 0 })).toMatchObject({
      kind: "SERVER",
      status: "ERROR",
      scope: { schemaUrl: "urn:s" },
    });
  });

  test("of OTLP/JSON are not counted", () => {
    expect(transcode(span('"kind":2,"status":{"code":2},"traceState":"a=b"')).lenientNames).toBe(0);
  });

  test("from before OTLP 0.15 are taken and counted", () => {
    const json = `{"resourceSpans":[{"instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"lib"},"spans":[{${IDS}}]}]}]}`;
    const { payload, lenientNames } = transcode(json);
    const { batch } = new OtlpRequestDecoder().decode(payload);
    expect(spanFromRow({ batch, row: 0 }).scope.name).toBe("lib");
    expect(lenientNames).toBe(1);
  });

  test.each(['"SPAN_KIND_BUTLER"', '"SERVER"', "1.5", "{}", "3000000000"])("kind %s is refused", (kind) => {
    expect(faultOf(span(`"kind":${kind}`)).field).toBe("resourceSpans[0].scopeSpans[0].spans[0].kind");
  });

  test("nobody knows are passed over at every level", () => {
    const unknown = '"x":[{"y":[1,-2.5e3,"\\u0041",true,false,null,{}]}],"constructor":1,"__proto__":{"a":1}';
    const json = `{${unknown},"resourceSpans":[{${unknown},"resource":{${unknown},"attributes":[{${unknown},"key":"service.name","value":{${unknown},"stringValue":"s"}}]},
      "scopeSpans":[{${unknown},"scope":{${unknown},"name":"lib"},"spans":[{${unknown},${IDS},"events":[{${unknown},"name":"e"}],
      "links":[{${unknown},${IDS}}],"status":{${unknown},"code":1}}]}]}]}`;
    const { batch } = decode(json);
    expect(spanFromRow({ batch, row: 0 })).toMatchObject({
      serviceName: "s",
      scope: { name: "lib" },
      status: "OK",
      events: [{ name: "e" }],
      links: [{ spanId: "1112131415161718" }],
    });
  });
});

describe("absence and repetition", () => {
  test("null means not sent, for every field", () => {
    const fields = [
      "parentSpanId",
      "name",
      "kind",
      "startTimeUnixNano",
      "attributes",
      "events",
      "links",
      "status",
      "flags",
    ];
    const nulls = fields.map((name) => `"${name}":null`).join();
    expect(spanOf(nulls)).toEqual(spanOf(""));
    expect(
      decode('{"resourceSpans":[{"resource":null,"scopeSpans":null,"schemaUrl":null}]}').acceptedSpans,
    ).toBe(0);
  });

  test("of a key sent twice the last value holds, zero too", () => {
    expect(spanOf('"kind":2,"name":"a","name":"b","kind":0')).toMatchObject({
      kind: "UNSPECIFIED",
      name: "b",
    });
  });

  test("an empty object is an empty request", () => {
    expect(transcode(" {} ").payload.length).toBe(0);
  });

  test("a byte order mark is passed over", () => {
    expect(transcode("\ufeff{}").payload.length).toBe(0);
  });
});

describe("ids", () => {
  test("are hex in any case", () => {
    expect(spanOf('"parentSpanId":"ABCDEFabcdef0123"')).toMatchObject({
      traceId: "0102030405060708090a0b0c0d0e0f10",
      parentSpanId: "abcdefabcdef0123",
    });
  });

  test.each([
    [
      '"traceId":"W47/95gDgQPSabYzgT/GDA=="',
      'trace_id: expected 16 bytes, got 24 ("W47/95gDgQPSabYzgT/GDA=="; in OTLP/JSON an id',
    ],
    ['"traceId":"xyzxyzxyzxyzxyz!"', 'trace_id: expected 16 bytes, got 17 ("xyzxyzxyzxyzxyz! "'],
    ['"spanId":"notahex!"', 'span_id: expected 8 bytes, got 9 ("notahex! "'],
    ['"spanId":"123"', 'span_id: expected 8 bytes, got 3 ("123"'],
    ['"spanId":"1234"', "span_id: expected 8 bytes, got 2"],
    ['"spanId":""', "span_id: expected 8 bytes, got 0"],
    ['"spanId":[1,2,3]', 'span_id: expected 8 bytes, got 7 ("[1,2,3]"'],
    ['"spanId":17', 'span_id: expected 8 bytes, got 2 ("17"'],
    ['"parentSpanId":"zz"', 'parent_span_id: expected 8 bytes or none, got 2 ("zz"'],
    [
      '"links":[{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"1112131415161718"}]',
      "links[0].trace_id: expected 16 bytes, got 24",
    ],
  ])("%s costs that span only", (fields, message) => {
    const decoded = decode(request(`{${IDS}}`, `{${IDS},${fields}}`, `{${IDS}}`));
    expect(decoded).toMatchObject({ acceptedSpans: 2, rejectedSpans: 1 });
    expect(decoded.errorMessage).toContain(`spans[1].${message}`);
  });
});

describe("what is not JSON is refused, with the byte", () => {
  test.each([
    ["", "byte 0 of 0"],
    ["   ", "byte 3 of 3"],
    ["null", "expected an object"],
    ["[]", "expected an object"],
    ['"text"', "expected an object"],
    ["{", "expected a key in quotes"],
    ['{"a"}', 'expected ":"'],
    ['{"a":}', "expected a value"],
    ['{"a":1,}', 'after ","'],
    ['{"a":1 "b":2}', 'expected "," or "}"'],
    ['{"a":[1,]}', 'after ","'],
    ['{"a":[1 2]}', 'expected "," or "]"'],
    ['{"a":01}', "expected a number"],
    ['{"a":+1}', "expected a value"],
    ['{"a":1.}', "expected a number"],
    ['{"a":NaN}', "expected a value"],
    ['{"a":tru}', "expected a value"],
    ['{"a":"\\x"}', "valid escapes"],
    ['{"a":"\\u12"}', "valid escapes"],
    ['{"a":"\n"}', "control characters"],
    ['{"a":"b', "closing quote"],
    ["{} {}", "expected the end of the request"],
    ["{'a':1}", "expected a key in quotes"],
  ])("%j", (json, part) => {
    const { code, message } = faultOf(json);
    expect(code).toBe("invalid_argument");
    expect(message).toContain(part);
  });

  test("100,000 arrays inside one another do not break the stack", () => {
    expect(faultOf(`{"a":${"[".repeat(100_000)}`).message).toContain("deeper than 512");
  });

  test("100 levels of maps are taken, more are refused by name", () => {
    const nested = (levels: number): string =>
      levels === 0 ? "{}" : `{"kvlistValue":{"values":[{"key":"k","value":${nested(levels - 1)}}]}}`;
    const json = (levels: number) => span(`"attributes":[{"key":"k","value":${nested(levels)}}]`);
    expect(decode(json(100)).acceptedSpans).toBe(1);
    expect(() => decode(json(101))).toThrow("attribute values are nested deeper");
  });
});

describe("the JSON reader accepts what JSON.parse accepts, and nothing else", () => {
  const agrees = (text: string) => {
    const json = `{"unknown":${text}}`;
    const isJson = (() => {
      try {
        return JSON.parse(json) !== undefined;
      } catch {
        return false;
      }
    })();
    const isTaken = (() => {
      try {
        return transcode(json).payload.length === 0;
      } catch {
        return false;
      }
    })();
    expect(isTaken).toBe(isJson);
  };

  test("for any value", () => {
    fc.assert(fc.property(fc.json(), agrees), { numRuns: 300 });
  });

  test("for any value with a character changed", () => {
    const change = fc.tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", "t", "\u0001", ""),
    );
    fc.assert(
      fc.property(change, ([json, at, text]) => {
        const place = at % (json.length + 1);
        agrees(json.slice(0, place) + text + json.slice(place + 1));
      }),
      { numRuns: 500 },
    );
  });

  test("and a request cut off anywhere is refused", () => {
    const json = span(
      '"name":"é","attributes":[{"key":"k","value":{"arrayValue":{"values":[{"doubleValue":-1.5e3}]}}}]',
    );
    const whole = utf8FromText(json);
    for (let length = 0; length < whole.length; length++) {
      expect(() => otlpProtobufFromJson(whole.subarray(0, length))).toThrow(TracAggError);
    }
    expect(allRows(decode(json).batch).length).toBe(1);
  });
});
