/** The statements of the OTLP contract about gRPC, as the clients of other languages see them. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { System, SystemOptions } from "../contract/receiver-conformance-harness.ts";
import { startSystem, TRACE } from "../contract/receiver-conformance-harness.ts";
import type { ForeignProgram } from "../helpers/foreign-grpc-client.ts";
import { ForeignClient, goClient, pythonClient } from "../helpers/foreign-grpc-client.ts";
import { Http2Tap, isPing, isPingAnswer } from "../helpers/http2-tap.ts";
import {
  lengthField,
  plainRequest,
  readFields,
  readPartialSuccess,
  readStatus,
  requestMessage,
  spanMessage,
} from "../helpers/otlp-client.ts";

const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

/** A first build downloads and compiles the packages of the client. */
const BUILD_MILLIS = 600_000;

const MIB = 1024 * 1024;

const PROGRAMS = [
  { name: "grpc-go", make: goClient },
  { name: "grpc-python", make: pythonClient },
];

describe.each(PROGRAMS)("$name", ({ make }) => {
  let folder: string;
  let program: ForeignProgram;
  let system: System;
  let client: ForeignClient;

  async function start(options: SystemOptions = {}): Promise<void> {
    system = await startSystem(options);
    client = new ForeignClient("command" in program ? program.command : [], system.grpcPort);
  }

  async function end(): Promise<void> {
    await client?.stop();
    await system?.[Symbol.asyncDispose]();
  }

  async function restart(options: SystemOptions): Promise<void> {
    await end();
    await start(options);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tracagg-test-"));
    program = await make(folder);
  }, BUILD_MILLIS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(async ({ skip }) => {
    if ("missing" in program) skip(program.missing);
    await start();
  });

  afterEach(() => end());

  test.each([false, true])("G1-G3: an export is stored and found, gzip: %s", async (gzip) => {
    const answer = await client.call(plainRequest(TRACE, 20), { gzip });
    expect(answer).toMatchObject({ code: 0, message: "" });
    expect(answer.response.length).toBe(0);
    expect((await system.store.trace(TRACE)).length).toBe(20);
    expect(system.log.appended.map(({ encoding }) => encoding)).toEqual([gzip ? "gzip" : "identity"]);
  });

  test("G13: a hundred calls in flight at once are all answered", async () => {
    system.log.hold();
    const messages = Array.from({ length: 100 }, (_, index) =>
      requestMessage([spanMessage({ traceId: TRACE, spanId: (index + 1).toString(16).padStart(16, "0") })]),
    );
    const answered = client.callAll({ messages });
    await system.log.untilAppended(100);
    system.log.letGo();
    expect((await answered).map(({ code }) => code)).toEqual(messages.map(() => 0));
    expect((await system.store.trace(TRACE)).length).toBe(100);
  });

  test("messages larger than every window arrive whole", async () => {
    const filler = lengthField(1_000, Buffer.alloc(9 * MIB, 1));
    const span = spanMessage({ traceId: TRACE, spanId: "00000000000000aa", extra: filler });
    const answers = await client.callAll({ messages: [requestMessage([span]), plainRequest(TRACE, 2)] });
    expect(answers.map(({ code }) => code)).toEqual([0, 0]);
    const rows = await system.store.trace(TRACE);
    expect(rows.some(({ batch }) => Buffer.from(batch.payload).equals(requestMessage([span])))).toBe(true);
  });

  test("G5: partial success says how many spans were refused", async () => {
    const good = spanMessage({ traceId: TRACE, spanId: "00000000000000aa" });
    const bad = spanMessage({ traceId: TRACE, spanId: "0000000000000000" });
    const answer = await client.call(requestMessage([good, bad]));
    expect(answer.code).toBe(0);
    expect(readPartialSuccess(answer.response).rejectedSpans).toBe(1);
  });

  test("G7: what cannot be decoded is INVALID_ARGUMENT and names the place", async () => {
    const answer = await client.call(
      Buffer.concat([plainRequest(TRACE, 1), lengthField(1, Buffer.from([10]))]),
    );
    expect(answer.code).toBe(INVALID_ARGUMENT);
    const status = readFields(answer.details);
    expect(status.get(1)).toEqual([BigInt(INVALID_ARGUMENT)]);
    expect(String(status.get(2)?.[0])).toBe(answer.message);
    expect(String(readFields(status.get(3)?.[0] as Buffer).get(1)?.[0])).toContain("google.rpc.BadRequest");
  });

  test("G8: overload is UNAVAILABLE with RetryInfo", async () => {
    await restart({ pipeline: { maxInFlightRequests: 1 } });
    const held = system.pipeline.reserve(10);
    const refused = await client.call(plainRequest(TRACE, 1));
    expect(refused.code).toBe(UNAVAILABLE);
    expect(readStatus(refused.details).retrySeconds).toBe(1);
    held.release();
    expect((await client.call(plainRequest(TRACE, 1))).code).toBe(0);
  });

  test("G9, G11: a request over the limit is RESOURCE_EXHAUSTED without RetryInfo, also while it is being sent", async () => {
    await restart({ maxRequestBytes: MIB });
    const tooLarge = Buffer.alloc(12 * MIB);
    const answers = await client.callAll({ messages: [tooLarge, plainRequest(TRACE, 10), tooLarge] });
    expect(answers.map(({ code }) => code)).toEqual([RESOURCE_EXHAUSTED, 0, RESOURCE_EXHAUSTED]);
    expect(answers[0]?.message).toContain(String(MIB));
    expect(answers[0]?.details.length).toBe(0);
  });

  test("G14: metrics are UNIMPLEMENTED and the answer says what to do", async () => {
    const method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const answer = await client.call(Buffer.alloc(100_000), { method });
    expect(answer.code).toBe(UNIMPLEMENTED);
    expect(answer.message).toContain("OTEL_METRICS_EXPORTER=none");
  });

  test("health is SERVING", async () => {
    const answer = await client.call(Buffer.alloc(0), { method: "/grpc.health.v1.Health/Check" });
    expect(answer.code).toBe(0);
    expect(readFields(answer.response).get(1)).toEqual([1n]);
  });

  test("a call whose deadline passes is DEADLINE_EXCEEDED, and its spans are kept", async () => {
    system.log.hold();
    const answered = client.call(plainRequest(TRACE, 1), { timeoutMillis: 500 });
    await system.log.untilAppended(1);
    expect((await answered).code).toBe(DEADLINE_EXCEEDED);
    system.log.letGo();
    await system.pipeline.drain();
    expect((await system.store.trace(TRACE)).length).toBe(1);
  });

  test("pings are answered both ways while a call waits", async () => {
    await restart({ grpc: { keepaliveTimeMillis: 50 } });
    const tap = new Http2Tap(system.grpcPort);
    const tapped = new ForeignClient("command" in program ? program.command : [], await tap.start());
    system.log.hold();
    // grpc-go pings when data reaches it, grpc-python by the clock.
    expect((await tapped.call(Buffer.alloc(0))).code).toBe(0);
    const answered = tapped.call(plainRequest(TRACE, 1));
    await tap.until(3, (frame) => isPingAnswer(frame, "client"));
    await tap.until(1, (frame) => isPingAnswer(frame, "server"));
    system.log.letGo();
    expect((await answered).code).toBe(0);
    expect(tap.frames.some((frame) => isPing(frame, "server"))).toBe(true);
    expect(system.metrics.sum("tracagg_cut_connections_total")).toBe(0);
    await tapped.stop();
    tap.stop();
  });

  test("a stopping server lets a call finish and turns the next away", async () => {
    system.log.hold();
    const answered = client.call(plainRequest(TRACE, 1));
    await system.log.untilAppended(1);
    const stopped = system.grpc.stop();
    system.log.letGo();
    expect((await answered).code).toBe(0);
    await stopped;
    expect((await client.call(plainRequest(TRACE, 1))).code).toBe(UNAVAILABLE);
  });
});
