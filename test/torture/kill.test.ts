/**
 * kill -9 at random moments under load, on one data folder that lives through all rounds: while it takes spans, seals,
 * compacts, or is starting. What was acknowledged is found exactly once, and counted once in the live statistics; what was
 * not is sent again, as exporters do.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Random } from "../../bench/random.ts";
import { createRandom } from "../../bench/random.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { roundsOf, SEED, timeLimitMillis } from "./scale.ts";
import {
  countedSpans,
  httpSender,
  listedTraces,
  liveSpans,
  sendUntilTaken,
  spawnServer,
  startServer,
} from "./torture-server.ts";

const ROUNDS = roundsOf({ short: 5, long: 100 });
const SENDERS = 6;
/** A trace comes in so many requests, so that kills and seals fall between them. */
const PARTS = 3;
const SPANS_PER_PART = 4;
/** Traces that are under way at once. */
const OPEN_TRACES = 60;
/** Whole traces that are read after each round. */
const READ_TRACES = 20;
/** Small, so that seals and what follows them happen all the time and kills fall into them. */
const ARGUMENTS = [
  ...["--store-lake-seal-bytes", "1MiB", "--log-max-file-bytes", "1MiB"],
  ...["--store-lake-merge-segments", "2"],
];

interface Part {
  readonly traceId: string;
  readonly payload: Uint8Array;
}

/** What the senders know: which requests were acknowledged, and which have to be sent (again). */
class Senders {
  readonly #random: Random;
  /** Parts of traces under way that were not sent yet. */
  readonly #open: Part[][] = [];
  /** Sent, and the answer never came. */
  readonly #unanswered: Part[] = [];
  /** Parts acknowledged, by trace. */
  readonly acknowledged: Map<string, number> = new Map();

  constructor(random: Random) {
    this.#random = random;
  }

  get requests(): number {
    return [...this.acknowledged.values()].reduce((sum, parts) => sum + parts, 0);
  }

  /** Sends until the server is gone, or for good when all that is under way is to be brought to an end. */
  async send(server: ServerProcess, mustEnd: boolean, onAcknowledged: () => void): Promise<void> {
    const sender = httpSender(server, SENDERS);
    let isGone = false;
    const one = async (): Promise<void> => {
      while (!isGone) {
        const part = this.#next(mustEnd);
        if (part === undefined) return;
        try {
          await sendUntilTaken(sender, part.payload);
          this.acknowledged.set(part.traceId, (this.acknowledged.get(part.traceId) ?? 0) + 1);
          onAcknowledged();
        } catch (error) {
          // The connection broke: not acknowledged, so nothing is promised.
          if (mustEnd) throw error;
          this.#unanswered.push(part);
          isGone = true;
        }
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, one));
  }

  #next(mustEnd: boolean): Part | undefined {
    const again = this.#unanswered.shift();
    if (again !== undefined) return again;
    if (!mustEnd && this.#open.length < OPEN_TRACES) this.#open.push(newTrace(this.#random));
    const index = this.#random.below(Math.max(1, this.#open.length));
    const part = this.#open[index]?.shift();
    if (this.#open[index]?.length === 0) this.#open.splice(index, 1);
    return part;
  }
}

function newTrace(random: Random): Part[] {
  const traceId = random.hex(32);
  const now = BigInt(Date.now()) * 1_000_000n;
  const rootId = random.hex(16);
  return Array.from({ length: PARTS }, (_, part) => {
    const spans = Array.from({ length: SPANS_PER_PART }, (__, index) => {
      const isRoot = part === 0 && index === 0;
      return makeSpan({
        traceId,
        spanId: isRoot ? rootId : random.hex(16),
        parentSpanId: isRoot ? undefined : rootId,
        name: `step ${part * SPANS_PER_PART + index}`,
        kind: "SERVER",
        startTimeUnixNano: now + BigInt(part * SPANS_PER_PART + index),
        endTimeUnixNano: now + 1_000_000n,
        attributes: { filler: random.hex(200) },
      });
    });
    return { traceId, payload: encodeSpans(spans) };
  });
}

/** Every acknowledged span is there, nothing is there twice, and a request is there whole or not at all. */
async function expectKept(server: ServerProcess, acknowledged: ReadonlyMap<string, number>, random: Random) {
  const listed = await listedTraces(server);
  const missing = [...acknowledged].filter(
    ([traceId, parts]) => (listed.get(traceId) ?? 0) < parts * SPANS_PER_PART,
  );
  expect(missing).toEqual([]);
  const wrong = [...listed].filter(
    ([, spanCount]) => spanCount % SPANS_PER_PART !== 0 || spanCount > PARTS * SPANS_PER_PART,
  );
  expect(wrong).toEqual([]);
  const stored = [...listed.values()].reduce((sum, spans) => sum + spans, 0);
  expect(await countedSpans(server)).toBe(stored);
  expect(await liveSpans(server)).toBe(stored);
  const traceIds = [...acknowledged.keys()];
  for (let count = 0; count < READ_TRACES; count++) {
    const traceId = random.pick(traceIds);
    const trace = await getJson<{ spans: readonly { name: string }[] }>(
      server.ui,
      `/api/v1/traces/${traceId}`,
    );
    expect(new Set(trace.spans.map(({ name }) => name)).size).toBe(listed.get(traceId));
    expect(trace.spans).toHaveLength(listed.get(traceId)!);
  }
}

test("a server killed at random moments under load finds every acknowledged span exactly once", {
  timeout: timeLimitMillis(60),
}, async ({ annotate }) => {
  await annotate(`seed ${SEED}, ${ROUNDS} rounds`);
  const random = createRandom(SEED);
  const folder = temporaryFolder();
  const senders = new Senders(random);
  for (let round = 0; round < ROUNDS; round++) {
    if (random.below(4) === 0) {
      const starting = spawnServer(folder, ARGUMENTS);
      await sleep(random.below(600));
      starting.child.kill("SIGKILL");
      await starting.ended;
    }
    const server = await startServer(folder, ARGUMENTS);
    if (round > 0) await expectKept(server, senders.acknowledged, random);
    const killAt = senders.requests + 1 + random.below(800);
    await senders.send(server, false, () => {
      if (senders.requests >= killAt) server.child.kill("SIGKILL");
    });
    await server.kill();
  }
  const server = await startServer(folder, ARGUMENTS);
  await senders.send(server, true, () => {});
  for (const last of [server, undefined]) {
    const running = last ?? (await startServer(folder, ARGUMENTS));
    await expectKept(running, senders.acknowledged, random);
    expect([...senders.acknowledged.values()].filter((parts) => parts !== PARTS)).toEqual([]);
    expect(await countedSpans(running)).toBe(senders.acknowledged.size * PARTS * SPANS_PER_PART);
    expect(await running.stop()).toBe(0);
  }
  await annotate(`${senders.requests} requests acknowledged, ${senders.acknowledged.size} traces`);
});
