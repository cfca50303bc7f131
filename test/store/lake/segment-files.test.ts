import fc from "fast-check";
import { expect, it } from "vitest";
import { ByteSink } from "../../../src/store/lake/byte-sink.ts";
import { segmentName } from "../../../src/store/lake/segment-format.ts";
import type { SegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import { formatSegmentMeta, parseSegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import { appendRemainder } from "../../../src/store/lake/span-remainder.ts";
import { decodeSplits, encodeSplits } from "../../../src/store/lake/split-file.ts";
import { TraceFilter } from "../../../src/store/lake/trace-filter.ts";

const traceId = fc.uint8Array({ minLength: 16, maxLength: 16 });

it("a filter knows every id it was given, also after a round trip and in shared memory", () => {
  fc.assert(
    fc.property(fc.array(traceId, { maxLength: 200 }), (ids) => {
      const traceIds = new Uint8Array(ids.length * 16);
      for (const [index, id] of ids.entries()) traceIds.set(id, index * 16);
      const filter = TraceFilter.of({ traceCount: ids.length, traceIds });
      for (const copy of [
        filter,
        TraceFilter.decode(filter.encode()),
        TraceFilter.fromShared(filter.shared()),
      ]) {
        expect(ids.every((id) => copy.mayHave(id, 0))).toBe(true);
      }
    }),
  );
});

it("a filter says maybe to few ids it was not given", () => {
  const idOf = (index: number): Uint8Array => {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(12, index);
    return id;
  };
  const filter = TraceFilter.forKeys(20_000);
  for (let index = 0; index < 20_000; index++) filter.add(idOf(index), 0);
  let maybes = 0;
  for (let index = 20_000; index < 120_000; index++) if (filter.mayHave(idOf(index), 0)) maybes++;
  expect(maybes / 100_000).toBeLessThan(0.005);
});

it("a filter or split list with any byte changed is refused", () => {
  const filter = TraceFilter.forKeys(10).encode();
  const splits = encodeSplits([
    { traceId: "0af7651916cd43dd8448eb211c80319c", places: [{ segment: "a", startTimeUnixNano: 5n }] },
  ]);
  for (const [file, decode] of [
    [filter, TraceFilter.decode],
    [splits, decodeSplits],
  ] as const) {
    for (let index = 0; index < file.length; index++) {
      const damaged = file.slice();
      damaged[index] = damaged[index]! ^ 0x10;
      expect(() => decode(damaged)).toThrow(expect.objectContaining({ code: "data_corrupt" }));
    }
    expect(() => decode(file.subarray(0, 10))).toThrow(expect.objectContaining({ code: "data_corrupt" }));
  }
});

it("split lists come back as they were", () => {
  const place = fc.record({
    segment: fc.string({ minLength: 1 }),
    startTimeUnixNano: fc.bigInt(0n, (1n << 64n) - 1n),
  });
  const split = fc.record({
    traceId: traceId.map((id) => Buffer.from(id).toString("hex")),
    places: fc.array(place, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(split, { maxLength: 20 }), (splits) => {
      expect(decodeSplits(encodeSplits(splits))).toEqual(splits);
    }),
  );
});

const META: SegmentMeta = {
  formatVersion: 1,
  writtenBy: "1.2.3",
  firstPosition: 0,
  lastPosition: 9,
  firstArrivalUnixMillis: 1,
  lastArrivalUnixMillis: 2,
  spanCount: 3,
  traceCount: 2,
  minTraceStartUnixNano: 0n,
  maxTraceStartUnixNano: 0xffff_ffff_ffff_ffffn,
  replaces: [],
  spanColumns: ["trace_id"],
  attributeColumns: [{ key: "k", column: "attr.k", type: "text", valueTypes: ["string"] }],
  files: { "spans.parquet": { bytes: 1, crc32: 2 } },
};

it("meta.json comes back as it was, with exact 64-bit times", () => {
  expect(parseSegmentMeta(formatSegmentMeta(META), "here")).toEqual(META);
});

it("meta.json with any bit changed is damaged, also where it then names a newer format", () => {
  const bytes = Buffer.from(formatSegmentMeta(META));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const wrong = Buffer.from(bytes);
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => parseSegmentMeta(wrong.toString(), "here")).toThrow(
      expect.objectContaining({ code: "data_corrupt" }),
    );
  }
});

it("meta.json of format 1 is read without a checksum as it was first written, and only so", () => {
  const { crc32: _, attributeColumns: __, ...members } = JSON.parse(formatSegmentMeta(META));
  expect(parseSegmentMeta(JSON.stringify(members), "here")).toEqual({ ...META, attributeColumns: [] });
  for (const other of [
    { ...members, formatVersion: 2 },
    { ...members, crc33: 1 },
  ]) {
    expect(() => parseSegmentMeta(JSON.stringify(other), "here")).toThrow(
      expect.objectContaining({ code: "data_corrupt" }),
    );
  }
});

it("segment names sort as their positions do", () => {
  expect([segmentName(10, 11), segmentName(9, 9)].sort()).toEqual([segmentName(9, 9), segmentName(10, 11)]);
});

it.each([
  [
    "columns go, all else stays in order",
    "0a0161" + "1a0178" + "120162" + "2a016e" + "4a0161" + "3001",
    false,
    "1a0178" + "4a0161",
  ],
  [
    "fixed-size columns go",
    `39${"01".repeat(8)}41${"02".repeat(8)}8501${"03".repeat(4)}`,
    false,
    `8501${"03".repeat(4)}`,
  ],
  [
    "a kind that fits no column stays, with all its repetitions",
    "3001" + "30ac02" + "3002",
    false,
    "3001" + "30ac02" + "3002",
  ],
  ["a name that is no text stays when asked", "2a01ff" + "0a0161", true, "2a01ff"],
  [
    "groups and fields with long tags stay whole",
    "a301" + "0a0161" + "a401" + "0a0161" + "f2070161",
    false,
    "a301" + "0a0161" + "a401" + "f2070161",
  ],
  ["nothing is left of a span of columns", "0a0161" + "120162", false, ""],
])("of a span's bytes, %s", (_, body, keepName, rest) => {
  const bytes = Buffer.from(`ffff${body}ffff`, "hex");
  const sink = new ByteSink(1);
  appendRemainder(bytes, 2, bytes.length - 2, keepName, sink);
  expect(Buffer.from(sink.copy()).toString("hex")).toBe(rest);
});
