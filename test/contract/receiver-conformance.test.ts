/** The statements of the OTLP contract that hold whatever the transport, over real sockets. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spanIdOf } from "../../src/batch/row-ids.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import {
  attributeField,
  fixed64Field,
  lengthField,
  plainRequest,
  requestMessage,
  spanMessage,
  varint,
  varintField,
} from "../helpers/otlp-client.ts";
import type { System } from "./receiver-conformance-harness.ts";
import {
  PROTOBUF_WAYS,
  partialSuccess,
  send,
  startSystem,
  TRACE,
  WAYS,
} from "./receiver-conformance-harness.ts";

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

let system: System;

async function restart(options: Parameters<typeof startSystem>[0]): Promise<void> {
  await system[Symbol.asyncDispose]();
  system = await startSystem(options);
}

beforeEach(async () => {
  system = await startSystem();
});

afterEach(async () => {
  await system[Symbol.asyncDispose]();
});

/** Bytes of the stored spans of the trace. */
async function storedSpans(): Promise<Buffer[]> {
  const rows = await system.store.trace(TRACE);
  return rows.map(({ batch, row }) =>
    Buffer.from(batch.payload.subarray(batch.spanStarts[row], batch.spanEnds[row])),
  );
}

describe.each(WAYS)("over $name", (way) => {
  const isJson = way.transport === "otlp_http_json";
  const emptyResponse = isJson ? "{}" : "";

  test("G1, H1: an export is stored and found", async () => {
    await send(way, system, plainRequest(TRACE, 3));
    expect((await system.store.trace(TRACE)).length).toBe(3);
  });

  test("G3, H4: full success says nothing more", async () => {
    const answer = await send(way, system, plainRequest(TRACE, 3));
    expect(answer.code).toBe(0);
    expect(String(answer.response)).toBe(emptyResponse);
  });

  test("G4, H12: a request without spans succeeds", async () => {
    const answer = await send(way, system, requestMessage([]));
    expect(answer.code).toBe(0);
    expect(String(answer.response)).toBe(emptyResponse);
    expect(system.log.appended).toEqual([]);
  });

  test("G7, H6: what cannot be decoded is refused for good", async () => {
    const answer = await send(way, system, Buffer.from("not OTLP"));
    expect(answer.code).toBe(INVALID_ARGUMENT);
    expect(answer.retrySeconds).toBeUndefined();
    expect(answer.message.length).toBeGreaterThan(10);
  });

  test("G8, H8: while too much is in flight, senders are told when to come again", async () => {
    await restart({ pipeline: { maxInFlightRequests: 1 } });
    const held = system.pipeline.reserve(10);
    const refused = await send(way, system, plainRequest(TRACE, 1));
    expect(refused.code).toBe(UNAVAILABLE);
    expect(refused.retrySeconds).toBe(1);
    held.release();
    expect((await send(way, system, plainRequest(TRACE, 1))).code).toBe(0);
  });

  test("G8, H8: a full disk is a reason to come again", async () => {
    system.log.breakDisk(true);
    const refused = await send(way, system, plainRequest(TRACE, 1));
    expect(refused.code).toBe(UNAVAILABLE);
    expect(refused.retrySeconds).toBe(5);
    system.log.breakDisk(false);
    expect((await send(way, system, plainRequest(TRACE, 1))).code).toBe(0);
  });

  test("G8, H8: a draining server refuses new work retryably", async () => {
    await system.pipeline.drain();
    const refused = await send(way, system, plainRequest(TRACE, 1));
    expect(refused.code).toBe(UNAVAILABLE);
    expect(refused.retrySeconds).toBe(1);
  });

  test("G9, G11, H7: a request over the limit is refused for good", async () => {
    await restart({ maxRequestBytes: 20_000 });
    const tooLarge = await send(way, system, plainRequest(TRACE, 1_000));
    expect(tooLarge.code).toBe(RESOURCE_EXHAUSTED);
    expect(tooLarge.retrySeconds).toBeUndefined();
    expect([undefined, 413]).toContain(tooLarge.httpStatus);
    expect(tooLarge.message).toContain("20000");
    expect((await send(way, system, plainRequest(TRACE, 10))).code).toBe(0);
  });

  test("G13: more than a hundred requests at once are all answered", async () => {
    system.log.hold();
    const messages = Array.from({ length: 120 }, (_, index) =>
      requestMessage([spanMessage({ traceId: TRACE, spanId: (index + 1).toString(16).padStart(16, "0") })]),
    );
    const sent = way.sendAll(system, messages);
    await system.log.untilAppended(120);
    system.log.letGo();
    const answers = await sent;
    expect(answers.map(({ code }) => code)).toEqual(Array.from({ length: 120 }, () => 0));
    expect((await system.store.trace(TRACE)).length).toBe(120);
  });

  test("G15, H16: the same request twice is one set of spans", async () => {
    const message = plainRequest(TRACE, 4);
    await send(way, system, message);
    expect((await send(way, system, message)).code).toBe(0);
    expect((await system.store.trace(TRACE)).length).toBe(4);
  });

  test("no success is heard before the log holds the spans", async () => {
    system.log.hold();
    let isAnswered = false;
    const answered = send(way, system, plainRequest(TRACE, 1)).then(() => {
      isAnswered = true;
    });
    await system.log.untilAppended(1);
    expect(isAnswered).toBe(false);
    expect(await system.store.trace(TRACE)).toEqual([]);
    system.log.letGo();
    await answered;
  });

  test("D4, D5, D11: odd but legal values are kept: no kind, empty name, end before start, trace state", async () => {
    const span = Buffer.concat([
      lengthField(1, Buffer.from(TRACE, "hex")),
      lengthField(2, Buffer.from("00000000000000aa", "hex")),
      lengthField(3, "ot=th:8,vendor=x"),
      fixed64Field(7, 2_000n),
      fixed64Field(8, 1_000n),
      varintField(10, 7),
    ]);
    await send(way, system, requestMessage([span]));
    const [row] = await system.store.trace(TRACE);
    expect(spanFromRow(row as NonNullable<typeof row>)).toMatchObject({
      name: "",
      traceState: "ot=th:8,vendor=x",
      startTimeUnixNano: 2_000n,
      endTimeUnixNano: 1_000n,
      droppedAttributesCount: 7,
      parentSpanId: undefined,
    });
  });

  test("D7, J6, J7: every kind of attribute value arrives", async () => {
    const nested = lengthField(
      6,
      lengthField(1, Buffer.concat([lengthField(1, "k"), lengthField(2, lengthField(1, "v"))])),
    );
    const extra = Buffer.concat([
      attributeField("empty", Buffer.alloc(0)),
      attributeField("bytes", lengthField(7, Buffer.from([1, 2, 255]))),
      attributeField("int", varintField(3, 9_007_199_254_740_993n)),
      attributeField("map", nested),
    ]);
    await send(
      way,
      system,
      requestMessage([spanMessage({ traceId: TRACE, spanId: "00000000000000aa", extra })]),
    );
    const [row] = await system.store.trace(TRACE);
    const { attributes } = spanFromRow(row as NonNullable<typeof row>);
    expect(Object.keys(attributes)).toEqual(["empty", "bytes", "int", "map"]);
    expect(attributes["int"]).toBe(9_007_199_254_740_993n);
    expect(attributes["bytes"]).toEqual(new Uint8Array([1, 2, 255]));
    expect(attributes["map"]).toEqual({ k: "v" });
  });

  test("counters: received requests are accepted plus refused, and no room stays taken", async () => {
    await restart({ maxRequestBytes: 20_000 });
    await send(way, system, plainRequest(TRACE, 2));
    await send(way, system, Buffer.from("not OTLP"));
    await send(way, system, plainRequest(TRACE, 1_000));
    system.log.breakDisk(true);
    await send(way, system, plainRequest(TRACE, 2));
    const labels = { transport: way.transport };
    expect(system.metrics.sum("tracagg_received_requests_total", labels)).toBe(4);
    expect(system.metrics.sum("tracagg_accepted_requests_total", labels)).toBe(1);
    for (const code of ["invalid_argument", "too_large", "unavailable"]) {
      expect(system.metrics.sum("tracagg_refused_requests_total", { ...labels, code })).toBe(1);
    }
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(0);
  });
});

