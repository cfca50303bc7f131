import fc from "fast-check";
import type protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import { TracAggError } from "../../../src/base/errors.ts";
import { lazySpan, spanFromRow } from "../../../src/batch/span-from-row.ts";
import { otlpJsonFromRows } from "../../../src/codec/otlp-json/encode.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../../helpers/otlp-arbitrary.ts";
import { loadRequestType } from "../../helpers/otlp-canonical.ts";
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

let requestType: protobuf.Type;

beforeAll(async () => {
  requestType = await loadRequestType();
});

function faultOf(payload: Uint8Array): TracAggError {
  try {
    new OtlpRequestDecoder().decode(payload);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TracAggError);
    return thrown as TracAggError;
  }
  throw new Error("expected a refusal, the request was accepted");
}

/** Reads all there is to read; a decoder that accepts bytes must be able to give back what is in them. */
function readAll(payload: Uint8Array): "accepted" | "invalid_argument" {
  try {
    const { batch } = new OtlpRequestDecoder().decode(payload);
    const rows = allRows(batch);
    for (const row of rows) spanFromRow(row);
    otlpJsonFromRows(rows);
    return "accepted";
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TracAggError);
    expect((thrown as TracAggError).code).toBe("invalid_argument");
    return "invalid_argument";
  }
}

const nested = (levels: number): Uint8Array => {
  let value = field(1, "deep");
  for (let level = 0; level < levels; level++) value = field(5, field(1, value));
  return attribute("k", value);
};
const nestedMaps = (levels: number): Uint8Array => {
  let value = field(1, "deep");
  for (let level = 0; level < levels; level++) value = field(6, field(1, field(1, "k"), field(2, value)));
  return attribute("k", value);
};
const groups = (levels: number): Uint8Array => {
  const bytes = new Uint8Array(levels * 4);
  for (let level = 0; level < levels; level++) {
    bytes.set(tag(99, 3), level * 2);
    bytes.set(tag(99, 4), (levels + level) * 2);
  }
  return bytes;
};

const SPAN = "resource_spans[0].scope_spans[0].spans[0]";

