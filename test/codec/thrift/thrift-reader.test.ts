import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TracAggError } from "../../../src/base/errors.ts";
import { ThriftReader, ThriftType } from "../../../src/codec/thrift/thrift-reader.ts";
import type { ThriftValue } from "./thrift-bytes.ts";
import { bool, double, i32, i64, list, map, struct, text } from "./thrift-bytes.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("the Thrift reader", () => {
  it("reads the fields of a struct up to its stop byte", () => {
    // i32 in field 1, then a string in field 2.
    const reader = new ThriftReader(hex("08 0001 fffffffe  0b 0002 00000003 616263  00"));
    expect([reader.nextField(), reader.fieldId, reader.fieldType, reader.i32()]).toEqual([true, 1, 8, -2]);
    expect([reader.nextField(), reader.isField(2, ThriftType.STRING), reader.text()]).toEqual([
      true,
      true,
      "abc",
    ]);
    expect([reader.nextField(), reader.position]).toEqual([false, 18]);
  });

  it("reads 64-bit numbers exactly, and doubles", () => {
    const reader = new ThriftReader(Buffer.concat([i64(-(2n ** 63n)).bytes, double(0.1).bytes]));
    expect([reader.i64(), reader.double()]).toEqual([-(2n ** 63n), 0.1]);
  });

  it.each([
    ["strict", "80010001 00000004 73656e64 00000007"],
    ["older", "00000004 73656e64 01 00000007"],
  ])("reads a %s head of a message", (_kind, bytes) => {
    expect(new ThriftReader(hex(bytes)).messageHead()).toEqual({
      name: "send",
      messageType: 1,
      sequenceId: 7,
    });
  });

  it("refuses a head of a version it does not know", () => {
    expect(() => new ThriftReader(hex("80020001 00000000 00000000")).messageHead()).toThrow(
      "expected version 1 of the protocol, got 32770",
    );
  });

  it("passes over values of every type", () => {
    const values: ThriftValue[] = [
      bool(true),
      double(1),
      i32(1),
      i64(1n),
      text("x"),
      struct({ 1: text("in"), 2: struct({}) }),
      list(12, [struct({}), struct({ 9: bool(false) })]),
      map([[text("k"), struct({ 1: i32(1) })]]),
      list(0, []),
    ];
    const bytes = struct(Object.fromEntries(values.map((value, index) => [index + 1, value]))).bytes;
    const reader = new ThriftReader(bytes);
    reader.skip(ThriftType.STRUCT);
    expect(reader.position).toBe(bytes.length);
  });

  it.each([
    ["a string longer than what is left", ThriftType.STRING, "7fffffff 61", "expected 2147483647 bytes"],
    ["a negative size", ThriftType.STRING, "ffffffff", "expected a size from 0, got -1"],
    [
      "a list of more than there is room for",
      ThriftType.LIST,
      "0c 7fffffff 00",
      "expected 2147483647 elements",
    ],
    [
      "a map of more than there is room for",
      ThriftType.MAP,
      "0b0c 00000002 0000000000",
      "expected 2 elements",
    ],
    ["a type that does not exist", ThriftType.STRUCT, "05 0001 00", "type 5 does not exist"],
    ["a struct without an end", ThriftType.STRUCT, "02 0001 01", "expected 1 bytes, 0 are left"],
  ])("refuses %s", (_what, type, bytes, message) => {
    expect(() => new ThriftReader(hex(bytes)).skip(type)).toThrow(message);
  });

  it("refuses values nested without end", () => {
    const bytes = new Uint8Array(30_000).map((_, index) => [0x0c, 0, 1][index % 3] as number);
    expect(() => new ThriftReader(bytes).skip(ThriftType.STRUCT)).toThrow("nested deeper than 64 levels");
  });

  it("ends inside any bytes, or says what is wrong with them", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(...Object.values(ThriftType)),
        (bytes, type) => {
          const reader = new ThriftReader(bytes);
          try {
            reader.skip(type);
          } catch (error) {
            expect(error).toBeInstanceOf(TracAggError);
            expect((error as TracAggError).code).toBe("invalid_argument");
          }
          expect(reader.position).toBeLessThanOrEqual(bytes.length);
        },
      ),
    );
  });
});
