import { expect, it } from "vitest";
import { corpusTemplates } from "../../bench/corpus.ts";
import { createPace } from "../../bench/load/pace.ts";
import { createRequestBodies } from "../../bench/load/request-bodies.ts";
import { planRequests } from "../../bench/load/request-plan.ts";
import { sendAll } from "../../bench/load/send-all.ts";
import type { Body } from "../../bench/senders.ts";
import { RetryableRefusal } from "../../bench/senders.ts";

/** Sends five requests to `answer`, which sees how many came before. */
function sendFive(answer: (before: number) => Promise<void>) {
  const templates = corpusTemplates().slice(0, 1);
  const plan = planRequests(templates, { spans: 5 * (templates[0]?.spanCount ?? 0), seed: 1 });
  let before = 0;
  const bodies: Body[] = [];
  const send = (body: Body) => {
    bodies.push(body);
    return answer(before++);
  };
  const sending = sendAll({
    plan,
    bodies: createRequestBodies(plan, { isGzip: false, nowMillis: () => Date.now() }),
    pace: createPace(0, { nowMillis: () => performance.now(), sleep: () => Promise.resolve() }),
    sender: { send, close: () => {} },
    concurrency: 2,
  });
  return sending.then((sent) => ({ ...sent, bodies }));
}

it("sends each request of the plan once", async () => {
  const { bodies, failures, retries, latenciesMillis } = await sendFive(() => Promise.resolve());
  expect(bodies).toHaveLength(5);
  expect(new Set(bodies.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).size).toBe(5);
  expect([failures, retries, latenciesMillis.length]).toEqual([[], 0, 5]);
});

it("sends a request again that was refused for now, with the same bytes", async () => {
  const { bodies, failures, retries } = await sendFive((before) =>
    before === 0 ? Promise.reject(new RetryableRefusal("HTTP 503")) : Promise.resolve(),
  );
  const refused = bodies[0]?.bytes;
  expect(bodies.filter(({ bytes }) => bytes === refused)).toHaveLength(2);
  expect([bodies.length, failures, retries]).toEqual([6, [], 1]);
});

it("goes on after a request that failed for good, and tells why", async () => {
  const { bodies, failures } = await sendFive((before) =>
    before === 1 ? Promise.reject(new Error("HTTP 400")) : Promise.resolve(),
  );
  expect([bodies.length, failures]).toEqual([5, ["HTTP 400"]]);
});
