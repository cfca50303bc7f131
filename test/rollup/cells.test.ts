import { expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../src/base/varint-bytes.ts";
import { EdgeCell } from "../../src/rollup/cells.ts";

function edgeCell(first: number, traceId: string, durationNanos: number): EdgeCell {
  const cell = new EdgeCell();
  const names = Object.keys(cell.counts) as (keyof EdgeCell["counts"])[];
  for (const [at, name] of names.entries()) cell.counts[name] = first + at / 1_024;
  cell.exemplar = { traceId, spanId: "00f067aa0ba902b7", durationNanos };
  return cell;
}

function writtenOf(cell: EdgeCell): ByteReader {
  const writer = new ByteWriter();
  cell.writeTo(writer);
  return new ByteReader(writer.finish());
}

test("a written cell of an edge is added to another as the cell itself is", () => {
  const slow = edgeCell(1, "4bf92f3577b34da6a3ce929d0e0e4736", 2_000);
  const fast = edgeCell(1_000, "0af7651916cd43dd8448eb211c80319c", 1_000);
  const read = new EdgeCell();
  for (const cell of [slow, fast]) read.mergeFrom(writtenOf(cell));
  expect(read.counts).toEqual({
    calls: 1_001,
    errors: 1_001 + 2 / 1_024,
    clientErrors: 1_001 + 4 / 1_024,
    serverErrors: 1_001 + 6 / 1_024,
    pairedCalls: 1_001 + 8 / 1_024,
    retries: 1_001 + 10 / 1_024,
    clampedGaps: 1_001 + 12 / 1_024,
  });
  expect(read.exemplar).toEqual(slow.exemplar);
});
