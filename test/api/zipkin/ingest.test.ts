/** Spans in by Zipkin's API, over real sockets: what senders send, what they are told. Goldens by hand from Zipkin's rules. */

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { RunningServer } from "../../../src/server.ts";
import { startServer } from "../../../src/server.ts";
import { FREE_PORTS } from "../../helpers/free-ports.ts";

let server: RunningServer;
beforeAll(async () => {
  const flags = { ...FREE_PORTS, "store.type": "memory", "receivers.otlp.maxRequestBytes": "64KiB" };
  server = await startServer({ config: loadConfig({ flags, env: {}, cwd: "/" }).config });
});
afterAll(() => server.stop());

async function post(
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly [number, string]> {
  const answer = await fetch(`${server.zipkin}${path}`, { method: "POST", body, headers });
  return [answer.status, await answer.text()];
}

/** The spans of a trace as they were stored, in Zipkin's own form. */
async function stored(traceId: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const answer = await fetch(`${server.ui}/api/v1/traces/${traceId.padStart(32, "0")}?format=zipkin`);
  return answer.status === 404 ? [] : ((await answer.json()) as Readonly<Record<string, unknown>>[]);
}

/** As zipkin-js sends (http logger, JSON v2): both sides of one call under one id, from one process. */
const FROM_JS = `[{"traceId":"5af7183fb1d4cf5f","parentId":"6b221d5bc9e6496c","id":"352bff9a74ca9ad2","kind":"CLIENT","name":"get","timestamp":1556604172355737,"duration":1431,"localEndpoint":{"serviceName":"backend","ipv4":"192.168.99.1","port":3306},"remoteEndpoint":{"ipv4":"172.19.0.2","port":58648},"tags":{"http.method":"GET","http.path":"/api"}},{"traceId":"5af7183fb1d4cf5f","parentId":"6b221d5bc9e6496c","id":"352bff9a74ca9ad2","kind":"SERVER","name":"get /api","timestamp":1556604172356000,"duration":900,"localEndpoint":{"serviceName":"api","ipv4":"192.168.99.2"},"shared":true}]`;

/** As brave's reporter sends (Java): gzip, annotations, a 128-bit id, an error. */
const FROM_BRAVE = `[{"traceId":"48485a3953bb61246b221d5bc9e6496c","id":"6b221d5bc9e6496c","kind":"SERVER","name":"Get /Orders","timestamp":1472470996199000,"duration":207000,"localEndpoint":{"serviceName":"Frontend","ipv4":"127.0.0.1"},"annotations":[{"timestamp":1472470996238000,"value":"foo"},{"timestamp":1472470996403000,"value":"bar"}],"tags":{"clnt/finagle.version":"6.45.0","error":"timed out"}}]`;

describe.each(["", "/zipkin"])("POST %s/api/v2/spans", (prefix) => {
  const path = `${prefix}/api/v2/spans`;

  it("takes what zipkin-js sends, and gives it back as it came", async () => {
    expect(await post(path, FROM_JS, { "Content-Type": "application/json" })).toEqual([202, ""]);
    expect(await stored("5af7183fb1d4cf5f")).toEqual(JSON.parse(FROM_JS));
  });

  it("takes what brave sends, under gzip", async () => {
    const headers = { "Content-Type": "application/json", "Content-Encoding": "gzip" };
    expect(await post(path, gzipSync(FROM_BRAVE), headers)).toEqual([202, ""]);
    expect(await stored("48485a3953bb61246b221d5bc9e6496c")).toEqual(JSON.parse(FROM_BRAVE));
  });

  it("reads JSON whatever the content type, and nothing from nothing", async () => {
    expect(await post(path, '[{"traceId":"77","id":"1"}]', { "Content-Type": "text/odd" })).toEqual([
      202,
      "",
    ]);
    expect(await stored("77")).toHaveLength(1);
    expect(await post(path, "")).toEqual([202, ""]);
    expect(await post(path, "[]")).toEqual([202, ""]);
  });

  it("refuses all of a report with one bad span, in Zipkin's words", async () => {
    const body = '[{"traceId":"78","id":"1"},{"traceId":"78","id":""}]';
    expect(await post(path, body)).toEqual([400, "id is empty reading List<Span> from json"]);
    expect(await stored("78")).toEqual([]);
  });

  it.each([
    ["nonsense", {}, "Expected a JSON_V2 encoded list"],
    ["[", {}, "Malformed reading List<Span> from json"],
    ["[]", { "Content-Encoding": "gzip" }, "Cannot gunzip spans"],
    [
      '[{"traceId":"1","id":"1","annotations":[],"binaryAnnotations":[]}]',
      {},
      "Expected a JSON_V2 encoded list, but received: JSON_V1",
    ],
  ])("answers 400 to %s %j", async (body, headers, message) => {
    expect(await post(path, body, headers)).toEqual([400, message]);
  });

  it("refuses more than the largest request, before and after decompression", async () => {
    const large = `[${" ".repeat(70 * 1024)}]`;
    expect((await post(path, large))[0]).toBe(413);
    expect((await post(path, gzipSync(large), { "Content-Encoding": "gzip" }))[0]).toBe(413);
  });
});

describe("POST /api/v1/spans", () => {
  it("splits a v1 span with both sides", async () => {
    const client = { serviceName: "web", ipv4: "10.0.0.1" };
    const app = { serviceName: "app" };
    const span = {
      traceId: "91",
      id: "1",
      name: "get",
      timestamp: 1_000_000,
      duration: 500,
      annotations: [
        { timestamp: 1_000_000, value: "cs", endpoint: client },
        { timestamp: 1_000_100, value: "sr", endpoint: app },
        { timestamp: 1_000_400, value: "ss", endpoint: app },
        { timestamp: 1_000_500, value: "cr", endpoint: client },
      ],
      binaryAnnotations: [{ key: "http.path", value: "/a", endpoint: client }],
    };
    expect(await post("/api/v1/spans", JSON.stringify([span]))).toEqual([202, ""]);
    const ids = { traceId: "0000000000000091", id: "0000000000000001" };
    expect(await stored("91")).toEqual([
      {
        ...ids,
        kind: "CLIENT",
        name: "get",
        timestamp: 1_000_000,
        duration: 500,
        localEndpoint: client,
        tags: { "http.path": "/a" },
      },
      {
        ...ids,
        kind: "SERVER",
        name: "get",
        timestamp: 1_000_100,
        duration: 300,
        localEndpoint: app,
        shared: true,
      },
    ]);
  });

  it("says what it takes instead of thrift", async () => {
    const [status, text] = await post("/api/v1/spans", "x", { "Content-Type": "application/x-thrift" });
    expect([status, text]).toEqual([415, expect.stringContaining("application/x-thrift")]);
  });
});

/** A `zipkin.proto3.Span` of the same content, as Zipkin's own clients write it. */
const PROTO_SPAN = {
  trace_id: Buffer.from("48485a3953bb61246b221d5bc9e64970", "hex"),
  parent_id: Buffer.from("6b221d5bc9e6496c", "hex"),
  id: Buffer.from("5b4185666d50f68b", "hex"),
  kind: "CLIENT",
  name: "get",
  timestamp: "1472470996199000",
  duration: "207000",
  local_endpoint: { service_name: "frontend", ipv4: Buffer.from([127, 0, 0, 1]) },
  remote_endpoint: { service_name: "backend", ipv4: Buffer.from([192, 168, 99, 101]), port: 9_000 },
  annotations: [
    { timestamp: "1472470996238000", value: "foo" },
    { timestamp: "0", value: "no time" },
  ],
  tags: { "http.path": "/api" },
  debug: true,
};

const AS_JSON = {
  traceId: "48485a3953bb61246b221d5bc9e64970",
  parentId: "6b221d5bc9e6496c",
  id: "5b4185666d50f68b",
  kind: "CLIENT",
  name: "get",
  timestamp: 1_472_470_996_199_000,
  duration: 207_000,
  localEndpoint: { serviceName: "frontend", ipv4: "127.0.0.1" },
  remoteEndpoint: { serviceName: "backend", ipv4: "192.168.99.101", port: 9_000 },
  annotations: [{ timestamp: 1_472_470_996_238_000, value: "foo" }],
  tags: { "http.path": "/api" },
  debug: true,
};

const loaded = loadSync(join(import.meta.dirname, "../../../proto/zipkin/zipkin.proto"), { keepCase: true });
type Service = Parameters<typeof makeGenericClientConstructor>[0];
const SERVICE = loaded["zipkin.proto3.SpanService"] as unknown as Service;

describe("zipkin.proto3", () => {
  it("is taken over HTTP", async () => {
    const body = SERVICE["Report"]?.requestSerialize({ spans: [PROTO_SPAN] }) as Buffer;
    expect(await post("/api/v2/spans", body, { "Content-Type": "application/x-protobuf" })).toEqual([
      202,
      "",
    ]);
    expect(await stored(AS_JSON.traceId)).toEqual([AS_JSON]);
  });

  it("is refused with the reason when it is cut off or an id is missing", async () => {
    const headers = { "Content-Type": "application/x-protobuf" };
    const [status, text] = await post("/api/v2/spans", Uint8Array.of(10, 200, 1), headers);
    expect(status).toBe(400);
    expect(text).toMatch(/^Truncated.*reading List<Span> from proto3$/);
    const noId = SERVICE["Report"]?.requestSerialize({
      spans: [{ trace_id: PROTO_SPAN.trace_id }],
    }) as Buffer;
    expect(await post("/api/v2/spans", noId, headers)).toEqual([
      400,
      "Missing : id reading List<Span> from proto3",
    ]);
  });

  it("is taken over gRPC, on Zipkin's port and on the main one", async () => {
    const Client = makeGenericClientConstructor(SERVICE, "SpanService");
    for (const [address, lastDigit] of [
      [new URL(server.zipkin as string).host, "1"],
      [new URL(server.ui).host, "2"],
    ] as const) {
      const client = new Client(address, credentials.createInsecure());
      const report = (message: object): Promise<object> =>
        new Promise((resolve, reject) => {
          client["Report"]?.(message, (error: Error | null, answer: object) =>
            error === null ? resolve(answer) : reject(error),
          );
        });
      const traceId = AS_JSON.traceId.replace(/0$/, lastDigit);
      const span = { ...PROTO_SPAN, trace_id: Buffer.from(traceId, "hex") };
      expect(await report({ spans: [span] })).toEqual({});
      expect(await report({ spans: [] })).toEqual({});
      expect(await stored(traceId)).toEqual([{ ...AS_JSON, traceId }]);
      await expect(report({ spans: [{ ...span, id: Buffer.alloc(8) }] })).rejects.toMatchObject({
        code: 3,
        details: "id is all zeros reading List<Span> from proto3",
      });
      client.close();
    }
  });
});

it("counts what it took and refused like any other way in", async () => {
  const text = await (await fetch(`${server.ui}/metrics`)).text();
  expect(text).toMatch(/^tracagg_accepted_spans_total\{transport="zipkin_http_json_v2"\} [1-9]/m);
  expect(text).toMatch(
    /^tracagg_refused_requests_total\{code="invalid_argument",transport="zipkin_http_json_v2"\} [1-9]/m,
  );
  expect(text).toMatch(/^tracagg_accepted_requests_total\{transport="zipkin_grpc"\} 4$/m);
});
