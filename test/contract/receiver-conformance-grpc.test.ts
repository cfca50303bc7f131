/** The statements of the OTLP contract about gRPC, over real sockets. */

import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect, constants } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOtlpGrpcReceiver } from "../../src/receivers/otlp-grpc.ts";
import { GrpcSender, lengthField, plainRequest, readFields, TRACE_EXPORT } from "../helpers/otlp-client.ts";
import type { System, SystemOptions } from "./receiver-conformance-harness.ts";
import { startSystem, TRACE } from "./receiver-conformance-harness.ts";

const MIB = 1024 * 1024;
const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

let system: System;
let sender: GrpcSender;
let session: ClientHttp2Session;

async function start(options: SystemOptions = {}): Promise<void> {
  system = await startSystem(options);
  sender = new GrpcSender(system.grpcPort);
  session = connect(`http://127.0.0.1:${system.grpcPort}`);
  session.on("error", () => {});
}

async function end(): Promise<void> {
  sender.close();
  session.destroy();
  await system[Symbol.asyncDispose]();
}

async function restart(options: SystemOptions): Promise<void> {
  await end();
  await start(options);
}

beforeEach(() => start());
afterEach(() => end());

function frame(message: Uint8Array, isCompressed: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call over bare HTTP/2; sends the bytes as they are and ends the stream when told to. */
function rawCall(
  bytes: Uint8Array,
  options: {
    readonly encoding?: string;
    readonly isEnded?: boolean;
    readonly contentType?: string;
    readonly method?: string;
    readonly path?: string;
    readonly timeout?: string;
  } = {},
): Promise<{ readonly headers: IncomingHttpHeaders; readonly status: number; readonly rstCode: number }> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": options.method ?? "POST",
      ":path": options.path ?? TRACE_EXPORT,
      "content-type": options.contentType ?? "application/grpc",
      te: "trailers",
      ...(options.encoding !== undefined && { "grpc-encoding": options.encoding }),
      ...(options.timeout !== undefined && { "grpc-timeout": options.timeout }),
    });
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("response", (received) => {
      headers = received;
    });
    const answer = (): void =>
      resolve({
        headers,
        status: Number(trailers["grpc-status"] ?? headers["grpc-status"]),
        rstCode: stream.rstCode as number,
      });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    stream.on("error", () => {});
    stream.on("close", answer);
    stream.resume();
    if (options.isEnded === false) stream.write(bytes);
    else stream.end(bytes);
  });
}

/** A call whose answers are read one by one. */
function openStream(path: string, message: Uint8Array, isEnded = true): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  if (isEnded) stream.end(message);
  else stream.write(message);
  return stream;
}

/** The next message of a call, when each comes in a frame of its own. */
async function nextMessage(stream: ClientHttp2Stream): Promise<Buffer> {
  const [data] = (await once(stream, "data")) as [Buffer];
  return data.subarray(5);
}

describe("compression", () => {
  test("G2: gzip is taken and offered, and nothing else", async () => {
    const message = frame(gzipSync(plainRequest(TRACE, 20)), true);
    const answer = await rawCall(message, { encoding: "gzip" });
    expect(answer.status).toBe(0);
    expect(answer.headers["grpc-accept-encoding"]).toBe("identity,gzip");
    expect(system.log.appended.map(({ encoding }) => encoding)).toEqual(["gzip"]);
  });

  test("G2: an uncompressed message in a call that allows gzip is taken", async () => {
    expect((await rawCall(frame(plainRequest(TRACE, 2), false), { encoding: "gzip" })).status).toBe(0);
    expect((await system.store.trace(TRACE)).length).toBe(2);
  });

  test("an unknown compression is UNIMPLEMENTED", async () => {
    const message = frame(deflateSync(plainRequest(TRACE, 2)), true);
    expect((await rawCall(message, { encoding: "deflate" })).status).toBe(UNIMPLEMENTED);
  });

  test("damaged gzip is INVALID_ARGUMENT", async () => {
    const message = frame(gzipSync(plainRequest(TRACE, 20)).subarray(0, 50), true);
    expect((await rawCall(message, { encoding: "gzip" })).status).toBe(INVALID_ARGUMENT);
  });
});

