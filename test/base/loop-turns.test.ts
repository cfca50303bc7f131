import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { LoopTurns } from "../../src/base/loop-turns.ts";

/** Lets so much time go by, as the clock that turns look at sees it. */
function fakeClock(): { pass: (millis: number) => void } {
  let nowMillis = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => nowMillis);
  return {
    pass: (millis) => {
      nowMillis += millis;
    },
  };
}

test("one goes on in a turn, those first who asked first", async () => {
  fakeClock();
  const turns = new LoopTurns();
  const went: string[] = [];
  for (const name of ["a", "b", "c"]) void turns.next().then(() => went.push(name));
  await nextTurn();
  expect(went).toEqual(["a"]);
  await nextTurn();
  expect(went).toEqual(["a", "b"]);
  await nextTurn();
  expect(went).toEqual(["a", "b", "c"]);
});

test("while others keep the loop busy, long work waits for a quiet turn, but not longer than 32 ms", async () => {
  const { pass } = fakeClock();
  const turns = new LoopTurns();
  let went = 0;
  const ask = (): void => void turns.next().then(() => went++);
  ask();
  pass(20);
  await nextTurn();
  expect(went).toBe(0);
  await nextTurn();
  expect(went).toBe(1);
  ask();
  for (let turn = 0; turn < 3; turn++) {
    expect(went).toBe(1);
    pass(11);
    await nextTurn();
  }
  expect(went).toBe(2);
});
