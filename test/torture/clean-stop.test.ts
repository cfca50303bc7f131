/**
 * SIGTERM at random moments under load, on one data folder that lives through all rounds: what was acknowledged is
 * found exactly once, what was refused on the way out may be sent again, and nothing is left to replay.
 */

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Sender } from "../../bench/senders.ts";
import { RetryableRefusal } from "../../bench/senders.ts";
import { plainRequest } from "../helpers/otlp-client.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { roundsOf, timeLimitMillis } from "./scale.ts";
import { countedSpans, httpSender, listedTraces, metricsOf, startServer } from "./torture-server.ts";

const ROUNDS = roundsOf({ short: 3, long: 40 });
const SENDERS = 6;
const SPANS = 20;
/** Requests of a round before the signal; the senders go on until they hear that the server is gone. */
const REQUESTS_PER_ROUND = 200;

/** How a request ended that was not acknowledged. */
type Ending = "refused retryably" | "connection lost";

class Senders {
  readonly acknowledged: string[] = [];
  /** Sent and not acknowledged: there or not, but whole and once. */
  readonly unsure = new Set<string>();
  readonly endings: Ending[] = [];

  /** Sends until the server takes no more; `onAcknowledged` hears of each answer. */
  async send(server: ServerProcess, onAcknowledged: (count: number) => void): Promise<void> {
    const sender = httpSender(server, SENDERS);
    let count = 0;
    const one = async (): Promise<void> => {
      for (;;) {
        const traceId = randomBytes(16).toString("hex");
        const ending = await sendOnce(sender, traceId);
        if (ending !== undefined) {
          this.unsure.add(traceId);
          this.endings.push(ending);
          return;
        }
        this.acknowledged.push(traceId);
        onAcknowledged(++count);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, one));
  }
}

/** Undefined when the request was acknowledged. @throws what tells senders not to come again */
async function sendOnce(sender: Sender, traceId: string): Promise<Ending | undefined> {
  try {
    await sender.send({ bytes: plainRequest(traceId, SPANS), isGzip: false });
    return undefined;
  } catch (error) {
    if (error instanceof RetryableRefusal) return "refused retryably";
    if (/^HTTP/.test((error as Error).message)) throw error;
    return "connection lost";
  }
}

test("a server stopped under load ends with 0, loses nothing, and leaves nothing to replay", {
  timeout: timeLimitMillis(20),
}, async ({ annotate }) => {
  const folder = temporaryFolder();
  const senders = new Senders();
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer(folder);
    const found = await metricsOf(server);
    // All that the log ever took lies in segments: nothing came back from it.
    expect(found["tracagg_store_hot_spans"]).toBe(0);
    expect(found["tracagg_store_covered_position"]).toBe(found["tracagg_log_next_position"]! - 1);
    let stopping: Promise<number | null> | undefined;
    await senders.send(server, (count) => {
      if (count >= REQUESTS_PER_ROUND) stopping ??= server.stop();
    });
    expect(await stopping).toBe(0);
  }
  const server = await startServer(folder);
  const listed = await listedTraces(server);
  expect(senders.acknowledged.filter((traceId) => listed.get(traceId) !== SPANS)).toEqual([]);
  const acknowledged = new Set(senders.acknowledged);
  const others = [...listed].filter(([traceId]) => !acknowledged.has(traceId));
  expect(others.filter(([traceId, spans]) => !senders.unsure.has(traceId) || spans !== SPANS)).toEqual([]);
  expect(await countedSpans(server)).toBe(listed.size * SPANS);
  expect(await server.stop()).toBe(0);
  const refused = senders.endings.filter((ending) => ending === "refused retryably").length;
  await annotate(
    `${ROUNDS} stops: ${senders.acknowledged.length} requests acknowledged, ${refused} refused retryably, ${senders.endings.length - refused} connections lost`,
  );
});
