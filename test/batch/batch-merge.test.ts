import fc from "fast-check";
import { expect, it } from "vitest";
import { BatchMerge } from "../../src/batch/batch-merge.ts";
import { buffersOf, unpackBatch } from "../../src/batch/packed-batch.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../helpers/otlp-arbitrary.ts";
import { loadRequestType } from "../helpers/otlp-canonical.ts";

const spansOf = (batch: SpanBatch): Span[] =>
  Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row }));

function mergeOf(batches: readonly SpanBatch[]): SpanBatch {
  const merge = new BatchMerge(batches);
  for (const batch of batches) merge.add(batch);
  const packed = merge.packed();
  return unpackBatch(structuredClone(packed, { transfer: buffersOf(packed) }));
}

it("merged batches have every span of each, whole and in order, whoever decoded them", async () => {
  const type = await loadRequestType();
  const decoders = [new OtlpRequestDecoder(), new OtlpRequestDecoder()];
  const requests = fc.array(fc.tuple(otlpRequestArbitrary(), fc.nat(1)), { maxLength: 6 });
  fc.assert(
    fc.property(requests, (sent) => {
      const batches = sent.map(
        ([request, decoder]) => decoders[decoder]!.decode(encodeOtlpRequest(type, request)).batch,
      );
      expect(spansOf(mergeOf(batches))).toEqual(batches.flatMap(spansOf));
    }),
    { numRuns: 300 },
  );
});
