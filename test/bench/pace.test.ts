import { expect, it } from "vitest";
import type { PaceClock } from "../../bench/load/pace.ts";
import { createPace } from "../../bench/load/pace.ts";

/** Time that moves when told to, and by a sleep exactly as long as asked, or later by `timerLateMillis`. */
function createClock(timerLateMillis = 0) {
  const sleeps: number[] = [];
  let millis = 1_000;
  const clock: PaceClock = {
    nowMillis: () => millis,
    sleep: async (wanted) => {
      sleeps.push(wanted);
      millis += wanted + timerLateMillis;
    },
  };
  const pass = (passed: number) => {
    millis += passed;
  };
  return { clock, sleeps, pass };
}

it("never waits without a rate", async () => {
  const { clock, sleeps, pass } = createClock();
  const pace = createPace(0, clock);
  expect(await pace.turn(500)).toBe(1_000);
  pass(3);
  expect(await pace.turn(500)).toBe(1_003);
  expect(sleeps).toEqual([]);
});

it("sends the first request at once and each later one when the spans before it have had their time", async () => {
  const { clock, sleeps } = createClock();
  const pace = createPace(1_000, clock);
  const turns = [await pace.turn(500), await pace.turn(100), await pace.turn(50)];
  expect(turns).toEqual([1_000, 1_500, 1_600]);
  expect(sleeps).toEqual([500, 100]);
});

it("counts a request that waited for a sender from when it was due", async () => {
  const { clock, sleeps, pass } = createClock();
  const pace = createPace(1_000, clock);
  await pace.turn(100);
  pass(250);
  expect(await pace.turn(100)).toBe(1_100);
  expect(await pace.turn(100)).toBe(1_200);
  expect(await pace.turn(100)).toBe(1_300);
  expect(sleeps).toEqual([50]);
});

it("does not count a late timer, and does not fall behind for it", async () => {
  const { clock } = createClock(2);
  const pace = createPace(1_000, clock);
  await pace.turn(100);
  expect(await pace.turn(100)).toBe(1_102);
  expect(await pace.turn(100)).toBe(1_202);
});