describe("limits", () => {
  test("G11: bombs of 1 GiB under gzip, many at once, are refused in bounded memory", async () => {
    const member = gzipSync(Buffer.alloc(16 * MIB));
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => member));
    const before = process.resourceUsage().maxRSS;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rawCall(frame(bomb, true), { encoding: "gzip" })),
    );
    const grownMib = (process.resourceUsage().maxRSS - before) / 1024;
    const statuses = new Set(answers.map(({ status }) => status));
    expect(new Set([RESOURCE_EXHAUSTED, UNAVAILABLE, ...statuses])).toEqual(
      new Set([RESOURCE_EXHAUSTED, UNAVAILABLE]),
    );
    expect(statuses).toContain(RESOURCE_EXHAUSTED);
    expect(grownMib).toBeLessThan(700);
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
  });

  test("G11: a message that declares too much is refused before it arrives", async () => {
    const head = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]);
    expect((await rawCall(head, { isEnded: false })).status).toBe(RESOURCE_EXHAUSTED);
    expect(system.metrics.sum("tracagg_refused_requests_total", { code: "too_large" })).toBe(1);
  });

  test("messages are counted while they arrive, not only once they are whole", async () => {
    await restart({ pipeline: { maxInFlightBytes: 100_000 } });
    const held = system.pipeline.reserve(60_000);
    const begun = Buffer.concat([frame(Buffer.alloc(0), false).subarray(0, 1), Buffer.from([0, 0x10, 0, 0])]);
    const part = Buffer.concat([begun, Buffer.alloc(60_000)]);
    expect((await rawCall(part, { isEnded: false })).status).toBe(UNAVAILABLE);
    held.release();
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
  });

  test("a message that does not arrive in time ends the call", async () => {
    await restart({ grpc: { requestTimeoutMillis: 50 } });
    const answer = await rawCall(Buffer.from([0, 0, 0, 1, 0, 42]), { isEnded: false });
    expect(answer.status).toBe(DEADLINE_EXCEEDED);
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(0);
  });

  test("a call without a message, and one with two, are refused", async () => {
    expect((await rawCall(Buffer.alloc(0))).status).toBe(UNIMPLEMENTED);
    const twice = Buffer.concat([frame(plainRequest(TRACE, 1), false), frame(plainRequest(TRACE, 1), false)]);
    expect((await rawCall(twice)).status).toBe(UNIMPLEMENTED);
    await system.pipeline.drain();
    expect(await system.store.trace(TRACE)).toEqual([]);
    expect(system.metrics.sum("tracagg_refused_requests_total")).toBe(2);
  });
});

