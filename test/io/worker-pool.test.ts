import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WorkerPoolOptions } from "../../src/io/worker-pool.ts";
import { WorkerPool } from "../../src/io/worker-pool.ts";

/** A thread that runs `onMessage` for each message; `post(message)` answers. */
function poolOf(onMessage: string, options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  const code = `
    const { parentPort } = require("node:worker_threads");
    const post = (message) => parentPort.postMessage(message);
    let parts = 0;
    parentPort.on("message", (message) => { ${onMessage} });`;
  const pool = new WorkerPool({
    start: () => new Worker(code, { eval: true }),
    maxThreads: 1,
    maxWaiting: 2,
    idleMillis: 60_000,
    ...options,
  });
  onTestFinished(() => pool.stop());
  return pool;
}

const ECHO = `post({ kind: "done", value: message.job });`;

describe("a worker pool", () => {
  it("does one job after the other and gives each its own answer", async () => {
    const pool = poolOf(ECHO);
    expect(await Promise.all([pool.run("a"), pool.run("b"), pool.run("c")])).toEqual(["a", "b", "c"]);
  });

  it("hands the parts of an answer over in order, before its end", async () => {
    const pool = poolOf(
      `post(parts < 3 ? { kind: "part", value: parts++ } : { kind: "done", value: "end" });`,
    );
    const parts: unknown[] = [];
    expect(await pool.run("job", { onPart: (part) => parts.push(part) })).toBe("end");
    expect(parts).toEqual([0, 1, 2]);
  });

  it("fails a job with what the work failed with, and does the next", async () => {
    const pool = poolOf(
      `post(message.job === "bad"
         ? { kind: "failed", code: "invalid_argument", message: "no", field: "spans[3]" }
         : { kind: "done", value: "good" });`,
    );
    await expect(pool.run("bad")).rejects.toMatchObject({ code: "invalid_argument", field: "spans[3]" });
    expect(await pool.run("next")).toBe("good");
  });

  it.each([
    ["dies", `process.exit(3);`],
    ["throws", `throw new Error("bug");`],
    [
      "sends what cannot be read, the memory of an earlier message",
      `const value = new Uint8Array(8);
       parentPort.postMessage({ kind: "part", value }, [value.buffer]);
       parentPort.postMessage({ kind: "done", value }, [value.buffer]);`,
    ],
  ])("ends a thread that %s; its job is answered, and the next gets a new thread", async (_, fault) => {
    const pool = poolOf(
      `if (message.job === "bad") { ${fault} } else if (message.kind === "job") { ${ECHO} }`,
    );
    await expect(pool.run("bad")).rejects.toMatchObject({ code: "internal" });
    expect(await pool.run("next")).toBe("next");
  });

  it("forgets a job that waits and ends one at work when nobody wants them any more", async () => {
    const pool = poolOf(`if (message.job !== "endless") ${ECHO}`);
    const leaving = new AbortController();
    const { signal } = leaving;
    const jobs = Promise.allSettled([
      pool.run("endless", { signal }),
      pool.run("waits", { signal }),
      pool.run("next"),
    ]);
    expect(pool.waiting).toBe(2);
    leaving.abort();
    const cancelled = { status: "rejected", reason: expect.objectContaining({ code: "cancelled" }) };
    expect(await jobs).toEqual([cancelled, cancelled, { status: "fulfilled", value: "next" }]);
    await expect(pool.run("late", { signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(await pool.run("again")).toBe("again");
  });

  it("fails the job whose part could not be taken", async () => {
    const pool = poolOf(
      `post(message.job === "job" ? { kind: "part", value: 1 } : { kind: "done", value: 2 });`,
    );
    const onPart = (): void => {
      throw new Error("no room");
    };
    await expect(pool.run("job", { onPart })).rejects.toMatchObject({ code: "internal" });
    expect(await pool.run("next")).toBe(2);
  });

  it("refuses a job when too many wait, and says when to come again", async () => {
    const pool = poolOf(`if (message.job !== "held") { ${ECHO} }`);
    const outcomes = ["held", "a", "b"].map((job) => pool.run(job).catch(({ code }) => code as string));
    await expect(pool.run("c")).rejects.toMatchObject({ code: "overloaded", retryAfterMillis: 1_000 });
    expect(pool.waiting).toBe(2);
    await pool.stop();
    expect(await Promise.all(outcomes)).toEqual(["unavailable", "unavailable", "unavailable"]);
    await expect(pool.run("d")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("ends a thread that has had no work for a while, and starts another for the next job", async () => {
    const threads: Worker[] = [];
    const code = `const { parentPort } = require("node:worker_threads");
      parentPort.on("message", ({ job }) => parentPort.postMessage({ kind: "done", value: job }));`;
    const pool = new WorkerPool({
      start: () => {
        const thread = new Worker(code, { eval: true });
        threads.push(thread);
        return thread;
      },
      maxThreads: 1,
      maxWaiting: 1,
      idleMillis: 1,
    });
    onTestFinished(() => pool.stop());
    expect(await pool.run("a")).toBe("a");
    await once(threads[0] as Worker, "exit");
    expect(await pool.run("b")).toBe("b");
    expect(threads).toHaveLength(2);
  });
});
