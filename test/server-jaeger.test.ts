import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Client, credentials } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jaegerSpanBytes } from "../src/codec/jaeger-protobuf/encode.ts";
import { loadConfig } from "../src/config/load-config.ts";
import { makeSpan } from "../src/model/make-span.ts";
import type { RunningServer } from "../src/server.ts";
import { startServer } from "../src/server.ts";
import { JAEGER_CLIENT_PAYLOAD } from "./codec/jaeger-thrift/jaeger-client-payload.ts";
import { FREE_PORTS } from "./helpers/free-ports.ts";
import { temporaryFolder } from "./helpers/server-process.ts";

const STRATEGIES = {
  service_strategies: [
    { service: "shop", type: "ratelimiting", param: 5 },
    {
      service: "bank",
      type: "probabilistic",
      param: 0.5,
      operation_strategies: [{ operation: "/pay", type: "probabilistic", param: 1 }],
    },
  ],
};
const JAEGER_PORTS = {
  "receivers.jaeger.http.port": "0",
  "receivers.jaeger.grpc.port": "0",
  "sampling.http.port": "0",
  "sampling.grpc.port": "0",
};
const folder = temporaryFolder();
const file = join(folder.path, "strategies.json");
let server: RunningServer;

function start(flags: Readonly<Record<string, string>>): Promise<RunningServer> {
  const all = { ...FREE_PORTS, "store.type": "memory", ...flags };
  return startServer({ config: loadConfig({ flags: all, env: {}, cwd: "/" }).config });
}

