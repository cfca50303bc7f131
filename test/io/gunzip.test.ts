import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzipBounded } from "../../src/io/gunzip.ts";

const MIB = 1024 * 1024;

describe("gunzipBounded", () => {
  test("gives back what was compressed, whatever it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4_000 }), async (plain) => {
        const inflated = await gunzipBounded(gzipSync(plain), { maxBytes: 4_000 });
        expect(Buffer.from(inflated).equals(Buffer.from(plain))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("accepts a body of exactly the limit and refuses one byte more", async () => {
    const exact = gzipSync(Buffer.alloc(1_000, 7));
    const over = gzipSync(Buffer.alloc(1_001, 7));
    expect((await gunzipBounded(exact, { maxBytes: 1_000 })).length).toBe(1_000);
    await expect(gunzipBounded(over, { maxBytes: 1_000 })).rejects.toMatchObject({ code: "too_large" });
  });

  test("reads several members in one body, as gzip allows", async () => {
    const members = Buffer.concat([gzipSync(Buffer.alloc(50_000, 1)), gzipSync(Buffer.from("end"))]);
    const plain = await gunzipBounded(members, { maxBytes: 100_000 });
    expect(plain.length).toBe(50_003);
  });

  test("asks for room before it uses memory, and never uses more than it asked for", async () => {
    const asked: number[] = [];
    const body = gzipSync(Buffer.alloc(300_000));
    await gunzipBounded(body, { maxBytes: MIB, onGrow: (bytes) => asked.push(bytes) });
    expect(asked).toEqual([300_000]);
  });

  test("a body that lies about its length is refused as damaged, within the room asked for", async () => {
    const body = gzipSync(Buffer.alloc(40_000));
    body.writeUInt32LE(10, body.length - 4);
    const asked: number[] = [];
    await expect(
      gunzipBounded(body, { maxBytes: MIB, onGrow: (bytes) => asked.push(bytes) }),
    ).rejects.toMatchObject({ code: "invalid_argument" });
    expect(asked.every((bytes) => bytes <= 40_960)).toBe(true);
    expect(asked).toEqual([...asked].sort((a, b) => a - b));
  });

  test("a bomb that hides its size behind a small last member stops at the limit", async () => {
    const bomb = Buffer.concat([gzipSync(Buffer.alloc(8 * MIB)), gzipSync(Buffer.from("x"))]);
    const asked: number[] = [];
    await expect(
      gunzipBounded(bomb, { maxBytes: MIB, onGrow: (bytes) => asked.push(bytes) }),
    ).rejects.toMatchObject({ code: "too_large" });
    expect(Math.max(...asked)).toBe(MIB);
  });

  test("stops when no room is given", async () => {
    const refuse = (): void => {
      throw new Error("no room");
    };
    await expect(
      gunzipBounded(gzipSync(Buffer.alloc(100)), { maxBytes: MIB, onGrow: refuse }),
    ).rejects.toThrow("no room");
  });

  test.each([
    ["nothing at all", Buffer.alloc(0)],
    ["zlib instead of gzip", deflateSync(Buffer.alloc(100))],
    ["a cut body", gzipSync(Buffer.from("some text that is compressed")).subarray(0, 30)],
    ["plain bytes", Buffer.alloc(100, 10)],
  ])("refuses %s as invalid", async (_, body) => {
    await expect(gunzipBounded(body, { maxBytes: MIB })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
