import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import type { SealRequest } from "../../../src/store/lake/seal-request.ts";
import { SealThread } from "../../../src/store/lake/seal-thread.ts";

/** A thread that seals nothing and says it has. */
const SEALED = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", () => parentPort.postMessage({ kind: "sealed", meta: {}, cpuMicros: 1 }));
`;
const REQUEST = { name: "segment" } as SealRequest;

let workers: Worker[] = [];
const threads: SealThread[] = [];

function threadKeptFor(idleMillis: number): SealThread {
  workers = [];
  const startWorker = (): Worker => {
    const worker = new Worker(SEALED, { eval: true });
    workers.push(worker);
    return worker;
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
  expect(workers).toHaveLength(1);
  expect(workers[0]!.threadId).toBeGreaterThan(0);
});

it("a thread without work ends, with the memory it holds, and the next seal starts another", async () => {
  const thread = threadKeptFor(1);
  await thread.seal(REQUEST, []);
  await once(workers[0]!, "exit");
  await expect(thread.seal(REQUEST, [])).resolves.toMatchObject({ cpuMicros: 1 });
  expect(workers).toHaveLength(2);
});
