import { describe, expect, test } from "vitest";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { concat, field, hex, IDS, requestOfSpan, SPAN_ID, TRACE_ID } from "./request-bytes.ts";

const decode = (payload: Uint8Array) => new OtlpRequestDecoder().decode(payload);
const SPAN = "resource_spans[0].scope_spans[0].spans[0]";
const TRACE = field(1, hex(TRACE_ID));
const span = (...fields: readonly Uint8Array[]) => field(2, ...fields);
const request = (...spans: readonly Uint8Array[]) => field(1, field(2, ...spans));

describe("a span with a bad id is refused alone", () => {
  test.each([
    ["no trace id", request(span(field(2, hex(SPAN_ID)))), `${SPAN}.trace_id: expected 16 bytes, got 0`],
    [
      "a short trace id",
      request(span(field(1, hex("0102")), field(2, hex(SPAN_ID)))),
      `${SPAN}.trace_id: expected 16 bytes, got 2 (hex 0102)`,
    ],
    [
      "a trace id of zeros",
      request(span(field(1, new Uint8Array(16)), field(2, hex(SPAN_ID)))),
      `${SPAN}.trace_id: expected 16 bytes that are not all zero, got zeros`,
    ],
    [
      "no span id",
      request(span(TRACE, field(5, "a name long enough"))),
      `${SPAN}.span_id: expected 8 bytes, got 0`,
    ],
    [
      "a long span id",
      request(span(TRACE, field(2, hex(`${SPAN_ID}00`)))),
      `${SPAN}.span_id: expected 8 bytes, got 9 (hex ${SPAN_ID}00)`,
    ],
    [
      "a span id of zeros",
      request(span(TRACE, field(2, new Uint8Array(8)))),
      `${SPAN}.span_id: expected 8 bytes that are not all zero, got zeros`,
    ],
    [
      "a parent id of four bytes",
      requestOfSpan(field(4, hex("01020304"))),
      `${SPAN}.parent_span_id: expected 8 bytes or none, got 4 (hex 01020304)`,
    ],
    [
      "a link without a trace id",
      requestOfSpan(field(13, field(2, hex(SPAN_ID)))),
      `${SPAN}.links[0].trace_id: expected 16 bytes, got 0`,
    ],
    [
      "a second link with a short span id",
      requestOfSpan(field(13, TRACE, field(2, hex(SPAN_ID))), field(13, TRACE, field(2, hex("01")))),
      `${SPAN}.links[1].span_id: expected 8 bytes, got 1 (hex 01)`,
    ],
  ])("%s", (_name, payload, message) => {
    const decoded = decode(payload);
    expect(decoded).toMatchObject({ acceptedSpans: 0, rejectedSpans: 1 });
    expect(decoded.errorMessage).toBe(message);
  });

  test("the good spans round it are accepted, with their own ids and times", () => {
    const parent = hex("2122232425262728");
    const payload = request(
      span(IDS, field(4, parent), field(5, "first")),
      span(IDS, field(4, parent), field(13), field(5, "bad")),
      span(IDS, field(5, "last")),
    );
    const decoded = decode(payload);
    expect(decoded).toMatchObject({ acceptedSpans: 2, rejectedSpans: 1 });
    const spans = [0, 1].map((row) => spanFromRow({ batch: decoded.batch, row }));
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([
      ["first", "2122232425262728"],
      ["last", undefined],
    ]);
    expect(decoded.errorMessage).toContain("spans[1].links[0].trace_id");
  });

  test("three refusals are told, the rest counted", () => {
    const bad = span(field(2, hex(SPAN_ID)));
    const payload = concat(request(span(IDS), bad, bad), request(bad, bad, bad, bad));
    const { rejectedSpans, errorMessage } = decode(payload);
    expect(rejectedSpans).toBe(6);
    expect(errorMessage.split("; ")).toEqual([
      "resource_spans[0].scope_spans[0].spans[1].trace_id: expected 16 bytes, got 0",
      "resource_spans[0].scope_spans[0].spans[2].trace_id: expected 16 bytes, got 0",
      "resource_spans[1].scope_spans[0].spans[0].trace_id: expected 16 bytes, got 0",
      "and 3 more",
    ]);
  });

  test("a span with several bad ids counts once", () => {
    expect(decode(request(span(field(1), field(2), field(4, hex("01")), field(13)))).rejectedSpans).toBe(1);
  });

  test("link ids of zeros are kept: only their length is a rule", () => {
    const link = field(13, field(1, new Uint8Array(16)), field(2, new Uint8Array(8)));
    expect(decode(requestOfSpan(link)).acceptedSpans).toBe(1);
  });
});
