import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { startSystem } from "../contract/receiver-conformance-harness.ts";

/** Bytes of a body that never comes whole. */
const DECLARED_BYTES = 32 * 1024 * 1024;
/** What a refused sender may still have sent: the 256 KiB that are dropped, and what the system's sockets hold. */
const MAX_SENT_BYTES = 16 * 1024 * 1024;

async function beginRequest(port: number, body: Uint8Array): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write(
    `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${DECLARED_BYTES}\r\n\r\n`,
  );
  socket.write(body);
  return socket;
}

/** Writes until the other side takes no more; the bytes that left. */
async function sendAll(socket: Socket, bytes: number): Promise<number> {
  const chunk = new Uint8Array(64 * 1024);
  let sent = 0;
  while (sent < bytes) {
    const failure = await new Promise((resolve) => socket.write(chunk, resolve));
    if (failure instanceof Error) break;
    sent += chunk.length;
  }
  return sent;
}

async function answerOn(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  // Not `once`, which rejects: a refused sender that writes on meets an error before the close.
  await new Promise((resolve) => socket.on("close", resolve));
  return text;
}

test("a body that stops arriving is answered, its room is given back, and the connection closes", async () => {
  await using system = await startSystem({ http: { bodyIdleTimeoutMillis: 20 } });
  const answer = await answerOn(await beginRequest(system.httpPort, new Uint8Array(100)));
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(answer).toContain("no byte came for too long");
  expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
  expect(system.metrics.sum("tracagg_refused_requests_total", { code: "deadline_exceeded" })).toBe(1);
});

test("a body is refused by its declared length before room is found for it, and hardly read", async () => {
  const inFlight = { maxInFlightBytes: 1024 * 1024 };
  await using system = await startSystem({ pipeline: inFlight });
  // A request that is alone is always let in: this one is not.
  const held = system.pipeline.reserve(512 * 1024);
  const socket = await beginRequest(system.httpPort, new Uint8Array(0));
  const [answer, sentBytes] = await Promise.all([answerOn(socket), sendAll(socket, DECLARED_BYTES)]);
  held.release();
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/retry-after: \d/i);
  expect(sentBytes).toBeLessThan(MAX_SENT_BYTES);
  expect(system.metrics.sum("tracagg_ingest_overload_total", { limit: "bytes" })).toBe(1);
});
