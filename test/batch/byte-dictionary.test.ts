import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8FromText } from "../../src/base/utf8.ts";
import { ByteDictionary } from "../../src/batch/byte-dictionary.ts";

const add = (dictionary: ByteDictionary, word: string): number => {
  const bytes = utf8FromText(`<${word}>`);
  return dictionary.idOf(bytes, 1, bytes.length - 1);
};

describe("a byte dictionary", () => {
  test("gives the same words the same ids, dense from 1", () => {
    const words = fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), { maxLength: 2_000 });
    fc.assert(
      fc.property(words, (list) => {
        const dictionary = new ByteDictionary();
        const ids = list.map((word) => add(dictionary, word));
        expect(ids.map((id) => dictionary.text(id))).toEqual(list);
        expect(list.map((word) => add(dictionary, word))).toEqual(ids);
        expect(dictionary.size).toBe(new Set(list).size + 1);
        expect(Math.max(0, ...ids)).toBe(dictionary.size - 1);
      }),
      { numRuns: 50 },
    );
  });

  test("keeps ids when it grows past every table", () => {
    const dictionary = new ByteDictionary();
    const ids = Array.from({ length: 20_000 }, (_, index) => add(dictionary, `word ${index}`));
    expect(ids).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
    expect(add(dictionary, "word 0")).toBe(1);
    expect(dictionary.text(20_000)).toBe("word 19999");
  });

  test("knows the empty word from the start", () => {
    const dictionary = new ByteDictionary();
    expect([add(dictionary, ""), dictionary.text(0), dictionary.size]).toEqual([0, "", 1]);
  });

  test("is full by words, and still takes more", () => {
    const dictionary = new ByteDictionary({ maxWords: 3 });
    add(dictionary, "a");
    expect(dictionary.isFull).toBe(false);
    add(dictionary, "b");
    expect(dictionary.isFull).toBe(true);
    expect(dictionary.text(add(dictionary, "c"))).toBe("c");
  });

  test("is full by bytes", () => {
    const dictionary = new ByteDictionary({ maxBytes: 10 });
    add(dictionary, "123456789");
    expect(dictionary.isFull).toBe(false);
    add(dictionary, "0");
    expect(dictionary.isFull).toBe(true);
  });
});
