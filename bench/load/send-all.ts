/** Sends every request of a plan over a number of senders, at a pace. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Body, Sender } from "../senders.ts";
import { RetryableRefusal } from "../senders.ts";
import type { Pace } from "./pace.ts";
import type { RequestBodies } from "./request-bodies.ts";
import type { RequestPlan } from "./request-plan.ts";

/** As exporters wait, but shorter than `Retry-After`, so that the rate that can be kept up shows. */
const RETRY_DELAY_MILLIS = 100;
/** Ends a run against a server that takes nothing. */
const MAX_RETRIES = 100_000;

/** Everything a run needs. */
export interface Sending {
  readonly plan: RequestPlan;
  readonly bodies: RequestBodies;
  readonly pace: Pace;
  readonly sender: Sender;
  readonly concurrency: number;
}

/** What happened to the requests. */
export interface Sent {
  /** By request, in milliseconds; of those that failed, until they failed. */
  readonly latenciesMillis: Float64Array;
  readonly failures: readonly string[];
  readonly retries: number;
}

/** Resolves when every request was taken or failed for good. */
export async function sendAll({ plan, bodies, pace, sender, concurrency }: Sending): Promise<Sent> {
  const latenciesMillis = new Float64Array(plan.requests);
  const failures: string[] = [];
  let retries = 0;
  let next = 0;
  const mayRetry = (error: Error) => error instanceof RetryableRefusal && retries < MAX_RETRIES;
  const sendUntilTaken = async (body: Body): Promise<void> => {
    for (;;) {
      const error = await sender.send(body).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      if (error === undefined) return;
      if (!mayRetry(error)) {
        failures.push(error.message);
        return;
      }
      retries++;
      await sleep(RETRY_DELAY_MILLIS);
    }
  };
  const worker = async (): Promise<void> => {
    for (let index = next++; index < plan.requests; index = next++) {
      // Body before turn: making it is the generator's work and no part of the latency.
      const body = bodies.bodyAt(index);
      const startMillis = await pace.turn(plan.at(index).template.spanCount);
      await sendUntilTaken(body);
      latenciesMillis[index] = performance.now() - startMillis;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { latenciesMillis, failures, retries };
}
