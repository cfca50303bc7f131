import { describe, expect, it } from "vitest";
import { generateCorpus } from "../../bench/generated-corpus.ts";
import { patchedPayload, templateFromPayload } from "../../bench/payload-template.ts";
import { traceIdOf } from "../../src/batch/row-ids.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";

function rowsOf(payload: Uint8Array): SpanRow[] {
  const { batch } = new OtlpRequestDecoder().decode(payload);
  return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
}

describe("the generated corpus", () => {
  const corpus = generateCorpus();
  const rows = corpus.flatMap(rowsOf);

  it("is the same bytes each time", () => {
    const again = generateCorpus();
    const differing = corpus.filter(
      (payload, index) => Buffer.compare(payload, again[index] ?? Buffer.of()) !== 0,
    );
    expect([again.length, differing]).toEqual([corpus.length, []]);
  });

  it("has the shape of the recorded shop: 47 spans a request, about 480 bytes and 10 attributes a span", () => {
    const bytes = corpus.reduce((sum, payload) => sum + payload.length, 0);
    const attributes = rows.reduce((sum, row) => sum + Object.keys(spanFromRow(row).attributes).length, 0);
    expect(corpus).toHaveLength(101);
    expect(Math.round(rows.length / corpus.length)).toBe(47);
    expect(Math.abs(bytes / rows.length - 480)).toBeLessThan(10);
    expect(Math.abs(attributes / rows.length - 10)).toBeLessThan(0.5);
  });

  it("has 3 spans a trace at the median", () => {
    const spansByTrace = new Map<string, number>();
    for (const row of rows) spansByTrace.set(traceIdOf(row), (spansByTrace.get(traceIdOf(row)) ?? 0) + 1);
    const counts = [...spansByTrace.values()].sort((left, right) => left - right);
    expect(counts[Math.floor(counts.length / 2)]).toBe(3);
  });

  it("is sent with other trace ids and times and nothing else changed", () => {
    const template = templateFromPayload(corpus[0] as Uint8Array);
    const mask = new Uint8Array(16).fill(0xa5);
    const patched = rowsOf(patchedPayload(template, mask, 1_000n)).map(spanFromRow);
    const original = rowsOf(template.bytes).map(spanFromRow);
    expect(template.spanCount).toBe(original.length);
    for (const [index, span] of patched.entries()) {
      const source = original[index];
      expect(span.traceId).not.toBe(source?.traceId);
      expect(span.startTimeUnixNano).toBe((source?.startTimeUnixNano ?? 0n) + 1_000n);
      expect([span.spanId, span.parentSpanId, span.name, span.attributes, span.durationMs]).toEqual([
        source?.spanId,
        source?.parentSpanId,
        source?.name,
        source?.attributes,
        source?.durationMs,
      ]);
    }
    expect(new Set(patched.map((span) => span.traceId)).size).toBe(
      new Set(original.map((span) => span.traceId)).size,
    );
  });
});
