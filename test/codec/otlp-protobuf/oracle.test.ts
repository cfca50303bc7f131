import fc from "fast-check";
import type protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import type { SpanBatch } from "../../../src/batch/span-batch.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import {
  encodeSpans,
  payloadBytesOfRows,
  payloadFromRows,
} from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import { canonicalFromSpan, sortedByKey } from "../../helpers/canonical-from-span.ts";
import { corpusMissing, corpusRequests } from "../../helpers/corpus.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../../helpers/otlp-arbitrary.ts";
import type { CanonicalSpan } from "../../helpers/otlp-canonical.ts";
import { canonicalFromProtobuf, loadRequestType } from "../../helpers/otlp-canonical.ts";
import { allRows } from "../../helpers/rows.ts";

const RUNS = 200;
const decoder = new OtlpRequestDecoder();
let requestType: protobuf.Type;

beforeAll(async () => {
  requestType = await loadRequestType();
});

const spansOf = (batch: SpanBatch) => allRows(batch).map(spanFromRow);
/** Spans of equal resource and scope are put together, which changes their order. */
const byKey = (list: readonly CanonicalSpan[]) => [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
const fromOracle = (payload: Uint8Array) => canonicalFromProtobuf(requestType, payload);

describe.skipIf(corpusMissing !== undefined)(`the recorded requests ${corpusMissing ?? ""}`, () => {
  test("decode to the spans the oracle reads, field by field", () => {
    let spanCount = 0;
    for (const payload of corpusRequests()) {
      const { batch, rejectedSpans } = decoder.decode(payload);
      expect(rejectedSpans).toBe(0);
      expect(spansOf(batch).map(canonicalFromSpan).map(sortedByKey)).toEqual(
        fromOracle(payload).map(sortedByKey),
      );
      spanCount += batch.rowCount;
    }
    expect(spanCount).toBe(4_743);
  });

  test("come back from rows and from spans with the same meaning", () => {
    for (const payload of corpusRequests()) {
      const { batch } = decoder.decode(payload);
      const expected = fromOracle(payload);
      const again = payloadFromRows(allRows(batch));
      expect(fromOracle(again)).toEqual(expected);
      expect(payloadBytesOfRows(allRows(batch))).toBe(again.length);
      expect(byKey(fromOracle(encodeSpans(spansOf(batch))))).toEqual(byKey(expected));
    }
  });
});

describe("random requests with every field of the protocol", () => {
  test("decode to the spans the oracle reads, field by field", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary(), (request) => {
        const payload = encodeOtlpRequest(requestType, request);
        const { batch, acceptedSpans, rejectedSpans } = decoder.decode(payload);
        const expected = fromOracle(payload);
        expect([acceptedSpans, rejectedSpans]).toEqual([expected.length, 0]);
        expect(batch.payload).toBe(payload);
        expect(spansOf(batch).map(canonicalFromSpan).map(sortedByKey)).toEqual(expected.map(sortedByKey));
      }),
      { numRuns: RUNS },
    );
  });

  test("come back from rows with everything, repeated attribute keys included", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary({ repeatKeys: true }), (request) => {
        const payload = encodeOtlpRequest(requestType, request);
        const again = payloadFromRows(allRows(decoder.decode(payload).batch));
        expect(fromOracle(again)).toEqual(fromOracle(payload));
        expect(payloadBytesOfRows(allRows(decoder.decode(payload).batch))).toBe(again.length);
      }),
      { numRuns: RUNS },
    );
  });

  test("come back from spans of the model with the same meaning", () => {
    fc.assert(
      fc.property(otlpRequestArbitrary(), (request) => {
        const payload = encodeOtlpRequest(requestType, request);
        const spans = spansOf(decoder.decode(payload).batch);
        const again = fromOracle(encodeSpans(spans));
        expect(byKey(again).map(sortedByKey)).toEqual(byKey(fromOracle(payload)).map(sortedByKey));
      }),
      { numRuns: RUNS },
    );
  });
});
