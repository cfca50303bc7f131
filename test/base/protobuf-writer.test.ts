import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtobufReader } from "../../src/base/protobuf-reader.ts";
import { ProtobufWriter } from "../../src/base/protobuf-writer.ts";

const readBack = <T>(write: (writer: ProtobufWriter) => void, read: (reader: ProtobufReader) => T): T => {
  const writer = new ProtobufWriter(1);
  write(writer);
  const reader = new ProtobufReader(writer.finish());
  reader.tag();
  const value = read(reader);
  expect(reader.position).toBe(reader.end);
  return value;
};
const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });

describe("what the writer writes, the reader reads", () => {
  test("field numbers", () => {
    fc.assert(
      fc.property(field, (number) => {
        const writer = new ProtobufWriter(1);
        writer.uint32(number, 1);
        expect(new ProtobufReader(writer.finish()).tag()).toBe(number * 8);
      }),
    );
  });

  test("numbers of every kind", () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.integer(),
        int64,
        uint64,
        fc.double(),
        (uint32, int32, int, uint, double) => {
          expect(
            readBack(
              (w) => w.uint32(1, uint32),
              (r) => r.uint32(),
            ),
          ).toBe(uint32);
          expect(
            readBack(
              (w) => w.int32(1, int32),
              (r) => r.int32(),
            ),
          ).toBe(int32);
          expect(
            readBack(
              (w) => w.int64(1, int),
              (r) => r.int64(),
            ),
          ).toBe(int);
          expect(
            readBack(
              (w) => w.fixed32(1, uint32),
              (r) => r.fixed32(),
            ),
          ).toBe(uint32);
          expect(
            readBack(
              (w) => w.fixed64(1, uint),
              (r) => r.fixed64(),
            ),
          ).toBe(uint);
          expect(
            readBack(
              (w) => w.double(1, double),
              (r) => r.double(),
            ),
          ).toBe(double);
        },
      ),
    );
  });

  test("texts and bytes of any length", () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 300 }), (string, bytes) => {
        expect(
          readBack(
            (w) => w.text(1, string),
            (r) => r.text(),
          ),
        ).toBe(string);
        expect(
          readBack(
            (w) => w.bytes(1, bytes),
            (r) => r.view(),
          ),
        ).toEqual(bytes);
      }),
    );
  });

  test.each([0, 127, 128, 16_383, 16_384, 2_097_152])(
    "messages of %i bytes, one inside the other",
    (length) => {
      const body = new Uint8Array(length).fill(7);
      const writer = new ProtobufWriter(1);
      const outer = writer.begin(1);
      const inner = writer.begin(2);
      writer.raw(body);
      writer.end(inner);
      writer.uint32(3, 5);
      writer.end(outer);
      const reader = new ProtobufReader(writer.finish());
      reader.tag();
      const message = reader.message();
      expect(message.tag()).toBe((2 << 3) | 2);
      expect(message.view().every((byte) => byte === 7)).toBe(true);
      expect([message.tag(), message.uint32(), message.position]).toEqual([3 << 3, 5, message.end]);
      expect(reader.position).toBe(reader.end);
    },
  );
});
