import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeFileHeader,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  readRecordHeader,
  writeRecordHeader,
} from "../../src/log/record-format.ts";

const HEADER = {
  position: 2 ** 40 + 5,
  arrivalUnixMillis: 1_700_000_000_123,
  encoding: "gzip" as const,
  payloadBytes: 70_000,
  payloadCrc: 0xdeadbeef,
  durableBefore: 2 ** 40 + 2,
};

function headerBytes(fileNumber: number, fileOffset: number): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
  writeRecordHeader(bytes, 0, HEADER, fileNumber, fileOffset);
  return bytes;
}

test("a record header reads back as written, positions beyond 32 bits included", () => {
  expect(readRecordHeader(headerBytes(7, 640), 0, 7, 640)).toEqual(HEADER);
});

test("a record header counts only in its own file and at its own offset", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (file, offset, other) => {
      fc.pre(file !== other && offset !== other);
      expect(readRecordHeader(headerBytes(file, offset), 0, other, offset)).toBeUndefined();
      expect(readRecordHeader(headerBytes(file, offset), 0, file, other)).toBeUndefined();
    }),
  );
});

test("a wrong bit anywhere makes a record header no header", () => {
  for (let bit = 0; bit < RECORD_HEADER_BYTES * 8; bit++) {
    const bytes = headerBytes(1, 64);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(readRecordHeader(bytes, 0, 1, 64)).toBeUndefined();
  }
});

test("a file header reads back as written, and a wrong bit anywhere makes it none", () => {
  const header = { version: 1, fileNumber: 42, firstPosition: 2 ** 45 };
  const bytes = encodeFileHeader(header);
  expect(bytes).toHaveLength(FILE_HEADER_BYTES);
  expect(decodeFileHeader(bytes)).toEqual(header);
  for (let bit = 0; bit < FILE_HEADER_BYTES * 8; bit++) {
    const wrong = Uint8Array.from(bytes);
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    expect(decodeFileHeader(wrong)).toBeUndefined();
  }
  expect(decodeFileHeader(bytes.subarray(0, 63))).toBeUndefined();
  expect(decodeFileHeader(new Uint8Array(FILE_HEADER_BYTES))).toBeUndefined();
});
