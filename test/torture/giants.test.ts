/**
 * One trace of a million spans, and a million traces of one span: memory stays within a bound, other senders go on,
 * everything is found, exactly once.
 */

import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  attributeField,
  fixed64Field,
  lengthField,
  requestMessage,
  spanMessage,
} from "../helpers/otlp-client.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { sizeOf, timeLimitMillis } from "./scale.ts";
import {
  httpSender,
  listedTraces,
  mebibytes,
  quantileOf,
  residentBytes,
  sendUntilTaken,
  startServer,
} from "./torture-server.ts";

const SPANS = sizeOf({ short: 30_000, long: 1_000_000 });
const SPANS_PER_REQUEST = 1_000;
const SENDERS = 4;
const FIRST_START = 1_700_000_000_000_000_000n;
const NANOS_APART = 10_000n;
const DURATION_NANOS = 5_000_000n;
/** Of the server, in RAM: the answer that holds the trace of a million spans is most of it. */
const MEMORY_BOUND_BYTES = sizeOf({ short: 400, long: 2_560 }) * 2 ** 20;
/** Another sender's small request, every so often. */
const OTHER_MILLIS = 20;
/** Whole traces that are read by id. */
const READ_TRACES = 100;
/** Sums over hundreds of thousands of traces that no segment holds yet take longer than the usual 30 s. */
const ARGUMENTS = ["--query-timeout", "5m"];

/** Spreads over all ids, and ends in the number. */
function traceIdOf(index: number): string {
  const hash = createHash("md5").update(String(index)).digest("hex");
  return hash.slice(0, 24) + index.toString(16).padStart(8, "0");
}

function spanOf(index: number): Buffer {
  return spanMessage({
    traceId: traceIdOf(index),
    spanId: (index + 1).toString(16).padStart(16, "0"),
    name: `step ${index % 20}`,
    start: FIRST_START,
    extra: Buffer.concat([
      attributeField("http.route", lengthField(1, "/cart/{id}")),
      attributeField("user.id", lengthField(1, createHash("md5").update(`user ${index}`).digest("hex"))),
    ]),
  });
}

/** Where a span's ids and times stand in a request. */
interface SpanOffsets {
  readonly traceId: number;
  readonly spanId: number;
  readonly start: number;
  readonly end: number;
}

/** A tag and a length of one byte each stand between the ids, a tag alone before a time. */
function offsetsIn(request: Buffer, span: Buffer, traceId: string): SpanOffsets {
  const at = request.indexOf(span);
  const idAt = at + span.indexOf(Buffer.from(traceId, "hex"));
  const startAt = at + span.indexOf(fixed64Field(7, FIRST_START)) + 1;
  return { traceId: idAt, spanId: idAt + 16 + 2, start: startAt, end: startAt + 8 + 1 };
}

/** Requests of so many spans with the numbers from `first` on: one request, its ids and times written anew each time. */
class RequestMaker {
  readonly #bytes: Buffer;
  readonly #offsets: readonly SpanOffsets[];

  constructor() {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, index) => spanOf(index));
    this.#bytes = requestMessage(spans, "giant");
    this.#offsets = spans.map((span, index) => offsetsIn(this.#bytes, span, traceIdOf(index)));
  }

  /** Ids and times are made from the number of a span, and so are known when they come back. */
  request(first: number, traceOf: (index: number) => string): Uint8Array {
    const bytes = Buffer.from(this.#bytes);
    for (const [at, offsets] of this.#offsets.entries()) {
      const index = first + at;
      const start = FIRST_START + BigInt(index) * NANOS_APART;
      bytes.write(traceOf(index), offsets.traceId, "hex");
      bytes.writeUInt32BE(index + 1, offsets.spanId + 4);
      bytes.writeBigUInt64LE(start, offsets.start);
      bytes.writeBigUInt64LE(start + DURATION_NANOS, offsets.end);
    }
    return bytes;
  }
}

/** Sends all spans, some requests at a time. */
async function sendAll(server: ServerProcess, traceOf: (index: number) => string): Promise<void> {
  const sender = httpSender(server, SENDERS);
  const maker = new RequestMaker();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < SPANS) {
      const first = next;
      next += SPANS_PER_REQUEST;
      await sendUntilTaken(sender, maker.request(first, traceOf));
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, worker));
}

/** A small sender beside the big ones: its requests and how long each took. */
class OtherSender {
  readonly #latenciesMillis: number[] = [];
  readonly #server: ServerProcess;
  readonly #firstNumber: number;
  #isOver = false;
  #refusals = 0;

  /** @param firstNumber - Sets its traces apart from those of another one. */
  constructor(server: ServerProcess, firstNumber = 0) {
    this.#server = server;
    this.#firstNumber = firstNumber;
  }

  get sent(): number {
    return this.#latenciesMillis.length;
  }

