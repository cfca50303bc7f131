/** The exporter port's contract, run on every exporter of the registry. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FILE_EXPORTERS } from "../../exporters/registry.ts";
import { spanIdOf as spanIdOfRow } from "../../src/batch/row-ids.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { spansFromJaegerJson } from "../../src/codec/jaeger-json/decode.ts";
import { otlpProtobufFromJson } from "../../src/codec/otlp-json/decode.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { spansFromZipkinJson } from "../../src/codec/zipkin-json/decode.ts";
import { batchOfRows } from "../../src/export/export-batch.ts";
import type { Span } from "../../src/model/span.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildSpan, spanIdOf } from "../helpers/trace-builder.ts";

type Format = keyof typeof FILE_EXPORTERS;

const READERS: Record<Format, (line: string) => string[]> = {
  otlp: (line) => {
    const { payload } = otlpProtobufFromJson(new TextEncoder().encode(line));
    return rowsOf(payload).map(spanIdOfRow);
  },
  jaeger: (line) => spansFromJaegerJson(JSON.parse(line)).map((span) => span.spanId),
  zipkin: (line) => spansFromZipkinJson(JSON.parse(line)).map((span) => span.spanId),
};

function rowsOf(payload: Uint8Array): SpanRow[] {
  const { batch } = new OtlpRequestDecoder().decode(payload);
  return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
}

function rows(...spans: Span[]): SpanRow[] {
  const batch = batchOf(spans);
  return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
}

const first = rows(buildSpan("checkout", { id: "root", service: "shop", at: [0, 10] }));
const second = rows(
  buildSpan("checkout", { id: "pay", parent: "root", service: "bank", at: [1, 5] }),
  buildSpan("login", { id: "login", service: "shop", at: [2, 3] }),
);

const never = new AbortController().signal;
const linesOf = (path: string) => readFileSync(path, "utf8").trim().split("\n");

describe.each(Object.keys(FILE_EXPORTERS) as Format[])("the %s file exporter", (format) => {
  const create = FILE_EXPORTERS[format];
  const read = READERS[format];

  it("has every delivered span in the file once deliver resolves, one line a delivery", async () => {
    const path = join(temporaryFolder(), "deep", "spans.jsonl");
    const exporter = create({ path });
    await exporter.deliver(batchOfRows(first), never);
    expect(linesOf(path).map(read)).toEqual([[spanIdOf("root")]]);
    await exporter.deliver(batchOfRows(second), never);
    expect(linesOf(path).map((line) => read(line).sort())).toEqual([
      [spanIdOf("root")],
      [spanIdOf("pay"), spanIdOf("login")].sort(),
    ]);
    await exporter.stop();
  });

  it("appends to what a run before wrote", async () => {
    const path = join(temporaryFolder(), "spans.jsonl");
    for (const delivery of [first, second]) {
      const exporter = create({ path });
      await exporter.deliver(batchOfRows(delivery), never);
      await exporter.stop();
    }
    expect(linesOf(path)).toHaveLength(2);
  });

  it("puts a full file aside and drops the oldest beyond the number kept", async () => {
    const path = join(temporaryFolder(), "spans.jsonl");
    const exporter = create({ path, maxFileBytes: 10, maxFiles: 2 });
    for (let delivery = 0; delivery < 5; delivery++) await exporter.deliver(batchOfRows(first), never);
    await exporter.stop();
    expect([path, `${path}.1`, `${path}.2`].map((name) => linesOf(name).length)).toEqual([1, 1, 1]);
    expect(() => readFileSync(`${path}.3`)).toThrow("ENOENT");
  });

  it("rejects when the destination cannot be written, and may be stopped twice", async () => {
    const exporter = create({ path: "/dev/null/spans.jsonl" });
    await expect(exporter.deliver(batchOfRows(first), never)).rejects.toThrow();
    await exporter.stop();
    await exporter.stop();
  });
});
