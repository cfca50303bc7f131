import { describe, expect, it } from "vitest";
import { atOnce } from "../../src/base/time-slice.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { payloadFromRows } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { spansFromZipkinJson } from "../../src/codec/zipkin-json/decode.ts";
import { rowsForOtlp } from "../../src/codec/zipkin-json/shared-rows.ts";
import { spansForOtlp } from "../../src/codec/zipkin-json/shared-spans.ts";
import type { Span } from "../../src/model/span.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { allRows } from "../helpers/rows.ts";

const B = "000000000000000b";
const at = (serviceName: string, timestamp: number) => ({
  traceId: "1",
  timestamp,
  duration: 1,
  localEndpoint: { serviceName },
});
const ENTRY = { ...at("web", 1_000), id: "a", kind: "SERVER" };
const CLIENT = { ...at("web", 1_001), id: "b", parentId: "a", kind: "CLIENT" };
const SERVER = { ...at("app", 1_002), id: "b", parentId: "a", kind: "SERVER", shared: true };
const INSIDE = { ...at("app", 1_003), id: "c", parentId: "b" };
const OF_CLIENT = { ...at("web", 1_004), id: "d", parentId: "b" };

function rowsOf(...spans: readonly object[]): SpanRow[] {
  return allRows(batchOf(spansFromZipkinJson(spans)));
}

/** By start: the rows of a batch stand by resource. */
function leaving(rows: readonly SpanRow[]): Span[] {
  const spans = atOnce(rowsForOtlp(rows)).map(spanFromRow);
  return spans.sort((left, right) => Number(left.startTimeUnixNano - right.startTimeUnixNano));
}

describe("rows of a trace that leave as OTLP", () => {
  it("have a server with an id of its own below its client, its service's spans below it, all else as it was", () => {
    const [entry, client, server, inside, ofClient] = leaving(
      rowsOf(ENTRY, CLIENT, SERVER, INSIDE, OF_CLIENT),
    );
    expect([entry?.spanId, client?.spanId, client?.parentSpanId]).toEqual([
      "000000000000000a",
      B,
      "000000000000000a",
    ]);
    expect(server?.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(server?.spanId).not.toBe(B);
    expect(server?.parentSpanId).toBe(B);
    expect(server?.attributes).toEqual({ "zipkin.shared_span_id": B });
    expect(inside?.parentSpanId).toBe(server?.spanId);
    expect(ofClient?.parentSpanId).toBe(B);
  });

  it("are those that spans of the trace would be", () => {
    const rows = rowsOf(ENTRY, CLIENT, SERVER, INSIDE, OF_CLIENT);
    const spans = spansForOtlp(rows.map(spanFromRow));
    expect(atOnce(rowsForOtlp(rows)).map(spanFromRow)).toEqual(spans);
  });

  it("are the very same rows, byte for byte, but for the server and what is below it", () => {
    const rows = rowsOf(ENTRY, CLIENT, SERVER, INSIDE, OF_CLIENT);
    const left = atOnce(rowsForOtlp(rows));
    const changed = rows.filter((row, index) => left[index] !== row).map((row) => spanFromRow(row).spanId);
    expect(changed).toEqual([B, "000000000000000c"]);
  });

  it("are one and the same list when no id is of two calls", () => {
    const rows = rowsOf(ENTRY, CLIENT, INSIDE, OF_CLIENT);
    expect(atOnce(rowsForOtlp(rows))).toBe(rows);
  });

  it("stay when two calls have one id and none said that it shares it, as a sender's fault has it", () => {
    const { shared: _, ...server } = SERVER;
    const rows = rowsOf(ENTRY, CLIENT, server, INSIDE);
    expect(atOnce(rowsForOtlp(rows))).toBe(rows);
  });

  it("are found among thousands", () => {
    const many = Array.from({ length: 9_000 }, (_, index) => ({
      ...at("web", 2_000 + index),
      id: (0x1000 + index).toString(16),
      parentId: "a",
      kind: index % 2 === 0 ? "CLIENT" : "SERVER",
    }));
    const rows = rowsOf(ENTRY, CLIENT, SERVER, ...many);
    const left = atOnce(rowsForOtlp(rows));
    expect(left.filter((row, index) => row !== rows[index])).toHaveLength(1);
    expect(payloadFromRows(left).length).toBeGreaterThan(payloadFromRows(rows).length);
  });
});