describe("a malformed request is refused with field path and byte", () => {
  test.each([
    ["a length past the end of the request", concat(tag(1, 2), 0x05, 0x00), "resource_spans[0]", "truncated"],
    [
      "a length past the end of its span",
      requestOfSpan(concat(tag(9, 2), 0x05, 0x0a)),
      `${SPAN}.attributes[0]`,
      "truncated",
    ],
    [
      "a length past the end of a resource",
      field(1, field(1, tag(1, 2), 0x40)),
      "resource_spans[0].resource.attributes[0]",
      "truncated",
    ],
    ["a length of 4 GiB", requestOfSpan(concat(tag(5, 2), varint(2n ** 32n))), `${SPAN}.name`, "truncated"],
    [
      "half a start time",
      requestOfSpan(concat(tag(7, 1), 1, 2, 3)),
      `${SPAN}.start_time_unix_nano`,
      "truncated: expected 8 bytes, 3 are left",
    ],
    [
      "half an end time",
      requestOfSpan(concat(tag(8, 1), 1, 2, 3)),
      `${SPAN}.end_time_unix_nano`,
      "truncated",
    ],
    ["half the flags", requestOfSpan(concat(tag(16, 5), 1)), `${SPAN}.flags`, "truncated"],
    ["a number without an end", requestOfSpan(concat(tag(6, 0), 0x80)), `${SPAN}.kind`, "truncated"],
    ["a tag without an end", requestOfSpan(concat(0xff)), SPAN, "truncated"],
    [
      "a number of eleven bytes",
      requestOfSpan(concat(tag(10, 0), ...new Array<number>(10).fill(0x80), 0)),
      `${SPAN}.dropped_attributes_count`,
      "at most 10 bytes",
    ],
    [
      "an attribute number of eleven bytes",
      requestOfSpan(attribute("k", tag(3, 0), ...new Array<number>(10).fill(0x80), 0)),
      `${SPAN}.attributes[0].value.int_value`,
      "at most 10 bytes",
    ],
    ["a tag of more than 32 bits", requestOfSpan(varint(2n ** 40n)), SPAN, "at most 32 bits"],
    ["field number 0", requestOfSpan(concat(0x02, 0x00)), SPAN, "field number from 1, got 0"],
    ["wire type 6", requestOfSpan(tag(99, 6)), `${SPAN}.(field 99)`, "wire type 6"],
    ["wire type 7", field(1, tag(99, 7)), "resource_spans[0].(field 99)", "wire type 7"],
    ["a bare group end", requestOfSpan(tag(99, 4)), `${SPAN}.(field 99)`, "group end without a group start"],
    [
      "a group that ends as another",
      requestOfSpan(tag(99, 3), tag(98, 4)),
      `${SPAN}.(field 99)`,
      "end of group 99, got that of 98",
    ],
    ["a group without an end", requestOfSpan(tag(99, 3)), `${SPAN}.(field 99)`, "group 99 has no end"],
    ["groups too deep", requestOfSpan(groups(101)), `${SPAN}.(field 99)`, "deeper than 100"],
    ["arrays too deep", requestOfSpan(nested(101)), `${SPAN}.attributes[0].value.array_value`, "deeper"],
    ["maps too deep", requestOfSpan(nestedMaps(101)), `${SPAN}.attributes[0].value.kvlist_value`, "deeper"],
  ])("%s", (_name, payload, path, reason) => {
    const { code, message, field: named } = faultOf(payload);
    expect(code).toBe("invalid_argument");
    expect(message).toContain(reason);
    expect(message).toMatch(/ at byte \d+ of \d+: /);
    expect(named?.startsWith(path)).toBe(true);
    expect(message.startsWith(named as string)).toBe(true);
  });

  test.each([
    ["resource_spans[0]", concat(tag(1, 0), 1)],
    ["resource_spans[0].resource", field(1, tag(1, 0), 1)],
    ["resource_spans[0].scope_spans[0]", field(1, tag(2, 0), 1)],
    ["resource_spans[0].scope_spans[0].scope", field(1, field(2, tag(1, 0), 1))],
    ["resource_spans[0].scope_spans[0].spans[1]", field(1, field(2, field(2, IDS), tag(2, 0), 1))],
    ["resource_spans[0].scope_spans[0].schema_url", field(1, field(2, tag(3, 0), 1))],
    [`${SPAN}.trace_id`, requestOfSpan(tag(1, 0), hex("01"))],
    [`${SPAN}.name`, requestOfSpan(tag(5, 5), hex("01020304"))],
    [`${SPAN}.kind`, requestOfSpan(field(6, "x"))],
    [`${SPAN}.start_time_unix_nano`, requestOfSpan(tag(7, 0), hex("01"))],
    [`${SPAN}.flags`, requestOfSpan(tag(16, 0), hex("01"))],
    [`${SPAN}.dropped_links_count`, requestOfSpan(tag(14, 5), hex("01020304"))],
    [`${SPAN}.attributes[1]`, requestOfSpan(attribute("k"), tag(9, 0), hex("01"))],
    [`${SPAN}.attributes[0].value`, requestOfSpan(field(9, field(1, "k"), tag(2, 0), 1))],
    [`${SPAN}.attributes[0].value.int_value`, requestOfSpan(attribute("k", field(3, "1")))],
    [`${SPAN}.events[0].time_unix_nano`, requestOfSpan(field(11, tag(1, 0), 1))],
    [`${SPAN}.links[0].span_id`, requestOfSpan(field(13, field(1, hex(TRACE_ID)), tag(2, 0), 1))],
    [`${SPAN}.status.code`, requestOfSpan(field(15, field(3, "2")))],
  ])("%s in another wire type", (path, payload) => {
    const { message, field: named } = faultOf(payload);
    expect(named).toBe(path);
    expect(message).toMatch(/expected wire type \d \(.+\), got \d \(.+\)/);
  });

  test("the byte is that of the field", () => {
    const payload = requestOfSpan(tag(6, 2), hex("00"));
    expect(faultOf(payload).message).toContain(
      `${SPAN}.kind at byte ${payload.length - 2} of ${payload.length}`,
    );
  });

  test("100 levels of arrays, maps and groups are taken", () => {
    const { batch } = new OtlpRequestDecoder().decode(
      requestOfSpan(nested(100), nestedMaps(100), groups(100)),
    );
    expect(Object.keys(lazySpan({ batch, row: 0 }).attributes)).toEqual(["k"]);
  });

  test("the depth limit is the one asked for", () => {
    const decoder = new OtlpRequestDecoder({ maxDepth: 2 });
    expect(decoder.decode(requestOfSpan(nested(2))).acceptedSpans).toBe(1);
    expect(() => decoder.decode(requestOfSpan(nested(3)))).toThrow("deeper");
  });

  test("100,000 groups or arrays inside one another do not break the stack", () => {
    expect(faultOf(requestOfSpan(groups(100_000))).code).toBe("invalid_argument");
  });

  test("a million empty spans are refused without columns for them", () => {
    const spans = new Uint8Array(2_000_000);
    for (let index = 0; index < spans.length; index += 2) spans[index] = 0x12;
    const { batch, rejectedSpans } = new OtlpRequestDecoder().decode(
      field(1, field(2, IDS.subarray(0, 0), spans)),
    );
    expect(rejectedSpans).toBe(1_000_000);
    expect(batch.traceIds.buffer.byteLength).toBe(0);
  });
});

describe("whatever the bytes are", () => {
  const whole = requestOfSpan(
    field(5, "name"),
    attribute("text", field(1, "v")),
    attribute("list", field(5, field(1, tag(3, 0), varint(300)))),
    field(11, tag(1, 1), new Uint8Array(8), field(2, "event")),
    field(13, field(1, hex(TRACE_ID)), field(2, hex(SPAN_ID))),
    field(15, field(2, "message"), tag(3, 0), 2),
    concat(tag(16, 5), 1, 1, 0, 0),
  );

  test("a request cut off anywhere is refused, and only the whole one accepted", () => {
    const outcomes = Array.from({ length: whole.length }, (_, length) => readAll(whole.subarray(0, length)));
    expect(outcomes[0]).toBe("accepted");
    expect(new Set(outcomes.slice(1))).toEqual(new Set(["invalid_argument"]));
    expect(readAll(whole)).toBe("accepted");
  });

  test("a request at some place of a larger buffer is read the same", () => {
    const buffer = concat(new Uint8Array(3), whole, new Uint8Array(5).fill(0xff));
    const { batch } = new OtlpRequestDecoder().decode(buffer.subarray(3, 3 + whole.length));
    const { batch: alone } = new OtlpRequestDecoder().decode(whole);
    expect(spanFromRow({ batch, row: 0 })).toEqual(spanFromRow({ batch: alone, row: 0 }));
  });

  test("random bytes are accepted or refused, nothing else", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, (payload) => ["accepted", "invalid_argument"].includes(readAll(payload))),
      {
        numRuns: 500,
      },
    );
  });

  test("random requests with random bytes changed are accepted or refused, nothing else", () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(otlpRequestArbitrary(), changes, (request, list) => {
        const payload = encodeOtlpRequest(requestType, request);
        for (const [at, byte] of list) payload[at % Math.max(1, payload.length)] = byte;
        return ["accepted", "invalid_argument"].includes(readAll(payload));
      }),
      { numRuns: 500 },
    );
  });
});
