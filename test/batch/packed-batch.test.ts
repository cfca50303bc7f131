import { expect, it } from "vitest";
import { packedBatch } from "../../src/batch/batch-merge.ts";
import { buffersOf, unpackBatch } from "../../src/batch/packed-batch.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const spansOf = (batch: SpanBatch): Span[] =>
  Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row }));

function batches(rowCounts: readonly number[]): SpanBatch[] {
  const decoder = new OtlpRequestDecoder();
  return rowCounts.map((rowCount, batch) => {
    const spans = Array.from({ length: rowCount }, (_, row) =>
      buildSpan(`trace-${batch}`, {
        id: `${batch}/${row}`,
        service: `service-${row % 3}`,
        at: [row, row + 1],
      }),
    );
    return decoder.decode(encodeSpans(spans)).batch;
  });
}

it.each([
  ["small ones, which a decoder lays into one buffer", [3, 1, 7]],
  ["a large one, which has a buffer of its own", [400, 2]],
  ["an empty one", [0, 2]],
])("packed batches come out as they went in, each given away by itself: %s", (_, rowCounts) => {
  const before = batches(rowCounts);
  const expected = before.map(spansOf);
  const packed = before.map((batch) => packedBatch([batch]));
  const after = packed.map((one) => unpackBatch(structuredClone(one, { transfer: buffersOf(one) })));
  expect(after.map(spansOf)).toEqual(expected);
});

it("words are numbered from the empty one, each once", () => {
  const [batch] = batches([9]) as [SpanBatch];
  const { words, nameIds } = packedBatch([batch]);
  expect(words[0]).toBe("");
  expect(new Set(words).size).toBe(words.length);
  expect([...nameIds].map((id) => words[id])).toEqual(spansOf(batch).map(({ name }) => name));
});
