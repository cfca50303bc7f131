import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { inputLines } from "../../src/cli/import/input-lines.ts";

async function linesOf(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of inputLines(Readable.from(chunks), "spans.jsonl")) lines.push(line);
  return lines;
}

const TEXT = '{"a":"ä"}\n\n{"b":2}\n';
const LINES = ['{"a":"ä"}', "", '{"b":2}', ""];
const inBytes = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));

it.each([
  ["plain", Buffer.from(TEXT)],
  ["gzip", gzipSync(TEXT)],
  ["gzip in members", Buffer.concat([gzipSync(TEXT.slice(0, 5)), gzipSync(TEXT.slice(5))])],
])("reads %s lines, at once and byte by byte", async (_form, bytes) => {
  expect(await linesOf([bytes])).toEqual(LINES);
  expect(await linesOf(inBytes(bytes))).toEqual(LINES);
});

it("reads nothing as one empty line", async () => {
  expect(await linesOf([])).toEqual([""]);
});

it("says of gzip that ends too soon, or is damaged, what it is", async () => {
  const bytes = gzipSync(TEXT.repeat(100));
  await expect(linesOf([bytes.subarray(0, bytes.length - 9)])).rejects.toThrow(
    "spans.jsonl: expected whole gzip",
  );
  bytes[20] = 255 - (bytes[20] as number);
  await expect(linesOf([bytes])).rejects.toThrow("spans.jsonl: expected whole gzip");
});