describe.each(PROTOBUF_WAYS)("over $name", (way) => {
  test("G5, D1, D2: spans with bad ids are refused one by one, with exact count and field", async () => {
    const good = spanMessage({ traceId: TRACE, spanId: "00000000000000aa" });
    const answer = await send(
      way,
      system,
      requestMessage([
        spanMessage({ traceId: "00".repeat(16), spanId: "00000000000000bb" }),
        good,
        spanMessage({ traceId: TRACE, spanId: "0000000000000000" }),
        spanMessage({ traceId: "abcd", spanId: "00000000000000cc" }),
        spanMessage({ traceId: TRACE, spanId: "" }),
      ]),
    );
    expect(answer.code).toBe(0);
    const said = partialSuccess(way, answer.response as Buffer);
    expect(said.rejectedSpans).toBe(4);
    expect(said.errorMessage).toContain("trace_id");
    expect((await system.store.trace(TRACE)).map(spanIdOf)).toEqual(["00000000000000aa"]);
    expect(await storedSpans()).toEqual([good]);
  });

  test("D3, D6, D8, D12: spans are kept byte for byte, also flags, duplicate keys and unknown fields", async () => {
    const flags = Buffer.concat([varint(16 * 8 + 5), Buffer.from([0x01, 0x03, 0x00, 0x80])]);
    const extra = Buffer.concat([
      attributeField("twice", lengthField(1, "first")),
      attributeField("twice", lengthField(1, "second")),
      flags,
      lengthField(1_000, "from a later version"),
    ]);
    const span = spanMessage({ traceId: TRACE, spanId: "00000000000000aa", extra });
    await send(way, system, requestMessage([span]));
    expect(await storedSpans()).toEqual([span]);
  });

  test("D9: attributes nested deeper than the limit are refused without harm", async () => {
    let value: Buffer = lengthField(1, "deepest");
    for (let depth = 0; depth < 5_000; depth++) value = lengthField(5, lengthField(1, value));
    const extra = attributeField("deep", value);
    const message = requestMessage([spanMessage({ traceId: TRACE, spanId: "00000000000000aa", extra })]);
    expect((await send(way, system, message)).code).toBe(INVALID_ARGUMENT);
    expect((await send(way, system, plainRequest(TRACE, 1))).code).toBe(0);
  });

  test("D9: attributes nested as deep as SDKs allow are taken", async () => {
    let value: Buffer = lengthField(1, "deepest");
    for (let depth = 0; depth < 64; depth++) value = lengthField(5, lengthField(1, value));
    const extra = attributeField("deep", value);
    const message = requestMessage([spanMessage({ traceId: TRACE, spanId: "00000000000000aa", extra })]);
    expect((await send(way, system, message)).code).toBe(0);
  });

  test("G2, H10: compressed requests reach the log as they came, others plain", async () => {
    await send(way, system, plainRequest(TRACE, 50));
    const expected = way.name.endsWith("gzip") ? "gzip" : "identity";
    expect(system.log.appended.map(({ encoding }) => encoding)).toEqual([expected]);
  });
});
