/** What exporters send to servers, and what they make of the answers: written from the rules of OTLP, not from the code. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createJaegerGrpcExporter } from "../../exporters/jaeger-grpc.ts";
import { createOtlpGrpcExporter } from "../../exporters/otlp-grpc.ts";
import { createOtlpHttpExporter } from "../../exporters/otlp-http.ts";
import { createZipkinHttpExporter } from "../../exporters/zipkin-http.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { batchOfPieces } from "../../src/export/export-batch.ts";
import type { Exporter } from "../../src/export/exporter.ts";
import { lengthField, varintField } from "../helpers/otlp-client.ts";
import { GrpcPeer, HttpPeer } from "../helpers/recording-peers.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildSpan, spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";

const NOW_MILLIS = Date.parse("2026-01-31T12:00:00Z");
const clock = { nowMillis: () => NOW_MILLIS };
const peer = { headers: {}, timeoutMillis: 10_000, compression: "gzip", caFile: "" } as const;
const never = new AbortController().signal;

const payload = encodeSpans([
  buildSpan("checkout", { id: "root", service: "shop", kind: "SERVER", at: [0, 10] }),
  buildSpan("checkout", { id: "pay", parent: "root", service: "bank", at: [1, 5] }),
]);
const batch = () => batchOfPieces([{ spanCount: 2, bytes: payload.length, payload }]);

/** `google.rpc.Status` with a `RetryInfo` of `seconds` and half a second; field numbers of google/rpc/status.proto. */
function statusWithRetryInfo(seconds: number): Buffer {
  const duration = Buffer.concat([varintField(1, seconds), varintField(2, 500_000_000)]);
  const any = Buffer.concat([
    lengthField(1, "type.googleapis.com/google.rpc.RetryInfo"),
    lengthField(2, lengthField(1, duration)),
  ]);
  return Buffer.concat([varintField(1, 8), lengthField(2, "later"), lengthField(3, any)]);
}

/** `ExportTraceServiceResponse` with a partial success. */
const partialSuccess = lengthField(1, Buffer.concat([varintField(1, 1), lengthField(2, "one is too old")]));

let stops: (() => unknown)[] = [];
beforeEach(() => {
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
});

function stopping<Made extends { stop(): unknown }>(made: Made): Made {
  stops.push(() => made.stop());
  return made;
}

async function httpPeer(): Promise<{ http: HttpPeer; url: URL }> {
  const http = stopping(new HttpPeer());
  return { http, url: new URL(`http://127.0.0.1:${await http.start()}`) };
}