beforeAll(async () => {
  writeFileSync(file, JSON.stringify(STRATEGIES));
  server = await start({ ...JAEGER_PORTS, "sampling.file": file });
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

function post(
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = { "content-type": "application/x-thrift" },
): Promise<Response> {
  const url = new URL("/api/traces?format=jaeger.thrift", server.jaegerThriftHttp);
  return fetch(url, { method: "POST", headers, body: Buffer.from(body) });
}

async function spansOf(
  traceId: string,
): Promise<readonly { readonly name: string; readonly serviceName: string }[]> {
  const answer = await fetch(new URL(`/api/v1/traces/${traceId}`, server.ui));
  return ((await answer.json()) as { spans: { name: string; serviceName: string }[] }).spans;
}

describe("Thrift over HTTP", () => {
  it("takes what a real sender sends, with 202 once it can be found", async () => {
    const answer = await post(JAEGER_CLIENT_PAYLOAD);
    expect([answer.status, await answer.text()]).toEqual([202, ""]);
    const services = (await (await fetch(new URL("/api/v1/services", server.ui))).json()) as object;
    expect(JSON.stringify(services)).toContain('"shop"');
  });

  it("takes gzip and the other content type, with parameters", async () => {
    const headers = {
      "content-type": "application/vnd.apache.thrift.binary; charset=x",
      "content-encoding": "gzip",
    };
    expect((await post(gzipSync(JAEGER_CLIENT_PAYLOAD), headers)).status).toBe(202);
  });

  it.each([
    ["text/plain", "Unsupported content type: text/plain\n"],
    ["a<b>/c", "Unsupported content type: a&lt;b&gt;/c\n"],
    ["", "Cannot parse content type: mime: no media type\n"],
  ])("refuses content type %j in Jaeger's words", async (type, text) => {
    const answer = await post(JAEGER_CLIENT_PAYLOAD, { "content-type": type });
    expect([answer.status, await answer.text()]).toEqual([400, text]);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });

  it("refuses a body that is no batch in Jaeger's words, with the place", async () => {
    const answer = await post(Buffer.from([0]));
    expect([answer.status, await answer.text()]).toEqual([
      400,
      "Unable to process request body: process: expected a struct, got nothing\n",
    ]);
  });

  it("knows one path and one method", async () => {
    const at = (path: string, method: string) => fetch(new URL(path, server.jaegerThriftHttp), { method });
    const missing = await at("/api/other", "POST");
    expect([missing.status, await missing.text()]).toEqual([404, "404 page not found\n"]);
    const get = await at("/api/traces", "GET");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

function call(address: string, path: string, message: Uint8Array): Promise<Buffer> {
  const client = new Client(address, credentials.createInsecure());
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from(message),
      (error, value) => (error === null ? resolve(value as Buffer) : reject(error)),
    );
  }).finally(() => client.close());
}

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const POST_SPANS = "/jaeger.api_v2.CollectorService/PostSpans";

function postSpansRequest(): Uint8Array {
  const span = makeSpan({
    traceId: TRACE_ID,
    spanId: "b7ad6b7169203331",
    name: "pay",
    startTimeUnixNano: 1_700_000_000_000_000_000n,
    endTimeUnixNano: 1_700_000_000_250_000_000n,
    resource: { attributes: { "service.name": "bank" }, droppedAttributesCount: 0, schemaUrl: "" },
  });
  const batch = new protobuf.Writer().uint32(10).bytes(jaegerSpanBytes(span)).finish();
  return new protobuf.Writer().uint32(10).bytes(batch).finish();
}

describe("PostSpans over gRPC", () => {
  it("takes a batch and answers with nothing once its spans can be found", async () => {
    expect(await call(server.jaegerCollectorGrpc as string, POST_SPANS, postSpansRequest())).toHaveLength(0);
    expect((await spansOf(TRACE_ID)).map(({ name, serviceName }) => [name, serviceName])).toEqual([
      ["pay", "bank"],
    ]);
  });

  it("refuses bytes that are no batch, and other methods", async () => {
    const address = server.jaegerCollectorGrpc as string;
    await expect(call(address, POST_SPANS, Buffer.from([10, 9, 1]))).rejects.toMatchObject({ code: 3 });
    await expect(call(address, "/jaeger.api_v2.Other/Call", Buffer.from([]))).rejects.toMatchObject({
      code: 12,
    });
  });
});

describe("remote sampling", () => {
  const ask = (pathAndQuery: string) => fetch(new URL(pathAndQuery, server.samplingHttp));

  it.each(["/sampling?service=shop", "/?service=shop", "/any/path?x=1&service=shop"])(
    "answers at %s",
    async (path) => {
      const answer = await ask(path);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(await answer.text()).toBe(
        '{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5}}',
      );
    },
  );

  it.each(["/sampling", "/sampling?service=a&service=b"])("refuses %s in Jaeger's words", async (path) => {
    const answer = await ask(path);
    expect([answer.status, await answer.text()]).toEqual([
      400,
      "'service' parameter must be provided once\n",
    ]);
  });

  it("is asked with GET", async () => {
    const answer = await fetch(new URL("/sampling?service=a", server.samplingHttp), { method: "POST" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });

  it("answers over gRPC too", async () => {
    const path = "/jaeger.api_v2.SamplingManager/GetSamplingStrategy";
    const askFor = (service: string) =>
      call(server.samplingGrpc as string, path, new protobuf.Writer().uint32(10).string(service).finish());
    // strategyType = 1, rateLimitingSampling { maxTracesPerSecond = 5 }
    expect((await askFor("shop")).toString("hex")).toBe("08011a020805");
    // probabilisticSampling { 0.5 }, operationSampling { 0.5, { "/pay", { 1.0 } } }
    expect((await askFor("bank")).toString("hex")).toBe(
      "1209" +
        "09000000000000e03f" +
        "221c" +
        "09000000000000e03f" +
        "1a11" +
        "0a042f706179" +
        "1209" +
        "09000000000000f03f",
    );
  });

  it("is not listened for without a file", async () => {
    const plain = await start({});
    expect([plain.samplingHttp, plain.samplingGrpc, plain.jaegerThriftHttp]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await plain.stop();
  });

  it("keeps a server with a broken file from starting, and lets go of every port", async () => {
    const broken = join(folder.path, "broken.json");
    writeFileSync(broken, '{"default_strategy": 1}');
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", () => resolve()));
    const port = String((probe.address() as AddressInfo).port);
    await new Promise((resolve) => probe.close(resolve));
    const flags = { ...JAEGER_PORTS, "receivers.jaeger.http.port": port };
    await expect(start({ ...flags, "sampling.file": broken })).rejects.toThrow(
      `${broken}:1: default_strategy: expected an object, got 1`,
    );
    const again = await start(flags);
    expect(again.jaegerThriftHttp).toBe(`http://127.0.0.1:${port}`);
    await again.stop();
  });
});
