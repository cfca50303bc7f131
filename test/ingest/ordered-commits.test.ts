import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OrderedCommits } from "../../src/ingest/ordered-commits.ts";

interface Deferred {
  readonly promise: Promise<number>;
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

function deferred(): Deferred {
  let resolve: (value: number) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<number>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

describe("OrderedCommits", () => {
  test("commits in the order of the calls, in whatever order the log answers", async () => {
    const orders = fc.integer({ min: 1, max: 8 }).chain((count) =>
      fc.record({
        answers: fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
        failing: fc.uniqueArray(fc.integer({ min: 0, max: count - 1 })),
      }),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ({ answers, failing }) => {
        const commits = new OrderedCommits();
        const committed: number[] = [];
        const log = answers.map(() => deferred());
        const results = log.map(({ promise }) =>
          commits.run(promise, (position) => committed.push(position)),
        );
        const settled = Promise.allSettled(results);
        for (const index of answers) {
          const { resolve, reject } = log[index] as Deferred;
          if (failing.includes(index)) reject(new Error("disk"));
          else resolve(index);
          await Promise.resolve();
        }
        const outcomes = await settled;
        const kept = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
        expect(committed).toEqual(kept);
        expect(outcomes.filter(({ status }) => status === "rejected").length).toBe(failing.length);
      }),
      { numRuns: 100 },
    );
  });

  test("rejects with what the commit threw, and goes on with the next", async () => {
    const commits = new OrderedCommits();
    const failing = commits.run(Promise.resolve(1), () => {
      throw new Error("store stopped");
    });
    const next = commits.run(Promise.resolve(2), () => {});
    await expect(failing).rejects.toThrow("store stopped");
    await expect(next).resolves.toBeUndefined();
  });
});
