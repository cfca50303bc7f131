import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordsOfBytes } from "../../src/base/bytes.ts";
import { TraceIndex, wordsOfTraceId } from "../../src/hot/trace-index.ts";

/** Ids that differ in one word only, the worst case of a careless hash. */
function idWords(count: number, word: number): Uint32Array {
  const words = new Uint32Array(count * 4).fill(7);
  for (let number = 0; number < count; number++) words[number * 4 + word] = number;
  return words;
}

describe("a trace index", () => {
  it.each([0, 1, 2, 3])("numbers 20,000 ids that differ in word %i in the order they come", (word) => {
    const index = new TraceIndex(1);
    const words = idWords(20_000, word);
    const numbers = Array.from({ length: 20_000 }, (_, number) => number);
    expect(numbers.map((number) => index.add(words, number * 4))).toEqual(numbers);
    expect(numbers.map((number) => index.find(words, number * 4))).toEqual(numbers);
    expect(index.count).toBe(20_000);
    expect([...index.words().subarray(0, 80_000)]).toEqual([...words]);
  });

  it("gives a known id its number again and does not know any other", async () => {
    const anyId = fc.uint8Array({ minLength: 16, maxLength: 16, max: 2 });
    await fc.assert(
      fc.property(fc.array(anyId), anyId, fc.integer(), (ids, other, seed) => {
        const index = new TraceIndex(seed);
        const numbers = new Map<string, number>();
        for (const id of ids) {
          const expected = numbers.get(id.join()) ?? numbers.size;
          numbers.set(id.join(), expected);
          expect(index.add(wordsOfTraceId(id), 0)).toBe(expected);
        }
        expect(index.find(wordsOfTraceId(other), 0)).toBe(numbers.get(other.join()) ?? -1);
      }),
    );
  });

  it("reads ids from a column at any alignment", () => {
    const bytes = Uint8Array.from({ length: 67 }, (_, at) => at);
    for (const offset of [0, 1, 2, 3]) {
      const column = bytes.subarray(offset, offset + 64);
      const expected = [0, 1, 2, 3].flatMap((row) => [...wordsOfTraceId(column.subarray(row * 16))]);
      expect([...wordsOfBytes(column)]).toEqual(expected);
    }
  });
});