describe("a call in HTTP/2", () => {
  test("a message may come in frames of any size", async () => {
    const bytes = frame(plainRequest(TRACE, 3), false);
    const stream = openStream(TRACE_EXPORT, bytes.subarray(0, 1), false);
    for (const byte of bytes.subarray(1, 40)) stream.write(Buffer.from([byte]));
    stream.end(bytes.subarray(40));
    const [trailers] = (await once(stream, "trailers")) as [IncomingHttpHeaders];
    expect(trailers["grpc-status"]).toBe("0");
    expect((await system.store.trace(TRACE)).length).toBe(3);
  });

  test("a message that ends before its length is refused for good", async () => {
    const bytes = frame(plainRequest(TRACE, 3), false);
    expect((await rawCall(bytes.subarray(0, -1))).status).toBe(INVALID_ARGUMENT);
    expect((await rawCall(bytes.subarray(0, 3))).status).toBe(INVALID_ARGUMENT);
    expect((await rawCall(Buffer.from([7, 0, 0, 0, 0]))).status).toBe(INVALID_ARGUMENT);
  });

  test("a sender that is refused is asked to stop, without an error that would hide the answer", async () => {
    const answer = await rawCall(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]), { isEnded: false });
    expect(answer.status).toBe(RESOURCE_EXHAUSTED);
    expect(answer.rstCode).toBe(0);
  });

  test("what is not gRPC is told so in HTTP", async () => {
    const json = await rawCall(Buffer.from("{}"), { contentType: "application/json" });
    expect(json.headers[":status"]).toBe(415);
    const get = await rawCall(Buffer.alloc(0), { method: "GET" });
    expect(get.headers[":status"]).toBe(405);
    expect(get.headers["allow"]).toBe("POST");
  });

  test("a deadline that passes while the message arrives ends the call, which counts as the client's own doing", async () => {
    const begun = Buffer.from([0, 0, 0, 1, 0, 42]);
    const answer = await rawCall(begun, { isEnded: false, timeout: "20m" });
    expect([answer.status, answer.rstCode]).toEqual([DEADLINE_EXCEEDED, 0]);
    await system.pipeline.drain();
    expect(system.metrics.sum("tracagg_refused_requests_total", { code: "cancelled" })).toBe(1);
  });

  test("a deadline that passes while the spans are logged is answered at once, and the spans are kept", async () => {
    system.log.hold();
    const answer = await rawCall(frame(plainRequest(TRACE, 1), false), { timeout: "20000u" });
    expect(answer.status).toBe(DEADLINE_EXCEEDED);
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(1);
    system.log.letGo();
    await system.pipeline.drain();
    expect((await system.store.trace(TRACE)).length).toBe(1);
    expect(system.metrics.sum("tracagg_accepted_requests_total")).toBe(1);
  });

  test.each(["10", "S", "123456789S", "10 S", "-1S"])("a timeout of %j is refused", async (timeout) => {
    expect((await rawCall(frame(plainRequest(TRACE, 1), false), { timeout })).status).toBe(INVALID_ARGUMENT);
  });

  test("a timeout that no timer can hold is no limit", async () => {
    const message = frame(plainRequest(TRACE, 1), false);
    expect((await rawCall(message, { timeout: "99999999H" })).status).toBe(0);
  });
});

describe("calls that are given up", () => {
  test("the room of a call whose client goes away before its message is free again", async () => {
    openStream(TRACE_EXPORT, Buffer.from([0, 0, 0, 1, 0, 42]), false);
    const other = await rawCall(frame(plainRequest(TRACE, 1), false));
    expect(other.status).toBe(0);
    session.destroy();
    await system.pipeline.drain();
    expect(system.metrics.sum("tracagg_refused_requests_total", { code: "cancelled" })).toBe(1);
  });

  test("the room of a call that is cancelled while its spans are logged stays taken until they are", async () => {
    system.log.hold();
    const call = rawCall(frame(plainRequest(TRACE, 1), false));
    await system.log.untilAppended(1);
    session.destroy();
    await call;
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(1);
    system.log.letGo();
    await system.pipeline.drain();
    expect((await system.store.trace(TRACE)).length).toBe(1);
  });
});

