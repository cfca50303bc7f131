import { describe, expect, it, onTestFinished } from "vitest";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import type { IngestThread } from "../../src/threads/ingest-thread.ts";
import { createIngestThread } from "../../src/threads/ingest-thread.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

const spansOf = (batch: SpanBatch): Span[] =>
  Array.from({ length: batch.rowCount }, (_, row) => spanFromRow({ batch, row }));

function startThread(metrics = new RecordingMetrics()): IngestThread {
  const thread = createIngestThread(metrics);
  onTestFinished(() => thread.stop());
  return thread;
}

function request(count: number, textBytes: number): Uint8Array {
  const text = "x".repeat(textBytes);
  return encodeSpans(
    Array.from({ length: count }, (_, index) =>
      buildSpan("trace", { id: `span-${index}`, at: [index, index + 1], attributes: { text } }),
    ),
  );
}

describe("the ingest thread", () => {
  it.each([
    ["few long spans, so that every part is small", 40, 300_000],
    ["many short ones", 40_000, 60],
  ])("decodes %s into parts that hold every span", async (_, count, textBytes) => {
    const metrics = new RecordingMetrics();
    const payload = request(count, textBytes);
    const expected = spansOf(new OtlpRequestDecoder().decode(payload.slice()).batch);
    const { parts, acceptedSpans } = await startThread(metrics).decodeLong(payload);
    expect(parts.length).toBeGreaterThan(1);
    expect(acceptedSpans).toBe(count);
    expect(parts.flatMap(spansOf)).toEqual(expected);
    expect(metrics.sum("tracagg_ingest_thread_jobs_total", { kind: "decode" })).toBe(1);
  });

  it("gives the bytes back when one part holds them all", async () => {
    const payload = request(2, 1_000);
    const { parts, isAsItCame } = await startThread().decodeLong(payload.slice());
    expect(isAsItCame).toBe(true);
    expect(Buffer.compare(parts[0]!.payload, payload)).toBe(0);
  });

  it("says field and place of malformed bytes, and decodes the next request", async () => {
    const thread = startThread();
    const broken = request(10, 100).subarray(0, 700);
    await expect(thread.decodeLong(broken.slice())).rejects.toMatchObject({
      code: "invalid_argument",
      field: expect.stringContaining("resource_spans"),
    });
    expect((await thread.decodeLong(request(3, 10))).acceptedSpans).toBe(3);
  });

  it("answers requests in the order they came", async () => {
    const thread = startThread();
    const order: number[] = [];
    const counts = [300, 20, 100];
    await Promise.all(
      counts.map(async (count) => order.push((await thread.decodeLong(request(count, 10))).acceptedSpans)),
    );
    expect(order).toEqual(counts);
  });

  it("makes the same protobuf of long JSON as of short", async () => {
    const json = (count: number): Uint8Array =>
      Buffer.from(
        JSON.stringify({
          resourceSpans: Array.from({ length: count }, (_, index) => ({
            scopeSpans: [
              { spans: [{ traceId: "1".padStart(32, "0"), spanId: String(index + 1).padStart(16, "0") }] },
            ],
          })),
        }),
      );
    const thread = startThread();
    for (const count of [1, 4_000]) {
      const { payload } = await thread.transcode(json(count));
      expect(new OtlpRequestDecoder().decode(payload).acceptedSpans).toBe(count);
    }
    await expect(thread.transcode(Buffer.alloc(200_000, "{"))).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("refuses what it has not done when it stops, and everything after", async () => {
    const thread = createIngestThread(new RecordingMetrics());
    const first = thread.decodeLong(request(1_000, 100));
    const second = thread.decodeLong(request(10, 10));
    const refused = Promise.all(
      [first, second].map((one) => expect(one).rejects.toMatchObject({ code: "unavailable" })),
    );
    await thread.stop();
    await refused;
    await expect(thread.decodeLong(request(1, 1))).rejects.toMatchObject({ code: "unavailable" });
  });
});
