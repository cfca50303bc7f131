/** kill -9 at random moments under load: what was acknowledged is found again, exactly once. */

import { describe, expect, it } from "vitest";
import { createRandom } from "../../bench/random.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const ROUNDS = 10;
const SENDERS = 6;
const SPANS_PER_TRACE = 12;
/** Small, so that seals happen all the time and kills fall into them. */
const SEAL_ARGUMENTS = ["--store-lake-seal-bytes", "1MiB"];

const random = createRandom(9);

function newTrace(): { readonly traceId: string; readonly payload: Uint8Array } {
  const traceId = random.hex(32);
  const now = BigInt(Date.now()) * 1_000_000n;
  const rootId = random.hex(16);
  const spans = Array.from({ length: SPANS_PER_TRACE }, (_, index) =>
    makeSpan({
      traceId,
      spanId: index === 0 ? rootId : random.hex(16),
      parentSpanId: index === 0 ? undefined : rootId,
      name: `step ${index}`,
      kind: "SERVER",
      startTimeUnixNano: now + BigInt(index),
      endTimeUnixNano: now + 1_000_000n,
      attributes: { filler: random.hex(400) },
    }),
  );
  return { traceId, payload: encodeSpans(spans) };
}

/** Sends until the server dies; the trace ids that were acknowledged. */
async function loadUntilKilled(server: ServerProcess, killAfterAcks: number): Promise<string[]> {
  const acknowledged: string[] = [];
  let isDead = false;
  let killed: Promise<void> | undefined;
  const sender = async () => {
    while (!isDead) {
      const { traceId, payload } = newTrace();
      try {
        const response = await fetch(new URL("/v1/traces", server.otlpHttp), {
          method: "POST",
          headers: { "content-type": "application/x-protobuf" },
          body: new Uint8Array(payload),
        });
        if (response.status === 200) acknowledged.push(traceId);
        await response.arrayBuffer();
      } catch {
        // The connection broke: not acknowledged, so nothing is promised.
        isDead = true;
      }
      if (acknowledged.length >= killAfterAcks && killed === undefined) killed = server.kill();
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await killed;
  return acknowledged;
}

describe("a server killed at random moments under load", () => {
  it(`finds every acknowledged span exactly once, ${ROUNDS} times in a row`, async () => {
    const folder = temporaryFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startServerProcess(folder.path, SEAL_ARGUMENTS);
      acknowledged.push(...(await loadUntilKilled(server, 50 + random.below(600))));
    }
    const server = await startServerProcess(folder.path, SEAL_ARGUMENTS);
    const wrong: string[] = [];
    for (const traceId of acknowledged) {
      const trace = await getJson<{ spanCount: number }>(server.ui, `/api/v1/traces/${traceId}`);
      if (trace.spanCount !== SPANS_PER_TRACE) wrong.push(`${traceId}: ${trace.spanCount} spans`);
    }
    expect(wrong).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 50);
    const { services } = await getJson<{ services: { spanCount: number }[] }>(
      server.ui,
      "/api/v1/statistics/services",
    );
    // Requests that reached the log but whose answer the kill cut off may be there too, whole.
    const stored = services.reduce((sum, service) => sum + service.spanCount, 0);
    expect(stored % SPANS_PER_TRACE).toBe(0);
    expect(stored).toBeGreaterThanOrEqual(acknowledged.length * SPANS_PER_TRACE);
    expect(stored).toBeLessThanOrEqual((acknowledged.length + ROUNDS * SENDERS) * SPANS_PER_TRACE);
    expect(await server.stop()).toBe(0);
    folder.remove();
  });
});