describe("other services", () => {
  test.each([
    ["metrics.v1.Metrics", "metrics"],
    ["logs.v1.Logs", "logs"],
    ["profiles.v1development.Profiles", "profiles"],
  ])("G14: %sService is UNIMPLEMENTED and says why", async (service, signal) => {
    const path = `/opentelemetry.proto.collector.${service}Service/Export`;
    const answer = await sender.call(Buffer.alloc(100), path);
    expect(answer.code).toBe(UNIMPLEMENTED);
    expect(answer.details).toContain("traces only");
    expect(answer.details).toContain(`OTEL_${signal.toUpperCase()}_EXPORTER=none`);
    expect(answer.statusDetails).toBeUndefined();
  });

  test("an unknown method is UNIMPLEMENTED and told where traces go", async () => {
    const answer = await sender.call(Buffer.alloc(0), "/some.Service/Method");
    expect(answer.code).toBe(UNIMPLEMENTED);
    expect(answer.details).toContain(TRACE_EXPORT);
    expect(system.metrics.sum("tracagg_refused_requests_total", { code: "unimplemented" })).toBe(1);
  });

  test("many calls at once are answered each with its own status", async () => {
    const service = lengthField(1, "no.such.Service");
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        rawCall(frame(index % 2 === 0 ? Buffer.alloc(0) : service, false), { path: HEALTH_CHECK }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index % 2 === 0 ? 0 : 5)));
  });

  test("a question that is too large is refused while it is being sent", async () => {
    const question = frame(Buffer.alloc(MIB), false);
    const answer = await rawCall(question.subarray(0, 500_000), { path: HEALTH_CHECK, isEnded: false });
    expect([answer.status, answer.rstCode]).toEqual([RESOURCE_EXHAUSTED, 0]);
  });

  test("a client that is cut for giving up calls without end leaves others alone", async () => {
    const watching = new GrpcSender(system.grpcPort);
    const bytes = (value: Buffer): Buffer => value;
    const path = "/grpc.health.v1.Health/Watch";
    const watch = watching.client.makeServerStreamRequest(path, bytes, bytes, Buffer.alloc(0));
    watch.on("error", () => {});
    await once(watch, "data");
    while (!session.closed && !session.destroyed) {
      const streams = Array.from({ length: 100 }, () => openStream(HEALTH_CHECK, Buffer.alloc(1), false));
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await new Promise<void>((resolve) => streams.at(-1)?.on("close", resolve));
    }
    expect(system.metrics.sum("tracagg_cut_connections_total", { reason: "flood" })).toBe(1);
    const changed = once(watch, "data");
    system.grpc.beginDrain();
    expect(readFields(((await changed) as [Buffer])[0]).get(1)).toEqual([2n]);
    watching.close();
  });

  test.each(["v1", "v1alpha"])("reflection %s lists the trace service", async (version) => {
    const listServices = frame(lengthField(7, "*"), false);
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const answer = readFields(await nextMessage(openStream(path, listServices)));
    const list = readFields(answer.get(6)?.[0] as Buffer);
    const names = (list.get(1) as Buffer[]).map((service) => String(readFields(service).get(1)?.[0]));
    expect(names).toContain("opentelemetry.proto.collector.trace.v1.TraceService");
  });

  test("reflection gives the file that describes the trace service", async () => {
    const symbol = frame(lengthField(4, "opentelemetry.proto.collector.trace.v1.TraceService"), false);
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const answer = readFields(await nextMessage(openStream(path, symbol)));
    const files = readFields(answer.get(4)?.[0] as Buffer).get(1) as Buffer[];
    expect(files.some((file) => file.includes("TraceService"))).toBe(true);
  });
});

describe("stop", () => {
  test("lets an admitted call finish and takes no further ones", async () => {
    system.log.hold();
    const answered = sender.call(plainRequest(TRACE, 1));
    await system.log.untilAppended(1);
    const stopped = system.grpc.stop();
    system.log.letGo();
    expect((await answered).code).toBe(0);
    await stopped;
    expect((await sender.call(plainRequest(TRACE, 1))).code).toBe(UNAVAILABLE);
  });

  test("G10: cuts what does not finish in time, with a status that makes clients retry", async () => {
    await restart({ grpc: { stopTimeoutMillis: 50 } });
    system.log.hold();
    const answered = sender.call(plainRequest(TRACE, 1));
    await system.log.untilAppended(1);
    await system.grpc.stop();
    expect([CANCELLED, UNAVAILABLE]).toContain((await answered).code);
  });

  test("is not held up by those who only watch the health", async () => {
    await nextMessage(openStream("/grpc.health.v1.Health/Watch", frame(Buffer.alloc(0), false)));
    await system.grpc.stop();
    await system.grpc.stop();
    expect(session.closed || session.destroyed).toBe(true);
  });
});

test("an address that is taken is named", async () => {
  const second = createOtlpGrpcReceiver({ sink: system.pipeline, port: system.grpcPort });
  await expect(second.start()).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining(`127.0.0.1:${system.grpcPort}`),
  });
});
