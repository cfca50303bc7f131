import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SpanBatch } from "../../../src/batch/span-batch.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import { encodeSpans } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { decodeInParts } from "../../../src/codec/otlp-protobuf/request-parts.ts";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import { concat, field, IDS } from "./request-bytes.ts";

const spansOf = (batch: SpanBatch): Span[] =>
  Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row }));

const request = (count: number, size = 0): Uint8Array =>
  encodeSpans(
    Array.from({ length: count }, (_, index) =>
      buildSpan(`trace-${index % 3}`, {
        id: `span-${index}`,
        service: `service-${index % 4}`,
        at: [index, index + 1],
        attributes: size === 0 ? {} : { text: "x".repeat(size) },
      }),
    ),
  );

describe("a request in parts", () => {
  it("holds each accepted span once, in order, in parts within the limits", () => {
    const sizes = { count: fc.nat(40), maxRows: fc.integer({ min: 1, max: 12 }), maxBytes: fc.nat(2_000) };
    fc.assert(
      fc.property(fc.record(sizes), ({ count, maxRows, maxBytes }) => {
        const payload = request(count, 60);
        const whole = spansOf(new OtlpRequestDecoder().decode(payload).batch);
        const decoded = decodeInParts(new OtlpRequestDecoder(), payload, { maxRows, maxBytes });
        expect(decoded.acceptedSpans).toBe(count);
        expect(decoded.parts.flatMap(spansOf)).toEqual(whole);
        for (const { rowCount, payload: bytes } of decoded.parts) {
          expect(rowCount).toBeLessThanOrEqual(maxRows);
          // What is logged for a part, read back, is that part.
          expect(new OtlpRequestDecoder().decode(bytes).acceptedSpans).toBe(rowCount);
        }
      }),
    );
  });

  it("is one part with the very bytes that came when it is within the limits", () => {
    const payload = request(5);
    const { parts, isAsItCame } = decodeInParts(new OtlpRequestDecoder(), payload);
    expect(parts).toHaveLength(1);
    expect(parts[0]?.payload).toBe(payload);
    expect(isAsItCame).toBe(true);
  });

  it("is not as it came once a span was refused, and keeps the count and the reason", () => {
    const noIds = field(1, field(2, field(2, field(5, "no ids"))));
    const good = field(1, field(2, field(2, IDS)));
    const decoded = decodeInParts(new OtlpRequestDecoder(), concat(good, noIds));
    expect(decoded).toMatchObject({ acceptedSpans: 1, rejectedSpans: 1, isAsItCame: false });
    expect(decoded.errorMessage).toContain("trace_id");
    expect(decoded.parts.map(({ rowCount }) => rowCount)).toEqual([1]);
  });

  it("has no part when it has no span", () => {
    expect(decodeInParts(new OtlpRequestDecoder(), new Uint8Array(0)).parts).toEqual([]);
  });

  it("has a part for a span that is longer than a part may be", () => {
    const limits = { maxRows: 10, maxBytes: 100 };
    const { parts } = decodeInParts(new OtlpRequestDecoder(), request(3, 500), limits);
    expect(parts.map(({ rowCount }) => rowCount)).toEqual([1, 1, 1]);
  });
});