describe("the OTLP/HTTP exporter", () => {
  async function pair(): Promise<{ http: HttpPeer; exporter: Exporter }> {
    const { http, url } = await httpPeer();
    const exporter = stopping(createOtlpHttpExporter({ ...peer, url, headers: { "x-key": "k" } }, clock));
    return { http, exporter };
  }

  it("posts the request byte for byte to /v1/traces, with its headers", async () => {
    const { http, exporter } = await pair();
    expect(await exporter.deliver(batch(), never)).toEqual({ outcome: "taken", refusedSpans: 0, reason: "" });
    const [request] = http.requests;
    expect(request?.path).toBe("/v1/traces");
    expect(request?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "x-key": "k",
    });
    expect(request?.body).toEqual(Buffer.from(payload));
  });

  it("joins pieces into one request, and sends a gzip piece as it came", async () => {
    const { http, exporter } = await pair();
    const piece = { spanCount: 2, bytes: payload.length, payload };
    await exporter.deliver(batchOfPieces([piece, piece]), never);
    const gzipPayload = new Uint8Array(gzipSync(payload, { level: 9 }));
    await exporter.deliver(batchOfPieces([{ ...piece, gzipPayload }]), never);
    expect(http.requests[0]?.body).toEqual(Buffer.concat([payload, payload]));
    expect(http.requests[1]?.raw).toEqual(Buffer.from(gzipPayload));
  });

  it("sends plain bytes when told so, and to a path of its own", async () => {
    const { http, url } = await httpPeer();
    url.pathname = "/tenant/v1/traces";
    const exporter = stopping(createOtlpHttpExporter({ ...peer, url, compression: "none" }));
    await exporter.deliver(batch(), never);
    expect(http.requests[0]?.path).toBe("/tenant/v1/traces");
    expect(http.requests[0]?.raw).toEqual(Buffer.from(payload));
  });

  it.each([429, 502, 503, 504])("is told to come again by %i", async (status) => {
    const { http, exporter } = await pair();
    http.answers.push({ status, body: "busy" });
    const delivery = await exporter.deliver(batch(), never);
    expect(delivery.outcome).toBe("again");
    expect(delivery).not.toHaveProperty("retryAfterMillis");
  });

  it.each([400, 401, 403, 404, 405, 408, 413, 415, 500, 501])("is refused for good by %i", async (status) => {
    const { http, exporter } = await pair();
    http.answers.push({ status, body: "no such thing" });
    const delivery = await exporter.deliver(batch(), never);
    expect(delivery.outcome).toBe("refused");
    expect(delivery).toHaveProperty("reason", expect.stringContaining(`HTTP ${status}: no such thing`));
  });

  it.each([
    ["seconds", "7", 7_000],
    ["a date", "Sat, 31 Jan 2026 12:00:30 GMT", 30_000],
    ["a date that is over", "Sat, 31 Jan 2026 11:00:00 GMT", 0],
  ])("honours Retry-After in %s", async (_form, header, millis) => {
    const { http, exporter } = await pair();
    http.answers.push({ status: 503, headers: { "retry-after": header } });
    expect(await exporter.deliver(batch(), never)).toMatchObject({
      outcome: "again",
      retryAfterMillis: millis,
    });
  });

  it("tells why, from a google.rpc.Status too", async () => {
    const { http, exporter } = await pair();
    const headers = { "content-type": "application/x-protobuf" };
    http.answers.push({ status: 400, headers, body: lengthField(2, "span 3 has no id") });
    expect(await exporter.deliver(batch(), never)).toHaveProperty(
      "reason",
      expect.stringContaining("span 3 has no id"),
    );
  });

  it("counts what a partial success refuses, and does not send it again", async () => {
    const { http, exporter } = await pair();
    http.answers.push({ status: 200, body: partialSuccess });
    expect(await exporter.deliver(batch(), never)).toEqual({
      outcome: "taken",
      refusedSpans: 1,
      reason: "one is too old",
    });
  });

  it("rejects when nobody listens, and when the peer is silent until it has to end", async () => {
    const { http, exporter } = await pair();
    http.isSilent = true;
    const end = new AbortController();
    const silent = exporter.deliver(batch(), end.signal);
    setImmediate(() => end.abort());
    await expect(silent).rejects.toThrow("127.0.0.1");
    await http.stop();
    stops.shift();
    await expect(exporter.deliver(batch(), never)).rejects.toThrow("ECONNREFUSED");
  });

  it("trusts the certificates it is given, and no others", async () => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...kind, ...subject, ...files], { stdio: "ignore" });
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const http = stopping(new HttpPeer((listener) => createTlsServer(tls, listener)));
    const url = new URL(`https://127.0.0.1:${await http.start()}`);
    const trusting = stopping(createOtlpHttpExporter({ ...peer, url, caFile: cert }));
    expect(await trusting.deliver(batch(), never)).toMatchObject({ outcome: "taken" });
    const wary = stopping(createOtlpHttpExporter({ ...peer, url }));
    await expect(wary.deliver(batch(), never)).rejects.toThrow("self-signed");
  });
});

const OTLP_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

