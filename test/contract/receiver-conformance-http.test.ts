/** The statements of the OTLP contract about HTTP and JSON, over real sockets. */

import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import type { Span } from "../../src/model/span.ts";
import { createOtlpHttpReceiver } from "../../src/receivers/otlp-http.ts";
import type { HttpAnswer } from "../helpers/otlp-client.ts";
import {
  GrpcSender,
  plainRequest,
  RawConnection,
  readFields,
  readStatus,
  sendHttp,
} from "../helpers/otlp-client.ts";
import type { System, SystemOptions } from "./receiver-conformance-harness.ts";
import { sendJson, startSystem, TRACE } from "./receiver-conformance-harness.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const MIB = 1024 * 1024;
const GOAWAY = 7;

let system: System;

async function restart(options: SystemOptions): Promise<void> {
  await system[Symbol.asyncDispose]();
  system = await startSystem(options);
}

beforeEach(async () => {
  system = await startSystem();
});

afterEach(async () => {
  await system[Symbol.asyncDispose]();
});

function post(
  contentType: string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  return sendHttp(system.httpPort, { headers: { "content-type": contentType, ...headers }, body });
}

/** The Status of an answer, whatever its encoding; fails when the body is none. */
function statusOf(answer: HttpAnswer): { code: number; message: string } {
  return answer.headers["content-type"] === PROTOBUF
    ? readStatus(answer.body)
    : (JSON.parse(answer.body.toString()) as { code: number; message: string });
}

describe("requests", () => {
  test.each([
    PROTOBUF,
    "application/x-protobuf; charset=utf-8",
    "Application/X-Protobuf",
    " application/x-protobuf ;v=1",
  ])("H2: the content type %j is protobuf", async (contentType) => {
    const answer = await post(contentType, plainRequest(TRACE, 1));
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe(PROTOBUF);
  });

  test.each([JSON_TYPE, "application/json;charset=UTF-8", "APPLICATION/JSON"])(
    "H2: the content type %j is JSON",
    async (contentType) => {
      const answer = await post(contentType, "{}");
      expect(answer.status).toBe(200);
      expect(answer.headers["content-type"]).toBe(JSON_TYPE);
      expect(answer.body.toString()).toBe("{}");
    },
  );

  test("H1: a query string after the path changes nothing", async () => {
    const answer = await sendHttp(system.httpPort, {
      path: "/v1/traces?source=edge",
      headers: { "content-type": PROTOBUF },
      body: plainRequest(TRACE, 1),
    });
    expect(answer.status).toBe(200);
  });

  test("H1: the path can be configured", async () => {
    await restart({ http: { tracesPath: "/otlp/v1/traces" } });
    const headers = { "content-type": PROTOBUF };
    const there = await sendHttp(system.httpPort, { path: "/otlp/v1/traces", headers });
    const elsewhere = await sendHttp(system.httpPort, { headers });
    expect([there.status, elsewhere.status]).toEqual([200, 404]);
  });

  test("H10: gzip works for JSON too, and is recognised in any case", async () => {
    const answer = await post(JSON_TYPE, gzipSync("{}"), { "content-encoding": "GZIP" });
    expect(answer.status).toBe(200);
  });

  test("H12: an empty protobuf body is an empty request, an empty JSON body is none", async () => {
    expect((await post(PROTOBUF, "")).status).toBe(200);
    expect((await post(JSON_TYPE, "{}")).status).toBe(200);
    const answer = await post(JSON_TYPE, "");
    expect(answer.status).toBe(400);
    expect(statusOf(answer).code).toBe(3);
  });
});

