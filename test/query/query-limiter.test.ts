import { describe, expect, it } from "vitest";
import type { Metrics } from "../../src/base/metrics.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import type { QueryCaller } from "../../src/query/query-limiter.ts";
import { QueryLimiter } from "../../src/query/query-limiter.ts";

/** A promise settled from outside. */
function gate(): { readonly opened: Promise<string>; open: () => void } {
  let open = () => {};
  const opened = new Promise<string>((resolve) => {
    open = () => resolve("done");
  });
  return { opened, open };
}

const callerOf = (signal: AbortSignal): QueryCaller => ({ signal, end: () => {} });

const limiterOf = (limits: { maxRunning?: number; maxWaiting?: number; timeLimitMillis?: number }) =>
  new QueryLimiter({ ...limits, metrics: silentMetrics });

describe("QueryLimiter", () => {
  it("runs no more at once than allowed, the rest in the order they came", async () => {
    const limiter = limiterOf({ maxRunning: 1, maxWaiting: 2 });
    const started: string[] = [];
    const first = gate();
    const run = (name: string, until: Promise<string>) =>
      limiter.run({ useCase: "test" }, () => {
        started.push(name);
        return until;
      });
    const all = [run("a", first.opened), run("b", Promise.resolve("b")), run("c", Promise.resolve("c"))];
    await Promise.resolve();
    await Promise.resolve();
    expect(started).toEqual(["a"]);
    first.open();
    expect(await Promise.all(all)).toEqual(["done", "b", "c"]);
    expect(started).toEqual(["a", "b", "c"]);
  });

  it("refuses retryably what would wait beyond the limit, and answers again once there is room", async () => {
    const limiter = limiterOf({ maxRunning: 1, maxWaiting: 0 });
    const first = gate();
    const running = limiter.run({ useCase: "test" }, () => first.opened);
    await expect(limiter.run({ useCase: "test" }, () => Promise.resolve())).rejects.toMatchObject({
      code: "overloaded",
      message: "1 queries run and 0 wait already; ask again in a second",
      retryAfterMillis: 1_000,
    });
    first.open();
    await running;
    expect(await limiter.run({ useCase: "test" }, () => Promise.resolve("again"))).toBe("again");
  });

  it("answers deadline_exceeded when time is up, though the work goes on", async () => {
    const limiter = limiterOf({ maxRunning: 1, maxWaiting: 0, timeLimitMillis: 1 });
    const stuck = gate();
    await expect(limiter.run({ useCase: "test" }, () => stuck.opened)).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: "no answer within 1 ms; ask for a shorter time range or fewer results",
    });
    await expect(limiter.run({ useCase: "test" }, () => Promise.resolve())).rejects.toMatchObject({
      code: "overloaded",
    });
    stuck.open();
  });

  it("tells the work to stop when the client leaves", async () => {
    const client = new AbortController();
    const began = gate();
    let heard: unknown;
    const run = limiterOf({}).run({ useCase: "test", caller: callerOf(client.signal) }, ({ signal }) => {
      signal.addEventListener("abort", () => {
        heard = signal.reason;
      });
      began.open();
      return new Promise(() => {});
    });
    await began.opened;
    client.abort();
    await expect(run).rejects.toMatchObject({ code: "cancelled" });
    expect(heard).toMatchObject({ code: "cancelled" });
  });

  it("forgets a waiting query whose client leaves", async () => {
    const limiter = limiterOf({ maxRunning: 1, maxWaiting: 1 });
    const first = gate();
    const client = new AbortController();
    const running = limiter.run({ useCase: "test" }, () => first.opened);
    const left = limiter.run({ useCase: "test", caller: callerOf(client.signal) }, () =>
      Promise.resolve("never"),
    );
    client.abort();
    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    const next = limiter.run({ useCase: "test" }, () => Promise.resolve("next"));
    first.open();
    expect(await Promise.all([running, next])).toEqual(["done", "next"]);
  });

  it("refuses at once when the client has left before asking", async () => {
    let ran = false;
    const run = limiterOf({}).run({ useCase: "test", caller: callerOf(AbortSignal.abort()) }, () => {
      ran = true;
      return Promise.resolve();
    });
    await expect(run).rejects.toMatchObject({ code: "cancelled" });
    expect(ran).toBe(false);
  });

  it("counts answers and refusals by use case", async () => {
    const counted: unknown[] = [];
    const metrics: Metrics = {
      ...silentMetrics,
      counter: () => ({ add: (value, labels) => counted.push([value, labels]) }),
    };
    const limiter = new QueryLimiter({ metrics });
    await limiter.run({ useCase: "services" }, () => Promise.resolve());
    await limiter.run({ useCase: "services" }, () => Promise.reject(new Error("broken"))).catch(() => {});
    expect(counted).toEqual([
      [1, { use_case: "services", result: "ok" }],
      [1, { use_case: "services", result: "internal" }],
    ]);
  });
});