  /** Sends until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    const sending = this.#run();
    try {
      return await work;
    } finally {
      this.#isOver = true;
      await sending;
    }
  }

  report(): string {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) =>
      Math.round(quantileOf(this.#latenciesMillis, share)),
    );
    return `other sender: ${this.sent} requests, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms, ${this.#refusals} refusals`;
  }

  async #run(): Promise<void> {
    const sender = httpSender(this.#server, 1);
    while (!this.#isOver) {
      const traceId = createHash("md5")
        .update(`other ${this.#firstNumber + this.sent}`)
        .digest("hex");
      const start = FIRST_START - NANOS_APART;
      const span = spanMessage({ traceId, spanId: "00000000000000ff", start, end: start + DURATION_NANOS });
      const startedMillis = performance.now();
      this.#refusals += await sendUntilTaken(sender, requestMessage([span], "other"));
      this.#latenciesMillis.push(performance.now() - startedMillis);
      await sleep(OTHER_MILLIS);
    }
  }
}

/** Spans of a trace as they stream in: each number once. */
async function readTrace(server: ServerProcess, traceId: string): Promise<number> {
  const response = await fetch(new URL(`/api/v1/traces/${traceId}?format=otlp`, server.ui), {
    headers: { "accept-encoding": "identity" },
  });
  expect(response.status).toBe(200);
  const seen = new Uint8Array(SPANS);
  let count = 0;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    const text = rest + decoder.decode(chunk as Uint8Array, { stream: true });
    let end = 0;
    for (const match of text.matchAll(/"spanId":"([0-9a-f]{16})"/g)) {
      const index = Number.parseInt(match[1]!, 16) - 1;
      if (seen[index] !== 0) throw new Error(`span ${match[1]} came twice, or was never sent`);
      seen[index] = 1;
      count++;
      end = match.index + match[0].length;
    }
    rest = text.slice(Math.max(end, text.length - 64));
  }
  return count;
}

/** Spans by service, as the statistics tell them, and how long that took. */
async function servicesOf(server: ServerProcess): Promise<{ spans: Record<string, number>; millis: number }> {
  const startedMillis = performance.now();
  const { services } = await getJson<{ services: { service: string; spanCount: number }[] }>(
    server.ui,
    "/api/v1/statistics/services",
  );
  return {
    spans: Object.fromEntries(services.map(({ service, spanCount }) => [service, spanCount])),
    millis: performance.now() - startedMillis,
  };
}

/** What the server took at its highest; fails over the bound. */
function memoryWithin(server: ServerProcess): string {
  const { peak } = residentBytes(server.pid);
  expect(peak).toBeLessThan(MEMORY_BOUND_BYTES);
  return `${mebibytes(peak)} of memory at the highest (bound ${mebibytes(MEMORY_BOUND_BYTES)})`;
}

test("one trace of very many spans is kept and read whole within bounded memory while others send", {
  timeout: timeLimitMillis(40),
}, async ({ annotate }) => {
  const folder = temporaryFolder();
  const server = await startServer(folder, ARGUMENTS);
  const traceId = traceIdOf(0);
  const other = new OtherSender(server);
  await other.during(sendAll(server, () => traceId));
  await annotate(`while it is sent: ${other.report()}, ${memoryWithin(server)}`);
  const reader = new OtherSender(server, other.sent);
  expect(await reader.during(readTrace(server, traceId))).toBe(SPANS);
  await annotate(`while it is read: ${reader.report()}, ${memoryWithin(server)}`);
  const { spans } = await servicesOf(server);
  expect(spans).toEqual({ giant: SPANS, other: other.sent + reader.sent });
  expect(await server.stop()).toBe(0);
  const again = await startServer(folder, ARGUMENTS);
  expect((await listedTraces(again)).get(traceId)).toBe(SPANS);
  expect(await readTrace(again, traceId)).toBe(SPANS);
  await annotate(`after a restart: ${memoryWithin(again)}`);
  await again.stop();
});

test("very many traces of one span are listed once each within bounded memory while others send", {
  timeout: timeLimitMillis(40),
}, async ({ annotate }) => {
  const folder = temporaryFolder();
  const server = await startServer(folder, ARGUMENTS);
  const other = new OtherSender(server);
  await other.during(sendAll(server, traceIdOf));
  await annotate(`while they are sent: ${other.report()}, ${memoryWithin(server)}`);
  for (let count = 0; count < READ_TRACES; count++) {
    const traceId = traceIdOf(Math.floor((SPANS * count) / READ_TRACES));
    const trace = await getJson<{ spanCount: number }>(server.ui, `/api/v1/traces/${traceId}`);
    expect(trace.spanCount).toBe(1);
  }
  const { spans, millis } = await servicesOf(server);
  expect(spans).toEqual({ giant: SPANS, other: other.sent });
  await annotate(
    `after ${READ_TRACES} of them were read: statistics in ${Math.round(millis)} ms, ${memoryWithin(server)}`,
  );
  expect(await server.stop()).toBe(0);
  const again = await startServer(folder, ARGUMENTS);
  const listed = await listedTraces(again);
  const missing = Array.from({ length: SPANS }, (_, index) => index).filter(
    (index) => listed.get(traceIdOf(index)) !== 1,
  );
  expect(missing).toEqual([]);
  expect(listed.size).toBe(SPANS + other.sent);
  await annotate(`after all were listed: ${memoryWithin(again)}`);
  await again.stop();
});
