import fc from "fast-check";
import { expect, test } from "vitest";
import { WordMemo } from "../../src/base/word-memo.ts";

function describe(memo: WordMemo<object>, words: readonly number[]): void {
  memo.begin();
  for (const word of words) memo.push(word);
}

test("an answer is found for exactly the words that it was kept for", () => {
  const word = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 6 }), { maxLength: 80 }), (descriptions) => {
      const memo = new WordMemo<object>(10_000);
      const expected = new Map<string, object>();
      for (const words of descriptions) {
        describe(memo, words);
        const known = expected.get(words.join());
        expect(memo.find()).toBe(known);
        if (known === undefined) expected.set(words.join(), memo.keep({ words }));
      }
    }),
  );
});

test("descriptions of any length are told apart", () => {
  const memo = new WordMemo<object>(10_000);
  const long = Array.from({ length: 1_000 }, (_, at) => at);
  describe(memo, long);
  const answer = memo.keep({});
  expect(memo.find()).toBe(answer);
  describe(memo, [...long.slice(0, -1), 7]);
  expect(memo.find()).toBeUndefined();
});

test("at the bound all are forgotten, and new ones kept", () => {
  const memo = new WordMemo<object>(4);
  describe(memo, [1, 2, 3]);
  memo.keep({});
  describe(memo, [4, 5]);
  const answer = memo.keep({});
  expect(memo.find()).toBe(answer);
  describe(memo, [1, 2, 3]);
  expect(memo.find()).toBeUndefined();
});