describe("the OTLP/gRPC exporter", () => {
  async function pair(): Promise<{ grpc: GrpcPeer; exporter: Exporter; port: number }> {
    const grpc = stopping(new GrpcPeer(OTLP_EXPORT));
    const port = await grpc.start();
    const url = new URL(`http://127.0.0.1:${port}`);
    const exporter = stopping(createOtlpGrpcExporter({ ...peer, url, headers: { "x-key": "k" } }));
    return { grpc, exporter, port };
  }

  it("calls Export with the request byte for byte, gzip or not, with its headers", async () => {
    const { grpc, exporter, port } = await pair();
    const url = new URL(`http://127.0.0.1:${port}`);
    const plain = stopping(createOtlpGrpcExporter({ ...peer, url, compression: "none" }));
    expect(await exporter.deliver(batch(), never)).toEqual({ outcome: "taken", refusedSpans: 0, reason: "" });
    await plain.deliver(batch(), never);
    expect(grpc.messages).toEqual([Buffer.from(payload), Buffer.from(payload)]);
    expect(grpc.metadata[0]?.get("x-key")).toEqual(["k"]);
  });

  it.each([1, 4, 10, 11, 14, 15])("is told to come again by status %i", async (code) => {
    const { grpc, exporter } = await pair();
    grpc.answers.push({ code, message: "busy, 50 %" });
    const delivery = await exporter.deliver(batch(), never);
    expect(delivery).toMatchObject({ outcome: "again", reason: expect.stringContaining("busy, 50 %") });
  });

  it.each([2, 3, 5, 6, 7, 8, 9, 12, 13, 16])("is refused for good by status %i", async (code) => {
    const { grpc, exporter } = await pair();
    grpc.answers.push({ code, message: "never" });
    expect(await exporter.deliver(batch(), never)).toMatchObject({ outcome: "refused" });
  });

  it.each([8, 14])("waits as long as RetryInfo says with status %i", async (code) => {
    const { grpc, exporter } = await pair();
    grpc.answers.push({ code, message: "later", details: statusWithRetryInfo(3) });
    expect(await exporter.deliver(batch(), never)).toMatchObject({
      outcome: "again",
      retryAfterMillis: 3_500,
    });
  });

  it("counts what a partial success refuses, and does not send it again", async () => {
    const { grpc, exporter } = await pair();
    grpc.answers.push({ response: partialSuccess });
    expect(await exporter.deliver(batch(), never)).toEqual({
      outcome: "taken",
      refusedSpans: 1,
      reason: "one is too old",
    });
  });

  it("rejects while nobody listens, and connects anew when somebody does", async () => {
    const { grpc, exporter, port } = await pair();
    await exporter.deliver(batch(), never);
    grpc.stop();
    await expect(exporter.deliver(batch(), never)).rejects.toThrow("127.0.0.1");
    const back = stopping(new GrpcPeer(OTLP_EXPORT));
    await back.start(port);
    expect(await exporter.deliver(batch(), never)).toMatchObject({ outcome: "taken" });
  });

  it("rejects when the peer goes away between its headers and its status", async () => {
    const broken = createHttp2Server();
    broken.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(Buffer.alloc(5), () => stream.session?.destroy());
    });
    await once(broken.listen(0, "127.0.0.1"), "listening");
    stops.push(() => broken.close());
    const url = new URL(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`);
    const exporter = stopping(createOtlpGrpcExporter({ ...peer, url }));
    await expect(exporter.deliver(batch(), never)).rejects.toThrow("127.0.0.1");
  });

  it("tells of a port that does not speak gRPC", async () => {
    const { url } = await httpPeer();
    const exporter = stopping(createOtlpGrpcExporter({ ...peer, url }));
    await expect(exporter.deliver(batch(), never)).rejects.toThrow("127.0.0.1");
  });
});

describe("the Zipkin exporter", () => {
  it("posts a list of v2 spans to /api/v2/spans and takes 202", async () => {
    const { http, url } = await httpPeer();
    const exporter = stopping(createZipkinHttpExporter({ ...peer, url }));
    http.answers.push({ status: 202 });
    expect(await exporter.deliver(batch(), never)).toMatchObject({ outcome: "taken" });
    const [request] = http.requests;
    expect([request?.path, request?.headers["content-type"]]).toEqual(["/api/v2/spans", "application/json"]);
    const spans = JSON.parse(String(request?.body)) as object[];
    expect(spans).toMatchObject([
      { traceId: traceIdOf("checkout"), id: spanIdOf("root"), kind: "SERVER", duration: 10_000 },
      { traceId: traceIdOf("checkout"), id: spanIdOf("pay"), parentId: spanIdOf("root") },
    ]);
  });
});

describe("the Jaeger exporter", () => {
  it("calls PostSpans with a batch of spans that have their processes in them", async () => {
    const grpc = stopping(new GrpcPeer("/jaeger.api_v2.CollectorService/PostSpans"));
    const url = new URL(`http://127.0.0.1:${await grpc.start()}`);
    const exporter = stopping(createJaegerGrpcExporter({ ...peer, url }));
    expect(await exporter.deliver(batch(), never)).toMatchObject({ outcome: "taken" });
    const model = join(import.meta.dirname, "../../proto/jaeger/api_v2/model.proto");
    const type = new protobuf.Root().loadSync(model, { keepCase: true }).lookupType("jaeger.api_v2.Batch");
    const message = grpc.messages[0] as Buffer;
    // `PostSpansRequest` is the batch as field 1.
    const sent = type.toObject(type.decode(message.subarray(message.length - lengthOfFieldOne(message))));
    expect(sent["spans"]).toMatchObject([
      { operation_name: "root", process: { service_name: "shop" } },
      { operation_name: "pay", process: { service_name: "bank" } },
    ]);
  });
});

/** Length of the body of the one field of a message, whose tag is one byte. */
function lengthOfFieldOne(message: Buffer): number {
  expect(message[0]).toBe((1 << 3) | 2);
  return protobuf.Reader.create(message.subarray(1)).uint32();
}
