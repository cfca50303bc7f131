import { Worker } from "node:worker_threads";
import { afterEach, expect, it, vi } from "vitest";
import type { SealRequest } from "../../../src/store/lake/seal-request.ts";
import { SealThread } from "../../../src/store/lake/seal-thread.ts";

/** A thread that seals nothing and says it has. */
const SEALED = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", () => parentPort.postMessage({ kind: "sealed", meta: {}, cpuMicros: 1 }));
`;
const REQUEST = { name: "segment" } as SealRequest;

let started = 0;
const threads: SealThread[] = [];

function threadKeptFor(idleMillis: number): SealThread {
  started = 0;
  const startWorker = (): Worker => {
    started++;
    return new Worker(SEALED, { eval: true });
  };
  const thread = new SealThread(startWorker, idleMillis);
  threads.push(thread);
  return thread;
}

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
});

it("one thread does seals that follow on each other", async () => {
  const thread = threadKeptFor(60_000);
  for (let seal = 0; seal < 3; seal++) await thread.seal(REQUEST, []);
  expect(started).toBe(1);
  expect(thread.isAlive).toBe(true);
});

it("a thread without work ends, with the memory it holds, and the next seal starts another", async () => {
  const thread = threadKeptFor(1);
  await thread.seal(REQUEST, []);
  await vi.waitFor(() => expect(thread.isAlive).toBe(false), { timeout: 10_000 });
  await expect(thread.seal(REQUEST, [])).resolves.toMatchObject({ cpuMicros: 1 });
  expect(started).toBe(2);
});