describe("refusals carry a Status in the encoding of the request", () => {
  test.each([PROTOBUF, JSON_TYPE])("H3, H5, H6: undecodable %s is 400", async (contentType) => {
    const answer = await post(contentType, "neither of the two");
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toBe(contentType);
    expect(statusOf(answer)).toMatchObject({ code: 3, message: expect.stringMatching(/.{10}/) });
    expect(answer.headers["retry-after"]).toBeUndefined();
  });

  test.each([PROTOBUF, JSON_TYPE])("damaged gzip of %s is 400", async (contentType) => {
    const body = gzipSync(plainRequest(TRACE, 20)).subarray(0, 60);
    const answer = await post(contentType, body, { "content-encoding": "gzip" });
    expect(answer.status).toBe(400);
    expect(statusOf(answer).message).toContain("gzip");
  });

  test.each(["text/plain", "application/x-thrift", ""])(
    "H13: content type %j is 415",
    async (contentType) => {
      const headers: Record<string, string> = contentType === "" ? {} : { "content-type": contentType };
      const answer = await sendHttp(system.httpPort, { headers, body: plainRequest(TRACE, 1) });
      expect(answer.status).toBe(415);
      expect(answer.headers["content-type"]).toBe(JSON_TYPE);
      expect(statusOf(answer).message).toContain("application/x-protobuf");
    },
  );

  test.each(["deflate", "zstd", "gzip, gzip", "br"])("H10: content encoding %j is 415", async (encoding) => {
    const body = deflateSync(plainRequest(TRACE, 1));
    const answer = await post(PROTOBUF, body, { "content-encoding": encoding });
    expect(answer.status).toBe(415);
    expect(answer.headers["accept-encoding"]).toBe("gzip");
    expect(statusOf(answer).message).toContain(encoding);
  });

  test.each(["GET", "PUT", "DELETE", "PATCH"])("H13: %s is 405 with Allow", async (method) => {
    const answer = await sendHttp(system.httpPort, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("POST");
    expect(statusOf(answer).message).toContain(method);
  });

  test.each(["metrics", "logs", "profiles"])("G14: /v1/%s is 404 and says why", async (signal) => {
    const answer = await sendHttp(system.httpPort, {
      path: `/v1/${signal}`,
      headers: { "content-type": PROTOBUF },
      body: Buffer.alloc(1_000),
    });
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe(PROTOBUF);
    expect(answer.headers["retry-after"]).toBeUndefined();
    expect(statusOf(answer)).toMatchObject({ code: 12, message: expect.stringContaining("traces only") });
    expect(statusOf(answer).message).toContain(`OTEL_${signal.toUpperCase()}_EXPORTER=none`);
  });

  test("an unknown path is 404 and names the right one", async () => {
    const answer = await sendHttp(system.httpPort, { path: "/api/v2/spans", body: "[]" });
    expect(answer.status).toBe(404);
    expect(statusOf(answer).message).toContain("/v1/traces");
  });

  test("a gRPC request over HTTP/1.1 is told of the gRPC port", async () => {
    const answer = await sendHttp(system.httpPort, {
      path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      headers: { "content-type": "application/grpc" },
    });
    expect(answer.status).toBe(404);
    expect(statusOf(answer).message).toContain("4317");
  });

  test("a gRPC client at the HTTP port is closed with a reason it can show", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0");
    const received = await connection.closed();
    const goAway = received.subarray(9);
    expect(goAway[3]).toBe(GOAWAY);
    expect(goAway.subarray(9 + 8).toString()).toContain("4317");
    const sender = new GrpcSender(system.httpPort);
    const answer = await sender.call(plainRequest(TRACE, 1));
    sender.close();
    expect(answer.code).not.toBe(0);
  });
});

