import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CommittedBatch } from "../../src/batch/committed-batch.ts";
import { WaitingBatches } from "../../src/rollup/waiting-batches.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

function batches(count: number, spans = 1): CommittedBatch[] {
  const batch = batchOf(
    Array.from({ length: spans }, (_, at) => buildSpan("t", { id: `${at}`, service: "s", at: [0, 1] })),
  );
  return Array.from({ length: count }, (_, position) => ({ batch, position, arrivalUnixMillis: 0 }));
}

test("batches are counted one a turn of the event loop, in the order they came, and none in the turn they come", async () => {
  const counted: number[] = [];
  const waiting = new WaitingBatches(({ position }) => counted.push(position));
  for (const committed of batches(3)) waiting.push(committed);
  expect(counted).toEqual([]);
  expect(waiting.spanCount).toBe(3);
  await nextTurn();
  expect(counted).toEqual([0]);
  await nextTurn();
  await nextTurn();
  expect(counted).toEqual([0, 1, 2]);
  expect(waiting.spanCount).toBe(0);
});

test("who reads has everything counted first, and nothing is counted again in the turns that come", async () => {
  const counted: number[] = [];
  const waiting = new WaitingBatches(({ position }) => counted.push(position));
  const [first, second, third] = batches(3) as [CommittedBatch, CommittedBatch, CommittedBatch];
  waiting.push(first);
  waiting.push(second);
  waiting.catchUp();
  expect(counted).toEqual([0, 1]);
  await nextTurn();
  waiting.push(third);
  await nextTurn();
  await nextTurn();
  expect(counted).toEqual([0, 1, 2]);
});

test("over 8,192 spans that wait, the oldest are counted by whoever brings more", () => {
  const counted: number[] = [];
  const waiting = new WaitingBatches(({ position }) => counted.push(position));
  for (const committed of batches(10, 1_000)) waiting.push(committed);
  expect(counted).toEqual([0, 1]);
  expect(waiting.spanCount).toBe(8_000);
});
