import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrpcMessageReader } from "../../src/receivers/grpc-message.ts";

const KIB = 1024;

function frame(message: Uint8Array, flag = 0, declared = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(declared, 1);
  return Buffer.concat([head, message]);
}

function reader(maxBytes = 1_000_000) {
  const asked: number[] = [];
  return { asked, reader: new GrpcMessageReader({ maxBytes, onGrow: (bytes) => void asked.push(bytes) }) };
}

describe("GrpcMessageReader", () => {
  it("puts a message together however it is cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(40)), (message, cuts) => {
        const { reader: messages } = reader();
        let rest = frame(message);
        for (const cut of cuts) {
          messages.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        messages.push(rest);
        expect(Buffer.from(messages.finish().bytes)).toEqual(Buffer.from(message));
      }),
    );
  });

  it("takes memory for a usual message once, as large as the header says", () => {
    const { asked, reader: messages } = reader();
    const bytes = frame(Buffer.alloc(200 * KIB, 1));
    for (let start = 0; start < bytes.length; start += 16 * KIB)
      messages.push(bytes.subarray(start, start + 16 * KIB));
    expect(asked).toEqual([200 * KIB]);
    expect(messages.finish().bytes.buffer.byteLength).toBe(200 * KIB);
  });

  it("does not believe in a large message before it arrives", () => {
    const { asked, reader: messages } = reader(64 * KIB * KIB);
    messages.push(frame(Buffer.alloc(1), 0, 60 * KIB * KIB));
    expect(asked).toEqual([256 * KIB]);
    messages.push(Buffer.alloc(256 * KIB));
    expect(asked).toEqual([256 * KIB, 512 * KIB]);
  });

  it("never asks for more than the message has, also when it is larger than the first room", () => {
    const { asked, reader: messages } = reader();
    messages.push(frame(Buffer.alloc(700 * KIB, 9)));
    expect(asked).toEqual([700 * KIB]);
    expect(messages.finish().bytes.every((byte) => byte === 9)).toBe(true);
  });

  it("stops when there is no room", () => {
    const messages = new GrpcMessageReader({
      maxBytes: 100,
      onGrow: () => {
        throw new Error("full");
      },
    });
    expect(() => messages.push(frame(Buffer.alloc(3)))).toThrow("full");
  });

  it("refuses a message over the limit by its header, be that cut in two", () => {
    const head = frame(Buffer.alloc(0), 0, 1_001);
    expect(() => reader(1_000).reader.push(head)).toThrow("1000");
    const { reader: messages } = reader(1_000);
    messages.push(head.subarray(0, 4));
    expect(() => messages.push(head.subarray(4))).toThrow("1000");
    expect(() => reader(1_000).reader.push(frame(Buffer.alloc(1_000)))).not.toThrow();
  });

  it("says whether the message is compressed; nothing is not", () => {
    const [plain, compressed, empty] = [reader().reader, reader().reader, reader().reader];
    plain.push(frame(Buffer.alloc(1), 0));
    compressed.push(frame(Buffer.alloc(1), 1));
    empty.push(frame(Buffer.alloc(0), 1));
    expect([plain, compressed, empty].map((each) => each.finish().isCompressed)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("refuses none, a second one, a part of one, and a flag that is none", () => {
    expect(() => reader().reader.finish()).toThrow("got none");
    const { reader: messages } = reader();
    messages.push(frame(Buffer.alloc(4)));
    expect(() => messages.push(Buffer.alloc(1))).toThrow("more than one");
    const { reader: part } = reader();
    part.push(frame(Buffer.alloc(3), 0, 4));
    expect(() => part.finish()).toThrow("before the whole message");
    expect(() => reader().reader.push(frame(Buffer.alloc(4), 2))).toThrow("0 or 1");
  });
});