describe("limits", () => {
  test.each([PROTOBUF, JSON_TYPE])("H7: %s over the limit is 413, also when sent in chunks", async (type) => {
    await restart({ maxRequestBytes: 10_000 });
    const declared = await post(type, Buffer.alloc(10_001));
    const chunked = await post(type, Buffer.alloc(10_001), { "transfer-encoding": "chunked" });
    for (const answer of [declared, chunked]) {
      expect(answer.status).toBe(413);
      expect(answer.headers["content-type"]).toBe(type);
      expect(statusOf(answer)).toMatchObject({ code: 8, message: expect.stringContaining("10000") });
    }
  });

  test("H7: a body that is declared too large is refused before a byte of it is read", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: ${80 * MIB}\r\n\r\n`,
    );
    expect(await connection.until(/413.*\r\n\r\n./s)).toMatch(/^HTTP\/1.1 413/);
    connection.socket.destroy();
  });

  test("H7: a bomb of 1 GiB under gzip is 413 in bounded memory, also many at once", async () => {
    const member = gzipSync(Buffer.alloc(16 * MIB));
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => member));
    const before = process.resourceUsage().maxRSS;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(PROTOBUF, bomb, { "content-encoding": "gzip" })),
    );
    const grownMib = (process.resourceUsage().maxRSS - before) / 1024;
    expect(new Set([413, 503, ...answers.map(({ status }) => status)])).toEqual(new Set([413, 503]));
    expect(answers.map(({ status }) => status)).toContain(413);
    expect(grownMib).toBeLessThan(700);
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
  });

  test("H8: an overloaded server answers at once, and a sender in the middle of a large body hears it", async () => {
    await restart({ pipeline: { maxInFlightRequests: 1 } });
    const held = system.pipeline.reserve(1);
    const answer = await post(PROTOBUF, Buffer.alloc(30 * MIB));
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.headers.connection).toBe("close");
    held.release();
  });

  test("H8: a body that outgrows what is free is refused while it arrives", async () => {
    await restart({ pipeline: { maxInFlightBytes: MIB } });
    const held = system.pipeline.reserve(700_000);
    const answer = await post(PROTOBUF, Buffer.alloc(4 * MIB), { "transfer-encoding": "chunked" });
    expect(answer.status).toBe(503);
    held.release();
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_bytes")).toBe(0);
  });

  test("H16: the room of a client that goes away in the middle of its body is free again", async () => {
    let onReserve = (): void => {};
    const reserved = new Promise<void>((resolve) => {
      onReserve = resolve;
    });
    await restart({
      pipeline: {
        isOverloaded: () => {
          onReserve();
          return false;
        },
      },
    });
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 5000\r\n\r\nabc`,
    );
    await reserved;
    connection.socket.destroy();
    await system.pipeline.drain();
    expect(system.metrics.gaugeValue("tracagg_ingest_in_flight_requests")).toBe(0);
    expect(system.metrics.sum("tracagg_refused_requests_total", { code: "cancelled" })).toBe(1);
  });

  test("a body that does not arrive in time is 408", async () => {
    await restart({ http: { requestTimeoutMillis: 100, headersTimeoutMillis: 100 } });
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 5000\r\n\r\nabc`,
    );
    expect(await connection.until(/408/)).toMatch(/^HTTP\/1.1 408/);
    await connection.closed();
    await system.pipeline.drain();
  });

  test.each([
    ["431", `POST /v1/traces HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`],
    ["400", "hello\r\n\r\n"],
  ])("what never becomes a request is %s, with a Status body", async (status, bytes) => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(bytes);
    const received = (await connection.closed()).toString();
    expect(received.startsWith(`HTTP/1.1 ${status}`)).toBe(true);
    expect(JSON.parse(received.slice(received.indexOf("\r\n\r\n")))).toMatchObject({ code: 3 });
  });

  test("connections beyond the most allowed are closed", async () => {
    await restart({ http: { maxConnections: 1 } });
    const first = new RawConnection(system.httpPort);
    first.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await first.until(/404/);
    const second = new RawConnection(system.httpPort);
    expect(String(await second.closed())).toBe("");
    first.socket.destroy();
  });
});

describe("connections", () => {
  const head = `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${JSON_TYPE}\r\n`;

  test("H16: connections are kept, for longer than the pause between two batches of an SDK", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
    expect(await connection.until(/\r\n\r\n\{\}/)).toMatch(/keep-alive: timeout=75/i);
    connection.socket.write(`${head}Content-Length: 3\r\n\r\nbad`);
    expect(await connection.until(/HTTP\/1.1 400/)).toContain("HTTP/1.1 400");
    connection.socket.destroy();
  });

  test("H16: a refusal with a short rest of body keeps the connection", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write("PUT /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    await connection.until(/405.*\}/s);
    connection.socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
    expect(await connection.until(/200 OK/)).toContain("200 OK");
    connection.socket.destroy();
  });

  test("pipelined requests are answered in their order", async () => {
    const connection = new RawConnection(system.httpPort);
    const one = `${head}Content-Length: 2\r\n\r\n{}`;
    const bad = `${head}Content-Length: 3\r\n\r\nbad`;
    const get = "GET /v1/traces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    connection.socket.write(one + bad + one + get);
    const received = (await connection.closed()).toString();
    expect(received.match(/HTTP\/1.1 \d+/g)).toEqual([200, 400, 200, 405].map((code) => `HTTP/1.1 ${code}`));
  });

  test("Expect: 100-continue is answered when the body is wanted", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(`${head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
    await connection.until(/100 Continue\r\n\r\n/);
    connection.socket.write("{}");
    expect(await connection.until(/200 OK/)).toContain("200 OK");
    connection.socket.destroy();
  });

  test("Expect: 100-continue is refused when it is not", async () => {
    const connection = new RawConnection(system.httpPort);
    connection.socket.write(`${head}Content-Length: ${65 * MIB}\r\nExpect: 100-continue\r\n\r\n`);
    expect(await connection.until(/HTTP\/1.1 \d+/)).toMatch(/^HTTP\/1.1 413/);
    connection.socket.destroy();
  });

  test("stop lets an admitted request finish and takes no further ones", async () => {
    system.log.hold();
    const answered = post(PROTOBUF, plainRequest(TRACE, 1));
    await system.log.untilAppended(1);
    const stopped = system.http.stop();
    system.log.letGo();
    expect((await answered).status).toBe(200);
    await stopped;
    await expect(post(PROTOBUF, "")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("stop cuts what does not finish in time", async () => {
    await restart({ http: { stopTimeoutMillis: 50 } });
    system.log.hold();
    const answered = post(PROTOBUF, plainRequest(TRACE, 1));
    const cut = expect(answered).rejects.toMatchObject({ code: "ECONNRESET" });
    await system.log.untilAppended(1);
    await system.http.stop();
    await cut;
  });

  test("an address that is taken is named", async () => {
    const second = createOtlpHttpReceiver({ sink: system.pipeline, port: system.httpPort });
    await expect(second.start()).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining(`127.0.0.1:${system.httpPort}`),
    });
  });
});

describe("H14: web pages", () => {
  function preflight(origin: string): Promise<HttpAnswer> {
    return sendHttp(system.httpPort, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,traceparent,baggage",
      },
    });
  }

  test("pages of this machine may send, without configuration", async () => {
    const answer = await preflight("http://localhost:3000");
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "http://localhost:3000",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type,traceparent,baggage",
      vary: "Origin",
    });
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
  });

  test("other pages may not, unless configured", async () => {
    const answer = await preflight("https://shop.example.com");
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    await restart({ http: { corsOrigins: ["https://*.example.com"] } });
    const allowed = await preflight("https://shop.example.com");
    expect(allowed.headers["access-control-allow-origin"]).toBe("https://shop.example.com");
    for (const origin of [
      "https://example.com.evil.org",
      "http://shop.example.com",
      "http://localhost:3000",
    ]) {
      const refused = await preflight(origin);
      expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("answers and refusals can be read by the page that asked", async () => {
    const origin = { origin: "http://localhost:3000" };
    for (const body of ["{}", "bad"]) {
      const answer = await post(JSON_TYPE, body, origin);
      expect(answer.headers["access-control-allow-origin"]).toBe("http://localhost:3000");
      expect(answer.headers["access-control-expose-headers"]).toBe("Retry-After");
    }
  });
});

describe("JSON", () => {
  function requestJson(span: object): string {
    const ids = { traceId: TRACE, spanId: "00000000000000AA" };
    return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, ...span }] }] }] });
  }

  async function storedSpan(): Promise<Span> {
    const [row] = await system.store.trace(TRACE);
    return spanFromRow(row as NonNullable<typeof row>);
  }

  test("J1, J8: ids in either case are stored in lower case; resource, scope, kind and status may be missing", async () => {
    await sendJson(system, requestJson({ traceId: TRACE.toUpperCase(), name: "a" }));
    expect(await storedSpan()).toMatchObject({ spanId: "00000000000000aa", status: "UNSET" });
  });

  test("J2, J3: enum names and snake_case are read, and counted", async () => {
    await sendJson(
      system,
      requestJson({
        kind: "SPAN_KIND_SERVER",
        start_time_unix_nano: "5",
        status: { code: "STATUS_CODE_ERROR" },
      }),
    );
    expect(await storedSpan()).toMatchObject({ kind: "SERVER", startTimeUnixNano: 5n, status: "ERROR" });
    expect(system.metrics.sum("tracagg_otlp_json_lenient_names_total")).toBe(3);
  });

  test("J4: unknown fields are ignored at every level", async () => {
    const answer = await sendJson(system, requestJson({ later: { nested: [1, { a: null }] }, name: "kept" }));
    expect(answer.code).toBe(0);
    expect((await storedSpan()).name).toBe("kept");
  });

  test("J5: 64-bit numbers keep every digit, as strings and bare", async () => {
    const body = requestJson({ startTimeUnixNano: "1700000000123456789" }).replace(
      '"startTimeUnixNano":',
      '"endTimeUnixNano":1700000000999999999,"startTimeUnixNano":',
    );
    await sendJson(system, body);
    expect(await storedSpan()).toMatchObject({
      startTimeUnixNano: 1_700_000_000_123_456_789n,
      endTimeUnixNano: 1_700_000_000_999_999_999n,
    });
  });

  test("J6: numbers that JSON cannot write arrive as words", async () => {
    const attributes = [
      { key: "nan", value: { doubleValue: "NaN" } },
      { key: "inf", value: { doubleValue: "-Infinity" } },
    ];
    await sendJson(system, requestJson({ attributes }));
    const stored = (await storedSpan()).attributes;
    expect(Number(stored["nan"])).toBeNaN();
    expect(Number(stored["inf"])).toBe(Number.NEGATIVE_INFINITY);
  });

  test("J9: an id in base64 is refused with a text that names the field", async () => {
    const answer = await sendJson(system, requestJson({ spanId: "AAAAAAAAAKo=" }));
    expect(`${answer.message}${answer.response}`).toMatch(/span_?id/i);
    expect(await system.store.trace(TRACE)).toEqual([]);
  });
});

test("answers of full success carry no body over protobuf", async () => {
  const answer = await post(PROTOBUF, plainRequest(TRACE, 1));
  expect(answer.headers["content-length"]).toBe("0");
  expect(readFields(answer.body).size).toBe(0);
});
